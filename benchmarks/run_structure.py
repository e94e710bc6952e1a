"""The library's optimal sets and staircases beside exact ones: `python benchmarks/run_structure.py`.

Families: a near-parallel units, b tiny masses, c close directions, d generic data, e lattice data, f data invariant
under a group. `structures/` draws the problems and computes the truth, in rational arithmetic or to 60 digits, with no
code of the library. Needs dualscape and python-flint. `--family a --seed 17` shows one problem in full.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from structures.compare import KINDS, Outcome, check, examine
from structures.families import FAMILIES, draw

BAD = ("fatal", "wrong, not exact", "refused", "not global", "no truth")
EVERY = 20.0  # seconds between lines of progress


def safely(task: tuple[str, int]) -> Outcome:
    """The outcome of one problem; a fault of this program is an outcome too."""
    try:
        return examine(*task)
    except Exception as error:  # noqa: BLE001
        return Outcome(*task, "", "no truth", faults=[f"this program: {type(error).__name__}: {error}"])


def checked(task: tuple[str, int]) -> Outcome:
    """Whether the two ways to the truth agree on a planted problem; the library is not asked."""
    try:
        return check(*task)
    except Exception as error:  # noqa: BLE001
        return Outcome(*task, "", "no truth", faults=[f"this program: {type(error).__name__}: {error}"])


def outcomes(
    work: Callable[[tuple[str, int]], Outcome], tasks: list[tuple[str, int]], processes: int
) -> Iterator[Outcome]:
    """All outcomes, in order."""
    if processes == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, tasks, chunksize=8)


def show(family: str, seed: int) -> None:
    """One problem in full."""
    case = draw(family, seed)
    print(f"family {family}, seed {seed}: {case.label}\nX = {case.X.tolist()}\ny = {case.y.tolist()}")
    print(f"beta = {case.beta!r}  loss = {case.loss}  bias = {case.bias} (X has its column of ones already)")
    outcome = examine(family, seed)
    for line in [*outcome.notes, f"outcome: {outcome.kind}", *outcome.faults]:
        print(line)
    if case.known is not None:
        print("masses", case.known.masses.tolist(), "\ndirections", case.known.directions.tolist(), case.known.signs)


def table(found: Iterable[Outcome]) -> str:
    """Counts as text, families down and outcomes across."""
    rows: dict[str, Counter[str]] = {}
    for outcome in found:
        for name in (outcome.family, "all"):
            for kind in ("well posed", "hard") if name == "all" else ("",):
                if not kind or (kind == "well posed") == outcome.well_posed:
                    rows.setdefault(f"{name} {kind}".strip(), Counter())[outcome.kind] += 1
            if name != "all":
                part = "well posed" if outcome.well_posed else "hard"
                rows.setdefault(f"{name} {part}", Counter())[outcome.kind] += 1
    lines = [f"{'family':16}" + "".join(f"{kind:>18}" for kind in ("problems", *KINDS))]
    for name in sorted(rows, key=lambda name: (name.startswith("all"), name)):
        counts = rows[name]
        lines.append(f"{name:16}{sum(counts.values()):18,}" + "".join(f"{counts[kind]:18,}" for kind in KINDS))
    return "\n".join(lines)


def main() -> None:
    """Run all families and print what was found; the exit status is 1 when something false was called exact."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", default="".join(FAMILIES), help="letters (default: all)")
    parser.add_argument("--count", type=int, default=1000, help="problems of each family (default: 1000)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="compare the two ways to the truth of planted problems")
    parser.add_argument("--list", type=int, default=25, help="problems listed of each family and kind (default: 25)")
    parser.add_argument("--family", choices=tuple(FAMILIES), help="with --seed: show this problem in full")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    if options.family is not None:
        show(options.family, options.first if options.seed is None else options.seed)
        return
    began = said = time.perf_counter()
    tasks = [(f, options.first + i) for i in range(options.count) for f in options.families]
    found: list[Outcome] = []
    listed: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes(checked if options.check else safely, tasks, options.processes):
        found.append(outcome)
        key = (outcome.family, outcome.kind)
        if outcome.kind in BAD and listed[key] < options.list:
            listed[key] += 1
            posed = "" if outcome.well_posed else " (hard)"
            print(f"{outcome.kind}{posed}: --family {outcome.family} --seed {outcome.seed}  [{outcome.label}] "
                  + "; ".join(outcome.faults), flush=True)  # fmt: skip
        if time.perf_counter() - said > EVERY:
            said = time.perf_counter()
            print(f"... {len(found):,} of {len(tasks):,} in {said - began:.0f} s", flush=True)
    print(table(found))
    library, truth = (sum(o.seconds[i] for o in found) for i in (0, 1))
    spent = time.perf_counter() - began
    print(f"{len(found):,} problems in {spent:.0f} s (library {library:.0f} s, truth {truth:.0f} s)")
    raise SystemExit(any(outcome.kind == "fatal" for outcome in found))


if __name__ == "__main__":
    main()
