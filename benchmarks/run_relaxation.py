"""What is proven of a trained network in many dimensions, and how soon: `python benchmarks/run_relaxation.py`.

The percentage by which the network may exceed the optimum of networks of every width, against seconds, for relaxed
training, the relaxation at the network's own dual variable, and the bisection; writes results/relaxation.json, .md and
.png. Run it with a Python that has dualscape, scikit-learn and matplotlib.
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
from problems import PROBLEMS, Matrix, Vector, breast_cancer, diabetes, gaussian, standardized, wine

RESULTS = Path(__file__).resolve().parent / "results"
PROVERS = ("relaxed training", "relaxation", "bisection")
LIMITS = (1.0, 3.0, 10.0, 30.0)
#: Seconds for the search before the proof.
SEARCH = 30.0


def some_patients(n: int) -> tuple[Matrix, Vector]:
    """The first n of the diabetes data in a random order, standardised by themselves."""
    X, y = diabetes()
    chosen = np.random.default_rng(0).permutation(len(X))[:n]
    return standardized(X[chosen]), standardized(y[chosen, None])[:, 0]


#: (data, loss) by name.
DATA: dict[str, tuple[Callable[[], tuple[Matrix, Vector]], str]] = {
    "diabetes-40": (partial(some_patients, 40), "squared"),
    "diabetes-100": (partial(some_patients, 100), "squared"),
    "diabetes": (diabetes, "squared"),
    "wine": (wine, "logistic"),
    "gaussian-8": (partial(gaussian, 200, 8, neurons=10, seed=2), "squared"),
    "M": (PROBLEMS["M"], "squared"),
    "gaussian-20": (partial(gaussian, 200, 20, neurons=10, seed=2), "squared"),
    "breast-cancer": (breast_cancer, "logistic"),
}


def measure(name: str, fraction: float, limits: list[float]) -> dict:
    """Train once, then prove with each prover within each limit."""
    from dualscape import Problem, solve
    from dualscape.model.certificate import certificate_of, certify_dual
    from dualscape.running.effort import Effort
    from dualscape.solver.relaxed_training import relaxed_training

    make, loss = DATA[name]
    problem = Problem(*make(), beta=1.0, bias="none", loss=loss)
    problem = problem.with_beta(fraction * problem.beta_max("ascent"))
    network = solve(problem, oracle="ascent", time_limit=SEARCH).network
    proofs = []
    for prover in PROVERS:
        for limit in limits:
            began, spent, effort = time.perf_counter(), time.process_time(), Effort.within(limit)
            if prover == "relaxed training":
                found = certificate_of(problem, network, *relaxed_training(problem, network, effort=effort))
            else:
                found = certify_dual(problem, network, problem.dual_of(network), oracle=prover, effort=effort)
            seconds, processor = time.perf_counter() - began, time.process_time() - spent
            proofs.append(
                {"prover": prover, "limit": limit, "seconds": seconds, "processor": processor, "excess": found.excess}
            )
    return {"n": problem.n, "d": problem.d, "loss": loss, "beta": problem.beta, "proofs": proofs}


def write_report(results: dict, path: Path) -> None:
    """The table: the excess in per cent and the seconds of processor time."""
    lines = ["# Bounds in many dimensions", "", sentence(results["machine"]), ""]
    limits = " | ".join(f"{limit:g} s" for limit in results["limits"])
    lines += [
        "By how many per cent of the proven bound the trained network may exceed the optimum of networks of every",
        "width, and in parentheses the seconds of processor time that it took (both signs at once on two cores).",
        "",
        f"| data | n | d | beta / beta_max | prover | {limits} |",
        "|---|--:|--:|--:|---" + "|--:" * len(results["limits"]) + "|",
    ]
    for case in results["cases"]:
        for prover in PROVERS:
            mine = [one for one in case.get("proofs", []) if one["prover"] == prover]
            cells = [f"{100 * one['excess']:.3g} % ({one['processor']:.2g})" for one in mine]
            head = f"{case['name']} | {case.get('n', '-')} | {case.get('d', '-')} | {case['fraction']:g} | {prover}"
            lines.append(f"| {head} | " + " | ".join(cells or [case.get("failure", "-")]) + " |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(results: dict, path: Path) -> None:
    """A panel for each case."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    cases = [case for case in results["cases"] if "proofs" in case]
    columns = min(len(cases), 4)
    rows = -(-len(cases) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.4 * columns, 2.8 * rows), squeeze=False, layout="constrained")
    for panel in axes.ravel()[len(cases) :]:
        panel.set_visible(False)
    for panel, case in zip(axes.ravel(), cases, strict=False):
        for prover in PROVERS:
            mine = [one for one in case["proofs"] if one["prover"] == prover]
            panel.plot([one["seconds"] for one in mine], [100 * one["excess"] for one in mine], "o-", label=prover)
        panel.set(xscale="log", yscale="log", title=f"{case['name']}, {case['fraction']:g} beta_max")
        panel.set(xlabel="seconds", ylabel="gap in per cent")
    axes[0, 0].legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, and write after every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--fractions", nargs="+", type=float, default=[0.1], help="of beta_max (default 0.1)")
    parser.add_argument("--limits", nargs="+", type=float, default=list(LIMITS), help="seconds for a proof")
    parser.add_argument("--keep", action="store_true", help="keep the results of other data")
    options = parser.parse_args()
    path = RESULTS / "relaxation.json"
    machine = describe(["dualscape", "numpy", "scipy", "numba", "scikit-learn"])
    results: dict = {"machine": machine, "limits": options.limits, "cases": []}
    if options.keep and path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))["cases"]
        results["cases"] = [case for case in kept if case["name"] not in options.data]
    for name in options.data:
        for fraction in options.fractions:
            case = {"name": name, "fraction": fraction, "load": load()[:1]}
            seconds = 2 * len(PROVERS) * sum(options.limits) + 4 * SEARCH
            case |= isolated.call(measure, name, fraction, options.limits, seconds=seconds)
            results["cases"].append(case)
            results["cases"].sort(key=lambda case: list(DATA).index(case["name"]))
            path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            print(name, fraction, case.get("failure", "done"), flush=True)
    write_report(results, path.with_suffix(".md"))
    draw(results, path.with_suffix(".png"))
    print(f"wrote {path.with_suffix('.md')}")


if __name__ == "__main__":
    main()
