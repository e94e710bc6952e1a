"""The searching oracle: many starts, each climbing to a local maximiser (THEORY section 4.3).

It scales to any size and proves nothing: its upper bound is inf. On real data s nu^T (X u)_+ has thousands of local
maximisers; the starts rise first on a smoothed function, whose kinks are rounded off less and less, and that brings
them to high ones. Much of what is missed lies near what is known or was seen: some starts are there, and hops, each
across one hyperplane where the function is convex, go on from them and later from all that was seen.
"""

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.ascent.smoothed_rise import SmoothedScores
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, Matrix, OracleAnswer, Question, Vector
from dualscape.oracles.climbing import hop_from
from dualscape.oracles.ranked import Ranked, scores
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.threads import Threads
from dualscape.units import Units


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


class AscentOracle(HingeOracle):
    """Local maximisers of |nu^T max(X u, a X u)| from random directions, data rows and given starts; deterministic."""

    name = "ascent"
    exact = False
    counts: str = "starts"

    def __init__(self, hinges: Hinges, *, starts: int = STARTS, seed: int = 0) -> None:
        super().__init__(hinges)
        self._X = hinges.X
        self._starts = starts
        self._seed = seed
        # An exact climb takes time that grows faster than the data: where they are large only the best go on.
        self._most = max(MOST_ENTRIES // max(self._X.size, 1), FEWEST_CLIMBS)

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        n, d = hinges.X.shape
        # Rising and climbing, measured for 30 <= n <= 1000; about half of it runs on all cores.
        seconds = 2 * STARTS * (4e-9 * n * d / (os.cpu_count() or 1) + 1e-5)
        return Estimate(2 * STARTS, seconds, cls.counts)

    def _far(self, known: Units, count: int, rng: np.random.Generator) -> Units:
        """Starts anywhere: at random, from pairs of rows (neurons that tell them apart), between known units."""
        X, hinges = self._X, self.hinges
        between = int(BETWEEN * count) if len(known) else 0
        pairs = int(PAIRS * count) if len(known) else count // 2
        gaussian = rng.standard_normal((count - between - pairs, hinges.rank)) @ hinges.basis.T
        # Two rows a pair: only these are scaled, not all.
        first, second = (self._unit_rows(which) for which in rng.integers(len(X), size=(2, pairs)))
        apart = first - rng.uniform(0, 1, size=(pairs, 1)) * second
        one, other = rng.integers(max(len(known), 1), size=(2, between))
        weight = rng.uniform(0, 1, size=(between, 1))
        middle = weight * known.directions[one] + (1 - weight) * known.directions[other]
        turns = np.where(np.arange(count - between) % 2, 1.0, -1.0)
        return Units(np.vstack([gaussian, apart, middle]), np.vstack([turns[:, None], known.outputs[one]])).normalised()

    def _unit_rows(self, which: NDArray[np.intp]) -> Matrix:
        """Rows of the data, of length one (or zero)."""
        return np.asarray(self._X[which] / np.maximum(self.reach.lengths[which], 1e-300)[:, None])

    def _near(self, units: Units, moved: tuple[float, float], count: int, rng: np.random.Generator) -> Units:
        """Starts moved away from units by a distance in that range, each with the output of its unit."""
        base = rng.integers(max(len(units), 1), size=count)
        noise = rng.standard_normal((count, self.hinges.rank)) @ self.hinges.basis.T
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        least, most = np.log(moved)
        distance = np.exp(rng.uniform(least, most, size=(count, 1)))
        return Units(units.directions[base] + distance * noise, units.outputs[base]).normalised()

    def _risen(self, question: Question, known: Ranked, high: Ranked, effort: Effort) -> tuple[Units, int]:
        """Where exact climbs from new starts begin, far from and near to what is known, and the number of starts."""
        nu, above, attempt = question.nu, question.above, question.attempt
        rng = np.random.default_rng((self._seed, attempt))
        far = 2 * self._starts * min(1 + attempt // MORE_EVERY, MOST_TIMES)
        far = int(FAR * far) if len(known.units) else far
        bases = Units.join([known.units, high.units])
        moved, near_rise = NEAR_WAYS[attempt % len(NEAR_WAYS)]
        starts_near = self._near(bases, moved, EACH * len(bases), rng)
        best = self._starts // 8
        with Threads() as pool:
            smooth = SmoothedScores(self._X, nu, self.reach.lengths, effort, pool, self.hinges.slope)

            def rise(units: Units, how: Rise) -> Ranked:
                risen, values = smooth.rise(units.directions, units.signs, *how)
                return Ranked(units.turned(risen), values)

            risen = rise(self._far(known.units, far, rng), FAR_RISES[attempt % len(FAR_RISES)])
            risen = _through(FAR_GATE, risen, above, best)
            risen = _through(FAR_AGAIN_GATE, rise(risen.units, FAR_AGAIN), above, best)
            near = _through(NEAR_GATE, rise(starts_near, near_rise), above)
        both = Ranked.join([near, risen])
        order = np.argsort(-both.values, kind="stable")[: self._most]
        return both.units.take(order), far + len(starts_near)

    def _climbed(self, nu: Vector, units: Units, effort: Effort, hops: int = 0) -> Ranked:
        """The maximisers that these lead to, or they themselves, once each, best first."""
        found = hop_from(self.hinges, nu, units, hops=hops, expired=effort.expired).directions
        return self._ranked(nu, units.turned(np.where(found.any(axis=1, keepdims=True), found, units.directions)))

    def _ranked(self, nu: Vector, units: Units) -> Ranked:
        return Ranked.of(self._X, nu, units, slope=self.hinges.slope)

    def _facing(self, nu: Vector, units: Units | None) -> Ranked:
        """Units where they stand, in their order, each with the sign that makes its value positive."""
        units = Units.none(self._X.shape[1]) if units is None else units
        values = scores(self._X, nu, Units.signed(units.directions, np.ones(len(units))), self.hinges.slope)
        return Ranked(Units.signed(units.directions, np.where(values < 0, -1.0, 1.0)), np.abs(values))

    def _given(self, nu: Vector, units: Units | None, effort: Effort, hops: int = 0) -> Ranked:
        """The maximisers that given directions climb to, each for its own sign; too many stay where they are."""
        facing = self._facing(nu, units).units
        if len(facing) > self._most:
            return self._ranked(nu, facing)
        hops = hops if len(facing) * self._X.size <= KNOWN_HOPPED_ENTRIES else 0
        return self._climbed(nu, facing, effort, hops)

    def _hopped(self, question: Question, old: Ranked, new: Ranked, effort: Effort) -> Ranked:
        """What hops lead to from new maximisers and, by turns, from a share of the old ones."""
        nearly = NEARLY * question.above
        share = old.above(nearly).take(slice(question.attempt % TURNS, None, TURNS))
        begin = share.joined(new.above(nearly)).take(slice(HOPPED_ENTRIES // self._X.size))
        return self._climbed(question.nu, begin.units, effort, HOPS)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        nu, above, seen = question.nu, question.above, question.seen
        if self.hinges.count == 0:
            return OracleAnswer.nothing(self._X.shape[1], np.inf, self.name, 0)
        known = self._given(nu, question.starts, effort, KNOWN_HOPS)
        # Of those seen before the ones that are high at this nu, where they stand.
        before = self._facing(nu, seen)
        risen, count = self._risen(question, known, before.take(before.values > HIGH * above), effort)
        new = self._climbed(nu, risen, effort)
        every = known.joined(new)
        few = len(every.above(above).values) - len(known.above(above).values) < FEW
        if few and question.attempt >= MORE_EVERY:
            old = known.joined(self._given(nu, seen, effort))
            every = every.joined(old).joined(self._hopped(question, old, new, effort))
            seen = None
        kept = every.above(NEARLY * above).units
        kept = kept if seen is None else Units.join([kept, seen])
        lower = float(every.values[0]) if len(every.values) else 0.0
        return OracleAnswer(*every.above(above), lower, np.inf, self.name, count, seen=kept.take(slice(self._most)))


def _through(gate: Gate, risen: Ranked, above: float, best: int = 0) -> Ranked:
    """Those near enough to the threshold, and so many of the best even if they are low; one of each crowd."""
    order = np.argsort(-risen.values, kind="stable")
    promising = risen.values[order] > gate.promising * max(above, 0.0)
    promising[:best] = True
    order = order[promising & (risen.values[order] > 0)]
    return risen.take(risen.units.distinct(order, gate.crowd))
