"""G(u) = N^T (X u)_+ in its shortest form: linear^T u + sum_g kappa_g (z_g . u)_+, with an entry for each output."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.spectral import spectral_bound
from dualscape.running.interruption import interrupted
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReducedVector:
    """What a dual variable N (n, c) makes of the hyperplanes of the data.

    Attributes:
        hinges: the hyperplanes z_g, N of them in r dimensions.
        kappa: (N, c) by how much the slope of each output changes across them.
        linear: (r, c) the linear part.
        slack: a bound on |N^T (X u)_+ - G(u)| over the unit ball, rounding included.

    >>> G = ReducedVector.of(Hinges.of(np.eye(2)), np.array([[3.0, 0.0], [0.0, 4.0]]))
    >>> np.linalg.norm(G.values(np.eye(2) @ G.hinges.basis), axis=1).round(12).tolist()
    [3.0, 4.0]
    """

    hinges: Hinges
    kappa: Matrix
    linear: Matrix
    slack: float

    @classmethod
    def of(cls, hinges: Hinges, N: Matrix) -> "ReducedVector":
        """That of N (n, c)."""
        parts = [hinges.enclose(np.ascontiguousarray(column)) for column in N.T]
        kappa = np.ascontiguousarray(np.column_stack([part[0] for part in parts]).reshape(hinges.count, N.shape[1]))
        linear = np.ascontiguousarray(np.column_stack([part[1] for part in parts]).reshape(hinges.rank, N.shape[1]))
        return cls(hinges, kappa, linear, float(np.linalg.norm([part[2] for part in parts])) * (1 + 1e-15))

    @property
    def size(self) -> float:
        """sum_g |kappa_g| + |linear|: no value on the unit sphere is greater."""
        return float(np.linalg.norm(self.kappa, axis=1).sum() + np.linalg.norm(self.linear))

    def ceiling(self, expired: Callable[[], bool] = interrupted) -> float:
        """A proven bound on |G| over the unit ball for any size, rounding included (THEORY section 4.4).

        G(u) = Q^T u + 1/2 sum_g kappa_g |z_g . u|: |G(u)| is at most the greatest singular value of Q and half of
        sum_g |kappa_g| |z_g . u|, which parabolas bound.

        >>> G = ReducedVector.of(Hinges.of(np.eye(2)), np.array([[3.0, 0.0], [0.0, 4.0]]))  # |G| is 4 at most
        >>> bool(4.0 <= G.ceiling() < 5.0)
        True
        """
        rows, lengths = self.hinges.rows, np.linalg.norm(self.kappa, axis=1) * (1 + 8 * self.kappa.shape[1] * EPS)
        Q = self.linear + 0.5 * rows.T @ self.kappa
        across = float(np.linalg.norm(Q, 2)) + 4 * (len(rows) + 8 * len(Q) + 8) * EPS * self.size
        bend = spectral_bound(rows, 2 * lengths, -(lengths @ rows), expired)
        # The linear part is off by a rounding of each row.
        return (across + 0.5 * bend + (len(rows) + 8) * EPS * float(lengths.sum()) + self.slack) * (1 + 8 * EPS)

    def values(self, places: Matrix) -> Matrix:
        """G at k places (k, r) in the coordinates of the hyperplanes, (k, c)."""
        heights = places @ self.hinges.rows.T
        return np.asarray(np.maximum(heights, 0.0, out=heights) @ self.kappa + places @ self.linear)

    def pulls(self, on: NDArray[np.bool_]) -> Matrix:
        """(P, r, c) the linear maps B with G(u) = B^T u where the hyperplanes have these sides (P, N)."""
        r, c = self.linear.shape
        products = (self.hinges.rows[:, :, None] * self.kappa[:, None, :]).reshape(len(self.kappa), r * c)
        return np.asarray((on.astype(float) @ products).reshape(-1, r, c) + self.linear)
