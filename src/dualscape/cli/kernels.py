"""Compiles the kernels that a first analysis needs, in several processes: `python -m dualscape.cli.kernels`.

Kernels are compiled when they are first called, one after the other, and kept in files. Here they are called for by
name, before anything needs them. One that is not listed is compiled when it is called, as ever.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dualscape.running.listener import INTERRUPTED

#: More processes than this would wait for each other.
MOST_PROCESSES = 4


@dataclass(frozen=True)
class Kernel:
    """A compiled function, with those that it calls.

    Attributes:
        module, name: where it is.
        arguments: their types, a letter each (see `types`); tuples in parentheses.
        calls: names of kernels of this list that it calls; compiled before it, they are compiled only once.

    >>> Kernel("geometry.distinct", "_distinct", "V(Vl)").types()
    (Array(float64, 1, 'C', False, aligned=True), Tuple((Array(float64, 1, 'C', False, aligned=True), int64)))
    """

    module: str
    name: str
    arguments: str
    calls: tuple[str, ...] = ()

    def types(self) -> tuple[Any, ...]:
        """The types of its arguments, as numba finds them when it is called."""
        from numba import bool_, float32, float64, int32, int64, types

        known = {"d": float64, "f": float32, "l": int64}
        known |= {"V": float64[::1], "M": float64[:, ::1], "T": float64[:, :, ::1]}
        known |= {"F": float32[::1], "G": float32[:, ::1], "J": int32[::1], "N": int32[:, ::1]}
        known |= {"B": bool_[::1], "C": bool_[:, ::1], "I": int64[::1], "K": int64[:, ::1]}
        found: list[list[Any]] = [[]]
        for letter in self.arguments:
            if letter == "(":
                found.append([])
            elif letter == ")":
                members = found.pop()
                found[-1].append(types.BaseTuple.from_types(members))
            else:
                found[-1].append(known[letter])
        return tuple(found[0])

    def dispatcher(self) -> Any:
        """The function."""
        return getattr(import_module(f"dualscape.{self.module}"), self.name)


#: The stack of cones and the room of their bounds.
STACK, WORK = "(TMNMTKVIV)", "(VVVVBMMVVVV)"
#: In the order in which they are begun: what others wait for, then what takes long.
KERNELS = (
    Kernel("geometry.cones", "project", "MMBVVdVIVll"),
    Kernel("oracles.bisection.cone_bound", "cone_bound", f"VMM(ll)(ll)dddd{WORK}"),
    Kernel("oracles.bisection.cone_tree", "_cut", f"MMV{STACK}l(ll)V(VVVIV)"),
    Kernel("oracles.bisection.cone_tree", "explore", "MlMMdMdddlll", ("_cut", "cone_bound", "project")),
    Kernel("geometry.minorants", "rise_by_hops", "V(MMV)(MMV)MlM", ("project",)),
    Kernel("geometry.climbs", "climb_all", "MMVVVMMCKMI", ("project",)),
    Kernel("solver.active_set", "gram_active_set", "MVVd"),
    Kernel("oracles.ascent.smoothed_rise", "rise", "GFGFfflll"),
    Kernel("geometry.distinct", "_distinct", "MIdVII"),
    Kernel("oracles.bisection.cone_stack", "cone_records", "MMMTII"),
    Kernel("solver.active_set", "find_independent", "MI", ("gram_active_set",)),
    Kernel("geometry._two_float_product", "multiply", "MMMMMM"),
)


def compile_kernel(kernel: Kernel) -> int:
    """Compile it, with what it calls, unless the files have it; how many kernels were compiled."""
    from numba.core.event import install_recorder

    with install_recorder("numba:compile") as compiled:
        kernel.dispatcher().compile(kernel.types())
    return len({_name(event) for _, event in compiled.buffer if event.is_start} - {""})


def _name(event: Any) -> str:
    """Of the kernel that is compiled; "" of a function of numba's own."""
    function = event.data["dispatcher"].py_func
    return f"{function.__module__}.{function.__name__}" if function.__module__.startswith("dualscape.") else ""


def compile_all(processes: int) -> int:
    """Compile all that the files do not have; how many kernels that were."""
    total, waiting = 0, list(KERNELS)
    running: dict[Future[int], Kernel] = {}
    missing = {kernel.name for kernel in KERNELS}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_prepare) as pool:
        while waiting or running:
            for kernel in [kernel for kernel in waiting if missing.isdisjoint(kernel.calls)]:
                if len(running) == processes:
                    break
                waiting.remove(kernel)
                running[pool.submit(compile_kernel, kernel)] = kernel
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                missing.remove(running.pop(done).name)
                total += done.result()
    return total


def _prepare() -> None:
    """A compiler makes many objects and little garbage, and its process ends soon."""
    import gc
    import signal

    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def when_compiling(say: Callable[[str], None]) -> Iterator[None]:
    """Within this, say once that kernels are being compiled, when that is so."""
    from numba.core.event import Listener, register, unregister

    class Once(Listener):
        said = False

        def on_start(self, event: Any) -> None:
            if not self.said and _name(event):
                self.said = True
                say("compiling the kernels that this needs, once; later runs begin at once")

        def on_end(self, event: Any) -> None:
            pass

    once = Once()
    register("numba:compile", once)
    try:
        yield
    finally:
        unregister("numba:compile", once)


def main() -> int:
    """Compile, and say so in one line; the exit code."""
    processes, began = min(os.cpu_count() or 1, MOST_PROCESSES), time.monotonic()
    print(f"compiling kernels, {processes} at a time ...", end="", flush=True)
    try:
        total = compile_all(processes)
    except KeyboardInterrupt:
        print(" interrupted", flush=True)
        return INTERRUPTED
    print(f" {total} kernels, {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
