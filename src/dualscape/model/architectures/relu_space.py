"""Unit neurons of two-layer (leaky) ReLU networks on data: (ubar, s) with the column s max(X ubar, a X ubar)."""

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.leaky import leaky, slopes
from dualscape.geometry.tall import blocks, rectified_sum
from dualscape.model.architectures.base import Faces, Matrix, Pieces, UnitSpace, Vector
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.base import Estimate, HingeOracle
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.climbing import climb_from
from dualscape.oracles.ranked import scores
from dualscape.oracles.reach import Reach
from dualscape.oracles.relaxation.oracle import RelaxationOracle
from dualscape.units import Units

#: Planes in which units that span all columns are looked for, and entries of their columns, at most.
PLANES, LARGEST = 5, 20_000_000


class ReLUSpace(UnitSpace):
    """The units of `TwoLayerReLU` on the rows of X (n, d); `slope` is a, that of the activation below 0."""

    kinds: Mapping[str, type[HingeOracle]] = MappingProxyType(
        {"cells": CellsOracle, "bisection": BisectionOracle, "relaxation": RelaxationOracle, "ascent": AscentOracle}
    )

    def __init__(self, X: Matrix, hinges: Hinges | None = None, slope: float = 0.0) -> None:
        """On data, with the hyperplanes of its rows where they are known already."""
        super().__init__()
        self._X, self.slope = X, slope
        self.n, self.d = X.shape
        if hinges is not None:
            self.hinges = hinges

    @cached_property
    def hinges(self) -> Hinges:
        """The hyperplanes of the rows, found when they are first needed."""
        return Hinges.of(self._X, self.slope)

    @cached_property
    def reach(self) -> Reach:
        """What rows can be worth: their lengths."""
        return Reach.of(self._X, self.slope)

    @property
    def size(self) -> int:
        return self._X.size

    @property
    def seconds(self) -> float:
        return self.hinges.seconds

    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        out = np.empty((self.n, len(units))) if out is None else out
        for part in blocks(self.n):
            heights = self._X[part] @ units.directions.T
            np.multiply(leaky(heights, self.slope), units.signs, out=out[part])
        return out

    def together(self, units: Units) -> Vector:
        return rectified_sum(self._X, units.directions, units.signs, self.slope)

    def scores(self, nu: Vector, units: Units) -> Vector:
        return scores(self._X, nu, units, self.slope)

    def pull(self, nu: Vector, units: Units) -> Matrix:
        total = np.zeros((len(units), self.d))
        for part in blocks(self.n):
            active = np.asarray(self._X[part] @ units.directions.T)
            np.greater(active, 0.0, out=active)
            if self.slope:
                active[active == 0.0] = self.slope
            active *= nu[part, None]
            total += active.T @ self._X[part]
        total *= units.outputs
        return total

    def random(self, count: int, rng: np.random.Generator) -> Units:
        directions = rng.standard_normal((count, self.d))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        return Units.signed(directions, np.where(np.arange(count) % 2, 1.0, -1.0))

    def spanning(self, rng: np.random.Generator) -> Units:
        """Units on the hyperplanes of the rows and across them, within a few random planes of directions.

        A column is linear between two neighbouring hyperplanes, so that in a plane those on them span all others; and
        in a random plane rows are parallel or opposite only where they are so anyway: one plane is enough.
        """
        if self.d == 1:
            return Units.signed(np.array([[1.0], [-1.0]]), np.ones(2))
        found = []
        for _ in range(max(1, min(PLANES, LARGEST // (4 * self.n * self.n)))):
            plane = np.linalg.qr(rng.standard_normal((self.d, 2)))[0]
            inside = self._X @ plane
            inside = inside[inside.any(axis=1)]
            across = np.column_stack([-inside[:, 1], inside[:, 0]]) @ plane.T
            along = inside @ plane.T  # alone, the two units on a single hyperplane span nothing
            found += [across, -across, along, -along]
        directions = np.vstack(found)
        return Units.signed(directions, np.ones(len(directions))).normalised()

    def climb(self, nu: Vector, units: Units) -> Units:
        return climb_from(self.hinges, nu, units)[0]

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, NDArray[np.intp], Callable[[NDArray[np.intp]], Faces]]:
        hinges, X = self.hinges, self._X
        climbed, bits, holding = climb_from(hinges, nu, units, expired=expired)
        dimensions = hinges.rank - np.array([len(held) for held in holding], dtype=np.intp)

        def faces_of(which: NDArray[np.intp]) -> Faces:
            sizes = dimensions[which]
            owner = np.repeat(np.arange(len(which)), sizes)
            starts = np.cumsum(sizes) - sizes
            basis = np.empty((X.shape[1], len(owner)))
            on = np.zeros((len(which), bits.shape[1]), dtype=bool)
            for size in np.unique(sizes):
                # Directions that keep u on the hyperplanes that hold it: the complement of their normals in the row
                # space.
                alike = np.flatnonzero(sizes == size)
                held = np.array([holding[j] for j in which[alike]], dtype=np.intp)
                on[alike[:, None], held] = True
                free = np.linalg.qr(hinges.rows[held].transpose(0, 2, 1), mode="complete")[0][:, :, held.shape[1] :]
                basis[:, starts[alike][:, None] + np.arange(size)] = np.moveaxis(hinges.basis @ free, 0, 1)
            factors = slopes(hinges.patterns(bits[which]), self.slope) * units.outputs[which]
            factors[on[:, hinges.group] & (hinges.group >= 0)] = 0.0
            jacobian = X @ basis
            jacobian *= factors.T[:, owner]
            return Faces(basis, jacobian, owner)

        return climbed, dimensions, faces_of

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, Pieces]:
        hinges = self.hinges
        if nu is None:
            climbed, bits = units, (units.directions @ hinges.basis) @ hinges.rows.T > 0
            holding = [np.zeros(0, dtype=np.int64)] * len(units)
        else:
            climbed, bits, holding = climb_from(hinges, nu, units)
        active = hinges.patterns(bits)
        factors = slopes(active, self.slope) * units.outputs
        # One row for each hyperplane, whichever comes first.
        planes, first = np.unique(hinges.group, return_index=True)
        row_of = np.zeros(hinges.count, dtype=np.intp)
        row_of[planes[planes >= 0]] = first[planes >= 0]
        for j, held in enumerate(holding):
            on = np.isin(hinges.group, held)
            active[j, on], factors[j, on] = False, 0.0
        return climbed, Pieces(self._X, factors, active, tuple(row_of[held] for held in holding))

    def scaled(self, exponent: int) -> "ReLUSpace":
        if exponent == 0:
            return self
        X = np.ldexp(self._X, exponent)
        X.setflags(write=False)
        return ReLUSpace(X, self.hinges.of_multiple(X, 2.0**exponent), self.slope)

    def rows(self, which: NDArray[np.intp]) -> "ReLUSpace":
        return ReLUSpace(self._X[which], slope=self.slope)

    def estimate(self, name: str) -> Estimate:
        return self.kinds[name].estimate(self.hinges)

    def make_oracle(self, name: str) -> HingeOracle:
        return self.kinds[name](self.hinges)
