"""What a first run waits for: `python benchmarks/run_compile.py`.

The first analysis of a problem from the catalogue, with a report, with no kernel compiled before (cold) and again
(warm), and the set-up's `python -m dualscape.cli.kernels`: seconds, seconds of processor time, and each kernel compiled
with its own share of both. Kernels are kept in a folder that is removed afterwards. It prints, and writes nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from machine import describe, sentence
from numba.core import event

PROBLEM = "catalogue:diabetes-bmi-s5"
MARK = "compiled: "


@dataclass
class Compiled:
    """One compilation.

    Attributes:
        name, types: of the function and its arguments.
        wall, cpu: seconds from beginning to end, and of the processor.
        inner_wall, inner_cpu: those of the compilations within it, of functions that it was the first to call.
    """

    name: str
    types: str
    wall: float
    cpu: float
    inner_wall: float = 0.0
    inner_cpu: float = 0.0


class Watch(event.Listener):
    """Hears of every compilation; others may begin and end within one."""

    def __init__(self) -> None:
        self.open: list[Compiled] = []
        self.done: list[Compiled] = []

    def on_start(self, event: event.Event) -> None:
        """Begin the clocks of a compilation."""
        function = event.data["dispatcher"].py_func
        name = f"{function.__module__}.{function.__qualname__}"
        types = ", ".join(map(str, event.data["args"])).replace(", aligned=True", "")
        self.open.append(Compiled(name, types, -time.perf_counter(), -time.thread_time()))

    def on_end(self, event: event.Event) -> None:
        """Stop them; what is around it does not count this time as its own."""
        ended = self.open.pop()
        ended.wall += time.perf_counter()
        ended.cpu += time.thread_time()
        if self.open:
            self.open[-1].inner_wall += ended.wall
            self.open[-1].inner_cpu += ended.cpu
        self.done.append(ended)


def watched(arguments: list[str]) -> None:
    """Run the command line in this process and print what it compiled as its last line."""
    from dualscape.cli import commands
    from dualscape.running.listener import Listener

    class Staying(Listener):
        def leave(self, code: int) -> None:
            raise SystemExit(code)

    watch = Watch()
    event.register("numba:compile", watch)
    try:
        commands(arguments, obj=Staying())
    except SystemExit as end:
        code = end.code
    print(MARK + json.dumps([vars(compiled) for compiled in watch.done]))
    sys.exit(code)


def timed(command: list[str], environment: dict[str, str]) -> tuple[str, float, float]:
    """(output, seconds, seconds of processor time of it and its children)."""
    began, before = time.perf_counter(), os.times()
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    after, seconds = os.times(), time.perf_counter() - began
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return answer.stdout, seconds, used


def table(compiled: list[Compiled]) -> str:
    """Rows of Markdown, the dearest first; what is in numba itself is one row."""
    lines = ["| kernel | own CPU s | own s | with those inside, CPU s | types |", "|---|--:|--:|--:|---|"]
    kernels = [entry for entry in compiled if entry.name.startswith("dualscape.")]
    for entry in sorted(kernels, key=lambda entry: entry.inner_cpu - entry.cpu):
        own_cpu, own_wall = entry.cpu - entry.inner_cpu, entry.wall - entry.inner_wall
        name, types = entry.name.removeprefix("dualscape."), entry.types
        types = types if len(types) <= 100 else types[:97] + "..."
        lines.append(f"| {name} | {own_cpu:.2f} | {own_wall:.2f} | {entry.cpu:.2f} | {types} |")
    rest = [entry for entry in compiled if entry not in kernels]
    own_cpu = sum(entry.cpu - entry.inner_cpu for entry in rest)
    own_wall = sum(entry.wall - entry.inner_wall for entry in rest)
    lines.append(f"| {len(rest)} functions of numba's own | {own_cpu:.2f} | {own_wall:.2f} | | |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", default=PROBLEM, help="what to analyse")
    parser.add_argument("--watched", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.watched:
        watched(given.watched)
    print(sentence(describe(("numba", "llvmlite", "numpy"))) + "\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = str(Path(folder) / "report.html")
        analysis = [sys.executable, __file__, "--watched", "analyze", given.problem, "--quiet", "--report", report]
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / "one")}
        output, cold, cold_cpu = timed(analysis, environment)
        compiled = [Compiled(**entry) for entry in json.loads(output.split(MARK)[-1])]
        _, warm, warm_cpu = timed(analysis, environment)
        environment["NUMBA_CACHE_DIR"] = str(Path(folder) / "several")
        told, several, several_cpu = timed([sys.executable, "-m", "dualscape.cli.kernels"], environment)
        _, after, after_cpu = timed(analysis, environment)
    print(table(compiled), "\n")
    kernels = sum(entry.name.startswith("dualscape.") for entry in compiled)
    print(f"cold: {cold:.1f} s, {cold_cpu:.1f} s of CPU, {kernels} kernels")
    print(f"warm: {warm:.1f} s, {warm_cpu:.1f} s of CPU")
    print(f"set-up: {several:.1f} s, {several_cpu:.1f} s of CPU ({told.strip()})")
    print(f"after it: {after:.1f} s, {after_cpu:.1f} s of CPU")


if __name__ == "__main__":
    main()
