"""The exact oracle for many rows in few dimensions: cones that cover the input sphere, whatever the number of outputs.

Over the cone of v_1..v_r, u = sum lam_k v_k, a hyperplane with no v_k on its other side is linear. One that crosses the
cone has (z.u)_+ between t z.u and l.u, l.v_k = (z.v_k)_+ and t = 0 or 1: half their sum is linear, and what is missing
at most half their difference, so that

    G(u) = B^T u + 1/2 sum kappa (l + t z).u + 1/2 sum e kappa (l - t z).u        with all |e| <= 1.

Along an output q and across it the lengths of both parts add up, and the length of the two sums is convex and
homogeneous: at most sum lam_k g_k for its values g_k at the v_k. With q along G in the middle of the cone, what kinks
across it counts by its square. For any w that is <= |w| + sqrt(r) max_k (g_k - w.v_k)_+ over the unit ball, with the
v_k of l1-norm one inside an orthant. Cones are cut where hyperplanes cross their edges, so that in the end none does,
and then the cone is solved: |B^T u| is convex, so that its greatest value is attained in the interior of a face of the
cone, that of some of the v_k, at the top singular vector of their span.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.arrangement.faces import count_of_faces
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.vector.base import VectorOracle
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.ranked import answer_of, rank
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Cones for a proof, as a multiple of 30^r, and seconds a cone: constant, and per entry of the (N, r) data. From random
#: data of 25 to 150 rows with r = 3, 4 and 5 at random N, times ten for the optimum of a problem, where many directions
#: are nearly as high; other sizes are extrapolated.
CONES, CONE_SECONDS, ENTRY_SECONDS = 0.02, 5e-5, 3e-8
#: More orthants than 2^this are not begun with.
MOST_RANK = 12
#: Entries of the tables of a wave, and cones in it at least.
WAVE_ENTRIES, LEAST_WAVE = 3_000_000, 64
#: Cones no edge of which is longer are not cut any more, but climbed from: a maximiser of that value is near.
SMALL = 2e-5
#: A hyperplane is on a generator that is no further off; most cuts of a cone, each of which moves a generator by 4 eps.
ON_PLANE, DEEPEST = 64 * EPS, 400
#: Shares of an edge within which it is cut at a hyperplane; otherwise in the middle.
LEAST_SHARE = 1e-3
#: Sweeps of the ascent for the multipliers of a cone.
SWEEPS = 25
#: A singular vector is on a face of a cone that is no further outside, relatively; one of a value that is no further
#: from the next may be.
OUTSIDE, MULTIPLE = 1e-9, 1e-9
#: Generators (of l1-norm one) that are no further apart coincide.
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
        seconds = cones * (CONE_SECONDS + ENTRY_SECONDS * N * r)
        return Estimate(int(min(cones, 1e18)), seconds, cls.counts, at_once=r > MOST_RANK)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, nu, above = self.hinges, question.nu, max(question.above, 0.0)
        if hinges.count == 0:
            return OracleAnswer.nothing(hinges.X.shape[1], above, self.name, 1)
        if hinges.rank > MOST_RANK or effort.expired():
            stopped = effort.ended() if effort.expired() else Stopped.DIMENSION
            return OracleAnswer.nothing(
                hinges.X.shape[1], max(self.reach.bound(nu), above), self.name, 0, stopped or Stopped.TIME
            )
        G = ReducedVector.of(hinges, nu.reshape(-1, self.c))
        search = _Search(G, above)
        stopped = Stopped.FINISHED
        while len(search.open):
            search.wave()
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
        return answer_of(self, question, units, max(search.bound() + search.margin, above), search.treated, stopped)

    def _units(self, G: ReducedVector, small: Matrix, effort: Effort) -> Units:
        """What the middles of small cones (q, r) climb to."""
        outputs = G.values(small)
        values = np.linalg.norm(outputs, axis=1)
        alive = values > 0
        starts = Units(small[alive] @ self.hinges.basis.T, outputs[alive] / values[alive, None])
        order = np.argsort(-values[alive], kind="stable")
        starts = starts.take(starts.distinct(order, 4 * SMALL))
        climbed = climb_jointly(G, starts, expired=effort.expired)[0]
        return Units.join([climbed, starts.take(~climbed.alive())])

    def _climbed(self, G: ReducedVector, small: Matrix, effort: Effort, nu: Vector) -> Vector:
        return rank(self.hinges.X, nu, self._units(G, small, effort)).values


class _Search:
    """The cones that are left, and those that are too small to be cut."""

    def __init__(self, G: ReducedVector, above: float) -> None:
        r, N = G.hinges.rank, G.hinges.count
        self.G, self.weights, self.treated = G, np.linalg.norm(G.kappa, axis=1), 0
        #: What rounding of heights, of sums and of cuts may hide, and what the reduction has lost.
        rounded = (3 * N + 40 * r + 80 + 4 * DEEPEST) * EPS + ON_PLANE
        self.margin = G.slack + 1.01 * r**0.5 * rounded * G.size
        self.threshold = above - self.margin
        signs = 1.0 - 2.0 * ((np.arange(2**r)[:, None] >> np.arange(r)) & 1)
        #: (M, r, r) generators of the open cones, the bounds of their parents, and how often they were cut.
        self.open = signs[:, None, :] * np.eye(r)
        self.bounds, self.depth = np.full(len(signs), np.inf), np.zeros(len(signs), dtype=np.intp)
        #: (q, r) middles of the small cones, and the greatest bound among them.
        self.small, self.highest, self.fresh = np.zeros((0, r)), 0.0, False
        self.size = int(max(WAVE_ENTRIES // (N * r * (G.kappa.shape[1] + 4)), LEAST_WAVE))

    def bound(self) -> float:
        """A bound on |G| over all that was not excluded."""
        return max(self.highest, float(self.bounds.max(initial=0.0)), self.threshold)

    def _set_aside(self, places: Matrix, highest: float) -> None:
        """Directions (q, r) to climb from, and a bound on the cones that they stand for."""
        self.small = np.vstack([self.small, places])
        self.highest, self.fresh = max(self.highest, highest), self.fresh or len(places) > 0

    def wave(self) -> None:
        """Look at the cones of the greatest bounds; what is not excluded is cut or set aside."""
        count = min(self.size, len(self.bounds))
        chosen = np.zeros(len(self.bounds), dtype=bool)
        chosen[np.argpartition(-self.bounds, count - 1)[:count]] = True
        V, parents, depth = self.open[chosen], self.bounds[chosen], self.depth[chosen]
        self.open, self.bounds, self.depth = self.open[~chosen], self.bounds[~chosen], self.depth[~chosen]
        self.treated += count
        heights = V @ self.G.hinges.rows.T
        heights[np.abs(heights) <= ON_PLANE * 0.5] = 0.0
        bounds = np.minimum(_bounds(self.G, self.weights, V, heights), parents)
        left = bounds > self.threshold
        V, heights, bounds, depth = V[left], heights[left], bounds[left], depth[left]
        whole = ~((heights > 0).any(axis=1) & (heights < 0).any(axis=1)).any(axis=1)
        if whole.any():
            places, values = _solved(self.G, V[whole], heights[whole], self.threshold)
            self._set_aside(places, float(values.max(initial=0.0)))
            V, heights, bounds, depth = V[~whole], heights[~whole], bounds[~whole], depth[~whole]
        lengths = np.linalg.norm(V, axis=2)
        unit = V / lengths[:, :, None]
        first, second = np.triu_indices(V.shape[1], 1)
        chords = np.linalg.norm(unit[:, first] - unit[:, second], axis=2)
        done = (chords.max(axis=1, initial=0.0) <= SMALL) | (depth >= DEEPEST)
        if done.any():
            middles = unit[done].sum(axis=1)
            self._set_aside(middles / np.linalg.norm(middles, axis=1)[:, None], float(bounds[done].max()))
        go = ~done
        halves = _cut(self.weights, V[go], heights[go], chords[go], first, second)
        self.open = np.concatenate([self.open, halves])
        self.bounds = np.concatenate([self.bounds, np.tile(bounds[go], 2)])
        self.depth = np.concatenate([self.depth, np.tile(depth[go] + 1, 2)])


def _solved(G: ReducedVector, V: Matrix, heights: NDArray[np.float64], threshold: float) -> tuple[Matrix, Vector]:
    """(directions (q, r), values (q,)) where |G| may be greatest over cones that none crosses, above a value."""
    maps, r = G.pulls(heights.sum(axis=1) > 0), V.shape[1]
    places, values = [np.zeros((0, r))], [np.zeros(0)]
    for size in range(r, 0, -1):
        for some in combinations(range(r), size):
            Q, R = np.linalg.qr(V[:, some].transpose(0, 2, 1))
            left, singular, _ = np.linalg.svd(Q.transpose(0, 2, 1) @ maps, full_matrices=False)
            high = np.flatnonzero(singular[:, 0] * (1 + 1e-12) > threshold)
            p, own = left[high, :, 0], singular[high]
            flat = np.abs(np.einsum("mkk->mk", R[high])).min(axis=1) < FLAT
            shares = np.linalg.solve(np.where(flat[:, None, None], np.eye(size), R[high]), p[:, :, None])[:, :, 0]
            shares *= np.where(shares.sum(axis=1) < 0, -1.0, 1.0)[:, None]
            near = shares.min(axis=1, initial=np.inf) >= -OUTSIDE * np.abs(shares).max(axis=1, initial=0.0)
            near |= flat  # of generators that coincide none says where it is
            if own.shape[1] > 1:  # of a multiple value no vector says where it is
                near |= own[:, 1] > own[:, 0] * (1 - MULTIPLE)
            at = np.einsum("mk,mkr->mr", np.maximum(shares[near], 0.0), V[high[near]][:, some])
            lengths = np.linalg.norm(at, axis=1)
            places.append(at[lengths > 0] / lengths[lengths > 0, None])
            values.append(own[near, 0])
    return np.vstack(places), np.concatenate(values)


def _bounds(G: ReducedVector, weights: Vector, V: Matrix, heights: NDArray[np.float64]) -> Vector:
    """(M,) a bound on |G| over each cone and the unit ball, for generators (M, r, r) with heights (M, r, N)."""
    up, down = np.maximum(heights, 0.0), np.maximum(-heights, 0.0)
    above, below = up.sum(axis=1), down.sum(axis=1)
    crossing = (above > 0) & (below > 0)
    # t = 1 where more of the cone is above: it leaves l - z, which is what is below.
    most = (above > below)[:, None, :]
    rest = np.where(crossing[:, None, :], np.where(most, down, up), 0.0)
    middle = np.where(crossing[:, None, :], up - 0.5 * rest, up)
    values = middle @ G.kappa + V @ G.linear
    g = _lengths(G.kappa, weights, values, rest)
    gram = V @ V.transpose(0, 2, 1)
    diagonal = np.einsum("mkk->mk", gram)
    lam = np.zeros_like(g)
    pull = np.zeros_like(g)
    for _ in range(SWEEPS):
        for k in range(g.shape[1]):
            new = np.maximum(lam[:, k] + (g[:, k] - pull[:, k]) / diagonal[:, k], 0.0)
            pull += (new - lam[:, k])[:, None] * gram[:, k]
            lam[:, k] = new
    w = np.einsum("mk,mkr->mr", lam, V)
    missing = np.maximum(g - np.einsum("mkr,mr->mk", V, w), 0.0).max(axis=1)
    found = np.linalg.norm(w, axis=1) + V.shape[2] ** 0.5 * missing
    try:
        exact = np.linalg.solve(V, g[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.asarray(found)
    missing = np.maximum(g - np.einsum("mkr,mr->mk", V, exact), 0.0).max(axis=1)
    return np.fmin(found, np.linalg.norm(exact, axis=1) + V.shape[2] ** 0.5 * missing)


def _lengths(kappa: Matrix, weights: Vector, values: NDArray[np.float64], rest: NDArray[np.float64]) -> Matrix:
    """(M, r) the g_k, for linear parts (M, r, c) and what is missing of each hyperplane (M, r, N), at generators."""
    middle = values.sum(axis=1)
    sizes = np.linalg.norm(middle, axis=1)
    q = middle / np.where(sizes > 0, sizes, 1.0)[:, None]
    along, kinks = np.einsum("mkc,mc->mk", values, q), q @ kappa.T
    across = np.linalg.norm(values - along[:, :, None] * q[:, None, :], axis=2)
    aside = np.sqrt(np.maximum(weights**2 - kinks**2, 0.0))
    first = np.abs(along) + 0.5 * np.einsum("mkn,mn->mk", rest, np.abs(kinks))
    return np.hypot(first, across + 0.5 * np.einsum("mkn,mn->mk", rest, aside))


def _cut(
    weights: Vector,
    V: Matrix,
    heights: NDArray[np.float64],
    chords: Matrix,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
) -> Matrix:
    """Both halves of every cone, (2 M, r, r): cut on the edge that hyperplanes cross most, or else the longest."""
    if len(V) == 0:
        return V
    every, one, other = np.arange(len(V)), heights[:, first], heights[:, second]
    lesser = np.where(one * other < 0, np.minimum(np.abs(one), np.abs(other)), 0.0) * weights
    crossed = lesser.sum(axis=2)
    edge = np.where(crossed.max(axis=1) > 0, crossed.argmax(axis=1), chords.argmax(axis=1))
    plane = lesser[every, edge].argmax(axis=1)
    a, b = first[edge], second[edge]
    at_a, at_b = heights[every, a, plane], heights[every, b, plane]
    share = np.divide(at_a, at_a - at_b, out=np.full(len(V), 0.5), where=at_a * at_b < 0)
    share = np.where((share < LEAST_SHARE) | (share > 1 - LEAST_SHARE), 0.5, share)
    new = (1 - share)[:, None] * V[every, a] + share[:, None] * V[every, b]
    halves = np.concatenate([V, V])
    halves[every, a], halves[len(V) + every, b] = new, new
    return halves
