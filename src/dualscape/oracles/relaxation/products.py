"""Products of the parts p = (Z u)_+ and m = (-Z u)_+ of the heights of a unit, of 1 and of u: the entries of a matrix.

For w = (1, p, m, u) in R^(1 + 2 N + r) the matrix w w^T is positive semidefinite, entrywise nonnegative in (1, p, m),
and 0 where p_g meets m_g. For |u| <= 1 the products of p_g with u are together no longer than its product with 1, and
likewise for m_g. Since p - m = Z u it lives in the coordinates k = (1, (p + m) / sqrt 2, x) with w = Q k, Q of
orthonormal columns: 1 + N + r of them, by which positive semidefinite matrices are projected. Q is never formed.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class Products(NamedTuple):
    """A symmetric matrix over (1, p, m, u), by blocks.

    Attributes:
        one: its entry (0, 0).
        p: (N,) 1 with p; `m` likewise.
        m: see `p`.
        pp: (N, N) p with p, symmetric; `mm` likewise.
        mm: see `pp`.
        pm: (N, N) p_g with m_h in row g.
        p_u: (N, r) p with u; `m_u` likewise.
        m_u: see `p_u`.
        u: (r,) 1 with u.
        uu: (r, r) u with u, symmetric.
    """

    one: Array
    p: Array
    m: Array
    pp: Array
    mm: Array
    pm: Array
    p_u: Array
    m_u: Array
    u: Array
    uu: Array

    @classmethod
    def zero(cls, N: int, r: int, kind: type[np.floating]) -> "Products":
        """No products at all of N hyperplanes in r dimensions."""
        shapes = ((), N, N, (N, N), (N, N), (N, N), (N, r), (N, r), r, (r, r))
        return cls(*(np.zeros(shape, kind) for shape in shapes))

    def plus(self, factor: float, other: "Products") -> "Products":
        """The sum of these and factor times others."""
        return Products(*[mine + factor * its for mine, its in zip(self, other, strict=True)])

    def times(self, factor: float) -> "Products":
        """All of them multiplied."""
        return Products(*[factor * part for part in self])


@dataclass(frozen=True, eq=False)
class Lift:
    """The map Q of orthonormal columns for one set of hyperplanes.

    Attributes:
        across: (N, r) Z u / sqrt 2 = across x.
        inside: (r, r) u = inside x; the columns of both together are orthonormal.
    """

    across: Array
    inside: Array

    @classmethod
    def of(cls, rows: Array, kind: type[np.floating]) -> "Lift":
        """That of the unit normals Z (N, r) of rank r, computing with numbers of that kind.

        >>> lift = Lift.of(np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]), np.float64)
        >>> K = np.arange(36.0).reshape(6, 6)
        >>> bool(np.allclose(lift.down(lift.up(K + K.T)), K + K.T))
        True
        """
        N, r = rows.shape
        columns, _ = np.linalg.qr(np.vstack([0.5**0.5 * rows, np.eye(r)]))
        return cls(columns[:N].astype(kind), columns[N:].astype(kind))

    def down(self, Y: Products) -> Array:
        """Q^T Y Q, (1 + N + r, 1 + N + r)."""
        N, r = self.across.shape
        t, x = slice(1, N + 1), slice(N + 1, None)
        K = np.empty((1 + N + r, 1 + N + r), self.across.dtype)
        half = K.dtype.type(0.5)
        root = half**0.5
        K[0, 0] = Y.one
        K[0, t] = root * (Y.p + Y.m)
        K[0, x] = root * ((Y.p - Y.m) @ self.across) + Y.u @ self.inside
        both, turned = Y.pp + Y.mm, Y.pm + Y.pm.T
        K[t, t] = half * (both + turned)
        K[t, x] = half * ((Y.pp - Y.mm + Y.pm.T - Y.pm) @ self.across) + root * ((Y.p_u + Y.m_u) @ self.inside)
        meet = root * (self.across.T @ ((Y.p_u - Y.m_u) @ self.inside))
        K[x, x] = half * (self.across.T @ ((both - turned) @ self.across)) + self.inside.T @ Y.uu @ self.inside
        K[x, x] += meet + meet.T
        K[1:, 0], K[x, t] = K[0, 1:], K[t, x].T
        return K

    def up(self, K: Array) -> Products:
        """Q K Q^T for a symmetric K."""
        N = len(self.across)
        t, x = slice(1, N + 1), slice(N + 1, None)
        half = K.dtype.type(0.5)
        root = half**0.5
        along, across = root * K[0, t], root * (self.across @ K[0, x])
        side, ahead = K[t, x], self.across @ K[x, x]
        tx = side @ self.across.T
        xx = ahead @ self.across.T
        even, odd = half * (K[t, t] + xx), half * (tx + tx.T)
        pm = half * (K[t, t] - xx) - half * (tx - tx.T)
        p_u, m_u = (root * (part @ self.inside.T) for part in (side + ahead, side - ahead))
        u, uu = self.inside @ K[0, x], self.inside @ K[x, x] @ self.inside.T
        return Products(K[0, 0], along + across, along - across, even + odd, even - odd, pm, p_u, m_u, u, uu)
