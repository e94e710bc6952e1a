"""Table of what `run_frontier.py` found: `python benchmarks/frontier_report.py results/frontier.json`."""

import json
import sys
from pathlib import Path

from machine import sentence

ABOUT = """\
Seconds until the relative gap is proven to be at most {gap:g}, for networks of every width, at beta = {fraction:g}
beta_max; d counts the column of ones, the penalised bias, of the real data. Patterns are those of the arrangement
(oracle cells, or faces where there are several outputs), the cones of the search tree (oracle bisection) or steps
(oracle relaxation, from 8 dimensions on, where no other finishes). A gap in parentheses is what had been proven when
time was over, or when it came down no more, and how long that was; a dash means that the case was not tried: a smaller
one of its series had failed, or the oracle is for other data.
"""


def shown(case: dict | None, gap: float) -> tuple[str, str]:
    """(seconds, patterns) of a case as text."""
    if case is None:
        return "-", "-"
    if "seconds" not in case:
        return case["failure"], "-"
    if case["gap"] is None or case["gap"] > gap:
        proven = f"{case['gap']:.1e}" if case["gap"] is not None else "no bound"
        steps = f"{case['patterns']:,}" if case["oracle"] == "relaxation" else "-"
        return f"({proven} after {min(case['time_limit'], case['seconds']):.3g} s)", steps
    patterns = f"{case['patterns']:,}" if case["patterns"] < 1e7 else f"{case['patterns']:.2g}"
    return f"{case['seconds']:.2g}" if case["seconds"] < 10 else f"{case['seconds']:.0f}", patterns


def write_report(path: Path) -> None:
    """Write the table next to the JSON file."""
    results = json.loads(path.read_text(encoding="utf-8"))
    cases = results["cases"]
    oracles = list(dict.fromkeys(case["oracle"] for case in cases))
    lines = ["# Certified frontier", "", sentence(results["machine"]), "", ABOUT.format(**results)]
    elsewhere: dict[str, list[str]] = {}
    for case in cases:
        if "machine" in case:
            elsewhere.setdefault(sentence(case["machine"]), []).append(case["data"])
    for machine, data in elsewhere.items():
        lines += [f"Of another run, {', '.join(dict.fromkeys(data))}: {machine[0].lower()}{machine[1:]}", ""]
    head = [title for oracle in oracles for title in (f"{oracle}: seconds", "patterns")]
    lines += ["| data | n | d | " + " | ".join(head) + " | neurons |", "|---" + "|--:" * (len(head) + 3) + "|"]
    for data, n, d in dict.fromkeys((case["data"], case["n"], case["d"]) for case in cases):
        here = {c["oracle"]: c for c in cases if (c["data"], c["n"], c["d"]) == (data, n, d)}
        cells = [text for oracle in oracles for text in shown(here.get(oracle), results["gap"])]
        neurons = next((str(case["neurons"]) for case in here.values() if "neurons" in case), "-")
        lines.append(f"| {data} | {n:,} | {d} | " + " | ".join([*cells, neurons]) + " |")
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python frontier_report.py results/frontier.json")
    write_report(Path(sys.argv[1]))
