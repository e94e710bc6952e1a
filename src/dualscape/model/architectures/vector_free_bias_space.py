"""ReLU units with several outputs whose bias costs nothing: (w, b, v), |w| = |v| = 1, of the column (X w + b)_+ v^T."""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.base import Matrix, UnitSpace, Vector
from dualscape.model.architectures.centred_pieces import VectorCentredPieces
from dualscape.model.architectures.free_bias_space import FreeBiasSpace, Index
from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.oracles.vector.centres import VectorCentres
from dualscape.units import Units


class VectorFreeBiasSpace(FreeBiasSpace):
    """The units on the rows of X (n, p), in coordinates (w, b), with c outputs; prediction space has n c entries."""

    turning_outputs = True

    def __init__(self, X: Matrix, c: int, one: float = 1.0) -> None:
        """On features; `one` is the entry of every row that stands for the bias, a power of two."""
        UnitSpace.__init__(self)
        self.c = self.per_row = c
        self._take(VectorCentres(X, c, one))

    def plain(self, hinges: Hinges) -> VectorSpace:
        return VectorSpace(hinges.X, self.c, hinges)

    def pulls(self, nu: Vector, units: Units) -> tuple[Matrix, Matrix]:
        return self.whole.pulls(nu, units)

    def random(self, count: int, rng: np.random.Generator) -> Units:
        outputs = rng.standard_normal((count, self.c))
        w = rng.standard_normal((count, self.d - 1))
        w /= np.linalg.norm(w, axis=1)[:, None]
        outputs /= np.linalg.norm(outputs, axis=1)[:, None]
        return Units(self.centres.at(w, rng.integers(self.centres.n, size=count)), outputs)

    def centred(
        self, slopes: Matrix, active: NDArray[np.bool_], held: tuple[Index, ...], rows: Index
    ) -> VectorCentredPieces:
        centres = self.centres
        return VectorCentredPieces(centres.X, slopes, active, held, c=self.c, centres=rows, one=centres.one)

    def scaled(self, exponent: int) -> "VectorFreeBiasSpace":
        if exponent == 0:
            return self
        centres = self.centres
        return VectorFreeBiasSpace(np.ldexp(centres.X, exponent), self.c, float(np.ldexp(centres.one, exponent)))

    def rows(self, which: Index) -> "VectorFreeBiasSpace":
        return VectorFreeBiasSpace(self.centres.X[which], self.c, self.centres.one)
