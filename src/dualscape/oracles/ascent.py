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
from dualscape.progress import Progress, silent

#: Starts a call for each sign, and steps on the smoothed function.
STARTS = 512
STEPS = 40
#: Widths of the smoothing in mean row lengths, by turns, and length of a step, both at the beginning; they shrink to
#: nothing.
SMOOTHING, STRIDE = (0.1, 0.03), 0.1
#: How far a start near a given direction is moved.
NEARBY = 0.3
#: After the rise, only starts above this fraction of the threshold climb on exactly.
PROMISING = 0.95
#: Starts that rise together, fewer where they would make more entries than this; chunks are shared out to threads.
CHUNK, ENTRIES = 128, 2_000_000
Matrix32 = NDArray[np.float32]


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
        seconds = 2 * STARTS * (STEPS * (1e-9 * n * d + 4e-9 * n) + 1e-4)
        return Estimate(2 * STARTS, seconds, cls.counts)

    def _directions(self, attempt: int, starts: Matrix | None) -> Matrix:
        """Starts at random, from pairs of rows (a neuron that tells two examples apart), near and between `starts`."""
        X, hinges, count = self._X, self._hinges, self._starts
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
            groups.append(known[one[: near // 2]] + NEARBY * noise)
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
        height = max(above, 0.0) / largest / float(self._lengths.max())
        width = SMOOTHING[attempt % len(SMOOTHING)] * float(self._lengths.mean() / self._lengths.max())
        chunk = int(np.clip(ENTRIES // len(X), 16, CHUNK))
        parts = [slice(at, at + chunk) for at in range(0, len(signs), chunk)]

        def rise(part: slice) -> Matrix:
            return _rise(rows, weights, directions[part], signs[part], width, height, effort)

        def climb(share: NDArray[np.intp]) -> Matrix:
            if effort.expired():
                return risen[share]
            return climb_from(hinges, nu, risen[share], signs[share])[0]

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            risen = np.vstack(list(pool.map(rise, parts)))
            # Many starts have met by now: climb exactly from one of each crowd, and from the best even if it is low.
            values = scores(X, nu, risen, signs)
            order = np.argsort(-values, kind="stable")
            promising = values[order] > PROMISING * max(above, 0.0)
            promising[: self._starts // 8] = True
            leaders = distinct(risen, signs, order[promising & (values[order] > 0)], 1e-2)
            shares = [leaders[at : at + CHUNK // 4] for at in range(0, len(leaders), CHUNK // 4)]
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


def _rise(
    rows: Matrix32,
    weights: Matrix32,
    directions: Matrix,
    signs: Vector,
    width: float,
    height: float,
    effort: Effort,
) -> Matrix:
    """Gradient steps on the sphere, with the step function of the active rows replaced by a ramp that steepens."""
    U = directions.T.astype(np.float32)
    weighted = np.ascontiguousarray((weights[:, None] * rows).T)
    turn = signs.astype(np.float32)
    for step in range(STEPS):
        if effort.expired():
            break
        rest = 1.0 - step / STEPS
        active = rows @ U
        active *= np.float32(0.5 / (width * rest))
        active += np.float32(0.5)
        np.clip(active, 0.0, 1.0, out=active)
        pull = weighted @ active
        pull *= turn
        # A step is measured against the value that is looked for, but never turns by much more than a radian.
        size = max(height, 0.1 * float(np.sqrt((pull * pull).sum(axis=0).max())), 1e-30)
        U += np.float32(STRIDE * rest / size) * pull
        norms = np.sqrt((U * U).sum(axis=0))
        # A step that leads to 0 leaves no direction; such a start is out.
        U /= np.where(norms > 0, norms, np.float32(1.0))
    risen = U.T.astype(np.float64)
    norms = np.linalg.norm(risen, axis=1)
    return np.asarray(risen / np.where(norms > 0, norms, 1.0)[:, None])
