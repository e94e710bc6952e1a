"""Products of the parts p = (Z u)_+ and m = (-Z u)_+ of the heights of a unit, of 1 and of u: the entries of a matrix.

For w = (1, p, m, u) in R^(1 + 2 N + r) the matrix w w^T is positive semidefinite, entrywise nonnegative in (1, p, m),
and 0 where p_g meets m_g. For |u| <= 1 the products of p_g with u are together no longer than its product with 1, and
likewise for m_g. Since p - m = Z u it lives in the coordinates k = (1, (p + m) / sqrt 2, x) with w = Q k, Q of
orthonormal columns: 1 + N + r of them, by which positive semidefinite matrices are projected. Q is never formed. Where
the side of a hyperplane is chosen, p_g + m_g is linear in u too, and there is a column less.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.running.devices import Arrays

Array = NDArray[np.floating]
HOST = Arrays.of(None)


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

    def each(self, function: Callable[[Array], Array]) -> "Products":
        """What a function makes of each block."""
        return Products(*map(function, self))

    def without(self, at: int, side: float) -> "Products":
        """Those that are left where m (side 1) or p (side -1) of a hyperplane is 0."""
        left = Products(*[part.copy() for part in self])
        if side > 0:
            left.m[at], left.mm[at], left.mm[:, at], left.pm[:, at], left.m_u[at] = 0.0, 0.0, 0.0, 0.0, 0.0
        else:
            left.p[at], left.pp[at], left.pp[:, at], left.pm[at], left.p_u[at] = 0.0, 0.0, 0.0, 0.0, 0.0
        return left


class Relaxed(NamedTuple):
    """What relaxed training has found of a set of units, from which it goes on elsewhere.

    Attributes:
        products: of the units, in units of the mass.
        multipliers: of the products, for costs in units of beta.
        mass: its unit.
    """

    products: Products
    multipliers: Products
    mass: float


@dataclass(frozen=True, eq=False)
class Lift:
    """A linear map Q from k = (1, t, x), t a number for each open hyperplane, to w = (1, p, m, u).

    Where a side is chosen, t_g = side_g z_g.u, so that p_g or m_g is 0 whatever x is: those have no t.

    Attributes:
        p: (N, r) p = along t + p x, in the rows of open hyperplanes; without t in the others.
        m: (N, r) m = along t + m x, likewise.
        inside: (r, r) u = inside x.
        open: (o,) the open hyperplanes.
        along: see `p`.
        arrays: the library of p, m, inside and of what is led up and down.
    """

    p: Array
    m: Array
    inside: Array
    open: NDArray[np.intp]
    along: float
    arrays: Arrays = HOST

    @classmethod
    def plain(cls, rows: Array, sides: Array | None = None) -> "Lift":
        """x = u and t = p + m, of the unit normals Z (N, r).

        Args:
            rows: Z.
            sides: (N,) 1 where m_g = 0, -1 where p_g = 0, 0 where the hyperplane is open; without it all are.
        """
        sides = np.zeros(len(rows)) if sides is None else sides
        p, m = ((0.5 * (sides + sign))[:, None] * rows for sign in (1.0, -1.0))
        return cls(p, m, np.eye(rows.shape[1]), np.flatnonzero(sides == 0), 0.5)

    @classmethod
    def of(cls, rows: Array, kind: type[np.floating], sides: Array | None = None, arrays: Arrays = HOST) -> "Lift":
        """That of orthonormal columns with the same range, computing with numbers of that kind, by that library.

        >>> lift = Lift.of(np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]), np.float64)
        >>> K = np.arange(36.0).reshape(6, 6)
        >>> bool(np.allclose(lift.down(lift.up(K + K.T)), K + K.T))
        True
        """
        plain, N = cls.plain(rows, sides), len(rows)
        columns, _ = np.linalg.qr(np.vstack([plain.p, plain.m, plain.inside]))
        p, m, inside = (arrays.move(part.astype(kind)) for part in np.split(columns, [N, 2 * N]))
        return cls(p, m, inside, plain.open, 0.5**0.5, arrays)

    def fetched(self) -> "Lift":
        """The same by NumPy."""
        p, m, inside = (self.arrays.fetch(part) for part in (self.p, self.m, self.inside))
        return Lift(p, m, inside, self.open, self.along)

    @property
    def kind(self) -> type[np.floating]:
        """That of its numbers."""
        return self.arrays.fetch(self.inside[0, 0]).dtype.type

    @property
    def _open(self) -> NDArray[np.intp] | slice:
        """The open hyperplanes, all of them by a slice, which copies nothing."""
        return slice(None) if len(self.open) == len(self.p) else self.open

    def down(self, Y: Products) -> Array:
        """Q^T Y Q, (1 + o + r, 1 + o + r)."""
        o, r = len(self.open), self.p.shape[1]
        t, x, open_rows = slice(1, o + 1), slice(o + 1, None), self._open
        K = self.arrays.zeros((1 + o + r, 1 + o + r), self.p)
        along = self.along
        with_p, with_m, with_u = Y.pp + Y.pm.T, Y.mm + Y.pm, Y.p_u + Y.m_u
        K[0, 0] = Y.one
        K[0, t] = along * (Y.p + Y.m)[open_rows]
        K[0, x] = Y.p @ self.p + Y.m @ self.m + Y.u @ self.inside
        K[t, t] = along * along * (with_p + with_m)[open_rows][:, open_rows]
        K[t, x] = along * (with_p @ self.p + with_m @ self.m + with_u @ self.inside)[open_rows]
        meet = self.p.T @ (Y.pm @ self.m + Y.p_u @ self.inside) + self.m.T @ (Y.m_u @ self.inside)
        K[x, x] = self.p.T @ (Y.pp @ self.p) + self.m.T @ (Y.mm @ self.m) + self.inside.T @ Y.uu @ self.inside
        K[x, x] += meet + meet.T
        K[1:, 0], K[x, t] = K[0, 1:], K[t, x].T
        return K

    def up(self, K: Array) -> Products:
        """Q K Q^T for a symmetric K."""
        N, o = len(self.p), len(self.open)
        t, x = slice(1, o + 1), slice(o + 1, None)
        along, open_rows = self.along, self._open

        def spread(part: Array) -> Array:
            whole = self.arrays.zeros((N, *part.shape[1:]), K)
            whole[open_rows] = along * part
            return whole

        one, side, both = spread(K[0, t]), spread(K[t, x]), spread(spread(K[t, t]).T)
        p_x, m_x = self.p @ K[x, x], self.m @ K[x, x]
        one_p, one_m = side @ self.p.T, side @ self.m.T
        pp, mm = both + one_p + one_p.T + p_x @ self.p.T, both + one_m + one_m.T + m_x @ self.m.T
        pm = both + one_m + one_p.T + p_x @ self.m.T
        p_u, m_u = ((side + part) @ self.inside.T for part in (p_x, m_x))
        u, uu = self.inside @ K[0, x], self.inside @ K[x, x] @ self.inside.T
        return Products(K[0, 0], one + self.p @ K[0, x], one + self.m @ K[0, x], pp, mm, pm, p_u, m_u, u, uu)
