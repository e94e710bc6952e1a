"""Train everybody on the same problems, side by side: `python3 benchmarks/run_training.py`.

Makes an environment of its own, runs the contestants in turn, and writes results/training.json, .md and .png.
"""

import argparse
import json
import tempfile
from pathlib import Path

import environment

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("dualscape", "numpy", "scipy", "numba", "pyscnn", "adelie", "cvxpy", "clarabel", "torch", "scikit-learn")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="contestants (default: all)")
    parser.add_argument("--problems", nargs="+", metavar="NAME", help="problems (default: all)")
    parser.add_argument("--repeat", type=int, default=1, help="rounds; in each, everybody runs once (default: 1)")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each run (default: 60)")
    parser.add_argument("--memory-limit", type=float, default=8.0, help="gigabytes for each run (default: 8)")
    parser.add_argument("--cores", type=int, default=0, help="cores for each run (default: all)")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="what seconds are (default: wall)")
    parser.add_argument("--installed", action="store_true", help="run in this environment, with whom it has")
    parser.add_argument("--keep", action="store_true", help="keep earlier results of what is not run now")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


def checked(names: list[str] | None, known: dict, what: str) -> list[str]:
    """The names, or all that are known; SystemExit when one is unknown."""
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        raise SystemExit(f"error: unknown {what} {unknown[0]!r}; known: {', '.join(known)}")
    return list(names or known)


def earlier(path: Path, keep: bool) -> dict[tuple, dict]:
    """Runs that are already in the file, by what was run."""
    if not (keep and path.exists()):
        return {}
    return {key(run): run for run in json.loads(path.read_text(encoding="utf-8"))["runs"]}


def key(run: dict) -> tuple:
    """What tells runs apart."""
    return run["problem"], run["beta"], run["contestant"], run["repeat"]


def main() -> None:
    """Run what the command line asks for; the results are written after every run."""
    options = arguments()
    if not options.installed:
        environment.enter()
    import numpy as np
    from contestants import CONTESTANTS, Limits, run
    from machine import describe, load
    from problems import PROBLEMS, write
    from training_report import write_report
    from training_runs import compact

    names = checked(options.only, CONTESTANTS, "contestant")
    problems = checked(options.problems, PROBLEMS, "problem")
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "training.json"
    runs = earlier(path, options.keep)
    limits = Limits(options.time_limit, options.memory_limit, options.cores, options.clock)
    limit = {
        "time_limit": options.time_limit,
        "memory_limit": options.memory_limit,
        "cores": options.cores,
        "clock": options.clock,
    }
    settings = {"machine": describe(PACKAGES), **limit}
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), problems)
        for repeat in range(options.repeat):
            for problem in problems:
                with np.load(files[problem]) as data:
                    betas, (n, d) = data["betas"].tolist(), data["X"].shape
                for beta in betas:
                    for name in names:
                        busy = load()[:1]
                        found = compact(run(CONTESTANTS[name], files[problem], beta, limits))
                        found |= {"problem": problem, "n": n, "d": d, "beta": beta, "contestant": name}
                        found |= {"repeat": repeat, "load": busy}
                        runs[key(found)] = found
                        text = json.dumps({**settings, "runs": list(runs.values())}, separators=(",", ":"))
                        path.write_text(text + "\n", encoding="utf-8")
                        said = found["failure"] or (found["end"] or {}).get("note", "")
                        print(f"{problem}, beta {beta:.5g}, {name}: {found['lowest']}, {said}", flush=True)
    write_report(path)
    print(f"wrote {path.with_suffix('.md')} and {path.with_suffix('.png')}")


if __name__ == "__main__":
    main()
