"""Runs of the training benchmark as they are kept, grouped and compared; its table and its plot read these."""

from contestants import CONTESTANTS


def compact(run: dict) -> dict:
    """The run with its points as {start: [[seconds, objective], ...]}, and the lowest objective."""
    paths: dict[str, list[list[float]]] = {}
    for point in run["points"]:
        path = paths.setdefault(str(point.get("restart", 0)), [])
        path.append([float(f"{point['seconds']:.4g}"), float(f"{point['objective']:.12g}")])
    lowest = min((value for path in paths.values() for _, value in path), default=None)
    return {"paths": paths, "lowest": lowest, "end": run["end"], "failure": run["failure"]}


def best_so_far(run: dict) -> list[tuple[float, float]]:
    """(seconds, lowest objective until then) over all starts in the order of time."""
    points = sorted((seconds, value) for path in run["paths"].values() for seconds, value in path)
    best, lowest = [], float("inf")
    for seconds, value in points:
        lowest = min(lowest, value)
        best.append((seconds, lowest))
    return best


def time_to(run: dict, level: float, known: float) -> float | None:
    """Seconds until the excess over the known objective is at most the level."""
    return next((seconds for seconds, value in best_so_far(run) if value <= (1 + level) * known), None)


def cases(runs: list[dict]) -> dict[tuple[str, float], list[dict]]:
    """Runs by (problem, beta), in their order."""
    found: dict[tuple[str, float], list[dict]] = {}
    for run in runs:
        found.setdefault((run["problem"], run["beta"]), []).append(run)
    return found


def best_known(runs: list[dict]) -> float | None:
    """The lowest common objective of the runs of one case."""
    values = [r["lowest"] for r in runs if r["lowest"] is not None and CONTESTANTS[r["contestant"]].comparable]
    return min(values, default=None)


def by_contestant(runs: list[dict]) -> dict[str, list[dict]]:
    """Runs by contestant, in the order of the registry."""
    return {name: mine for name in CONTESTANTS if (mine := [run for run in runs if run["contestant"] == name])}
