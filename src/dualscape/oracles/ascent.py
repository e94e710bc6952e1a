"""The searching oracle: many starts, each climbing monotonically to a local maximiser (THEORY section 4.3).

It scales to any size and proves nothing: its upper bound is inf.
"""

from typing import ClassVar

import numpy as np

from dualscape.effort import Effort
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, Matrix, Oracle, OracleAnswer, Vector
from dualscape.oracles.local import assemble, climb_from, distinct, scores
from dualscape.progress import Progress, silent

#: Random starts a call, by default, and gradient steps that all starts take together before they climb exactly.
STARTS = 256
STEPS = 30


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

    @classmethod
    def estimate(cls, X: Matrix) -> Estimate:
        n, d = X.shape
        return Estimate(4 * STARTS, 4 * STARTS * (STEPS * 2e-9 * n * d + 2e-6 * d * d), cls.counts)

    def _directions(self, attempt: int) -> Matrix:
        """Half of the starts at random, half from pairs of rows: a neuron that tells two examples apart."""
        X, hinges = self._X, self._hinges
        rng = np.random.default_rng((self._seed, attempt))
        gaussian = rng.standard_normal((self._starts // 2, hinges.rank)) @ hinges.basis.T
        first, second = rng.integers(len(X), size=(2, self._starts - len(gaussian)))
        scale = np.maximum(np.linalg.norm(X, axis=1), 1e-300)[:, None]
        rows = X / scale
        mixed = rows[first] - rng.uniform(0, 1, size=(len(first), 1)) * rows[second]
        directions = np.vstack([gaussian, mixed])
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
        directions = self._directions(attempt)
        if starts is not None and len(starts):
            directions = np.vstack([starts, directions])
        directions = np.vstack([directions, directions])
        signs = np.repeat([1.0, -1.0], len(directions) // 2)
        directions = self._rise(nu, directions, signs)
        # Most starts have met by now: climb exactly from one of each crowd.
        values = scores(X, nu, directions, signs)
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        leaders = distinct(directions, signs, order, 1e-2)
        found, _, _ = climb_from(hinges, nu, directions[leaders], signs[leaders])
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

    def _rise(self, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        """A few steps u <- s X^T D(u) nu, normalised, kept where the value rises."""
        X = self._X
        value = scores(X, nu, directions, signs)
        for _ in range(STEPS):
            active = (X @ directions.T) > 0
            pull = ((active * nu[:, None]).T @ X) * signs[:, None]
            norms = np.linalg.norm(pull, axis=1)
            norms[norms == 0] = 1.0
            trial = pull / norms[:, None]
            risen = scores(X, nu, trial, signs)
            better = risen > value * (1 + 1e-3)
            if not better.any():
                break
            directions = np.where(better[:, None], trial, directions)
            value = np.where(better, risen, value)
        return directions
