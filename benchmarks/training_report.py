"""Table and plot of what `run_training.py` found: `python benchmarks/training_report.py results/training.json`."""

import json
import sys
from pathlib import Path
from statistics import median

from contestants import CONTESTANTS
from machine import sentence
from training_plot import draw
from training_runs import best_known, by_contestant, cases, time_to

LEVELS = (1e-2, 1e-4, 1e-6)
HEAD = ("contestant", *(f"{level:.0e}" for level in LEVELS), "objective", "excess", "memory", "proven gap", "remarks")
ABOUT = """\
The objective is 1/2 |f(X) - y|^2 + beta/2 sum_j (|u_j|^2 + |alpha_j|^2) at the network that a contestant ends with,
however it found it; other losses stand in place of the squares, and three layers pay
beta/3 sum_k (|W_k|^3 + |w_k|^3 + |alpha_k|^3). "Excess" is the objective over the lowest one known, minus 1; the lowest
one known is that of all runs in this file, in bold. Times are seconds until the excess is below the level, without
imports and a warm-up on a tiny problem; a dash means never. Memory is the peak, in MB, and before the start (libraries
included). A proven gap is relative and holds for networks of every width; dualscape spends up to half of its time on
it, after the search. pyscnn, adelie and Clarabel solve the convex program of 500 sampled activation patterns, whose
optimum is higher than that of all patterns, and take the squared loss only; pyscnn alone takes several outputs, with
neurons of one output each. scikit-learn's objective is another one (its biases are free), so that it takes no part in
the comparison.
"""


def shown_time(values: list[float | None]) -> str:
    """Median and range of times; a dash when most runs never came there."""
    reached = [value for value in values if value is not None]
    if 2 * len(reached) <= len(values):
        return "-"
    text = f"{median(reached):.2g}" if median(reached) < 10 else f"{median(reached):.0f}"
    return text if len(values) == 1 else f"{text} ({min(reached):.2g} to {max(reached):.2g})"


def good_starts(run: dict, known: float | None) -> str:
    """How many of several starts came close to the best known objective, in words."""
    if known is None or len(run["paths"]) < 2 or not CONTESTANTS[run["contestant"]].comparable:
        return ""
    good = sum(min(value for _, value in path) <= (1 + LEVELS[1]) * known for path in run["paths"].values())
    return f"{good} within {LEVELS[1]:g}"


def row(name: str, runs: list[dict], known: float | None) -> str:
    """One contestant's line of a table."""
    contestant = CONTESTANTS[name]
    values = [run["lowest"] for run in runs if run["lowest"] is not None]
    ends = [run["end"] for run in runs if run["end"]]
    times, excess, objective = ["-"] * len(LEVELS), "-", "-"
    if values:
        objective = f"{min(values):.9g}"
    if values and known is not None and contestant.comparable:
        times = [shown_time([time_to(run, level, known) for run in runs]) for level in LEVELS]
        excess = f"{min(values) / known - 1:.1e}" if min(values) > known else "0"
        objective = f"**{objective}**" if min(values) == known else objective
    peaks = [end["memory_peak"] for end in ends if end.get("memory_peak")]
    before = [end["memory_before"] for end in ends if end.get("memory_before")]
    memory = f"{median(peaks):.0f} ({median(before):.0f})" if peaks and before else "-"
    gaps = [end["gap"] for end in ends if end.get("gap") is not None]
    failures = dict.fromkeys(f"FAILED: {run['failure']}" for run in runs if run["failure"])
    remarks = [*failures, *dict.fromkeys(end.get("note", "") for end in ends[:1]), good_starts(runs[0], known)]
    cells = [contestant.title, *times, objective, excess, memory, f"{max(gaps):.1e}" if gaps else "none"]
    return "| " + " | ".join([*cells, "; ".join(filter(None, remarks)).replace("|", "/")]) + " |"


def overview(groups: dict[tuple[str, float], list[dict]], level: float) -> list[str]:
    """Times to one level, contestants against cases."""
    titles = [f"{problem}, {beta:.4g}" for problem, beta in groups]
    lines = [f"| seconds to {level:g} | " + " | ".join(titles) + " |", "|---|" + "--:|" * len(titles)]
    for name, contestant in CONTESTANTS.items():
        cells = []
        for runs in groups.values():
            mine, known = [run for run in runs if run["contestant"] == name], best_known(runs)
            reached = [time_to(run, level, known) if known is not None else None for run in mine]
            cells.append(shown_time(reached) if mine else "")
        if contestant.comparable and any(cells):
            lines.append(f"| {contestant.title} | " + " | ".join(cells) + " |")
    return lines


def write_report(path: Path) -> None:
    """Write the table and the plot next to the JSON file."""
    results = json.loads(path.read_text(encoding="utf-8"))
    groups = cases(results["runs"])
    lines = ["# Training, side by side", "", sentence(results["machine"])]
    cores = f"{results['cores']} core(s)" if results["cores"] else "all cores"
    if results.get("clock") == "cpu":
        lines += ["Seconds are those of processors that a run uses, so that the load of the machine hardly counts.", ""]
    lines += [f"Each run had {results['time_limit']:g} s, {results['memory_limit']:g} GB and {cores}.", "", ABOUT]
    for level in LEVELS[1:]:
        lines += [*overview(groups, level), ""]
    lines += [f"![excess against time]({path.with_suffix('.png').name})", ""]
    for (problem, beta), runs in groups.items():
        lines += [f"## {problem} (n = {runs[0]['n']}, d = {runs[0]['d']}), beta = {beta:.6g}", ""]
        lines += ["| " + " | ".join(HEAD) + " |", "|---|" + "--:|" * (len(HEAD) - 2) + "---|"]
        lines += [row(name, mine, best_known(runs)) for name, mine in by_contestant(runs).items()]
        lines += [""]
    path.with_suffix(".md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    draw(results, path.with_suffix(".png"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python training_report.py results/training.json")
    write_report(Path(sys.argv[1]))
