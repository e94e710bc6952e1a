"""Who takes part, and how one of them is run: as a process of its own, under limits of time, memory and cores."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Contestant:
    """A way to train.

    Attributes:
        title: name in tables and plots.
        module: its file in peers/.
        comparable: whether it minimises the common objective.
    """

    title: str
    module: str
    comparable: bool = True


CONTESTANTS = {
    "dualscape": Contestant("dualscape", "dualscape_solver"),
    "pyscnn-al": Contestant("pyscnn AL", "pyscnn_al"),
    "pyscnn-rfista": Contestant("pyscnn R-FISTA", "pyscnn_rfista"),
    "adelie": Contestant("adelie", "adelie_relu"),
    "clarabel": Contestant("cvxpy + Clarabel", "cvxpy_clarabel"),
    "pytorch": Contestant("PyTorch Adam, L-BFGS", "pytorch"),
    "scipy": Contestant("scipy L-BFGS", "scipy_lbfgs"),
    "sklearn": Contestant("scikit-learn MLP", "sklearn_mlp", comparable=False),
}


@dataclass(frozen=True)
class Limits:
    """What a contestant gets.

    Attributes:
        seconds: after which it is to stop by itself; after twice as many (ten times, with the other clock) and a minute
            it is ended.
        memory: gigabytes that it may allocate (where the system can limit it), or 0 for no limit.
        cores: number of cores, or 0 for all.
        clock: "wall", or "cpu" for seconds of processors that a contestant uses; a machine's load hardly touches these.
    """

    seconds: float
    memory: float
    cores: int
    clock: str = "wall"

    def environment(self) -> dict[str, str]:
        """The variables from which numerical libraries take their number of threads."""
        count = str(self.cores or os.cpu_count() or 1)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        return os.environ | dict.fromkeys(names, count)

    def applier(self) -> Callable[[], None] | None:
        """What the new process does before it starts, on systems that have such limits."""
        if sys.platform != "linux":
            return None
        import resource

        def apply() -> None:
            if self.memory:
                size = int(self.memory * 2**30)
                resource.setrlimit(resource.RLIMIT_DATA, (size, size))
            if self.cores:
                os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: self.cores])

        return apply


def run(contestant: Contestant, problem: Path, beta: float, limits: Limits) -> dict:
    """Run it once: {"points": [...], "end": its last line or None, "failure": text or None}."""
    command = [sys.executable, "-m", f"peers.{contestant.module}", str(problem), repr(beta)]
    command += [repr(limits.seconds), limits.clock]
    allowed = (2 if limits.clock == "wall" else 10) * limits.seconds + 60
    process = subprocess.Popen(
        command,
        cwd=HERE,
        env=limits.environment(),
        preexec_fn=limits.applier(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    overdue = False
    try:
        output, errors = process.communicate(timeout=allowed)
    except subprocess.TimeoutExpired:
        overdue = True
        process.kill()
        output, errors = process.communicate()
    except BaseException:
        process.kill()
        raise
    points, end = parse(output)
    failure = end.get("failure") if end else f"ended by force after {allowed:g} s" if overdue else reason(errors)
    return {"points": points, "end": end, "failure": failure}


def parse(output: str) -> tuple[list[dict], dict | None]:
    """The points of a trajectory and the last line; whatever else a library printed is passed over."""
    points, end = [], None
    for line in output.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("done"):
            end = record
        elif isinstance(record, dict) and "objective" in record:
            points.append(record)
    return points, end


def reason(errors: str) -> str:
    """Why a process ended without its last line, from the last line of its errors."""
    if "memory allocation" in errors or "MemoryError" in errors or "bad_alloc" in errors:
        return "out of memory"
    lines = errors.strip().splitlines()
    return lines[-1][:200] if lines else "ended without a message"
