"""The searching oracle: many starts, each climbing to a local maximiser (THEORY section 4.3).

It scales to any size and proves nothing: its upper bound is inf. On real data s nu^T (X u)_+ has thousands of local
maximisers; the starts rise first on a smoothed function, whose kinks are rounded off less and less, and that brings
them to high ones.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dualscape.effort import Effort
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, Matrix, Oracle, OracleAnswer, Vector
from dualscape.oracles.local import assemble, climb_from, distinct, scores
from dualscape.oracles.rise import LANES, PORTION, from_lanes, rise, rise_on_device, to_lanes
from dualscape.progress import Progress, silent

#: Starts of the first call for each sign, steps on the smoothed function, and how starts become more: the longer a
#: search has gone on, the rarer is what it has not found.
STARTS, MORE_EVERY, MOST_TIMES = 512, 8, 3
STEPS = 20
#: By turns, at the beginning of a rise: the width of the smoothing in mean row lengths, and by how many radians a step
#: turns a direction. Both shrink to nothing. Long steps reach far maxima, short ones do not leap over narrow ones.
RISES = ((0.03, 0.12), (0.1, 0.18), (0.03, 0.25), (0.1, 0.08))
#: How far starts near a given direction are moved: from, to.
NEARBY = (0.2, 1.2)
#: After the rise, only starts above this fraction of the threshold climb on exactly.
PROMISING = 0.95
#: Starts that climb together in a thread between two looks at the clock, fewer where the data have more entries.
CHUNK, CHUNK_ENTRIES = 32, 1_000_000
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

    @classmethod
    def estimate(cls, X: Matrix) -> Estimate:
        n, d = X.shape
        # Rising and climbing, measured for 30 <= n <= 1000; about half of it runs on all cores.
        seconds = 2 * STARTS * ((1.3e-10 * STEPS + 3e-9) * n * d / (os.cpu_count() or 1) + 1e-5)
        return Estimate(2 * STARTS, seconds, cls.counts)

    def _directions(self, attempt: int, starts: Matrix | None) -> Matrix:
        """Starts at random, from pairs of rows (a neuron that tells two examples apart), near and between `starts`."""
        X, hinges = self._X, self._hinges
        count = self._starts * min(1 + attempt // MORE_EVERY, MOST_TIMES)
        rng = np.random.default_rng((self._seed, attempt))
        known = np.zeros((0, X.shape[1])) if starts is None else starts
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

    def best_units(
        self,
        nu: Vector,
        *,
        above: float,
        enough: float = np.inf,
        starts: Matrix | None = None,
        attempt: int = 0,
        effort: Effort = NO_LIMITS,
        progress: Progress = silent,
    ) -> OracleAnswer:
        X, hinges = self._X, self._hinges
        if hinges.count == 0:
            empty = np.zeros((0, X.shape[1]))
            return OracleAnswer(empty, np.zeros(0), np.zeros(0), 0.0, np.inf, self.name, 0)
        directions = self._directions(attempt, starts)
        directions = np.vstack([directions, directions])
        signs = np.repeat([1.0, -1.0], len(directions) // 2)
        # Smoothed functions in single precision, in units in which nothing over- or underflows: the climb is exact.
        rows = (X / self._lengths.max()).astype(np.float32)
        largest = max(float(np.abs(nu).max()), 1e-300)
        weights = (nu / largest).astype(np.float32)
        smoothing, stride = RISES[attempt % len(RISES)]
        width = smoothing * float(self._lengths.mean() / self._lengths.max())
        lanes = to_lanes(directions)
        turns = np.resize(signs.astype(np.float32), lanes.shape[::2])
        portion = max(1, PORTION // (2 * rows.size * LANES))

        def raise_block(block: int) -> None:
            for first in range(0, STEPS, portion):
                if effort.expired():
                    return
                rise(
                    rows, weights, lanes[block], turns[block], np.float32(width), np.float32(stride),
                    first, min(first + portion, STEPS), STEPS,
                )  # fmt: skip

        def climb(share: NDArray[np.intp]) -> Matrix:
            if effort.expired():
                return risen[share]
            return climb_from(hinges, nu, risen[share], signs[share])[0]

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            if effort.device is None:
                list(pool.map(raise_block, range(len(lanes))))
            else:
                rise_on_device(effort.device, rows, weights, lanes, turns, width, stride, STEPS, effort.expired)
            risen = from_lanes(lanes, len(signs))
            # Many starts have met by now: climb exactly from one of each crowd, and from the best even if it is low.
            values = scores(X, nu, risen, signs)
            order = np.argsort(-values, kind="stable")
            promising = values[order] > PROMISING * max(above, 0.0)
            promising[: self._starts // 8] = True
            leaders = distinct(risen, signs, order[promising & (values[order] > 0)], 1e-2)
            # An exact climb takes time that grows faster than the data: where they are large only the best go on.
            leaders = leaders[: max(MOST_ENTRIES // X.size, FEWEST_CLIMBS)]
            chunk = int(np.clip(CHUNK_ENTRIES // X.size, 1, CHUNK))
            shares = [leaders[at : at + chunk] for at in range(0, len(leaders), chunk)]
            found = np.vstack([np.zeros((0, X.shape[1])), *pool.map(climb, shares)])
        return assemble(
            X,
            nu,
            found,
            signs[leaders],
            above=above,
            upper=np.inf,
            oracle=self.name,
            patterns=len(directions),
        )
