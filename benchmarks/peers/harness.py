"""What every contestant shares: the clock, the objective, the report. It imports nothing that a contestant would not.

A contestant prints JSON lines: {"seconds", "objective"} as it goes, where the objective is that of

    1/2 |f(X) - y|^2 + beta/2 sum_j (|u_j|^2 + alpha_j^2),   f(x) = sum_j (x . u_j)_+ alpha_j

(for the logistic loss with sum_i log(1 + exp(-y_i f(x_i))) in place of the squares) at the network it has by then, and
a last line {"done": true, ...} with its peak memory and what else it claims. Time starts after imports and after a
warm-up on a tiny problem, and stands still while the harness computes an objective.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
PATTERNS = 500
WIDTH = 100
WIDE = 200
RESTARTS = 10


def objective(X: Matrix, y: Vector, beta: float, U: Matrix, alpha: Vector, loss: str = "squared") -> float:
    """The training objective of the network with first layer U (m, d) and second layer alpha (m,)."""
    f = np.maximum(X @ U.T, 0.0) @ alpha
    fitted = 0.5 * float((f - y) @ (f - y)) if loss == "squared" else float(np.logaddexp(0.0, -y * f).sum())
    return fitted + 0.5 * beta * float((U * U).sum() + alpha @ alpha)


def balanced(w: Matrix, signs: Vector) -> tuple[Matrix, Vector]:
    """Weights (U, alpha) of the network that a solution of the convex program stands for.

    Block w_i (m, d) with sign s_i becomes the neuron with u_i = w_i / |w_i|^(1/2) and alpha_i = s_i |w_i|^(1/2). A
    block that violates its cone makes outputs that are not those of the program; the objective says what it is worth.
    """
    norms = np.linalg.norm(w, axis=1)
    keep = norms > 0
    root = np.sqrt(norms[keep])
    return w[keep] / root[:, None], signs[keep] * root


def sampled_directions(d: int, count: int = PATTERNS, seed: int = 0) -> Matrix:
    """Standard normal directions (d, count) whose activation patterns make up the subsampled convex program."""
    return np.random.default_rng(seed).standard_normal((d, count))


def sampled_patterns(X: Matrix) -> NDArray[np.bool_]:
    """The distinct activation patterns (n, p <= PATTERNS) of the sampled directions, without the empty one."""
    active = np.unique(X @ sampled_directions(X.shape[1]) > 0, axis=1)
    return active[:, active.any(axis=0)]


def memory(field: str) -> float | None:
    """Megabytes of resident memory: "VmRSS" now, "VmHWM" at its peak (not on other systems than Linux)."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field + ":")), None)


class Race:
    """A contestant's problem and clock.

    Attributes:
        X: (n, d) data.
        y: (n,) targets.
        beta: weight decay.
        limit: seconds after which it should stop.
        loss: "squared" or "logistic".
    """

    def __init__(
        self, X: Matrix, y: Vector, beta: float, limit: float, *, loss: str = "squared", silent: bool = False
    ) -> None:
        self.X, self.y, self.beta, self.limit, self.loss = X, y, beta, limit, loss
        self.silent = silent
        self.before = memory("VmRSS")
        self.lowest = np.inf
        self._paused = 0.0
        self._next = 0.0
        self._began = time.perf_counter()

    def seconds(self) -> float:
        """Time since the start, without that spent on reports."""
        return time.perf_counter() - self._began - self._paused

    def over(self) -> bool:
        """Whether the time is up."""
        return self.seconds() >= self.limit

    def report(self, network: Callable[[], tuple[Matrix, Vector]], *, always: bool = False, **more: object) -> None:
        """Print the objective of the network now; not more often than after 5 % more time, unless `always`."""
        now = self.seconds()
        if not always and now < self._next:
            return
        entered = time.perf_counter()
        self._next = max(1.05 * now, now + 1e-3)
        value = objective(self.X, self.y, self.beta, *network(), self.loss)
        self.line(now, value, **more)
        self._paused += time.perf_counter() - entered

    def line(self, seconds: float, value: float, **more: object) -> None:
        """Print one point of the trajectory."""
        self.lowest = min(self.lowest, value)
        if not self.silent:
            print(json.dumps({"seconds": seconds, "objective": value, **more}), flush=True)

    def finish(self, **more: object) -> None:
        """Print the last line."""
        if not self.silent:
            memories = {"memory_before": self.before, "memory_peak": memory("VmHWM")}
            print(json.dumps({"done": True, "seconds": self.seconds(), **memories, **more}), flush=True)


def main(contestant: Callable[[Race], None], *, losses: tuple[str, ...] = ("squared",)) -> None:
    """Warm the contestant up on a tiny problem, then run it on the problem that the command line names."""
    path, beta, limit = sys.argv[1:]
    with np.load(path) as file:
        X, y, loss = np.ascontiguousarray(file["X"]), file["y"], str(file["loss"])
    rng = np.random.default_rng(0)
    tiny, target = rng.standard_normal((12, 3)), rng.standard_normal(12)
    if loss not in losses:
        Race(X, y, float(beta), float(limit)).finish(note=f"does not take the {loss} loss")
        return
    target = target if loss == "squared" else np.sign(target)
    contestant(Race(tiny, target, 0.5, 1.0, loss=loss, silent=True))
    contestant(Race(X, y, float(beta), float(limit), loss=loss))
