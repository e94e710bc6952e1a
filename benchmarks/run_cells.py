"""Activation patterns covered a second, against n and rank: `python benchmarks/run_cells.py`.

The oracle `cells` is asked for all units above one and a half times the largest value there is, so that it projects
onto next to no cone: what is measured is how fast patterns are visited and excluded. Writes results/cells.json and .md.
Run it with a Python that has dualscape.
"""

import argparse
import json
import time
from pathlib import Path

import isolated
import numpy as np
from machine import describe, load, sentence

RESULTS = Path(__file__).resolve().parent / "results"
RANKS = (2, 3, 4, 5, 6, 8)
SIZES = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
#: Cases with fewer patterns than this measure the start of the threads, not the visit.
FEWEST = 10_000
ABOUT = """\
Millions of activation patterns covered a second, by all cores together, for Gaussian data of n rows and the given rank;
in parentheses the millions really visited a second: for each sign only the hyperplanes with a kink of that sign, about
half of them, cut the sphere. Nearly all patterns are excluded by the first test. The best of {repeat} calls counts.
Blank: fewer than {fewest:,} patterns, or more than the {seconds:g} s allow.
"""


def visit(n: int, rank: int, repeat: int) -> dict:
    """Seconds of the fastest of a few calls, after a warm-up."""
    from dualscape.oracles import Question
    from dualscape.oracles.ascent.oracle import AscentOracle
    from dualscape.oracles.cells.oracle import CellsOracle

    rng = np.random.default_rng(0)
    CellsOracle.on(rng.standard_normal((12, 3))).best_units(Question(rng.standard_normal(12), above=100.0))
    X, nu = rng.standard_normal((n, rank)), rng.standard_normal(n)
    above = 1.5 * AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower
    oracle = CellsOracle.on(X)
    seconds, visited = float("inf"), 0
    for _ in range(repeat):
        began = time.perf_counter()
        answer = oracle.best_units(Question(nu, above=above))
        seconds, visited = min(seconds, time.perf_counter() - began), answer.looked_at
    return {"patterns": expected(n, rank), "visited": visited, "seconds": seconds}


def expected(n: int, rank: int) -> int:
    """Number of patterns of rows in general position."""
    from dualscape.geometry.arrangement.arrangement import count_cells

    return count_cells(n, rank)


def table(results: dict) -> str:
    """The rates as Markdown, rows n and columns rank."""
    cases = {(case["n"], case["rank"]): case for case in results["cases"]}
    ranks, sizes = sorted({rank for _, rank in cases}), sorted({n for n, _ in cases})
    lines = ["| n | " + " | ".join(f"rank {rank}" for rank in ranks) + " |", "|--:" * (len(ranks) + 1) + "|"]
    for n in sizes:
        cells = []
        for rank in ranks:
            case = cases.get((n, rank), {})
            rates = [
                f"{case[what] / case['seconds'] / 1e6:.3g}" for what in ("patterns", "visited") if "seconds" in case
            ]
            cells.append(f"{rates[0]} ({rates[1]})" if rates else "")
        lines.append(f"| {n:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure all sizes of a rank until one takes too long; the results are written after every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", nargs="+", type=int, default=RANKS)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--repeat", type=int, default=3, help="calls, of which the fastest counts (default: 3)")
    parser.add_argument("--seconds", type=float, default=120.0, help="for each case (default: 120)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "cells.json"
    results: dict = {"machine": describe(("dualscape", "numpy", "numba")), "cases": []}
    settings = {"repeat": options.repeat, "fewest": FEWEST, "seconds": options.seconds}
    for rank in options.ranks:
        slowest = 0.0
        for n in options.sizes:
            if n <= rank or expected(n, rank) < FEWEST or slowest * expected(n, rank) > options.seconds:
                continue
            case = {"n": n, "rank": rank, "load": load()[:1]}
            case |= isolated.call(visit, n, rank, options.repeat, seconds=options.seconds + 60)
            results["cases"].append(case)
            path.write_text(json.dumps({**results, **settings}, indent=1) + "\n", encoding="utf-8")
            if "failure" in case:
                print(f"n {n}, rank {rank}: {case['failure']}", flush=True)
                break
            slowest = options.repeat * case["seconds"] / case["patterns"]
            print(f"n {n}, rank {rank}: {1e-6 * case['patterns'] / case['seconds']:.3g} million a second", flush=True)
    lines = ["# Activation patterns a second", "", sentence(results["machine"]), "", ABOUT.format(**settings)]
    path.with_suffix(".md").write_text("\n".join([*lines, table(results)]) + "\n", encoding="utf-8")
    print(f"wrote {path.with_suffix('.md')}")


if __name__ == "__main__":
    main()
