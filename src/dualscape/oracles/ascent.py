"""The searching oracle: many starts, each climbing to a local maximiser (THEORY section 4.3).

It scales to any size and proves nothing: its upper bound is inf. On real data s nu^T (X u)_+ has thousands of local
maximisers; the starts rise first on a smoothed function, whose kinks are rounded off less and less, and that brings
them to high ones. Much of what is missed lies near what is known or was seen: some starts are there, and hops, each
across one hyperplane where the function is convex, go on from them and later from all that was seen.
"""

import os
from typing import ClassVar, NamedTuple

import numpy as np

from dualscape.effort import Effort
from dualscape.geometry.hinges import Hinges
from dualscape.geometry.tall import row_lengths
from dualscape.oracles.base import NO_LIMITS, Estimate, Matrix, Oracle, OracleAnswer, Vector
from dualscape.oracles.local import Units, distinct, hop_from, scores
from dualscape.oracles.rise import SmoothedScores
from dualscape.progress import Progress, silent
from dualscape.threads import Threads


class Rise(NamedTuple):
    """How directions rise: see `SmoothedScores.rise`."""

    smoothing: float
    stride: float
    steps: int


class Gate(NamedTuple):
    """Which go on: those above this fraction of the threshold, and one of those that are so near to each other."""

    promising: float
    crowd: float


#: Starts of the first call for each sign, and how they become more: the longer a search has gone on, the rarer is what
#: it has not found.
STARTS, MORE_EVERY, MOST_TIMES = 512, 4, 3
#: Once units are known, this share of the starts is anywhere (those near units come on top); of these a share comes
#: from pairs of rows and another lies between two known units.
FAR, PAIRS, BETWEEN = 0.7, 0.2, 0.2
#: How far starts rise, by turns; width and step shrink to nothing. Long ways reach rare maxima (on 1000 x 20 data four
#: times as many of them a second), short steps do not leap over narrow ones.
FAR_RISES = (Rise(0.03, 0.12, 20), Rise(0.1, 0.4, 30), Rise(0.1, 0.18, 30), Rise(0.06, 0.3, 30), Rise(0.1, 0.08, 40))
#: Those that pass the first gate rise once more, with care, and what then passes the second climbs on exactly, which
#: takes far longer.
FAR_GATE, FAR_AGAIN, FAR_AGAIN_GATE = Gate(0.95, 1e-2), Rise(0.003, 0.1, 10), Gate(0.98, 1e-2)
#: Starts near known units and near maximisers that earlier calls saw above this fraction of the threshold: for each of
#: these so many. By turns, how far they are moved (from, to) and their rise; and which of them climb on.
HIGH, EACH = 0.995, 2
NEAR_WAYS = (((0.05, 0.3), Rise(0.01, 0.1, 15)), ((0.2, 0.8), Rise(0.03, 0.2, 30)), ((0.4, 1.2), Rise(0.01, 0.1, 15)))
NEAR_GATE = Gate(0.97, 2e-3)
#: Hops go on from known units until so many tries in a row lead no higher, where units times entries of the data are at
#: most so many.
KNOWN_HOPS, KNOWN_HOPPED_ENTRIES = 5, 15_000_000
#: Once starts have become more, and where climbs from them lead to fewer new units than this, hops go on from the
#: maximisers above this fraction of the threshold, new and seen before, until so many tries in a row lead no higher;
#: from those seen before in so many turns.
FEW, NEARLY, HOPS, TURNS = 10, 0.985, 10, 3
#: Maximisers that hops begin from in one call, times entries of the data.
HOPPED_ENTRIES = 5_000_000
#: Climbs times entries of the data in one call, and the climbs that there are in any case.
MOST_ENTRIES, FEWEST_CLIMBS = 60_000_000, 16


