"""The searching oracle: many starts, each climbing to a local maximiser (THEORY section 4.3).

It scales to any size and proves nothing: its upper bound is inf. On real data s nu^T (X u)_+ has thousands of local
maximisers; the starts rise first on a smoothed function, whose kinks are rounded off less and less, and that brings
them to high ones. From there hops, each across one hyperplane where the function is convex, may lead higher, and what
one call has seen the next one goes on from: on the diabetes data most of what was missed lay one to three such
hyperplanes from it.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dualscape.effort import Effort
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, Matrix, Oracle, OracleAnswer, Vector
from dualscape.oracles.local import Units, assemble, distinct, hop_from, scores
from dualscape.oracles.rise import SmoothedScores
from dualscape.progress import Progress, silent

#: Starts of the first call for each sign, and how they become more: the longer a search has gone on, the rarer is what
#: it has not found.
STARTS, MORE_EVERY, MOST_TIMES = 512, 4, 4
#: By turns: the width of the smoothing at the beginning of a rise in mean row lengths, by how many radians a step then
#: turns a direction, and the steps. Width and step shrink to nothing. Long steps reach far maxima, short ones do not
#: leap over narrow ones.
RISES = ((0.03, 0.12, 20), (0.1, 0.18, 30), (0.03, 0.25, 20), (0.1, 0.08, 40))
#: How far starts near a given direction are moved: from, to.
NEARBY = (0.2, 1.2)
#: Narrow maxima lie near known units, and such steps leap over them. As a search goes on, more and more starts are
#: moved by only so much (from, to; a share of those of one sign, and of the climbs in one call at most), rise gently,
#: and climb on from above this fraction of the threshold, one of those that are so near.
NARROW, NARROW_SHARE, NARROW_CLIMBS = (0.01, 0.3), 0.5, 0.25
NARROW_RISE, NARROW_PROMISING, NARROW_CROWD = (0.001, 0.02, 10), 0.98, 2e-3
#: After the rise, only starts above this fraction of the threshold climb on exactly, and one of those that are so near.
PROMISING, SAME_CROWD = 0.95, 1e-2
#: Data of more entries than this rise twice: smoothing, stride and steps of the second time.
AGAIN_ENTRIES, AGAIN = 10_000, (0.003, 0.1, 10)
#: Once starts have become more, and where climbs from them lead to fewer new units than this, hops go on from the
#: maximisers above this fraction of the threshold, new and seen before, until so many tries in a row lead no higher;
#: from those seen before in so many turns.
FEW, NEARLY, HOPS, TURNS = 10, 0.985, 10, 3
#: Maximisers that hops begin from in one call, times entries of the data.
HOPPED_ENTRIES = 5_000_000
#: Climbs times entries of the data in one call, and the climbs that there are in any case.
MOST_ENTRIES, FEWEST_CLIMBS = 20_000_000, 64


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
        self._lengths = np.linalg.norm(X, axis=1)
        # An exact climb takes time that grows faster than the data: where they are large only the best go on.
        self._most = max(MOST_ENTRIES // max(X.size, 1), FEWEST_CLIMBS)

    @classmethod
    def estimate(cls, X: Matrix) -> Estimate:
        n, d = X.shape
        # Rising and climbing, measured for 30 <= n <= 1000; about half of it runs on all cores.
        seconds = 2 * STARTS * (4e-9 * n * d / (os.cpu_count() or 1) + 1e-5)
        return Estimate(2 * STARTS, seconds, cls.counts)

    def _directions(self, attempt: int, known: Matrix) -> Matrix:
        """Starts: known units, at random, from pairs of rows (neurons that tell them apart), near and between known."""
        X, hinges = self._X, self._hinges
        count = self._starts * min(1 + attempt // MORE_EVERY, MOST_TIMES)
        rng = np.random.default_rng((self._seed, attempt))
        near = count // 2 if len(known) else 0
        gaussian = rng.standard_normal(((count - near) // 2, hinges.rank)) @ hinges.basis.T
        first, second = rng.integers(len(X), size=(2, count - near - len(gaussian)))
        rows = X / np.maximum(self._lengths, 1e-300)[:, None]
        apart = rows[first] - rng.uniform(0, 1, size=(len(first), 1)) * rows[second]
        groups = [known, gaussian, apart]
        if near:
            one, other = rng.integers(len(known), size=(2, near))
            noise = rng.standard_normal((near // 2, hinges.rank)) @ hinges.basis.T / hinges.rank**0.5
            weight = rng.uniform(0, 1, size=(near - near // 2, 1))
            groups.append(known[one[: near // 2]] + rng.uniform(*NEARBY, size=(near // 2, 1)) * noise)
            groups.append(weight * known[one[near // 2 :]] + (1 - weight) * known[other[near // 2 :]])
        directions = np.vstack(groups)
        norms = np.linalg.norm(directions, axis=1)
        return directions[norms > 0] / norms[norms > 0, None]

    def _narrow(self, known: Units, attempt: int) -> tuple[Matrix, Vector]:
        """Starts near known units: (directions, signs), each of the sign of its unit."""
        X, basis = self._X, self._hinges.basis
        count = NARROW_SHARE * self._starts * min(attempt // MORE_EVERY, MOST_TIMES)
        count = int(min(count, NARROW_CLIMBS * MOST_ENTRIES / X.size))
        if count == 0 or len(known.values) == 0:
            return np.zeros((0, X.shape[1])), np.zeros(0)
        rng = np.random.default_rng((self._seed, attempt, 1))
        base = rng.integers(len(known.values), size=count)
        noise = rng.standard_normal((count, basis.shape[1])) @ basis.T
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        least, most = np.log(NARROW)
        directions = known.directions[base] + np.exp(rng.uniform(least, most, size=(count, 1))) * noise
        return directions / np.linalg.norm(directions, axis=1, keepdims=True), known.signs[base]

    def _leaders(
        self, risen: Matrix, signs: Vector, values: Vector, among: NDArray[np.intp], above: float
    ) -> NDArray[np.intp]:
        """Where exact climbs begin: one of each crowd (many starts have met), and the best even if they are low."""
        order = among[np.argsort(-values[among], kind="stable")]
        promising = values[order] > PROMISING * max(above, 0.0)
        promising[: self._starts // 8] = True
        return distinct(risen, signs, order[promising & (values[order] > 0)], SAME_CROWD)

    def _risen(
        self, nu: Vector, known: Units, above: float, attempt: int, effort: Effort
    ) -> tuple[Matrix, Vector, int]:
        """Where exact climbs from new starts begin: (directions, signs, number of starts)."""
        X = self._X
        directions = self._directions(attempt, known.directions)
        directions = np.vstack([directions, directions])
        signs = np.repeat([1.0, -1.0], len(directions) // 2)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            slope = SmoothedScores(X, nu, self._lengths, effort, pool)
            risen, values = slope.rise(directions, signs, *RISES[attempt % len(RISES)])
            near, near_signs = self._narrow(known, attempt)
            near, near_values = slope.rise(near, near_signs, *NARROW_RISE)
            leaders = self._leaders(risen, signs, values, np.arange(len(signs)), above)
            if X.size > AGAIN_ENTRIES:
                # Where climbs take long, fewer and shorter ones: those that may lead high rise once more, with care.
                risen[leaders], values[leaders] = slope.rise(risen[leaders], signs[leaders], *AGAIN)
                leaders = self._leaders(risen, signs, values, leaders, above)
        leaders = leaders[: self._most]
        order = np.argsort(-near_values, kind="stable")
        order = order[near_values[order] > NARROW_PROMISING * above]
        narrow = distinct(near, near_signs, order, NARROW_CROWD)
        return (
            np.vstack([near[narrow], risen[leaders]]),
            np.concatenate([near_signs[narrow], signs[leaders]]),
            len(directions) + len(near),
        )

    def _climbed(self, nu: Vector, directions: Matrix, signs: Vector, effort: Effort, hops: int = 0) -> Units:
        """The maximisers that these lead to, or they themselves, once each, best first."""
        found = hop_from(self._hinges, nu, directions, signs, hops=hops, expired=effort.expired)
        found = np.where(found.any(axis=1, keepdims=True), found, directions)
        return Units.of(self._X, nu, found, signs)

    def _given(self, nu: Vector, directions: Matrix | None, effort: Effort) -> Units:
        """The maximisers that given directions climb to, each for its own sign; too many stay where they are."""
        if directions is None or len(directions) == 0:
            directions = np.zeros((0, self._X.shape[1]))
        signs = np.where(scores(self._X, nu, directions, np.ones(len(directions))) < 0, -1.0, 1.0)
        if len(directions) > self._most:
            return Units.of(self._X, nu, directions, signs)
        return self._climbed(nu, directions, signs, effort)

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
        known = self._given(nu, starts, effort)
        risen, signs, count = self._risen(nu, known, above, attempt, effort)
        new = self._climbed(nu, risen, signs, effort)
        every = known.joined(new)
        few = len(every.above(above).values) - len(known.above(above).values) < FEW
        if few and attempt >= MORE_EVERY:
            old = known.joined(self._given(nu, seen, effort))
            every = every.joined(old).joined(self._hopped(nu, old, new, above, attempt, effort))
            seen = None
        kept = every.above(NEARLY * above).directions
        kept = kept if seen is None else np.vstack([kept, seen])
        return assemble(
            X,
            nu,
            every.directions,
            every.signs,
            above=above,
            upper=np.inf,
            oracle=self.name,
            patterns=count,
            seen=kept[: self._most],
        )
