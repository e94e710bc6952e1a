"""How soon networks whose neurons see few features are certified: `python benchmarks/run_sparse.py`.

The ten features of diabetes, standardised, with a penalised bias, and a Gaussian table of many columns of which five
matter. Needs dualscape alone. `--limit SECONDS` ends a problem with the gap that is proven by then.
"""

import argparse
import os
import resource
import time
from collections.abc import Iterator

import numpy as np

from dualscape import Problem, solve
from dualscape.data.catalogue import get

#: Features a neuron, and fractions of beta_max.
DIABETES = [(q, fraction) for q in (1, 2, 3) for fraction in (0.1, 0.01)]
#: Columns of the Gaussian table, features a neuron.
WIDE = [(30, 2), (100, 1), (100, 2)]


def gaussian(p: int, n: int = 442) -> tuple[np.ndarray, np.ndarray]:
    """A table of p columns, of which the target needs five, two at a time."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    y = np.maximum(X[:, 0] + X[:, 1], 0.0) - np.abs(X[:, 2]) + 0.5 * np.maximum(X[:, 3] - X[:, 4], 0.0)
    y += 0.3 * rng.standard_normal(n)
    return X, (y - y.mean()) / y.std()


def problems() -> Iterator[tuple[str, Problem, float]]:
    """(name, problem, fraction of beta_max)."""
    table = get("diabetes").table()
    for q, fraction in DIABETES:
        yield "diabetes", Problem(table.X, table.y, beta=1.0, features_per_neuron=q), fraction
    for p, q in WIDE:
        X, y = gaussian(p)
        yield f"Gaussian, {p} columns", Problem(X, y, beta=1.0, features_per_neuron=q), 0.1


def main() -> None:
    """Print a line for each problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for each problem")
    limit = parser.parse_args().limit
    solve(Problem([[0.0, 1.0], [1.0, 0.0]], [1.0, 2.0], beta=0.1, features_per_neuron=1))  # compiles
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| problem | q | families | beta / beta_max | verdict | gap | neurons | seconds | of processors |")
    print("|---|--:|--:|--:|---|--:|--:|--:|--:|")
    for name, problem, fraction in problems():
        begun, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
        solution = solve(problem.at_fraction(fraction), time_limit=limit)
        seconds, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_utime - used
        found = solution.certificate
        cells = (
            name, problem.features_per_neuron, problem.space.count, fraction, found.verdict,
            f"{found.relative_gap:.1e}", solution.network.width, f"{seconds:.1f}", f"{used:.1f}",
        )  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
