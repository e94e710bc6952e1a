"""Unit neurons of parallel three-layer networks on data: s (h)_+ with h in K = conv{+-(X u)_+}."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import blocks
from dualscape.model.architectures.base import Matrix, UnitSpace, Vector
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Estimate, Oracle
from dualscape.oracles.hull.oracle import HullOracle
from dualscape.oracles.hull.search import HullSearch
from dualscape.oracles.hull.slots import Slots, inner_fit
from dualscape.oracles.reach import Reach
from dualscape.units import Units

#: Inner neurons of random units.
RANDOM_INNER = 4


class ThreeLayerSpace(UnitSpace):
    """The units of `ThreeLayerReLU` on the rows of X (n, d), each of at most `inner` inner neurons.

    Attributes:
        first: the units of two-layer networks on the same rows, of which those of three layers are made.
    """

    kinds: Mapping[str, type[Oracle]] = MappingProxyType({"hull": HullOracle, "ascent": HullSearch})

    def __init__(self, X: Matrix, inner: int, first: ReLUSpace | None = None) -> None:
        super().__init__()
        self._X, self.inner = X, inner
        self.first = ReLUSpace(X) if first is None else first
        self.n, self.d = len(X), 2 * inner * X.shape[1]

    @cached_property
    def reach(self) -> Reach:
        """What rows can be worth: their lengths; each inner neuron adds its own rounding."""
        return Reach(self.first.reach.lengths, self._X.shape[1] + 2 * self.inner + 8, below=0.0)

    @property
    def size(self) -> int:
        return self._X.size

    @property
    def seconds(self) -> float:
        return self.first.seconds

    # --- columns and scores ---------------------------------------------------------------------------------
    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        out = np.empty((self.n, len(units))) if out is None else out
        for part in blocks(self.n):
            np.multiply(np.maximum(inner_fit(self._X[part], units), 0.0), units.signs, out=out[part])
        return out

    def together(self, units: Units) -> Vector:
        return self.columns(units).sum(axis=1)

    def scores(self, nu: Vector, units: Units) -> Vector:
        return np.asarray(nu @ self.columns(units))

    def pull(self, nu: Vector, units: Units) -> Matrix:
        k, d = len(units), self._X.shape[1]
        slots = Slots.of(units.directions, d)
        lengths = np.linalg.norm(units.directions, axis=1)
        lengths = np.where(lengths > 0, lengths, 1.0)
        open_rows = (inner_fit(self._X, units) > 0) * nu[:, None] * units.signs
        active = (self._X @ slots.theta.T > 0) * open_rows[:, slots.owner]
        pulls = active.T @ self._X
        along = (pulls * slots.theta).sum(axis=1)
        weights = slots.turns / lengths[slots.owner]
        found = np.zeros((k, 2 * self.inner, d))
        found[slots.owner, slots.place] = weights[:, None] * (
            (along / slots.lengths)[:, None] * slots.theta + slots.lengths[:, None] * pulls
        )
        values = np.bincount(slots.owner, weights * slots.lengths * along, minlength=k)
        return found.reshape(k, self.d) - (values / lengths**2)[:, None] * units.directions

    def random(self, count: int, rng: np.random.Generator) -> Units:
        slots = np.zeros((count, 2 * self.inner, self._X.shape[1]))
        filled = min(self.inner, RANDOM_INNER)
        places = rng.permuted(np.tile(np.arange(2 * self.inner), (count, 1)), axis=1)[:, :filled]
        slots[np.arange(count)[:, None], places] = rng.standard_normal((count, filled, self._X.shape[1]))
        directions = slots.reshape(count, self.d)
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        return Units.signed(directions, np.where(np.arange(count) % 2, 1.0, -1.0))

    def climb(self, nu: Vector, units: Units) -> Units:
        """The units as they are: where they would climb to is a linear program, which the oracle solves."""
        return units

    # --- other data, oracles ----------------------------------------------------------------------------------
    def scaled(self, exponent: int) -> "ThreeLayerSpace":
        if exponent == 0:
            return self
        first = self.first.scaled(exponent)
        return ThreeLayerSpace(np.ldexp(self._X, exponent), self.inner, first)

    def rows(self, which: NDArray[np.intp]) -> "ThreeLayerSpace":
        return ThreeLayerSpace(self._X[which], self.inner, self.first.rows(which))

    @property
    def _first_oracle(self) -> tuple[str, float]:
        """(the oracle of two-layer units that is asked, the seconds that a call of it takes)."""
        name = self.first.choice().name
        return name, self.first.estimate(name).seconds

    def estimate(self, name: str) -> Estimate:
        if name == HullSearch.name:
            return HullSearch.estimate(self.n * self._X.shape[1])
        first, seconds = self._first_oracle
        if not self.first.kinds[first].exact:
            return Estimate(1, np.inf, HullOracle.counts, at_once=True)
        return HullOracle.estimate(self.n, seconds)

    def make_oracle(self, name: str) -> Oracle:
        if name == HullSearch.name:
            return HullSearch(self.scores, self.pull, self.random, self.reach)
        first, seconds = self._first_oracle
        return HullOracle(self._X, self.first.oracle(first), seconds, self.inner, self.reach)
