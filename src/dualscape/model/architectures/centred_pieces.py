"""The linear pieces of units whose bias costs nothing: plain pieces on the rows as they are seen from each unit's kink.

Where x_a lies at the kink of u = (w, b) the bias is b = -x_a.w, so that the score is a function of w alone: that of a
unit without a bias on the rows x_i - x_a.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.pieces import Index, Matrix, Pieces, Stand, Vector
from dualscape.model.architectures.vector_pieces import VectorPieces


@dataclass(frozen=True, eq=False)
class CentredPieces(Pieces):
    """The pieces of k units (w, b), side by side.

    Attributes:
        X: (n, p) the features.
        slopes, active, held: as for plain pieces, of the heights X w + b; the row at the kink holds every unit, and is
            not among `held`.
        centres: (k,) the row at the kink of each unit.
        one: the entry of the data that stands for the bias, a power of two.
    """

    centres: Index = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    one: float = 1.0

    def take(self, which: Index) -> "CentredPieces":
        """Those of some units."""
        own = super().take(which)
        return replace(self, slopes=own.slopes, active=own.active, held=own.held, centres=self.centres[which])

    def replaced(self, which: Index, others: Pieces) -> "CentredPieces":
        """These, with other pieces for some units."""
        assert isinstance(others, CentredPieces)
        centres = self.centres.copy()
        centres[which] = others.centres
        own = super().replaced(which, others)
        return replace(self, slopes=own.slopes, active=own.active, held=own.held, centres=centres)

    def stand(self, nu: TwoFloat) -> Stand:
        """The maximiser of each piece's score at nu, with its bias."""
        k, p = len(self.slopes), self.X.shape[1]
        values, directions, columns = (TwoFloat.of(np.zeros(shape)) for shape in ((k,), (k, p + 1), (len(nu.hi), k)))
        outputs: list[Matrix | None] = [None] * k
        pulls = [np.zeros((p + 1, 1))] * k
        for centre, which in self._groups():
            own = self.around(centre, which).stand(nu)
            kinks = own.directions @ TwoFloat.of(self.X[centre][:, None])
            for whole, part in ((values, own.values), (columns.T, own.columns.T)):
                whole.hi[which], whole.lo[which] = part.hi, part.lo
            directions.hi[which] = np.hstack([own.directions.hi, -kinks.hi / self.one])
            directions.lo[which] = np.hstack([own.directions.lo, -kinks.lo / self.one])
            if own.outputs is not None and own.pulls is not None:
                for j, output, pull in zip(which.tolist(), own.outputs, own.pulls, strict=True):
                    outputs[j], pulls[j] = output, np.vstack([pull, np.zeros((1, pull.shape[1]))])
        if not outputs or outputs[0] is None:
            return Stand(values, directions, columns)
        return Stand(values, directions, columns, np.array(outputs), np.array(pulls))

    def turning(self, j: int) -> tuple[Matrix, Matrix]:
        """(d, q) orthonormal directions in which unit j may turn, its bias following, and (n, q) their columns."""
        free, jacobian = self.around(int(self.centres[j]), np.array([j])).turning(0)
        return np.vstack([free, np.zeros(free.shape[1])]), jacobian

    def turned(self, j: int, at: Stand, nu: Vector) -> tuple[Vector, Vector | None]:
        """How unit j moves for a change of nu, to first order: its kink stays at its row."""
        direction, output = super().turned(j, at, nu)
        kink = self.X[self.centres[j]] @ direction[:-1]
        return np.append(direction[:-1], -kink / self.one), output

    def left(self, directions: Matrix, tolerance: float) -> Index:
        """The units that are off their piece; see `Pieces.left`."""
        off = [which[self.around(a, which).left(directions[which, :-1], tolerance)] for a, which in self._groups()]
        return np.sort(np.concatenate([np.zeros(0, dtype=np.intp), *off]))

    def _groups(self) -> Iterable[tuple[int, Index]]:
        """Rows at kinks, with the units of each."""
        for centre in np.unique(self.centres).tolist():
            yield centre, np.flatnonzero(self.centres == centre)

    def around(self, centre: int, which: Index) -> Pieces:
        """Plain pieces of units with their kink at a row: the differences of rows with all their digits."""
        own, seen = super().take(which), TwoFloat.of(self.X) - TwoFloat.of(self.X[centre])
        return Pieces(seen.hi, own.slopes, own.active, own.held, low=seen.lo)


@dataclass(frozen=True, eq=False)
class VectorCentredPieces(CentredPieces, VectorPieces):
    """The same of units (w, b, v) with several outputs."""

    def around(self, centre: int, which: Index) -> VectorPieces:
        own = super().around(centre, which)
        return VectorPieces(own.X, own.slopes, own.active, own.held, low=own.low, c=self.c)
