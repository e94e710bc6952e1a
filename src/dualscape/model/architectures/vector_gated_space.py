"""Unit neurons of gated networks with several outputs on data: (u, v, i) with the column D_i X u v^T, n c entries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import blocks
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Faces, Matrix, Vector
from dualscape.model.architectures.gated_space import GatedSpace, Index
from dualscape.model.architectures.pieces import Pieces, Stand
from dualscape.model.architectures.products import Products
from dualscape.model.architectures.tables import tables
from dualscape.model.architectures.vector_pieces import VectorPieces
from dualscape.oracles.base import Estimate, Oracle
from dualscape.oracles.reach import Reach
from dualscape.oracles.vector.base import vector_reach
from dualscape.oracles.vector.gates import VectorGatesOracle, gate_tables
from dualscape.units import Units

#: Singular values of one gate that differ by less, relatively, are one: a unit then climbs to the nearest pair.
ALIKE = 1e-12
#: Of the matrix of a gate, singular values below this share of the greatest are rounding.
NOTHING = 1e-14


@dataclass(frozen=True, eq=False)
class WholeVectorPieces(VectorPieces):
    """Pieces without borders: whatever its direction, a gated unit has the same slopes.

    Attributes:
        gates: (k,) the gate of each unit, of so many.
    """

    gates: Index = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    count: int = 1

    def take(self, which: Index) -> "WholeVectorPieces":
        own = super().take(which)
        return replace(self, slopes=own.slopes, active=own.active, held=own.held, gates=self.gates[which])

    def replaced(self, which: Index, others: Pieces) -> "WholeVectorPieces":
        assert isinstance(others, WholeVectorPieces)
        gates, own = self.gates.copy(), super().replaced(which, others)
        gates[which] = others.gates
        return replace(self, slopes=own.slopes, active=own.active, held=own.held, gates=gates)

    def side(self, j: int, u: Vector) -> float:
        return -1.0 if Units(u[None], np.ones((1, 1))).inverted()[0] else 1.0

    def stand(self, nu: TwoFloat) -> Stand:
        found = super().stand(nu)
        assert found.outputs is not None
        units = Units.gated(found.directions.hi, found.outputs, self.gates, self.count)
        return replace(found, outputs=units.outputs)

    def output(self, j: int, at: Stand) -> Vector:
        assert at.outputs is not None
        return np.asarray(at.outputs[j].reshape(self.count, self.c)[self.gates[j]])

    def turned(self, j: int, at: Stand, nu: Vector) -> tuple[Vector, Vector | None]:
        direction, output = super().turned(j, at, nu)
        assert output is not None
        return direction, Units.gated(direction[None], output[None], self.gates[[j]], self.count).outputs[0]

    def left(self, directions: Matrix, tolerance: float) -> Index:
        return np.zeros(0, dtype=np.intp)


class VectorGatedSpace(GatedSpace):
    """The units of `GatedReLU` with several outputs on the rows of X (n, d).

    Prediction space has n c entries, row by row; `per_row` is c, and `c` counts the entries of units' outputs, which
    have a place for each gate.
    """

    kinds: Mapping[str, type[Oracle]] = MappingProxyType({"gates": VectorGatesOracle})
    turning_outputs = True

    def __init__(self, X: Matrix, gates: NDArray[np.bool_], outputs: int, which: Index | None = None) -> None:
        super().__init__(X, gates, which)
        self.per_row, self._count = outputs, gates.shape[1]
        self.n, self.c = len(X) * outputs, gates.shape[1] * outputs

    @cached_property
    def reach(self) -> Reach:
        return vector_reach(self._X, self.per_row)

    @property
    def size(self) -> int:
        return self._X.size * self.per_row

    @cached_property
    def seconds(self) -> float:
        return self.per_row * GatedSpace(self._X, self.gates, self.which).seconds

    # --- columns and scores ---------------------------------------------------------------------------------
    def _heights(self, part: slice, units: Units, gates: Index) -> tuple[Matrix, Matrix]:
        """(heights, slopes) of every unit, (rows of the part, k) each."""
        slopes = self.gates[part][:, gates].astype(float)
        return (self._X[part] @ units.directions.T) * slopes, slopes

    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        out, c = np.empty((self.n, len(units))) if out is None else out, self.per_row
        gates, outputs = units.opened(c)
        for part in blocks(len(self._X)):
            tables(self._heights(part, units, gates)[0], outputs, out=out[part.start * c : part.stop * c])
        return out

    def together(self, units: Units) -> Vector:
        total, (gates, outputs) = np.empty((len(self._X), self.per_row)), units.opened(self.per_row)
        for part in blocks(len(self._X)):
            total[part] = self._heights(part, units, gates)[0] @ outputs
        return total.ravel()

    def scores(self, nu: Vector, units: Units) -> Vector:
        return np.asarray((self.pulls(nu, units)[1] * units.opened(self.per_row)[1]).sum(axis=1))

    def pull(self, nu: Vector, units: Units) -> Matrix:
        return self.pulls(nu, units)[0]

    def pulls(self, nu: Vector, units: Units) -> tuple[Matrix, Matrix]:
        N, (gates, outputs) = nu.reshape(-1, self.per_row), units.opened(self.per_row)
        inner, outer = np.zeros((len(units), self.d)), np.zeros((len(units), self.per_row))
        for part in blocks(len(self._X)):
            heights, slopes = self._heights(part, units, gates)
            outer += heights.T @ N[part]
            inner += (slopes * (N[part] @ outputs.T)).T @ self._X[part]
        return inner, outer

    def random(self, count: int, rng: np.random.Generator) -> Units:
        directions, outputs = rng.standard_normal((count, self.d)), rng.standard_normal((count, self.per_row))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        outputs /= np.linalg.norm(outputs, axis=1)[:, None]
        gates = np.resize(rng.permutation(self.which), count)
        return Units.gated(directions, outputs, gates, self._count).turned_round()

    # --- local maximisers -----------------------------------------------------------------------------------
    def climb(self, nu: Vector, units: Units) -> Units:
        gates, outputs = units.opened(self.per_row)
        used, place = np.unique(gates, return_inverse=True)
        every = gate_tables(self._X, self.gates[:, used], nu.reshape(-1, self.per_row))
        left, singular, right = np.linalg.svd(every, full_matrices=False)
        directions, added = np.zeros_like(units.directions), outputs.copy()
        for j, at in enumerate(place.tolist()):
            # Where the greatest is multiple, the pair nearest to the unit.
            top = singular[at] >= (1 - ALIKE) * singular[at, 0]
            shares = left[at][:, top].T @ units.directions[j] + right[at][top] @ outputs[j]
            length = np.linalg.norm(shares)
            if singular[at, 0] > 0:
                shares = shares / length if length > 0 else np.eye(1, int(top.sum()))[0]
                directions[j], added[j] = left[at][:, top] @ shares, shares @ right[at][top]
        return Units.gated(directions, added, gates, self._count).turned_round()

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, Index, Callable[[Index], Faces | Products]]:
        climbed = self.climb(nu, units)
        gates = climbed.opened(self.per_row)[0]
        bases = [self._basis(gate) for gate in gates.tolist()]
        dimensions = np.array([basis.shape[1] for basis in bases], dtype=np.intp)

        def faces_of(which: Index) -> Products:
            owner = np.repeat(np.arange(len(which)), dimensions[which])
            basis = np.hstack([np.zeros((self.d, 0)), *(bases[j] for j in which)])
            jacobian = (self._X @ basis) * self.gates[:, gates[which]][:, owner]
            return Products(basis, jacobian, owner, self.per_row, gates=gates[which], count=self._count)

        return climbed, dimensions + self.per_row, faces_of

    def gathered(self, units: Units, masses: Vector) -> tuple[Units, Vector]:
        gates, outputs = units.opened(self.per_row)
        parts, found = [Units.none(self.d, self.c)], [np.zeros(0)]
        for gate in np.unique(gates).tolist():
            own = gates == gate
            matrix = (units.directions[own] * masses[own, None]).T @ outputs[own]
            left, singular, right = np.linalg.svd(matrix, full_matrices=False)
            alive = singular > NOTHING * singular[0]
            same = np.full(int(alive.sum()), gate)
            parts.append(Units.gated(left.T[alive], right[alive], same, self._count).turned_round())
            found.append(singular[alive])
        return Units.join(parts), np.concatenate(found)

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, Pieces]:
        climbed, gates = units if nu is None else self.climb(nu, units), units.opened(self.per_row)[0]
        slopes = self.gates[:, gates].T.astype(float)
        held = tuple(np.zeros(0, dtype=np.intp) for _ in range(len(units)))
        pieces = WholeVectorPieces(self._X, slopes, slopes != 0, held, c=self.per_row, gates=gates, count=self._count)
        return climbed, pieces

    # --- other data, oracles ----------------------------------------------------------------------------------
    def scaled(self, exponent: int) -> "VectorGatedSpace":
        if exponent == 0:
            return self
        return VectorGatedSpace(np.ldexp(self._X, exponent), self.gates, self.per_row, self.which)

    def rows(self, which: Index) -> "VectorGatedSpace":
        return VectorGatedSpace(self._X[which], self.gates[which], self.per_row)

    def estimate(self, name: str) -> Estimate:
        # Beside the products a decomposition for every gate.
        one = super().estimate(name)
        return Estimate(one.looked_at, one.seconds + 1e-5 * len(self.which), one.counts)

    def make_oracle(self, name: str) -> Oracle:
        return VectorGatesOracle(self._X, self.gates, self.which, self.per_row)
