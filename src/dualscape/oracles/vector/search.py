"""The searching oracle over units with several outputs: many starts rise together, the best climb on exactly."""

import os

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.leaky import leaky, slopes
from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.vector.base import VectorOracle
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.ranked import rank
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Starts of a call, the share of them near units that are known, and how far these are moved.
STARTS, NEAR, MOVED = 256, 0.25, 0.3
#: Steps of a rise, all starts first and then the best of them: (how many, steps).
STAGES = (STARTS, 20), (STARTS // 4, 80)
#: The first step as an angle; it grows after a step that rises and shrinks instead of one that does not.
STRIDE, LONGER, SHORTER = 0.3, 1.3, 0.4
#: The best that climb on exactly, and the entries of the data times its lesser side above which none do.
CLIMBS, LARGEST_CLIMB = 24, 10_000_000
#: Risen directions as near as this are one crowd, of which one climbs; below this share of the threshold none does.
CROWD, PROMISING = 0.05, 0.8


class VectorSearch(VectorOracle):
    """Local maximisers of |N^T (X u)_+| from random directions, data rows and given starts; deterministic."""

    name = "ascent"
    exact = False
    counts: str = "starts"

    def __init__(self, hinges: Hinges, c: int, *, seed: int = 0) -> None:
        super().__init__(hinges, c)
        self._seed = seed

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        steps = sum(count * steps for count, steps in STAGES)
        return Estimate(STARTS, steps * (2e-9 * hinges.X.size / (os.cpu_count() or 1) + 1e-6), cls.counts)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        X, nu = self.hinges.X, question.nu
        if self.hinges.count == 0:
            return OracleAnswer(Units.none(X.shape[1], self.c), np.zeros(0), 0.0, np.inf, self.name, 0)
        known = question.starts if question.starts is not None else Units.none(X.shape[1], self.c)
        if question.seen is not None:
            known = Units.join([known, question.seen.take(slice(CLIMBS))])
        risen = self._risen(nu, self._starts(known, np.random.default_rng((self._seed, question.attempt))), effort)
        found = rank(self.hinges, nu, risen)
        best = found.take(found.units.distinct(np.arange(len(found.values)), CROWD))
        keep = best.values > PROMISING * max(question.above, 0.0)
        keep[: CLIMBS // 4] = True
        best = best.take(keep).take(slice(CLIMBS))
        if X.size * self.c * min(X.shape) <= LARGEST_CLIMB:
            climbing = Units.join([best.units, known])
            climbed = climb_jointly(
                ReducedVector.of(self.hinges, nu.reshape(-1, self.c)), climbing, expired=effort.expired
            )[0]
            every = rank(self.hinges, nu, Units.join([climbed, climbing]) if effort.expired() else climbed)
        else:
            every = Ranked.join([best, rank(self.hinges, nu, known)]).once()
        lower = float(every.values[0]) if len(every.values) else 0.0
        above = every.above(question.above)
        return OracleAnswer(*above, lower, np.inf, self.name, len(risen), seen=every.units.take(slice(2 * CLIMBS)))

    def _starts(self, known: Units, rng: np.random.Generator) -> Matrix:
        """(q, d) directions at random, along rows and differences of rows, and near known ones."""
        X, r = self.hinges.X, self.hinges.rank
        near = int(NEAR * STARTS) if len(known) else 0
        third = (STARTS - near) // 3
        first, second = (X[which] / np.maximum(np.linalg.norm(X[which], axis=1), 1e-300)[:, None]
                         for which in rng.integers(len(X), size=(2, third)))  # fmt: skip
        apart = first - rng.uniform(-1, 1, size=(third, 1)) * second
        gaussian = rng.standard_normal((STARTS - near - third, r)) @ self.hinges.basis.T
        moved = np.zeros((0, X.shape[1]))
        if near:
            noise = rng.standard_normal((near, r)) @ self.hinges.basis.T
            noise *= MOVED / np.linalg.norm(noise, axis=1, keepdims=True)
            moved = known.directions[rng.integers(len(known), size=near)] + noise
        directions = np.vstack([gaussian, apart, moved])
        lengths = np.linalg.norm(directions, axis=1)
        return np.asarray(directions[lengths > 0] / lengths[lengths > 0, None])

    def _risen(self, nu: Vector, directions: Matrix, effort: Effort) -> Units:
        """Where directions (q, d) rise to along the gradient, each with its best output; the best rise longer."""
        strides = np.full(len(directions), STRIDE)
        values, outputs, pulls = self._slopes(nu, directions)
        for count, steps in STAGES:
            order = np.argsort(-values, kind="stable")
            order = order[values[order] > 0][:count]
            directions, strides, values = directions[order], strides[order], values[order]
            outputs, pulls = outputs[order], pulls[order]
            for _ in range(steps):
                if effort.expired():
                    break
                moved = directions + strides[:, None] * pulls
                moved /= np.linalg.norm(moved, axis=1)[:, None]
                found = self._slopes(nu, moved)
                rises = found[0] > values
                strides *= np.where(rises, LONGER, SHORTER)
                directions[rises] = moved[rises]
                for part, new in zip((values, outputs, pulls), found, strict=True):
                    part[rises] = new[rises]
        return Units(directions, outputs)

    def _slopes(self, nu: Vector, directions: Matrix) -> tuple[Vector, Matrix, Matrix]:
        """(values (q,), best outputs (q, c), gradients along the sphere (q, d) as shares of all)."""
        X, N = self.hinges.X, nu.reshape(-1, self.c)
        heights = X @ directions.T
        bends = slopes(heights > 0, self.hinges.slope)
        G = leaky(heights, self.hinges.slope).T @ N
        values = np.linalg.norm(G, axis=1)
        outputs = G / np.where(values > 0, values, 1.0)[:, None]
        pull = (bends * (N @ outputs.T)).T @ X
        lengths = np.linalg.norm(pull, axis=1)
        pull /= np.where(lengths > 0, lengths, 1.0)[:, None]
        return values, outputs, pull - (pull * directions).sum(axis=1)[:, None] * directions
