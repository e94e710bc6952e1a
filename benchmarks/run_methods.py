"""Methods for the relaxation on one set of problems: `python benchmarks/run_methods.py`.

What each has proven of h(nu) / beta - 1 at a trained network's nu, before units are parted, after how many seconds of
processor time of one thread, both signs together and without the proofs, which are the same for all; writes
results/methods.json and .md. Run it with a Python that has dualscape, scikit-learn and CVXPY with SCS, and with
OPENBLAS_NUM_THREADS=1.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import isolated
import numpy as np
from machine import describe, load, sentence
from methods import METHODS
from problems import PROBLEMS, Matrix, Vector, diabetes
from run_relaxation import some_patients

RESULTS = Path(__file__).resolve().parent / "results"
#: Seconds at which the best bound so far is told, and for the search before.
SECONDS, SEARCH = (0.1, 0.3, 1.0, 3.0, 10.0), 15.0
#: A bound is kept after so much longer a time than the last.
DENSE = 1.02
#: SCS is asked no more than so many rows: CVXPY takes minutes to hand over more.
MOST_CONIC = 60


def noise(n: int, d: int) -> tuple[Matrix, Vector]:
    """Gaussian rows and targets."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


DATA: dict[str, Callable[[], tuple[Matrix, Vector]]] = {
    "diabetes-40": partial(some_patients, 40),
    "Gaussian": partial(noise, 60, 10),
    "diabetes-100": partial(some_patients, 100),
    "M": PROBLEMS["M"],
    "diabetes": diabetes,
}


def measure(name: str, fraction: float, methods: list[str], most: float) -> dict:
    """Train once, then bound h(nu) with each method."""
    from dualscape import Problem, solve
    from dualscape.oracles.relaxation.multipliers import proven
    from dualscape.oracles.scaled import ScaledForm

    problem = Problem(*DATA[name](), beta=1.0, bias="none")
    problem = problem.with_beta(fraction * problem.beta_max("ascent"))
    network = solve(problem, oracle="ascent", time_limit=SEARCH).network
    form = ScaledForm.of(problem.space.hinges, problem.dual_of(network), problem.beta)
    scale, signs, found = form.floor, (1.0, -1.0), {}
    for method in methods:
        if method == "SCS" and problem.n > MOST_CONIC:
            continue
        sides = [METHODS[method](form.rows, s * form.kappa / scale, s * form.linear / scale) for s in signs]
        bounds, shifts, spent, proofs = [np.inf] * 2, [1e-3 * scale] * 2, 0.0, []
        while spent < most:
            began = time.process_time()
            for side in sides:
                side.advance()
            spent += time.process_time() - began
            for at, (s, side) in enumerate(zip(signs, sides, strict=True)):
                multipliers = side.multipliers.times(scale)
                proof = proven(form.rows, s * form.kappa, s * form.linear, multipliers, shifts[at])
                bounds[at], shifts[at] = min(bounds[at], proof.bound), proof.shift
            if not proofs or spent > DENSE * proofs[-1][0]:
                proofs.append((spent, max(bounds) / form.floor - 1))
        found[method] = proofs
    return {"n": problem.n, "d": problem.d, "beta": problem.beta, "found": found}


def best(proofs: list[tuple[float, float]], seconds: float) -> str:
    """The last bound that was proven by then."""
    known = [excess for spent, excess in proofs if spent <= seconds and np.isfinite(excess)]
    return f"{known[-1]:.3g}" if known else "-"


def write_report(results: dict, path: Path) -> None:
    """The table."""
    times = [seconds for seconds in SECONDS if seconds <= results["most"]]
    lines = ["# Methods for the relaxation", "", sentence(results["machine"]), ""]
    lines += [
        "What is proven of h(nu) / beta - 1 at the nu of a trained network, before units are parted, after seconds of",
        "processor time of one thread: both signs, without the proofs. What CVXPY takes to prepare the problem for SCS",
        f"once does not count; SCS is left out beyond {MOST_CONIC} rows.",
        "",
        "| data | n | beta / beta_max | method | " + " | ".join(f"{seconds:g} s" for seconds in times) + " |",
        "|---|--:|--:|---" + "|--:" * len(times) + "|",
    ]
    for case in results["cases"]:
        for method, proofs in case.get("found", {}).items():
            cells = [best(proofs, seconds) for seconds in times]
            head = f"{case['name']} | {case['n']} | {case['fraction']:g} | {method}"
            lines.append(f"| {head} | " + " | ".join(cells) + " |")
        if "failure" in case:
            lines.append(f"| {case['name']} | - | {case['fraction']:g} | {case['failure']} |" + " - |" * len(times))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Measure, and write after every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--fractions", nargs="+", type=float, default=[0.1, 0.01], help="of beta_max")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seconds", type=float, default=SECONDS[-1], help="for each method, of processor time")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    path = options.output / "methods.json"
    machine = describe(["dualscape", "numpy", "scipy", "scikit-learn", "cvxpy", "scs"])
    results: dict = {"machine": machine, "most": options.seconds, "cases": []}
    for name in options.data:
        for fraction in options.fractions:
            case = {"name": name, "fraction": fraction, "load": load()[:1]}
            seconds = 20 * len(options.methods) * options.seconds + 20 * SEARCH
            case |= isolated.call(measure, name, fraction, options.methods, options.seconds, seconds=seconds)
            results["cases"].append(case)
            path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            print(name, fraction, case.get("failure", "done"), flush=True)
    write_report(results, path.with_suffix(".md"))
    print(f"wrote {path.with_suffix('.md')}")


if __name__ == "__main__":
    main()
