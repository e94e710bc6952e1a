"""The exact oracle for many rows in few dimensions: cones that cover the input sphere, whatever the number of outputs.

Over the cone of v_1..v_r, u = sum lam_k v_k, a hyperplane with no v_k on its other side is linear. One that crosses the
cone has (z.u)_+ between t z.u and l.u, l.v_k = (z.v_k)_+ and t = 0 or 1: half their sum is linear, and what is missing
at most half their difference, so that

    G(u) = B^T u + 1/2 sum kappa (l + t z).u + 1/2 sum e kappa (l - t z).u        with all |e| <= 1.

`cone_bounds` says how far that reaches. Cones are cut where hyperplanes cross their edges, so that in the end none
does, and then the cone is solved: |B^T u| is convex, so that its greatest value is attained in the interior of a face
of the cone, that of some of the v_k, at the top singular vector of their span (`faces` says why a multiple value is no
exception).
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.arrangement.faces import count_of_faces
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.vector.base import VectorOracle
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.cones import (
    BOUND,
    DEEPEST,
    FATE,
    HEAD,
    ON_PLANE,
    OPEN,
    SHORT,
    SMALL,
    WHOLE,
    explore,
)
from dualscape.oracles.vector.ranked import answer_of, rank
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.running.effort import Effort, run_all
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Cones for a proof, as a multiple of 30^r, and seconds a cone on one core: constant, and per entry of the (N, r) data.
#: Real data with r from 3 to 6 took 0.001 to 0.04 of 30^r cones of 10 to 40 microseconds at their optimum, random
#: targets 0.06 of 5 to 20; other sizes are extrapolated.
CONES, CONE_SECONDS, ENTRY_SECONDS = 0.01, 1.5e-5, 1e-9
#: More orthants than 2^this are not begun with.
MOST_RANK = 12
#: Tasks of a wave, cones a task treats in the first waves, and by how much that grows.
TASKS, BUDGET, GROWTH = 64, 500, 16
#: Cones of a task times entries of the data, at most: the clock is looked at between tasks.
TASK_ENTRIES = 10_000_000
#: With more open cones than this those nearest to done are finished first.
MOST_OPEN = 400_000
#: A singular vector is on a face of a cone that is no further outside, relatively; one of a value that is no further
#: from the next may be, and is climbed from.
OUTSIDE, MULTIPLE = 1e-9, 1e-9
#: A generator (of l1-norm one) that is no further from the span of others is in it.
FLAT = 1e-13


class VectorBisection(VectorOracle):
    """h(N) for units with c outputs by bisection of cones, to rounding; lists maximisers above a threshold."""

    name = "bisection"
    exact = True
    anytime: bool = True
    counts: str = "cones"
    window: float = 1e-8

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        N, r = hinges.rows.shape
        cones = min(CONES * 30.0 ** min(r, 150), 40.0 * min(count_of_faces(N, min(r, 60)), 1e300))
        seconds = cones * (CONE_SECONDS + ENTRY_SECONDS * N * r) / (os.cpu_count() or 1)
        return Estimate(int(min(cones, 1e18)), seconds, cls.counts, at_once=r > MOST_RANK)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, nu, above = self.hinges, question.nu, max(question.above, 0.0)
        if hinges.count == 0:
            return self.nothing(above, 1)
        if hinges.rank > MOST_RANK or effort.expired():
            stopped = effort.ended() if effort.expired() else Stopped.DIMENSION
            return self.nothing(max(self.ceiling(nu, effort), above), 0, stopped or Stopped.TIME)
        G = ReducedVector.of(hinges, nu.reshape(-1, self.c))
        search = _Search(G, above)
        stopped = Stopped.FINISHED
        with effort.workers() as pool:
            while len(search.open):
                for _ in search.wave(pool, effort.expired):
                    progress(Event(self.name, search.treated))
                if search.fresh and np.isfinite(question.enough):
                    if self._climbed(G, search.small, effort, nu).max(initial=-np.inf) > question.enough:
                        stopped = Stopped.ENOUGH
                        break
                    search.fresh = False
                if effort.expired():
                    stopped = effort.ended() or Stopped.TIME
                    break
        units = self._units(G, search.small, effort)
        upper = max(search.bound() + search.margin, above)
        if stopped is not Stopped.FINISHED:
            upper = max(min(upper, self.ceiling(nu, effort)), above)
        return answer_of(self, question, units, upper, search.treated, stopped)

    def _units(self, G: ReducedVector, small: Matrix, effort: Effort) -> Units:
        """What the middles of small cones (q, r) climb to."""
        outputs = G.values(small)
        values = np.linalg.norm(outputs, axis=1)
        alive = values > 0
        starts = Units(small[alive] @ self.hinges.basis.T, outputs[alive] / values[alive, None])
        order = np.argsort(-values[alive], kind="stable")
        starts = starts.take(starts.distinct(order, 4 * SHORT))
        climbed = climb_jointly(G, starts, expired=effort.expired)[0]
        return Units.join([climbed, starts.take(~climbed.alive())])

    def _climbed(self, G: ReducedVector, small: Matrix, effort: Effort, nu: Vector) -> Vector:
        return rank(self.hinges, nu, self._units(G, small, effort)).values


class _Search:
    """The cones that are open, worked off in waves, best first; which make a wave depends on nothing but these."""

    def __init__(self, G: ReducedVector, above: float) -> None:
        r, N = G.hinges.rank, G.hinges.count
        self.G, self.treated, self.waves = G, 0, 0
        weights = np.linalg.norm(G.kappa, axis=1)
        # Where no slope changes nothing is to be cut: a cone that such a hyperplane crosses is solved all the same.
        bent = weights > 0
        self.bent = np.ascontiguousarray(G.hinges.rows[bent]), np.ascontiguousarray(G.kappa[bent]), weights[bent]
        #: What rounding of heights, of sums and of cuts may hide, and what the reduction has lost.
        sums = 3 * N + 40 * r + 8 * G.kappa.shape[1] + 80
        rounded = ((1 + 2 * r) * sums + 4 * DEEPEST) * EPS + ON_PLANE + 2 * r * FLAT
        self.margin = G.slack + 1.01 * r**0.5 * rounded * G.size
        self.threshold = above - self.margin
        signs = 1.0 - 2.0 * ((np.arange(2**r)[:, None] >> np.arange(r)) & 1)
        #: (M, .) records of the open cones.
        self.open = np.zeros((len(signs), HEAD + r * r))
        self.open[:, BOUND] = np.inf
        self.open[:, HEAD:] = (signs[:, None, :] * np.eye(r)).reshape(len(signs), -1)
        #: (q, r) middles of the small cones, and the greatest bound among them.
        self.small, self.highest, self.fresh = np.zeros((0, r)), 0.0, False

    def bound(self) -> float:
        """A bound on |G| over all that was not excluded."""
        return max(self.highest, float(self.open[:, BOUND].max(initial=0.0)), self.threshold)

    def _chosen(self) -> tuple[NDArray[np.intp], float, int]:
        """(the cones of the next wave, those of bounds up to this stay open, cones a task treats)."""
        bounds, G = self.open[:, BOUND], self.G
        budget = min(BUDGET * min(2 ** (self.waves // 4), GROWTH), max(TASK_ENTRIES // G.hinges.rows.size, 1))
        top = float(bounds.max())
        if np.isinf(top):
            return np.flatnonzero(np.isinf(bounds)), np.inf, budget
        target = self.threshold + 0.25 * (top - self.threshold)
        # With many open cones those nearest to done come first, to bound the memory.
        order = np.argsort(-bounds if len(bounds) <= MOST_OPEN else bounds, kind="stable")
        if len(bounds) > MOST_OPEN:
            return order[: TASKS * 16], self.threshold, budget
        return order[: int((bounds > target).sum())][: TASKS * budget // 4], target, budget

    def wave(self, pool: Executor, expired: Callable[[], bool]) -> Iterator[None]:
        """Work off one wave; yields now and then. What was not begun when `expired` said so stays open."""
        chosen, target, budget = self._chosen()
        shares = [chosen[at::TASKS] for at in range(min(TASKS, len(chosen)))]
        tasks = [(self.G, self.bent, self.open[share], target, self.threshold, budget) for share in shares]
        results = {}
        for entry in run_all(pool, _worked, tasks, expired):
            if entry is None:
                yield
            else:
                results[entry[0]] = entry[1]
        keep, parts, places = np.ones(len(self.open), dtype=bool), [], [self.small]
        for at in sorted(results):
            left, found, highest, treated = results[at]
            keep[shares[at]] = False
            parts.append(left)
            places.append(found)
            self.highest, self.fresh = max(self.highest, highest), self.fresh or len(found) > 0
            self.treated += treated
        self.open, self.small = np.vstack([self.open[keep], *parts]), np.vstack(places)
        self.waves += 1
        yield


def _worked(
    G: ReducedVector,
    bent: tuple[Matrix, Matrix, Vector],
    records: Matrix,
    target: float,
    threshold: float,
    budget: int,
) -> tuple[Matrix, Matrix, float, int]:
    """One task: (cones left open, directions (q, r) to climb from, a bound on what these stand for, cones treated)."""
    r = G.hinges.rank
    out, treated = explore(*bent, G.linear, np.ascontiguousarray(records), target, threshold, budget)
    cones = out[:, HEAD:].reshape(-1, r, r)
    small, whole = out[:, FATE] == SMALL, out[:, FATE] == WHOLE
    middles = (cones[small] / np.linalg.norm(cones[small], axis=2)[:, :, None]).sum(axis=1)
    middles /= np.linalg.norm(middles, axis=1)[:, None]
    highest = float(out[small, BOUND].max(initial=0.0))
    places, values = _solved(G, cones[whole], threshold)
    highest = max(highest, float(values.max(initial=0.0)))
    return out[out[:, FATE] == OPEN], np.vstack([middles, places]), highest, int(treated)


def _solved(G: ReducedVector, V: Matrix, threshold: float) -> tuple[Matrix, Vector]:
    """(directions (q, r), values (q,)) where |G| may be greatest over cones that none crosses, above a value."""
    r = V.shape[1]
    if len(V) == 0:
        return np.zeros((0, r)), np.zeros(0)
    heights = V @ G.hinges.rows.T
    heights[np.abs(heights) <= ON_PLANE * 0.5] = 0.0
    maps = G.pulls(heights.sum(axis=1) > 0)
    places, values = [np.zeros((0, r))], [np.zeros(0)]
    # A span within another has no greater value, so that only what is high in all that hold it is looked at.
    above = {tuple(range(r)): np.ones(len(V), dtype=bool)}
    for size in range(r, 0, -1):
        for some in combinations(range(r), size):
            around = [above[tuple(sorted((*some, k)))] for k in range(r) if k not in some]
            asked = np.flatnonzero(np.logical_and.reduce(around)) if around else np.arange(len(V))
            above[some] = np.zeros(len(V), dtype=bool)
            if len(asked) == 0:
                continue
            Q, R = np.linalg.qr(V[asked][:, some].transpose(0, 2, 1))
            left, singular, _ = np.linalg.svd(Q.transpose(0, 2, 1) @ maps[asked], full_matrices=False)
            kept = singular[:, 0] * (1 + 1e-12) > threshold
            high, R = asked[kept], R[kept]
            above[some][high] = True
            p, own = left[kept, :, 0], singular[kept]
            flat = np.abs(np.einsum("mkk->mk", R)).min(axis=1) < FLAT
            shares = np.linalg.solve(np.where(flat[:, None, None], np.eye(size), R), p[:, :, None])[:, :, 0]
            shares *= np.where(shares.sum(axis=1) < 0, -1.0, 1.0)[:, None]
            near = shares.min(axis=1, initial=np.inf) >= -OUTSIDE * np.abs(shares).max(axis=1, initial=0.0)
            near &= ~flat  # by Caratheodory its lesser faces hold what it does
            values.append(own[near, 0])
            if own.shape[1] > 1:  # of a multiple value no vector says where it is
                near |= ~flat & (own[:, 1] > own[:, 0] * (1 - MULTIPLE))
            at = np.einsum("mk,mkr->mr", np.maximum(shares[near], 0.0), V[high[near]][:, some])
            lengths = np.linalg.norm(at, axis=1)
            places.append(at[lengths > 0] / lengths[lengths > 0, None])
    return np.vstack(places), np.concatenate(values)
