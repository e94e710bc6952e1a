"""The cones that are still open, and the waves in which they are worked off, best first.

A wave takes the open cones with the greatest bounds, shares them out to the workers and gathers what is left. Which
cones make a wave depends on nothing but the frontier, so that the answer is the same on any number of workers; the
greatest bound in the frontier bounds F wherever the work is not done yet, so that it can stop at any time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.bisection.cone_stack import BOUND, DEPTH, HEAD, WHICH, cone_records
from dualscape.oracles.bisection.cone_tree import explore
from dualscape.running.effort import run_all

#: Tasks of a wave, and cones a task treats in the first waves; later ones are up to GROWTH times as large.
TASKS = 64
BUDGET = 2_000
GROWTH = 8
#: Cones of a task times entries of the data, at most: the clock is looked at between tasks.
TASK_ENTRIES = 20_000_000
#: With more open cones than this those nearest to done are finished first, to bound the memory.
MOST_OPEN = 400_000
#: Cones below one orthant on a worker's stack.
DEEP = 400


@dataclass(frozen=True, eq=False)
class HingeSum:
    """F of both signs: linear.u + sum_i c_i (z_i.u)_+ with c = +-kappa; what every task needs to know.

    Attributes:
        rows: (N, r) unit vectors z_i, without those whose kappa is 0.
        split: the first so many have kappa > 0.
        c2, linear2: (2, N) and (2, r): the weights for s = + and s = -.
        size: sum |c| + |linear|, which rounding errors scale with.
        floor: values below it are of no interest.
    """

    rows: Matrix
    split: int
    c2: Matrix
    linear2: Matrix
    size: float
    floor: float

    @classmethod
    def of(cls, rows: Matrix, kappa: Vector, linear: Vector, floor: float) -> "HingeSum":
        """From the reduced form of `geometry.hinges`."""
        size = float(np.abs(kappa).sum() + np.linalg.norm(linear))
        rising = kappa > 0
        order = np.concatenate([np.flatnonzero(rising), np.flatnonzero(kappa < 0)])
        kappa = kappa[order]
        return cls(
            rows[order], int(rising.sum()), np.stack([kappa, -kappa]), np.stack([linear, -linear]), size, floor
        )  # fmt: skip


def _work(form: HingeSum, records: Matrix, target: float, budget: int) -> tuple[Matrix, Matrix, Matrix, float, int]:
    """One task: (cones left, cones done above the floor, units there, bound on what is done, cones treated)."""
    room = 256
    spread = form.rows.shape[1] ** 0.5
    while True:
        left, done, found, state = explore(
            form.rows, form.split, form.c2, form.linear2, form.size, records, target, form.floor, spread, budget, DEEP,
            room,
        )  # fmt: skip
        if state[1] <= room:
            return left, done, found, float(state[0]), int(state[2])
        room = 2 * int(state[1])


def orthants(r: int) -> Matrix:
    """The 2^r orthants as cones, (2^r, r, r): generators of l1-norm one, so that sum lam = |u|_1 <= sqrt(r) |u|."""
    signs = 1.0 - 2.0 * (np.arange(2**r)[:, None] >> np.arange(r) & 1)
    return np.asarray(signs[:, :, None] * np.eye(r))


@dataclass(frozen=True, eq=False)
class Region:
    """Cones that hold all directions of interest.

    Attributes:
        cones: (q, r, r) generators, one a row.
        signs: (q,) 0 for s = +, 1 for s = -.
        depths: (q,) how often each was cut.
    """

    cones: Matrix
    signs: NDArray[np.int64]
    depths: NDArray[np.int64]

    @classmethod
    def whole(cls, r: int) -> "Region":
        """All directions."""
        q = 2 ** (r + 1)
        return cls(np.repeat(orthants(r), 2, axis=0), np.arange(q) % 2, np.zeros(q, dtype=np.int64))

    @classmethod
    def of(cls, records: Matrix, r: int) -> "Region":
        """The cones of these records."""
        cones = records[:, HEAD + r :].reshape(-1, r, r)
        return cls(np.ascontiguousarray(cones), records[:, WHICH].astype(np.int64), records[:, DEPTH].astype(np.int64))


@dataclass
class Frontier:
    """Open cones as records (`cone_tree`), and what the closed ones gave.

    Attributes:
        form: the function that is bounded.
        records: (q, .) open cones.
        closed: F does not exceed this on the cones that are done.
        found: (k, r + 1) local maximisers above the floor and their sign.
        above: (q, .) the cones that are done without F being below the floor; outside of them and the open ones it is.
        treated: number of cones that were bounded.
        waves: number of waves so far.
    """

    form: HingeSum
    records: Matrix
    closed: float
    found: Matrix
    above: Matrix
    treated: int = 0
    waves: int = 0

    @classmethod
    def start(cls, form: HingeSum, region: "Region | None" = None) -> "Frontier":
        """All directions open, or those of a region."""
        r = form.rows.shape[1]
        begun = region or Region.whole(r)
        records = cone_records(form.rows, form.c2, form.linear2, begun.cones, begun.signs, begun.depths)
        return cls(form, records, form.floor, np.zeros((0, r + 1)), np.zeros((0, records.shape[1])))

    @property
    def bound(self) -> float:
        """F does not exceed this anywhere; inf before the first wave."""
        return max(self.closed, float(self.records[:, BOUND].max(initial=-np.inf)))

    @property
    def done(self) -> bool:
        """Whether no cone is open."""
        return len(self.records) == 0

    def covered(self) -> float:
        """The share of all directions in cones that are done (a cut halves a cone's share)."""
        open_share = np.exp2(-self.records[:, DEPTH]).sum()
        return float(1.0 - open_share / (2.0 * 2.0 ** self.form.rows.shape[1]))

    def _choose(self) -> tuple[np.ndarray, float, int]:
        """(indices of the cones of the next wave, target, budget of a task)."""
        bounds, floor = self.records[:, BOUND], self.form.floor
        most = max(TASK_ENTRIES // max(self.form.rows.size, 1), 1)
        budget = min(BUDGET * min(2 ** (self.waves // 8), GROWTH), most)
        if len(bounds) > MOST_OPEN:
            order = np.argsort(bounds, kind="stable")
            return order[: TASKS * 16], floor, min(GROWTH * BUDGET, most)
        top = float(bounds.max())
        if np.isinf(top):
            return np.flatnonzero(np.isinf(bounds)), np.inf, budget
        target = floor + 0.25 * (top - floor)
        order = np.argsort(-bounds, kind="stable")
        return order[: int((bounds > target).sum())][: TASKS * budget // 4], target, budget

    def wave(self, pool: Executor, expired: Callable[[], bool]) -> Iterator[None]:
        """Work off one wave; yields now and then. What was not begun when `expired` said so stays open."""
        chosen, target, budget = self._choose()
        shares = [chosen[i::TASKS] for i in range(min(TASKS, len(chosen)))]
        tasks = [(self.form, self.records[share], target, budget) for share in shares]
        results: dict[int, tuple[Matrix, Matrix, Matrix, float, int]] = {}
        for entry in run_all(pool, _work, tasks, expired):
            if entry is None:
                yield
            else:
                results[entry[0]] = entry[1]
        keep = np.ones(len(self.records), dtype=bool)
        parts, above, units = [], [self.above], [self.found]
        for index in sorted(results):
            left, done, found, closed, treated = results[index]
            keep[shares[index]] = False
            parts.append(left)
            above.append(done)
            units.append(found)
            self.closed = max(self.closed, closed)
            self.treated += treated
        self.records = np.vstack([self.records[keep], *parts])
        self.above, self.found = np.vstack(above), np.vstack(units)
        self.waves += 1
        yield
