"""Unit neurons with several outputs on data: (u, v) with the column sigma(X u) v^T, n c entries."""

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.leaky import leaky, slopes
from dualscape.geometry.tall import blocks
from dualscape.model.architectures.base import Faces, Matrix, UnitSpace, Vector
from dualscape.model.architectures.products import Products
from dualscape.model.architectures.tables import tables
from dualscape.model.architectures.vector_pieces import VectorPieces
from dualscape.oracles.base import Estimate, Oracle
from dualscape.oracles.reach import Reach
from dualscape.oracles.vector.base import VectorOracle, vector_reach
from dualscape.oracles.vector.bisection import VectorBisection
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.oracles.vector.ranked import vector_scores
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.oracles.vector.relaxation import VectorRelaxation
from dualscape.oracles.vector.search import VectorSearch
from dualscape.units import Units

Index = NDArray[np.intp]


class VectorSpace(UnitSpace):
    """The units of `VectorReLU` on the rows of X (n, d); `slope` is a, that of the activation below 0. Prediction space
    has n c entries, row by row."""

    kinds: Mapping[str, type[VectorOracle]] = MappingProxyType(
        {
            "faces": FacesOracle,
            "bisection": VectorBisection,
            "relaxation": VectorRelaxation,
            "ascent": VectorSearch,
        }
    )
    turning_outputs = True

    def __init__(self, X: Matrix, c: int, hinges: Hinges | None = None, slope: float = 0.0) -> None:
        """On data for c outputs, with the hyperplanes of its rows where they are known already."""
        super().__init__()
        self._X, self.c, self.per_row, self.slope = X, c, c, slope
        self.d = X.shape[1]
        self.n = len(X) * c
        if hinges is not None:
            self.hinges = hinges

    @cached_property
    def hinges(self) -> Hinges:
        """The hyperplanes of the rows, found when they are first needed."""
        return Hinges.of(self._X, self.slope)

    @cached_property
    def reach(self) -> Reach:
        """What rows can be worth, each in every output."""
        return vector_reach(self._X, self.c, self.slope)

    @property
    def size(self) -> int:
        return self._X.size * self.c

    @property
    def seconds(self) -> float:
        return self.hinges.seconds

    # --- columns and scores ---------------------------------------------------------------------------------
    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        out = np.empty((self.n, len(units))) if out is None else out
        for part in blocks(len(self._X)):
            heights = self._X[part] @ units.directions.T
            out[part.start * self.c : part.stop * self.c] = tables(leaky(heights, self.slope), units.outputs)
        return out

    def together(self, units: Units) -> Vector:
        total = np.empty((len(self._X), self.c))
        for part in blocks(len(self._X)):
            heights = self._X[part] @ units.directions.T
            total[part] = leaky(heights, self.slope) @ units.outputs
        return total.ravel()

    def scores(self, nu: Vector, units: Units) -> Vector:
        return vector_scores(self._X, nu, units, self.slope)

    def pull(self, nu: Vector, units: Units) -> Matrix:
        return self.pulls(nu, units)[0]

    def pulls(self, nu: Vector, units: Units) -> tuple[Matrix, Matrix]:
        """The gradients of each unit's score in its direction, (k, d), and in its output, (k, c)."""
        N = nu.reshape(-1, self.c)
        inner, outer = np.zeros((len(units), self.d)), np.zeros((len(units), self.c))
        for part in blocks(len(self._X)):
            heights = self._X[part] @ units.directions.T
            bends = slopes(heights > 0, self.slope)
            outer += (bends * heights).T @ N[part]
            inner += (bends * (N[part] @ units.outputs.T)).T @ self._X[part]
        return inner, outer

    def random(self, count: int, rng: np.random.Generator) -> Units:
        directions, outputs = rng.standard_normal((count, self.d)), rng.standard_normal((count, self.c))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        return Units(directions, outputs / np.linalg.norm(outputs, axis=1)[:, None])

    # --- local maximisers -----------------------------------------------------------------------------------
    def _reduced(self, nu: Vector) -> ReducedVector:
        return ReducedVector.of(self.hinges, nu.reshape(-1, self.c))

    def climb(self, nu: Vector, units: Units) -> Units:
        return climb_jointly(self._reduced(nu), units)[0]

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, Index, Callable[[Index], Faces | Products]]:
        hinges = self.hinges
        climbed, bits, holding = climb_jointly(self._reduced(nu), units, expired=expired)
        dimensions = hinges.rank - np.array([len(held) for held in holding], dtype=np.intp) + self.c

        def faces_of(which: Index) -> Products:
            parts, jacobians = [np.zeros((self.d, 0))], [np.zeros((len(self._X), 0))]
            patterns = hinges.patterns(bits[which])
            for place, j in enumerate(which.tolist()):
                free = np.linalg.qr(hinges.rows[holding[j]].T, mode="complete")[0][:, len(holding[j]) :]
                bends = slopes(patterns[place], self.slope)
                bends[np.isin(hinges.group, holding[j])] = 0.0
                parts.append(hinges.basis @ free)
                jacobians.append((self._X @ parts[-1]) * bends[:, None])
            sizes = dimensions[which] - self.c
            return Products(np.hstack(parts), np.hstack(jacobians), np.repeat(np.arange(len(which)), sizes), self.c)

        return climbed, dimensions, faces_of

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, VectorPieces]:
        hinges = self.hinges
        if nu is None:
            climbed, bits = units, (units.directions @ hinges.basis) @ hinges.rows.T > 0
            holding = [np.zeros(0, dtype=np.intp)] * len(units)
        else:
            climbed, bits, holding = climb_jointly(self._reduced(nu), units)
        active = hinges.patterns(bits)
        factors = slopes(active, self.slope)
        # One row for each hyperplane, whichever comes first.
        planes, first = np.unique(hinges.group, return_index=True)
        row_of = np.zeros(hinges.count, dtype=np.intp)
        row_of[planes[planes >= 0]] = first[planes >= 0]
        for j, held in enumerate(holding):
            on = np.isin(hinges.group, held)
            active[j, on], factors[j, on] = False, 0.0
        held_rows = tuple(row_of[held] for held in holding)
        return climbed, VectorPieces(self._X, factors, active, held_rows, c=self.c)

    # --- other data, oracles ----------------------------------------------------------------------------------
    def scaled(self, exponent: int) -> "VectorSpace":
        if exponent == 0:
            return self
        X = np.ldexp(self._X, exponent)
        X.setflags(write=False)
        return VectorSpace(X, self.c, self.hinges.of_multiple(X, 2.0**exponent), self.slope)

    def rows(self, which: Index) -> "VectorSpace":
        return VectorSpace(self._X[which], self.c, slope=self.slope)

    def estimate(self, name: str) -> Estimate:
        return self.kinds[name].estimate(self.hinges)

    def make_oracle(self, name: str) -> Oracle:
        return self.kinds[name](self.hinges, self.c)
