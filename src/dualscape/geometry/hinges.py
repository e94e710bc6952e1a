"""The positively homogeneous function f(u) = nu^T (X u)_+ in its shortest form.

Rows on a common line through 0 (duplicates, multiples, antipodes) share one hyperplane, so that

    f(u) = linear . u + sum_g kappa_g (z_g . u)_+        z_g distinct unit vectors of the row space

with kappa and linear depending on nu alone: for x_i = t_i z_g, (x_i.u)_+ is t_i (z_g.u)_+ when t_i > 0 and
|t_i| (z_g.u)_+ + x_i.u when t_i < 0. Zero rows vanish. Coordinates are those of an orthonormal basis of the row space.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

#: Rows count as dependent below this singular value, relative to unit rows; what is cut off enters `error`.
RANK_TOLERANCE = 1e-11
#: Decimals of a unit row that must agree for two rows to share a hyperplane; what is cut off enters `error`.
DECIMALS = 14


@dataclass(frozen=True, eq=False)
class Hinges:
    """The hyperplanes of a data matrix X (n, d), shared by every nu.

    Attributes:
        basis: (d, r) orthonormal basis of the row space, r the rank of X.
        rows: (N, r) distinct unit normals z_g in that basis, no two parallel.
        group: (n,) hyperplane of each row of X, -1 for a zero row.
        lengths: (n,) t_i with x_i = t_i basis z_g.
        error: (n,) |x_i - t_i basis z_g|: what the reduction lost of each row.

    >>> hinges = Hinges.of(np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 0.0], [0.0, 3.0]]))
    >>> hinges.count, hinges.rank, hinges.group.tolist()
    (2, 2, [1, 1, -1, 0])
    """

    basis: Matrix
    rows: Matrix
    group: NDArray[np.intp]
    lengths: Vector
    error: Vector

    @property
    def count(self) -> int:
        """N, the number of distinct hyperplanes."""
        return len(self.rows)

    @property
    def rank(self) -> int:
        """r, the rank of X."""
        return self.basis.shape[1]

    @classmethod
    def of(cls, X: Matrix) -> "Hinges":
        """The hyperplanes of the rows of X (n, d)."""
        n, d = X.shape
        largest = np.abs(X).max(axis=1, initial=0.0)
        nonzero = largest > 0
        scaled = X[nonzero] / largest[nonzero, None]
        norms = np.linalg.norm(scaled, axis=1)
        unit = scaled / norms[:, None]
        # The sign of a hyperplane's normal: its largest coordinate is positive (the first one among equals).
        leading = unit[np.arange(len(unit)), np.abs(np.round(unit, DECIMALS)).argmax(axis=1)] if len(unit) else norms
        flip = np.where(leading < 0, -1.0, 1.0)
        canonical = unit * flip[:, None]
        _, first, inverse = np.unique(
            np.round(canonical, DECIMALS) + 0.0, axis=0, return_index=True, return_inverse=True
        )
        normals = canonical[first]
        _, singular, right = np.linalg.svd(normals, full_matrices=False)
        rank = int((singular > RANK_TOLERANCE * singular.max(initial=0.0)).sum())
        basis = right[:rank].T.copy()
        rows = normals @ basis
        rows /= np.linalg.norm(rows, axis=1)[:, None] if len(rows) else 1.0
        group = np.full(n, -1, dtype=np.intp)
        group[nonzero] = inverse.reshape(-1)
        lengths = np.zeros(n)
        lengths[nonzero] = flip * norms * largest[nonzero]
        rebuilt = np.zeros((n, d))
        rebuilt[nonzero] = lengths[nonzero, None] * (rows @ basis.T)[group[nonzero]]
        # The subtraction rounds too: half a unit in the last place of every coordinate.
        error = np.linalg.norm(X - rebuilt, axis=1) + 2.0**-53 * np.abs(lengths)
        return cls(np.ascontiguousarray(basis), np.ascontiguousarray(rows), group, lengths, error)

    def reduce(self, nu: Vector) -> tuple[Vector, Vector]:
        """(kappa (N,), linear (r,)) of f(u) = nu^T (X u)_+ in the coordinates of the basis."""
        used = self.group >= 0
        weight = np.abs(self.lengths) * nu
        kappa = np.bincount(self.group[used], weight[used], minlength=self.count)
        negative = used & (self.lengths < 0)
        pull = np.bincount(self.group[negative], weight[negative], minlength=self.count)
        return kappa, -(pull @ self.rows)

    def slack(self, nu: Vector) -> float:
        """A bound on |nu^T (X u)_+ - f(u)| over the unit ball: what `reduce` may have lost, its rounding included."""
        eps = 2.0**-53
        weight = np.abs(self.lengths) @ np.abs(nu)
        return float(np.abs(nu) @ self.error + (len(nu) + 8) * eps * weight)

    def patterns(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Signs of the hyperplanes (P, N) as activation patterns of the rows of X, (P, n); zero rows count as active."""
        active = np.ones((len(bits), len(self.group)), dtype=bool)
        used = self.group >= 0
        active[:, used] = bits[:, self.group[used]] ^ (self.lengths[used] < 0)
        return active
