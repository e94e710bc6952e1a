"""The positively homogeneous function f(u) = nu^T max(X u, a X u), a <= 1, in its shortest form; a = 0 is nu^T (X u)_+.

Rows on a common line through 0 (duplicates, multiples, antipodes) share one hyperplane, so that

    f(u) = linear . u + sum_g kappa_g (z_g . u)_+        z_g distinct unit vectors of the row space

with kappa and linear depending on nu alone: for x_i = t_i z_g, row i gives (1 - a) |t_i| (z_g.u)_+ and a x_i.u when
t_i > 0, x_i.u when t_i < 0. Zero rows vanish. Coordinates are those of an orthonormal basis of the row space.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry import tall
from dualscape.geometry.tall import blocks, row_lengths, triangular_factor
from dualscape.tolerances import EPS

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
        X: (n, d) the data.
        member: (n,) rows of X that are equal up to sign share a member, -1 for a zero row.
        error: (number of members,) |x - t basis z_g| for a row of each member: what the reduction lost of it.
        seconds: what it took to find them, which tells how long other passes over such data take here and now.
        slope: a, that of the activation below 0; |a| <= 1, so that no entry is longer than its row.

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
    seconds: float = 0.0
    slope: float = 0.0

    @property
    def count(self) -> int:
        """N, the number of distinct hyperplanes."""
        return len(self.rows)

    @property
    def rank(self) -> int:
        """r, the rank of X."""
        return self.basis.shape[1]

    @classmethod
    def of(cls, X: Matrix, slope: float = 0.0) -> "Hinges":
        """The hyperplanes of the rows of X (n, d), for an activation of that slope below 0."""
        begun, n = time.monotonic(), len(X)
        used = np.flatnonzero(X.any(axis=1))
        own = X if len(used) == n else X[used]
        canonical, lengths = _canonical(own)
        first, inverse = _distinct_rows(canonical, DECIMALS)
        # The triangular factor has the same singular values and right singular vectors, and few rows.
        _, singular, right = np.linalg.svd(_factor_of(canonical, first), full_matrices=False)
        rank = int((singular > RANK_TOLERANCE * singular.max(initial=0.0)).sum())
        basis = right[:rank].T.copy()
        rows = np.empty((len(first), rank))
        for part in blocks(len(first)):
            inside = canonical[first[part]] @ basis
            np.divide(inside, row_lengths(inside)[:, None], out=rows[part])
        del canonical  # large arrays are given back as soon as they can be
        # Rows that are equal up to sign share a hyperplane.
        sample, members = (first, inverse) if len(first) == len(used) else _distinct_rows(_upright(own, lengths))
        # The product and the subtraction round too.
        error = (rank + 4) * EPS * np.abs(lengths[sample])
        for part in blocks(len(sample)):
            row = sample[part]
            lost = rows[inverse[row]] @ basis.T
            lost *= lengths[row, None]
            lost -= own[row]
            error[part] += np.linalg.norm(lost, axis=1)
        if len(used) < n:
            inverse, members, lengths = (_spread(values, used, n) for values in (inverse, members, lengths))
        seconds = time.monotonic() - begun
        return cls(np.ascontiguousarray(basis), rows, inverse, lengths, X, members, error, seconds, slope)

    def of_multiple(self, X: Matrix, factor: float) -> "Hinges":
        """The hyperplanes of X = factor times these data, to the bit, for a factor that is a power of two."""
        return replace(self, X=X, lengths=factor * self.lengths, error=factor * self.error)

    def reduce(self, nu: Vector) -> tuple[Vector, Vector]:
        """(kappa (N,), linear (r,)) of f in the coordinates of the basis."""
        return self._kappa(nu), self._pull(nu) @ self.basis

    def _kappa(self, nu: Vector) -> Vector:
        weights = nu.astype(np.longdouble)
        weights *= np.abs(self.lengths)
        if self.slope:
            weights *= self._bend
        return _sums(weights, self.group, self.count)

    @property
    def _bend(self) -> np.longdouble:
        """By how much the slope grows at 0."""
        return 1 - np.longdouble(self.slope)

    def _pull(self, nu: Vector) -> Vector:
        """The linear part in the coordinates of X, (d,): the sum of nu_i x_i over rows against their normal, and of the
        slope times that over the others."""
        total = np.zeros(self.X.shape[1], dtype=np.longdouble)
        for weight, which in ((1.0, self.lengths < 0), (self.slope, self.lengths > 0)):
            rows = np.flatnonzero(which) if weight else np.zeros(0, dtype=np.intp)
            for part in blocks(len(rows)):
                some = rows[part]
                weights = nu[some, None].astype(np.longdouble) * weight
                total += (weights * self.X[some]).sum(axis=0)
        return total.astype(float)

    def slack(self, nu: Vector) -> float:
        """A bound on |nu^T max(X u, a X u) - f(u)| over the unit ball: what `reduce` may have lost, and its rounding.

        Rows that are equal up to sign lose the same, so that only the sum of their nu counts.
        """
        return self.enclose(nu)[2]

    def enclose(self, nu: Vector) -> tuple[Vector, Vector, float]:
        """(kappa, linear, slack): what `reduce` and `slack` give, in one."""
        kappa, pull = self._kappa(nu), self._pull(nu)
        linear = pull @ self.basis
        fine = float(np.finfo(np.longdouble).eps)
        together = np.abs(_sums(nu.astype(np.longdouble), self.member, len(self.error)))
        # What the falling rows pull across a truncated row space is there although kappa may cancel.
        across = float(np.linalg.norm(pull - self.basis @ linear))
        weight = float(np.abs(self.lengths) @ np.abs(nu))
        rounded = EPS * (float(np.abs(kappa).sum()) + (len(self.basis) + 4) * float(np.linalg.norm(pull)))
        lost = float(self._bend) * float(together @ self.error)
        slack = 1.01 * (lost + across + (len(nu) + 8) * fine * weight + 4 * rounded)
        return kappa, linear, slack

    def patterns(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Signs of the hyperplanes (P, N) as activation patterns of the rows of X, (P, n); zero rows are active."""
        active = np.ones((len(bits), len(self.group)), dtype=bool)
        used = self.group >= 0
        active[:, used] = bits[:, self.group[used]] ^ (self.lengths[used] < 0)
        return active


