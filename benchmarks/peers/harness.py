"""What every contestant shares: the clock, the objective, the report. It imports nothing that a contestant would not.

A contestant prints JSON lines: {"seconds", "objective"} as it goes, where the objective is that of

    1/2 |f(X) - y|^2 + beta/2 sum_j (|u_j|^2 + alpha_j^2),   f(x) = sum_j (x . u_j)_+ alpha_j

at the network it has by then, and a last line {"done": true, ...} with its peak memory and what else it claims. Other
losses stand in place of the squares, alpha_j is a vector where there are several outputs, and three layers pay
beta/3 sum_k (|W_k|^3 + |w_k|^3 + |alpha_k|^3). Time starts after imports and after a warm-up on a tiny problem, and
stands still while the harness computes an objective.
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
#: What there is to be trained, one of which a problem is.
KINDS = ("squared", "logistic", "several outputs", "multinomial", "three layers")
#: What seconds are: those that pass, or those of all processors that the process has used.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
#: Subnetworks of three layers, and inner neurons of each, where they are chosen beforehand.
SUBNETWORKS, INNER = 20, 10


def outputs(X: Matrix, *weights: Matrix) -> Matrix:
    """What a network computes on the rows: U (m, d) and alpha (m,) or (m, c), or W (m, r, d), w (m, r), alpha (m,)."""
    if len(weights) == 2:
        U, alpha = weights
        return np.maximum(X @ U.T, 0.0) @ alpha
    W, w, alpha = weights
    m, r, d = W.shape
    hidden = np.maximum(X @ W.reshape(-1, d).T, 0.0).reshape(len(X), m, r)
    return np.maximum(np.einsum("nkr,kr->nk", hidden, w), 0.0) @ alpha


def loss_of(f: Matrix, y: Vector, loss: str = "squared") -> float:
    """The loss of outputs f; for the multinomial loss y (n,) are the numbers of classes, else f has the shape of y."""
    if loss == "squared":
        return 0.5 * float(((f - y) ** 2).sum())
    if loss == "logistic":
        return float(np.logaddexp(0.0, -y * f).sum())
    return float((np.logaddexp.reduce(f, axis=1) - f[np.arange(len(y)), y]).sum())


def objective(X: Matrix, y: Vector, beta: float, weights: tuple[Matrix, ...], loss: str = "squared") -> float:
    """The training objective of the network with these weights, of two layers or of three."""
    if len(weights) == 2:
        decay = 0.5 * sum(float((part * part).sum()) for part in weights)
    else:
        decay = sum(float(((part.reshape(len(part), -1) ** 2).sum(axis=1) ** 1.5).sum()) for part in weights) / 3
    return loss_of(outputs(X, *weights), y, loss) + beta * decay


def balanced(w: Matrix, signs: Vector) -> tuple[Matrix, Vector]:
    """Weights (U, alpha) of the network that a solution of the convex program stands for.

    Block w_i (m, d) with sign s_i (m,), or signed output (m, c), becomes the neuron u_i = w_i / |w_i|^(1/2) and
    alpha_i = s_i |w_i|^(1/2). A block that violates its cone makes outputs that are not those of the program; the
    objective says what it is worth.
    """
    norms = np.linalg.norm(w, axis=1)
    keep = norms > 0
    root = np.sqrt(norms[keep])
    return w[keep] / root[:, None], (signs[keep].T * root).T


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
        y: (n,) targets, (n, c) for several outputs, or (n,) numbers of classes.
        beta: weight decay.
        limit: seconds after which it should stop.
        kind: one of `KINDS`.
        loss: "squared", "logistic" or "multinomial".
        outputs: how many a network has.
    """

    def __init__(
        self,
        X: Matrix,
        y: Vector,
        beta: float,
        limit: float,
        *,
        kind: str = "squared",
        clock: str = "wall",
        silent: bool = False,
    ) -> None:
        self.X, self.y, self.beta, self.limit, self.kind = X, y, beta, limit, kind
        self.loss = kind if kind in ("logistic", "multinomial") else "squared"
        self.outputs = int(y.max()) + 1 if kind == "multinomial" else 1 if y.ndim == 1 else y.shape[1]
        self.silent = silent
        self.before = memory("VmRSS")
        self.lowest = np.inf
        self._paused = 0.0
        self._next = 0.0
        self._clock = CLOCKS[clock]
        self._began = self._clock()

    def seconds(self) -> float:
        """Time since the start, without that spent on reports."""
        return self._clock() - self._began - self._paused

    def over(self) -> bool:
        """Whether the time is up."""
        return self.seconds() >= self.limit

    def report(self, network: Callable[[], tuple[Matrix, ...]], *, always: bool = False, **more: object) -> None:
        """Print the objective of the network now; not more often than after 5 % more time, unless `always`."""
        now = self.seconds()
        if not always and now < self._next:
            return
        entered = self._clock()
        self._next = max(1.05 * now, now + 1e-3)
        value = objective(self.X, self.y, self.beta, network(), self.loss)
        self.line(now, value, **more)
        self._paused += self._clock() - entered

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


def tiny(kind: str) -> Race:
    """A problem of the kind for a warm-up."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 3)), rng.standard_normal(12)
    targets = {
        "logistic": np.sign(y),
        "several outputs": np.column_stack([y, -y[::-1]]),
        "multinomial": np.arange(12) % 3,
    }
    return Race(X, targets.get(kind, y), 0.5, 1.0, kind=kind, silent=True)


def main(contestant: Callable[[Race], None], *, kinds: tuple[str, ...] = ("squared",)) -> None:
    """Warm the contestant up on a tiny problem, then run it on the problem that the command line names."""
    path, beta, limit, *clock = sys.argv[1:]
    with np.load(path) as file:
        X, y, kind = np.ascontiguousarray(file["X"]), file["y"], str(file["kind"])
    if kind not in kinds:
        Race(X, y, float(beta), float(limit), kind=kind).finish(note=f"does not take {kind}")
        return
    contestant(tiny(kind))
    contestant(Race(X, y, float(beta), float(limit), kind=kind, clock=clock[0] if clock else "wall"))
