"""The positively homogeneous function f(u) = nu^T (X u)_+ in its shortest form.

Rows on a common line through 0 (duplicates, multiples, antipodes) share one hyperplane, so that

    f(u) = linear . u + sum_g kappa_g (z_g . u)_+        z_g distinct unit vectors of the row space

with kappa and linear depending on nu alone: for x_i = t_i z_g, (x_i.u)_+ is t_i (z_g.u)_+ when t_i > 0 and
|t_i| (z_g.u)_+ + x_i.u when t_i < 0. Zero rows vanish. Coordinates are those of an orthonormal basis of the row space.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

#: Rows count as dependent below this singular value, relative to unit rows; what is cut off enters `error`.
RANK_TOLERANCE = 1e-11
#: Decimals of a unit row that must agree for two rows to share a hyperplane; what is cut off enters `error`.
DECIMALS = 14
EPS = 2.0**-53
#: Rows at a time of what would otherwise take memory for all of them.
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Hinges:
    """The hyperplanes of a data matrix X (n, d), shared by every nu.

    Attributes:
        basis: (d, r) orthonormal basis of the row space, r the rank of X.
        rows: (N, r) distinct unit normals z_g in that basis, no two parallel.
        group: (n,) hyperplane of each row of X, -1 for a zero row.
        lengths: (n,) t_i with x_i = t_i basis z_g.
        X: (n, d) the data.
        member: (n,) rows of X that are equal up to sign share a member, -1 for a zero row.
        error: (number of members,) |x - t basis z_g| for a row of each member: what the reduction lost of it.

    >>> hinges = Hinges.of(np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 0.0], [0.0, 3.0]]))
    >>> hinges.count, hinges.rank, hinges.group.tolist()
    (2, 2, [1, 1, -1, 0])
    """

    basis: Matrix
    rows: Matrix
    group: NDArray[np.intp]
    lengths: Vector
    X: Matrix
    member: NDArray[np.intp]
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
        n = len(X)
        largest = np.maximum(X.max(axis=1, initial=0.0), -X.min(axis=1, initial=0.0))
        used = np.flatnonzero(largest > 0)
        # Large arrays are written over where they can be: memory that is new costs more than arithmetic.
        own = X if len(used) == n else X[used]
        canonical = own / largest[used, None]
        rounded = np.round(canonical, DECIMALS)
        # The sign of a hyperplane's normal: its largest coordinate is positive (the first one among equals).
        leading = np.abs(rounded, out=rounded).argmax(axis=1)
        flip = np.where(canonical[np.arange(len(used)), leading] < 0, -1.0, 1.0)
        norms = np.linalg.norm(canonical, axis=1)
        canonical /= (flip * norms)[:, None]
        np.round(canonical, DECIMALS, out=rounded)
        rounded += 0.0
        first, inverse = _distinct_rows(rounded)
        normals = canonical[first]
        # The triangular factor has the same singular values and right singular vectors, and few rows.
        _, singular, right = np.linalg.svd(np.linalg.qr(normals, mode="r"), full_matrices=False)
        rank = int((singular > RANK_TOLERANCE * singular.max(initial=0.0)).sum())
        basis = right[:rank].T.copy()
        rows = normals @ basis
        rows /= np.linalg.norm(rows, axis=1)[:, None] if len(rows) else 1.0
        group, member, lengths = np.full(n, -1, dtype=np.intp), np.full(n, -1, dtype=np.intp), np.zeros(n)
        group[used] = inverse
        lengths[used] = flip * norms * largest[used]
        upright = np.multiply(own, flip[:, None], out=rounded)
        upright += 0.0
        sample, members = _distinct_rows(upright)
        member[used] = members
        # The product and the subtraction round too.
        error = (rank + 4) * EPS * np.abs(lengths[used][sample])
        for part in np.split(np.arange(len(sample)), range(CHUNK, len(sample), CHUNK)):
            row = sample[part]
            rebuilt = np.abs(lengths[used[row]])[:, None] * (rows[inverse[row]] @ basis.T)
            error[part] += np.linalg.norm(upright[row] - rebuilt, axis=1)
        return cls(np.ascontiguousarray(basis), np.ascontiguousarray(rows), group, lengths, X, member, error)

    def of_multiple(self, X: Matrix, factor: float) -> "Hinges":
        """The hyperplanes of X = factor times these data, to the bit, for a factor that is a power of two."""
        return replace(self, X=X, lengths=factor * self.lengths, error=factor * self.error)

    def reduce(self, nu: Vector) -> tuple[Vector, Vector]:
        """(kappa (N,), linear (r,)) of f(u) = nu^T (X u)_+ in the coordinates of the basis."""
        used = self.group >= 0
        kappa = _sums(np.abs(self.lengths) * nu.astype(np.longdouble), self.group, used, self.count)
        return kappa.astype(float), self._pull(nu) @ self.basis

    def _pull(self, nu: Vector) -> Vector:
        """The linear part in the coordinates of X, (d,): the sum of nu_i x_i over rows against their normal."""
        falling = np.flatnonzero(self.lengths < 0)
        weights, total = nu.astype(np.longdouble), np.zeros(self.X.shape[1], dtype=np.longdouble)
        for begin in range(0, len(falling), CHUNK):
            some = falling[begin : begin + CHUNK]
            total += (weights[some, None] * self.X[some]).sum(axis=0)
        return total.astype(float)

    def slack(self, nu: Vector) -> float:
        """A bound on |nu^T (X u)_+ - f(u)| over the unit ball: what `reduce` may have lost, its rounding included.

        Rows that are equal up to sign lose the same, so that only the sum of their nu counts.
        """
        used = self.group >= 0
        fine = float(np.finfo(np.longdouble).eps)
        together = np.abs(_sums(nu.astype(np.longdouble), self.member, used, len(self.error))).astype(float)
        kappa, linear = self.reduce(nu)
        pull = self._pull(nu)
        # What the falling rows pull across a truncated row space is there although kappa may cancel.
        across = float(np.linalg.norm(pull - self.basis @ linear))
        weight = float(np.abs(self.lengths) @ np.abs(nu))
        rounded = EPS * (float(np.abs(kappa).sum()) + (len(self.basis) + 4) * float(np.linalg.norm(pull)))
        return 1.01 * (float(together @ self.error) + across + (len(nu) + 8) * fine * weight + 4 * rounded)

    def patterns(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Signs of the hyperplanes (P, N) as activation patterns of the rows of X, (P, n); zero rows are active."""
        active = np.ones((len(bits), len(self.group)), dtype=bool)
        used = self.group >= 0
        active[:, used] = bits[:, self.group[used]] ^ (self.lengths[used] < 0)
        return active


def _distinct_rows(values: Matrix) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(index of the first of each distinct row of `values` (n, d), which of them every row is), in rising order."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    # Rows are compared whole only where the first coordinate leaves ties: mostly it does not.
    order = np.argsort(values[:, 0], kind="stable")
    leading = values[order, 0]
    if (leading[1:] == leading[:-1]).any():
        order = np.lexsort(values.T[::-1])
    ordered = values[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    labels = np.empty(len(values), dtype=np.intp)
    labels[order] = np.cumsum(new) - 1
    return order[new], labels


def _sums(
    weights: NDArray[np.longdouble], labels: NDArray[np.intp], used: NDArray[np.bool_], count: int
) -> NDArray[np.longdouble]:
    """Sum of the used weights per label, in extended precision: nu may cancel among rows that share a hyperplane."""
    total = np.zeros(count, dtype=np.longdouble)
    if used.any():
        order = np.argsort(labels[used], kind="stable")
        sorted_labels = labels[used][order]
        starts = np.flatnonzero(np.diff(sorted_labels, prepend=-1))
        total[sorted_labels[starts]] = np.add.reduceat(weights[used][order], starts)
    return total