def _canonical(X: Matrix) -> tuple[Matrix, Vector]:
    """(z (n, d), t (n,)) with x_i = t_i z_i, for rows that are not 0: |z_i| = 1, its largest coordinate positive."""
    canonical, lengths = np.empty_like(X), np.empty(len(X))
    for part in blocks(len(X)):
        largest = np.abs(X[part]).max(axis=1)
        scaled = X[part] / largest[:, None]
        # The first one among equals.
        leading = np.abs(np.round(scaled, DECIMALS)).argmax(axis=1)
        flip = np.where(scaled[np.arange(len(scaled)), leading] < 0, -1.0, 1.0)
        norms = flip * np.linalg.norm(scaled, axis=1)
        np.divide(scaled, norms[:, None], out=canonical[part])
        lengths[part] = norms * largest
    return canonical, lengths


def _factor_of(rows: Matrix, which: NDArray[np.intp]) -> Matrix:
    """The triangular factor of some rows (n, d)."""
    parts = blocks(len(which), max(tall.ROWS, 8 * rows.shape[1]))
    return triangular_factor(rows[which[part]] for part in parts).reshape(-1, rows.shape[1])


def _upright(X: Matrix, lengths: Vector) -> Matrix:
    """Rows with the sign of their normal, and no -0.0."""
    return np.where(lengths < 0, -1.0, 1.0)[:, None] * X + 0.0


def _spread(values: NDArray[Any], used: NDArray[np.intp], n: int) -> NDArray[Any]:
    """Values of the used rows among all n: a label of the others is -1, a length 0."""
    spread = np.full(n, -1 if values.dtype.kind == "i" else 0, dtype=values.dtype)
    spread[used] = values
    return spread


def _distinct_rows(values: Matrix, decimals: int | None = None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(index of the first of each distinct row of `values` (n, d), which of them every row is), in rising order.

    Rows are the same that agree in so many decimals; None: those that are equal.
    """

    def rounded(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return array if decimals is None else np.round(array, decimals) + 0.0

    n = len(values)
    labels = np.empty(n, dtype=np.intp)
    if n == 0:
        return labels.copy(), labels
    # Rows are compared whole only where the first coordinate leaves ties: mostly it does not.
    leading = rounded(values[:, 0])
    order = np.argsort(leading)
    leading = leading[order]
    if (leading[1:] != leading[:-1]).all():
        labels[order] = np.arange(n)
        return order, labels
    values = rounded(values)
    order = np.lexsort(values.T[::-1])
    ordered = values[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    labels[order] = np.cumsum(new) - 1
    return order[new], labels


def _sums(weights: NDArray[np.longdouble], labels: NDArray[np.intp], count: int) -> Vector:
    """Sum of weights per label that is not -1, in extended precision: nu may cancel among rows of one hyperplane."""
    used = labels >= 0
    if not used.all():
        weights, labels = weights[used], labels[used]
    total = np.zeros(count, dtype=np.longdouble)
    if len(labels) == count:
        total[labels] = weights
    else:
        np.add.at(total, labels, weights)
    return total.astype(float)
