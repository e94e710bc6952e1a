"""A device against the processors, on the same calls: `python benchmarks/run_device.py --device cuda`.

Patterns streamed by the oracle `cells`, searches of the oracle `ascent`, steps of the relaxation, and whole runs of
`solve`; what each pair of answers differs by stands beside its times. Writes results/device.json and .md. Run it with a
Python that has dualscape and PyTorch.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import describe, load, sentence
from problems import PROBLEMS, estimated_beta_max, gaussian

from dualscape import Problem, solve
from dualscape.errors import InputError
from dualscape.geometry.arrangement.arrangement import count_cells
from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.products import Lift
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort

RESULTS = Path(__file__).resolve().parent / "results"
#: (n, rank, threshold over the greatest value): 1.5 excludes nearly all patterns at once, 1 is what a proof asks.
CELLS = (
    (1000, 3, 1.5), (1000, 4, 1.5), (100, 5, 1.5), (200, 5, 1.5), (100, 6, 1.5), (100, 7, 1.5), (50, 8, 1.5),
    (100, 5, 1.0), (100, 6, 1.0), (100, 7, 1.0),
)  # fmt: skip
#: (n, d) of one search; (n, d) of a relaxation, and its steps; (problem, fraction of beta_max, seconds, how near) of
#: whole runs.
SEARCHES = ((1000, 20), (10_000, 30), (20_000, 60), (100_000, 100))
RELAXATIONS, RELAXED_STEPS = ((200, 10), (442, 10), (1000, 20), (2000, 30)), 20
RUNS = (("S", 0.1, 10, 1e-6), ("M", 0.01, 4, 1e-6), ("L", 0.1, 5, 1e-6), ("L", 0.01, 12, 1e-6))
ABOUT = """\
"Here" are all processors of the machine, "there" is the device with these processors: {device}. Calls are made once to
warm up and then {repeat} times by each side in turn; the median counts. A difference is relative: of bounds for
patterns, of values found for searches, of objectives for runs. First, activation patterns covered by the oracle `cells`
on Gaussian data; at 1.5 h nearly all are excluded at once, h itself is what a proof asks. Then one search of the oracle
`ascent`, {steps} steps of the relaxation and what they prove (the proof is made by the processors), and runs of `solve`
until the objective is near the lower one of the two ends.
"""


def paired(call: Callable[[str | None], object], device: str, repeat: int) -> tuple[list[float], list]:
    """(median seconds of the processors and of the device, their last answers), warm and in turns."""
    seconds: dict[str | None, list[float]] = {None: [], device: []}
    answers = {}
    for round_ in range(repeat + 1):
        for side in seconds:
            began = time.perf_counter()
            answers[side] = call(side)
            if round_:
                seconds[side].append(time.perf_counter() - began)
    return [float(np.median(values)) for values in seconds.values()], list(answers.values())


def cells(n: int, rank: int, share: float, device: str, repeat: int) -> dict:
    """One call of the oracle `cells` on Gaussian data."""
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((n, rank)), rng.standard_normal(n)
    oracle = CellsOracle.on(X)
    above = share * AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower * (1 - 1e-9)
    seconds, (here, there) = paired(
        lambda side: oracle.best_units(Question(nu, above=above), effort=Effort(device=side)), device, repeat
    )
    if here.values.shape != there.values.shape or not np.allclose(here.values, there.values, rtol=1e-12, atol=0.0):
        raise ArithmeticError(f"the sides list different units: {here.values} and {there.values}")
    return {
        "n": n, "rank": rank, "share": share, "patterns": count_cells(n, rank), "visited": here.looked_at,
        "visited_there": there.looked_at, "seconds": seconds, "difference": abs(here.upper / there.upper - 1),
    }  # fmt: skip


def search(n: int, d: int, device: str, repeat: int) -> dict:
    """One call of the oracle `ascent` at the residual of the zero network."""
    X, y = gaussian(n, d, neurons=10, seed=n + d)
    oracle = AscentOracle.on(X)
    first = oracle.best_units(Question(y, above=0.0), effort=Effort.within(60))
    above = 0.8 * first.lower
    seconds, (here, there) = paired(
        lambda side: oracle.best_units(Question(y, above=above), effort=Effort(device=side)), device, repeat
    )
    return {"n": n, "d": d, "seconds": seconds, "difference": abs(here.lower / there.lower - 1)}


def relaxation(n: int, d: int, device: str, repeat: int) -> dict:
    """Steps for one sign at the residual of the zero network, and what they prove."""
    X, y = gaussian(n, d, neurons=10, seed=n + d)
    form = ScaledForm.of(Hinges.of(X), y, above=0.0)

    def steps(side: str | None) -> float:
        lift = Lift.of(form.rows, SINGLE, arrays=Arrays.of(side))
        splitting = Splitting.of_form(lift, form.kappa, form.linear)
        for _ in range(RELAXED_STEPS):
            splitting.step()
        return proven(form.rows, form.kappa, form.linear, splitting.multipliers).bound

    seconds, (here, there) = paired(steps, device, repeat)
    return {"n": n, "d": d, "seconds": seconds, "difference": abs(here / there - 1)}


def run(name: str, fraction: float, limit: float, near: float, device: str) -> dict:
    """Seconds until both sides are near the lower of their ends."""
    X, y = PROBLEMS[name]()
    problem = Problem(X, y, beta=fraction * estimated_beta_max(X, y), bias="none")
    for side in (None, device):
        solve(problem, time_limit=1.0, device=side)
    sides = [solve(problem, time_limit=limit, device=side) for side in (None, device)]
    ends = [side.certificate.primal for side in sides]
    least = min(ends)
    reached = [
        next((r.seconds for r in side.history if r.objective <= (1 + near) * least), None) for side in sides
    ]  # fmt: skip
    return {
        "problem": name, "fraction": fraction, "limit": limit, "near": near, "seconds": reached, "objectives": ends,
        "verdicts": [side.certificate.verdict for side in sides], "difference": abs(ends[0] / ends[1] - 1),
        "rounds": [len(side.history) for side in sides],
    }  # fmt: skip


def table(results: dict) -> str:
    """The results as Markdown."""
    lines = ["| n | rank | threshold / h | patterns | here, s | there, s | a second: here | there | difference |"]
    lines.append("|--:" * 9 + "|")
    for case in results["cells"]:
        rates = [f"{case['patterns'] / seconds / 1e6:,.0f} M" for seconds in case["seconds"]]
        here, there = (f"{seconds:.3g}" for seconds in case["seconds"])
        lines.append(
            f"| {case['n']:,} | {case['rank']} | {case['share']} | {case['patterns']:,} | {here} | {there} "
            f"| {rates[0]} | {rates[1]} | {case['difference']:.1g} |"
        )
    lines += ["", "| n | d | one search: here, s | there, s | difference |", "|--:" * 5 + "|"]
    for case in results["searches"]:
        here, there = (f"{seconds:.3g}" for seconds in case["seconds"])
        lines.append(f"| {case['n']:,} | {case['d']} | {here} | {there} | {case['difference']:.1g} |")
    lines += [
        "",
        f"| n | d | {RELAXED_STEPS} steps of a relaxation: here, s | there, s | difference |",
        "|--:" * 5 + "|",
    ]
    for case in results["relaxations"]:
        here, there = (f"{seconds:.3g}" for seconds in case["seconds"])
        lines.append(f"| {case['n']:,} | {case['d']} | {here} | {there} | {case['difference']:.1g} |")
    lines += ["", "| problem | beta / beta_max | to within | here, s | there, s | rounds | difference of the ends |"]
    lines.append("|--:" * 7 + "|")
    for case in results["runs"]:
        here, there = ("-" if seconds is None else f"{seconds:.3g}" for seconds in case["seconds"])
        rounds = " / ".join(map(str, case["rounds"]))
        lines.append(
            f"| {case['problem']} | {case['fraction']:g} | {case['near']:g} | {here} | {there} | {rounds} "
            f"| {case['difference']:.1g} |"
        )
    return "\n".join(lines)


def write_table(results: dict, path: Path) -> None:
    """The results as a page."""
    about = ABOUT.format(device=results["device"], repeat=results["repeat"], steps=RELAXED_STEPS)
    lines = ["# A device against the processors", "", sentence(results["machine"]), "", about, table(results)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def device_name(device: str) -> str:
    """What PyTorch calls it."""
    import torch

    return torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else device


def main() -> None:
    """Measure; the results are written after every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="a PyTorch device (default: cuda)")
    parser.add_argument("--repeat", type=int, default=3, help="calls by each side (default: 3)")
    parser.add_argument("--parts", nargs="+", default=("cells", "searches", "relaxations", "runs"))
    parser.add_argument("--largest", type=int, default=10**10, help="leave out cases with more patterns or entries")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "device.json"
    try:
        Effort.within(None, device=options.device)
    except InputError as error:
        parser.exit(2, f"error: {error}\n")
    results: dict = {
        "machine": describe(("dualscape", "numpy", "numba", "torch")), "device": device_name(options.device),
        "repeat": options.repeat, "cells": [], "searches": [], "relaxations": [], "runs": [],
    }  # fmt: skip
    device, repeat = options.device, options.repeat
    small = [case for case in CELLS if count_cells(*case[:2]) <= options.largest]
    cases: list[tuple[str, Callable[..., dict], tuple]] = [("cells", cells, (*case, device, repeat)) for case in small]
    small = [case for case in SEARCHES if case[0] * case[1] <= options.largest]
    cases += [("searches", search, (*case, device, repeat)) for case in small]
    small = [case for case in RELAXATIONS if case[0] * case[1] <= options.largest]
    cases += [("relaxations", relaxation, (*case, device, repeat)) for case in small]
    cases += [("runs", run, (*case, device)) for case in RUNS]
    for part, function, arguments in cases:
        if part not in options.parts:
            continue
        case = function(*arguments) | {"load": load()[:1]}
        results[part].append(case)
        print(part, case, flush=True)
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write_table(results, path.with_suffix(".md"))
    print(f"wrote {path.with_suffix('.md')}")


if __name__ == "__main__":
    main()