class AscentOracle(Oracle):
    """Local maximisers of |nu^T (X u)_+| from random directions, data rows and given starts; deterministic."""

    name = "ascent"
    exact = False
    counts: ClassVar[str] = "starts"

    def __init__(self, X: Matrix, *, starts: int = STARTS, seed: int = 0) -> None:
        self._X = X
        self._hinges = Hinges.of(X)
        self._starts = starts
        self._seed = seed
        self._lengths = row_lengths(X)
        # An exact climb takes time that grows faster than the data: where they are large only the best go on.
        self._most = max(MOST_ENTRIES // max(X.size, 1), FEWEST_CLIMBS)

    @classmethod
    def estimate(cls, X: Matrix) -> Estimate:
        n, d = X.shape
        # Rising and climbing, measured for 30 <= n <= 1000; about half of it runs on all cores.
        seconds = 2 * STARTS * (4e-9 * n * d / (os.cpu_count() or 1) + 1e-5)
        return Estimate(2 * STARTS, seconds, cls.counts)

    def _far(self, known: Units, count: int, rng: np.random.Generator) -> tuple[Matrix, Vector]:
        """Starts anywhere: at random, from pairs of rows (neurons that tell them apart), between known units."""
        X, hinges = self._X, self._hinges
        between = int(BETWEEN * count) if len(known.values) else 0
        pairs = int(PAIRS * count) if len(known.values) else count // 2
        gaussian = rng.standard_normal((count - between - pairs, hinges.rank)) @ hinges.basis.T
        first, second = rng.integers(len(X), size=(2, pairs))
        of_first, of_second = (X[i] / np.maximum(self._lengths[i], 1e-300)[:, None] for i in (first, second))
        apart = of_first - rng.uniform(0, 1, size=(pairs, 1)) * of_second
        one, other = rng.integers(max(len(known.values), 1), size=(2, between))
        weight = rng.uniform(0, 1, size=(between, 1))
        middle = weight * known.directions[one] + (1 - weight) * known.directions[other]
        turns = np.where(np.arange(count - between) % 2, 1.0, -1.0)
        return _as_units(np.vstack([gaussian, apart, middle]), np.concatenate([turns, known.signs[one]]))

    def _near(
        self, units: Units, moved: tuple[float, float], count: int, rng: np.random.Generator
    ) -> tuple[Matrix, Vector]:
        """Starts moved away from units by a distance in that range, each of the sign of its unit."""
        base = rng.integers(max(len(units.values), 1), size=count)
        noise = rng.standard_normal((count, self._hinges.rank)) @ self._hinges.basis.T
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        least, most = np.log(moved)
        distance = np.exp(rng.uniform(least, most, size=(count, 1)))
        return _as_units(units.directions[base] + distance * noise, units.signs[base])

    def _risen(
        self, nu: Vector, known: Units, high: Units, above: float, attempt: int, effort: Effort
    ) -> tuple[Matrix, Vector, int]:
        """Where exact climbs from new starts begin, far from and near to what is known: (directions, signs, number of
        starts)."""
        rng = np.random.default_rng((self._seed, attempt))
        far = 2 * self._starts * min(1 + attempt // MORE_EVERY, MOST_TIMES)
        far = int(FAR * far) if len(known.values) else far
        bases = Units(*(np.concatenate(pair) for pair in zip(known, high, strict=True)))
        moved, near_rise = NEAR_WAYS[attempt % len(NEAR_WAYS)]
        starts_near = self._near(bases, moved, EACH * len(bases.values), rng)
        best = self._starts // 8
        with Threads() as pool:
            slope = SmoothedScores(self._X, nu, self._lengths, effort, pool)
            risen = _Risen.of(slope, *self._far(known, far, rng), FAR_RISES[attempt % len(FAR_RISES)])
            risen = risen.through(FAR_GATE, above, best)
            risen = _Risen.of(slope, risen.directions, risen.signs, FAR_AGAIN).through(FAR_AGAIN_GATE, above, best)
            near = _Risen.of(slope, *starts_near, near_rise).through(NEAR_GATE, above)
        count = far + len(starts_near[1])
        directions, signs, values = (np.concatenate(pair) for pair in zip(near, risen, strict=True))
        order = np.argsort(-values, kind="stable")[: self._most]
        return directions[order], signs[order], count

    def _climbed(self, nu: Vector, directions: Matrix, signs: Vector, effort: Effort, hops: int = 0) -> Units:
        """The maximisers that these lead to, or they themselves, once each, best first."""
        found = hop_from(self._hinges, nu, directions, signs, hops=hops, expired=effort.expired)
        found = np.where(found.any(axis=1, keepdims=True), found, directions)
        return Units.of(self._X, nu, found, signs)

    def _high(self, nu: Vector, seen: Matrix | None, above: float) -> Units:
        """Those of the maximisers seen before that are high at this nu, where they stand, in their order."""
        seen = np.zeros((0, self._X.shape[1])) if seen is None else seen
        values = scores(self._X, nu, seen, np.ones(len(seen)))
        high = np.abs(values) > HIGH * above
        return Units(seen[high], np.where(values[high] < 0, -1.0, 1.0), np.abs(values[high]))

    def _given(self, nu: Vector, directions: Matrix | None, effort: Effort, hops: int = 0) -> Units:
        """The maximisers that given directions climb to, each for its own sign; too many stay where they are."""
        if directions is None or len(directions) == 0:
            directions = np.zeros((0, self._X.shape[1]))
        signs = np.where(scores(self._X, nu, directions, np.ones(len(directions))) < 0, -1.0, 1.0)
        if len(directions) > self._most:
            return Units.of(self._X, nu, directions, signs)
        hops = hops if len(directions) * self._X.size <= KNOWN_HOPPED_ENTRIES else 0
        return self._climbed(nu, directions, signs, effort, hops)

    def _hopped(self, nu: Vector, old: Units, new: Units, above: float, attempt: int, effort: Effort) -> Units:
        """What hops lead to from new maximisers and, by turns, from a share of the old ones."""
        share = old.above(NEARLY * above).take(slice(attempt % TURNS, None, TURNS))
        begin = share.joined(new.above(NEARLY * above)).take(slice(HOPPED_ENTRIES // self._X.size))
        return self._climbed(nu, begin.directions, begin.signs, effort, HOPS)

    def best_units(
        self,
        nu: Vector,
        *,
        above: float,
        enough: float = np.inf,
        starts: Matrix | None = None,
        seen: Matrix | None = None,
        attempt: int = 0,
        effort: Effort = NO_LIMITS,
        progress: Progress = silent,
    ) -> OracleAnswer:
        X, hinges = self._X, self._hinges
        if hinges.count == 0:
            empty = np.zeros((0, X.shape[1]))
            return OracleAnswer(empty, np.zeros(0), np.zeros(0), 0.0, np.inf, self.name, 0)
        known = self._given(nu, starts, effort, KNOWN_HOPS)
        risen, signs, count = self._risen(nu, known, self._high(nu, seen, above), above, attempt, effort)
        new = self._climbed(nu, risen, signs, effort)
        every = known.joined(new)
        few = len(every.above(above).values) - len(known.above(above).values) < FEW
        if few and attempt >= MORE_EVERY:
            old = known.joined(self._given(nu, seen, effort))
            every = every.joined(old).joined(self._hopped(nu, old, new, above, attempt, effort))
            seen = None
        kept = every.above(NEARLY * above).directions
        kept = kept if seen is None else np.vstack([kept, seen])
        lower = float(every.values[0]) if len(every.values) else 0.0
        found = every.above(above)
        return OracleAnswer(*found, lower, np.inf, self.name, count, seen=kept[: self._most])


class _Risen(NamedTuple):
    """Where rises have come to: directions (q, d), signs (q,) and scores (q,)."""

    directions: Matrix
    signs: Vector
    values: Vector

    @classmethod
    def of(cls, slope: SmoothedScores, directions: Matrix, signs: Vector, rise: Rise) -> "_Risen":
        """From unit vectors and signs."""
        risen, values = slope.rise(directions, signs, *rise)
        return cls(risen, signs, values)

    def through(self, gate: Gate, above: float, best: int = 0) -> "_Risen":
        """Those near enough to the threshold, and so many of the best even if they are low; one of each crowd."""
        order = np.argsort(-self.values, kind="stable")
        promising = self.values[order] > gate.promising * max(above, 0.0)
        promising[:best] = True
        order = order[promising & (self.values[order] > 0)]
        kept = distinct(self.directions, self.signs, order, gate.crowd)
        return _Risen(self.directions[kept], self.signs[kept], self.values[kept])


def _as_units(directions: Matrix, signs: Vector) -> tuple[Matrix, Vector]:
    """Those that are not zero, as unit vectors, with their signs."""
    norms = np.linalg.norm(directions, axis=1)
    return directions[norms > 0] / norms[norms > 0, None], signs[norms > 0]
