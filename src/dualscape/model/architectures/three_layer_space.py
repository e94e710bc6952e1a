"""Unit neurons of parallel three-layer networks on data: s (h)_+ with h in K = conv{+-(X u)_+}."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from dualscape.geometry.tall import blocks
from dualscape.model.architectures.base import Composition, Matrix, UnitSpace, Vector
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Estimate, Oracle
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.hull.oracle import HullOracle
from dualscape.oracles.hull.search import HullSearch
from dualscape.oracles.hull.slots import Slots, in_slots, inner_fit
from dualscape.oracles.reach import Reach
from dualscape.units import Units

#: A row whose height is below this share of its length is held at 0.
HELD = 1e-8
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
        return self.rise(nu, units)[1]

    def rise(self, nu: Vector, units: Units) -> tuple[Vector, Matrix]:
        """(scores (k,), pulls (k, d)): a search asks for both at once, many times."""
        k, d = len(units), self._X.shape[1]
        slots = Slots.of(units.directions, d)
        lengths = np.linalg.norm(units.directions, axis=1)
        lengths = np.where(lengths > 0, lengths, 1.0)
        heights = self._X @ slots.theta.T
        inner = slots.summed(np.maximum(heights, 0.0) * (slots.turns * slots.lengths), k) / lengths
        open_rows = (inner > 0) * nu[:, None] * units.signs
        active = (heights > 0) * open_rows[:, slots.owner]
        pulls = active.T @ self._X
        along = (pulls * slots.theta).sum(axis=1)
        weights = slots.turns / lengths[slots.owner]
        found = np.zeros((k, 2 * self.inner, d))
        found[slots.owner, slots.place] = weights[:, None] * (
            (along / slots.lengths)[:, None] * slots.theta + slots.lengths[:, None] * pulls
        )
        values = np.asarray(np.bincount(slots.owner, weights * slots.lengths * along, minlength=k), dtype=float)
        return values, found.reshape(k, self.d) - (values / lengths**2)[:, None] * units.directions

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

    def composed(self, units: Units, masses: Vector) -> Composition:
        """Units on one piece share their inner neurons, and those of one inner piece are one: no more mass, one fit."""
        X, lengths = self._X, self.first.reach.lengths
        slots = Slots.of(units.directions, X.shape[1])
        heights, fits = slots.theta @ X.T / slots.lengths[:, None], inner_fit(X, units).T
        inner, outer = _sides(heights, lengths), _sides(fits, lengths)
        places: dict[tuple[bytes, ...], int] = {}
        keys = [
            (outer[k].tobytes(), units.signs[k].tobytes(), slots.turns[j].tobytes(), inner[j].tobytes())
            for j, k in enumerate(slots.owner.tolist())
        ]
        for key in sorted(set(keys)):
            places[key] = len(places)
        place = np.array([places[key] for key in keys], dtype=np.intp)
        vectors = np.zeros((len(places), X.shape[1]))
        np.add.at(vectors, place, (masses[slots.owner] * slots.lengths)[:, None] * slots.theta)
        one = np.unique(place, return_index=True)[1]  # of each piece the first slot
        groups = sorted({key[:2] for key in places})
        group = np.array([groups.index(keys[j][:2]) for j in one], dtype=np.intp)
        bases = [null_space(X[inner[j] == 0]) for j in one]
        owner = np.repeat(np.arange(len(one)), [basis.shape[1] for basis in bases])
        basis = np.hstack([np.zeros((X.shape[1], 0)), *bases])
        x = (basis * vectors[owner].T).sum(axis=0)
        parts = (X @ basis) * ((inner[one] > 0).T * slots.turns[one])[:, owner]
        side, sign = outer[slots.owner[one]], units.signs[slots.owner[one]]
        jacobian = parts * ((side > 0).T * sign)[:, owner]
        held = [
            np.where(group[owner] == g, parts[row], 0.0)
            for g in range(len(groups))
            for row in np.flatnonzero(side[group == g][0] == 0)
        ]
        borders = [
            np.where(group[owner] == g, side[group == g][0][row] * parts[row], 0.0)
            for g in range(len(groups))
            for row in np.flatnonzero(side[group == g][0])
        ]
        borders += [
            np.where(owner == j, inner[at, row] * (X[row] @ basis), 0.0)
            for j, at in enumerate(one)
            for row in np.flatnonzero(inner[at])
        ]
        turns = slots.turns[one]

        def made(x: Vector) -> tuple[Units, Vector]:
            theta = np.zeros_like(vectors)
            np.add.at(theta, owner, (basis * x).T)
            lengths = np.linalg.norm(theta, axis=1)
            directions = theta / np.where(lengths > 0, lengths, 1.0)[:, None]
            of = np.arange(len(groups))[:, None] == group
            up, down = (np.where(of & (turns == turn), lengths, 0.0) for turn in (1.0, -1.0))
            found = in_slots(directions, up, down, self.inner)
            signs = np.array([sign[group == g][0] for g in range(len(groups))])
            return Units.signed(found, signs), (up + down).sum(axis=1)

        rows = [np.array(found).reshape(-1, len(x)) for found in (held, borders)]
        return Composition(jacobian, owner, rows[0], rows[1], x, made)

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
            return replace(HullOracle.estimate(self.n, 0.0), seconds=np.inf, at_once=True)
        return HullOracle.estimate(self.n, seconds)

    def make_oracle(self, name: str) -> Oracle:
        if name == HullSearch.name:
            two = self.first.oracle(AscentOracle.name)
            return HullSearch(self.scores, self.rise, self.random, self.reach, two, self.inner)
        first, seconds = self._first_oracle
        return HullOracle(
            self._X, self.first.oracle(first), self.first.oracle(AscentOracle.name), seconds, self.inner, self.reach
        )


def _sides(heights: Matrix, lengths: Vector) -> NDArray[np.int8]:
    """(k, n) +1, 0 or -1: on which side of 0 each height is, 0 where it is a rounding off."""
    return np.where(np.abs(heights) <= HELD * lengths, 0.0, np.sign(heights)).astype(np.int8)
