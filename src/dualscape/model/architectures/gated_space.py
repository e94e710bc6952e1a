"""Unit neurons of gated ReLU networks on data: (v, i) with the column D_i X v, D_i the rows on which gate i is open."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import blocks
from dualscape.model.architectures.base import Faces, Matrix, Pieces, UnitSpace, Vector
from dualscape.model.architectures.products import Products
from dualscape.oracles.base import Estimate, Oracle
from dualscape.oracles.gates import GatesOracle, gate_pulls
from dualscape.oracles.reach import Reach
from dualscape.units import Units

Index = NDArray[np.intp]
#: Singular values of the open rows count as zero below this share of the greatest.
RANK_TOLERANCE = 1e-11


@dataclass(frozen=True, eq=False)
class WholePieces(Pieces):
    """Pieces without borders: whatever its direction, a gated unit has the same slopes."""

    def left(self, directions: Matrix, tolerance: float) -> Index:
        return np.zeros(0, dtype=np.intp)


class GatedSpace(UnitSpace):
    """The units of `GatedReLU` on the rows of X (n, d).

    Gates that are open on the same rows compute the same there: one of them, the first, has units.

    Attributes:
        gates: (n, G) whether each gate is open on each row.
        which: the gates that have units.
    """

    kinds: Mapping[str, type[Oracle]] = MappingProxyType({"gates": GatesOracle})
    borderless: bool = True

    def __init__(self, X: Matrix, gates: NDArray[np.bool_], which: Index | None = None) -> None:
        super().__init__()
        self._X, self.gates = X, gates
        (self.n, self.d), self.c = X.shape, gates.shape[1]
        self.which = _first_of_each(gates[X.any(axis=1)]) if which is None else which

    @cached_property
    def reach(self) -> Reach:
        """What rows can be worth: their lengths, of either sign."""
        return Reach(Reach.of(self._X).lengths, self.d, below=1.0)

    @property
    def size(self) -> int:
        return self._X.size

    @cached_property
    def seconds(self) -> float:
        begun = time.monotonic()
        gate_pulls(self._X, self.gates[:, :1], np.ones(self.n))
        return time.monotonic() - begun

    # --- columns and scores ---------------------------------------------------------------------------------
    def _slopes(self, part: slice, units: Units) -> Matrix:
        """(rows of the part, k) what every unit multiplies its height by."""
        return np.asarray(self.gates[part][:, units.gates] * units.signs)

    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        out = np.empty((self.n, len(units))) if out is None else out
        for part in blocks(self.n):
            np.multiply(self._X[part] @ units.directions.T, self._slopes(part, units), out=out[part])
        return out

    def together(self, units: Units) -> Vector:
        total = np.empty(self.n)
        for part in blocks(self.n):
            heights = self._X[part] @ units.directions.T
            total[part] = np.einsum("ij,ij->i", heights, self._slopes(part, units))
        return total

    def scores(self, nu: Vector, units: Units) -> Vector:
        return np.asarray((self.pull(nu, units) * units.directions).sum(axis=1))

    def pull(self, nu: Vector, units: Units) -> Matrix:
        used, place = np.unique(units.gates, return_inverse=True)
        return np.asarray(gate_pulls(self._X, self.gates[:, used], nu)[place] * units.signs[:, None])

    def random(self, count: int, rng: np.random.Generator) -> Units:
        directions = rng.standard_normal((count, self.d))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        return Units.signed(directions, np.ones(count), np.resize(rng.permutation(self.which), count), self.c)

    # --- local maximisers -----------------------------------------------------------------------------------
    def climb(self, nu: Vector, units: Units) -> Units:
        pulls = self.pull(nu, units)
        lengths = np.linalg.norm(pulls, axis=1)[:, None]
        return units.turned(np.divide(pulls, lengths, out=np.zeros_like(pulls), where=lengths > 0))

    @cached_property
    def _bases(self) -> dict[int, Matrix]:
        return {}

    def _basis(self, gate: int) -> Matrix:
        """(d, r) orthonormal basis of the span of the rows on which the gate is open."""
        if gate not in self._bases:
            _, singular, right = np.linalg.svd(self._X[self.gates[:, gate]], full_matrices=False)
            rank = int((singular > RANK_TOLERANCE * singular.max(initial=0.0)).sum())
            self._bases[gate] = right[:rank].T
        return self._bases[gate]

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, Index, Callable[[Index], Faces | Products]]:
        climbed = self.climb(nu, units)
        bases = [self._basis(gate) for gate in climbed.gates.tolist()]
        dimensions = np.array([basis.shape[1] for basis in bases], dtype=np.intp)

        def faces_of(which: Index) -> Faces:
            owner = np.repeat(np.arange(len(which)), dimensions[which])
            basis = np.hstack([np.zeros((self.d, 0)), *(bases[j] for j in which)])
            jacobian = self._X @ basis
            jacobian *= self._slopes(slice(None), climbed.take(which))[:, owner]
            return Faces(basis, jacobian, owner)

        return climbed, dimensions, faces_of

    def gathered(self, units: Units, masses: Vector) -> tuple[Units, Vector]:
        used, place = np.unique(units.gates, return_inverse=True)
        vectors = np.zeros((len(used), self.d))
        np.add.at(vectors, place, (units.signs * masses)[:, None] * units.directions)
        lengths = np.linalg.norm(vectors, axis=1)
        alive = lengths > 0
        directions = vectors[alive] / lengths[alive, None]
        return Units.signed(directions, np.ones(len(directions)), used[alive], self.c), lengths[alive]

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, Pieces]:
        climbed = units if nu is None else self.climb(nu, units)
        held = tuple(np.zeros(0, dtype=np.intp) for _ in range(len(units)))
        slopes = self._slopes(slice(None), units).T.copy()
        return climbed, WholePieces(self._X, slopes, slopes != 0, held)

    # --- other data, oracles ----------------------------------------------------------------------------------
    def scaled(self, exponent: int) -> "GatedSpace":
        if exponent == 0:
            return self
        return GatedSpace(np.ldexp(self._X, exponent), self.gates, self.which)

    def rows(self, which: Index) -> "GatedSpace":
        return GatedSpace(self._X[which], self.gates[which])

    def estimate(self, name: str) -> Estimate:
        # A multiplication and an addition for every entry and gate, some 1e9 of them a second.
        return Estimate(len(self.which), 1e-9 * self.size * len(self.which), self.kinds[name].counts)

    def make_oracle(self, name: str) -> Oracle:
        return GatesOracle(self._X, self.gates, self.which)


def _first_of_each(gates: NDArray[np.bool_]) -> Index:
    """The first gate (n, G) of each that are open on the same rows."""
    packed = np.packbits(gates, axis=0).T
    if packed.shape[1] == 0:
        return np.zeros(1, dtype=np.intp)
    return np.sort(np.unique(packed, axis=0, return_index=True)[1])
