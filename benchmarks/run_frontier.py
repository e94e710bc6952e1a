"""How large a problem is certified: `python benchmarks/run_frontier.py`.

For real and Gaussian data, the seconds to a proven relative gap of 1e-6 and the patterns or nodes looked at, for each
exact oracle, and in many dimensions the gap that the relaxation proves in the time; writes results/frontier.json and
.md. Run it with a Python that has dualscape and scikit-learn.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import isolated
import numpy as np
from frontier_report import write_report
from machine import describe, load
from peers.harness import memory
from problems import Matrix, Vector, diabetes, estimated_beta_max, gaussian, standardized

RESULTS = Path(__file__).resolve().parent / "results"
GAP = 1e-6
#: The features of the diabetes data that are added one after the other.
FEATURES = ("bmi", "s5", "bp", "s3", "s1", "s2")
SIZES = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)
#: Dimensions in which no exact oracle finishes, and the rows there: what is proven in the time is what counts.
MANY, FEWER_SIZES = (8, 10, 20, 30), (100, 400)
#: Rows and features where there are several outputs, and how many of these.
SEVERAL_SIZES, SEVERAL_D, OUTPUTS = (20, 50, 100, 200, 500, 1000), 3, (2, 3, 5)
#: The exact oracles for one output and for several.
EXACT = {False: ("cells", "bisection"), True: ("faces", "bisection")}


def digits(components: int) -> tuple[Matrix, Vector]:
    """1797 images of digits: principal components of their 64 pixels, standardised; even digits +1, odd ones -1."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    centred = bundle.data - bundle.data.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return standardized(centred @ axes[:components].T), 1.0 - 2.0 * (bundle.target % 2)


def photograph(pixels: int) -> tuple[Matrix, Vector]:
    """Pixels of a photograph that comes with scikit-learn: blue from red and green, standardised; many are equal."""
    from sklearn.datasets import load_sample_image

    colours = load_sample_image("china.jpg").reshape(-1, 3).astype(float)
    chosen = colours[np.random.default_rng(0).choice(len(colours), pixels, replace=False)]
    return standardized(chosen[:, :2]), standardized(chosen[:, 2])


def with_ones(data: tuple[Matrix, Vector]) -> tuple[Matrix, Vector]:
    """The data with a column of ones, the penalised bias."""
    X, y = data
    return np.column_stack([X, np.ones(len(X))]), y


Maker = Callable[[], tuple[Matrix, Vector]]


def all_series(seed: int) -> dict[str, list[Maker]]:
    """Data in order of growing cost; a series ends when an oracle first fails."""

    def biased(make: Callable[..., tuple[Matrix, Vector]], *values: object) -> Maker:
        return lambda: with_ones(make(*values))

    series: dict[str, list[Maker]] = {
        "diabetes": [biased(diabetes, *FEATURES[:k]) for k in (2, 3, 4, 5, 6)],
        "digits": [biased(digits, k) for k in (1, 2, 3, 4)],
        "photograph": [biased(photograph, n) for n in (1000, 10_000, 100_000)],
    }
    for d in (2, 3, 4, 5, 6):
        series[f"gaussian-{d}"] = [partial(gaussian, n, d, neurons=5, seed=seed) for n in SIZES]
    for d in MANY:
        series[f"gaussian-{d}"] = [partial(gaussian, n, d, neurons=10, seed=seed) for n in FEWER_SIZES]
    for c in OUTPUTS:
        make = partial(gaussian, d=SEVERAL_D, neurons=5, seed=seed, outputs=c)
        series[f"{c} outputs"] = [partial(make, n) for n in SEVERAL_SIZES]
    return series


def certify(X: Matrix, y: Vector, fraction: float, oracle: str, limit: float) -> dict:
    """Solve to the gap with one oracle, after a warm-up; what it took."""
    from dualscape import Problem, Tolerances, solve

    tolerances = Tolerances(relative_gap=GAP, violation=0.1 * GAP)
    rng = np.random.default_rng(0)
    solve(
        Problem(rng.standard_normal((12, 3)), rng.standard_normal((12, *y.shape[1:])), beta=0.5, bias="none"),
        oracle=oracle,
    )
    problem = Problem(X, y, beta=fraction * estimated_beta_max(X, y), bias="none")
    began = time.perf_counter()
    solution = solve(problem, oracle=oracle, tolerances=tolerances, time_limit=limit)
    seconds = time.perf_counter() - began
    certificate = solution.certificate
    return {
        "seconds": seconds,
        "beta": problem.beta,
        "gap": certificate.relative_gap if np.isfinite(certificate.dual) else None,
        "verdict": certificate.verdict,
        "patterns": certificate.looked_at,
        "neurons": solution.network.width,
        "memory": memory("VmHWM"),
    }


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = ["cells", "faces", "bisection", "relaxation"]
    parser.add_argument("--oracles", nargs="+", default=known, help="in turn")
    parser.add_argument("--series", nargs="+", metavar="NAME", help="data (default: all)")
    parser.add_argument("--fraction", type=float, default=0.1, help="weight decay, of beta_max (default: 0.1)")
    parser.add_argument("--time-limit", type=float, default=120.0, help="seconds for each case (default: 120)")
    parser.add_argument("--keep", action="store_true", help="keep earlier results of the series not run now")
    parser.add_argument("--seed", type=int, default=0, help="of the Gaussian data")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args()


def main() -> None:
    """Run the series; the results are written after every case."""
    options = arguments()
    series = all_series(options.seed)
    unknown = [name for name in options.series or [] if name not in series]
    if unknown:
        raise SystemExit(f"error: unknown series {unknown[0]!r}; known: {', '.join(series)}")
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "frontier.json"
    results = {
        "machine": describe(("dualscape", "numpy", "scipy", "numba", "scikit-learn")),
        "gap": GAP,
        "fraction": options.fraction,
        "cases": [],
    }
    chosen = options.series or list(series)
    if options.keep and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        results["cases"] = [case for case in before["cases"] if case["data"] in series and case["data"] not in chosen]
        for case in results["cases"]:
            case.setdefault("machine", before["machine"])
    for name in chosen:
        failed: set[str] = set()
        for make in series[name]:
            X, y = make()
            for oracle in options.oracles:
                asked = (*EXACT[y.ndim == 2], *(["relaxation"] if X.shape[1] >= min(MANY) else []))
                if oracle in failed or oracle not in asked:
                    continue
                case = {"data": name, "n": X.shape[0], "d": X.shape[1], "oracle": oracle, "load": load()[:1]}
                limit = options.time_limit
                case["time_limit"] = limit
                case |= isolated.call(certify, X, y, options.fraction, oracle, limit, seconds=2 * limit + 120)
                proven = case.get("gap") is not None and case["gap"] <= GAP
                if not proven and oracle != "relaxation":
                    failed.add(oracle)
                results["cases"].append(case)
                results["cases"].sort(key=lambda case: list(series).index(case["data"]))
                path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
                took = f"{case['seconds']:.3g} s, gap {case['gap']}" if "seconds" in case else case["failure"]
                print(f"{name}, n {case['n']}, d {case['d']}, {oracle}: {took}", flush=True)
    write_report(path)
    print(f"wrote {path.with_suffix('.md')}")


if __name__ == "__main__":
    main()
