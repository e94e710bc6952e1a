"""What multipliers of the products prove of h, in floating point (THEORY section 4.4).

For any G >= 0 in (1, p, m), but of any sign at the pairs (p_g, m_g), whose product is 0, and with
|G_(p_g, u)| <= G_(1, p_g) and |G_(m_g, u)| <= G_(1, m_g), and for all u of length one with t = |Z u| and lam >= 1

    lam s f(u) <= lam s f(u) + w^T G w = k^T F k,   k = (lam, u, t),   w = (lam, (t + Z u) / 2, (t - Z u) / 2, u),

since p_g (lam G_(1, p_g) + u.G_(p_g, u)) >= 0. So s f(u) <= lam a + mu / lam wherever diag(a, mu I, 0) - F is positive
semidefinite; lam may be any positive number where G has nothing with u. A Cholesky factorisation that comes to its end
proves it up to a known rounding.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.relaxation.products import Array, Lift, Products
from dualscape.tolerances import EPS

#: How far a and mu are raised, as shares of themselves, until the factorisation succeeds.
RAISED = (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
#: The shift of the diagonal that did best the last time is doubled and halved so often at most, as long as it helps.
MOVES = 5
#: The least shift that is tried, and the range in which mu is looked for, both relative to the size of F.
LEAST, MUS = 1e-9, np.geomspace(1e-12, 10.0, 400)
#: How often mu is looked for, each time between the neighbours of the best so far.
FINER = 3


class Proof(NamedTuple):
    """A bound and what to try first the next time.

    Attributes:
        bound: h is no more than this, rounding included; inf where nothing was proven.
        shift: how far the free multipliers were moved.
    """

    bound: float
    shift: float


class Shifted(Protocol):
    """What a shift of the diagonal is expected to prove."""

    @property
    def bound(self) -> float:
        """Not yet proven; inf where the shift is too small."""

    @property
    def shift(self) -> float:
        """How far the free multipliers are moved."""


Found = TypeVar("Found", bound=Shifted)


def best_shift(shifted: Callable[[float], Found], first: float, least: float, most: float) -> Found:
    """The shift about `first` of the least bound, by Cholesky factorisations alone: no eigenvalue says what is enough.

    Args:
        shifted: what a shift proves.
        first: a positive shift, which mostly did best the last time.
        least: none below it is tried.
        most: none is far above it.

    >>> class Parabola(NamedTuple):
    ...     bound: float
    ...     shift: float
    >>> best_shift(lambda s: Parabola(abs(s - 1.1) if s > 0.5 else np.inf, s), 0.1, 0.0, 10.0).shift
    0.8
    """
    best = shifted(max(first, least))
    while not np.isfinite(best.bound) and best.shift < most:
        best = shifted(2 * best.shift)
    for factor in (2.0, 0.5):
        for _ in range(MOVES):
            other = shifted(max(factor * best.shift, least))
            if not other.bound < best.bound:
                break
            best = other
    return best


def clipped(G: Products, *at: int) -> Products:
    """The multipliers with their signs, in double precision: those that are negative are 0, but for free ones.

    Products are symmetric, and so must these be to the bit: rounding in single precision would show in the bound.

    Args:
        G: any.
        at: where parts of u begin that are each no longer than 1, besides the first; without it u has one part.
    """
    p, m, pp, mm, pm = (np.maximum(np.asarray(part, dtype=float), 0.0) for part in G[1:6])
    np.fill_diagonal(pm, np.diagonal(G.pm))
    p_u, m_u = (np.asarray(part, dtype=float) for part in (G.p_u, G.m_u))
    # Sums of squares and their roots are off by less than as many roundings as they have terms, and 2; their sum by as
    # many as there are parts.
    more = 1 + (p_u.shape[1] + 4 + 2 * len(at)) * EPS
    p, m = (
        np.maximum(first, more * sum(lengths_of(part) for part in np.split(others, at, axis=1)))
        for first, others in ((p, p_u), (m, m_u))
    )
    return Products.zero(len(p), p_u.shape[1], np.float64)._replace(
        p=p, m=m, pp=0.5 * (pp + pp.T), mm=0.5 * (mm + mm.T), pm=pm, p_u=p_u, m_u=m_u
    )


def lengths_of(rows: Array) -> Array:
    """(N,) no rounding of which is lost below the normal numbers."""
    largest = np.abs(rows).max(axis=1, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    return np.asarray(scale * np.sqrt(((rows / scale[:, None]) ** 2).sum(axis=1)))


def scaled(a: Vector, mu: Vector, least: float) -> Vector:
    """The lam from `least` up for which lam a + mu / lam is the least."""
    return np.clip(np.sqrt(np.maximum(mu, 0.0) / np.maximum(a, np.finfo(float).tiny)), max(least, 1e-6), 1e6)


def proven(
    rows: Matrix, kappa: Vector, linear: Vector, G: Products, shift: float = 1e-3, sides: Vector | None = None
) -> Proof:
    """A proven bound on max over |u| <= 1 of linear.u + sum_g kappa_g (z_g.u)_+.

    Args:
        rows: (N, r) unit vectors z_g.
        kappa: (N,) weights.
        linear: (r,) linear part.
        G: any multipliers; their signs are seen to here.
        shift: how far the free multipliers may have to be moved, roughly: what did best the last time.
        sides: (N,) 1 or -1 where the bound need only hold for z_g.u of that sign, and 0 where it need for both;
            without it, for all u.

    >>> kappa = np.array([1.0, 1.0])
    >>> G = Products.zero(2, 2, np.float64)._replace(pm=np.diag([-1.0, -1.0]))
    >>> bool(2**0.5 <= proven(np.eye(2), kappa, np.zeros(2), G).bound < 2.01)
    True
    """
    with np.errstate(all="ignore"):
        form = _Form.of(rows, kappa, linear, clipped(G), sides)
        if not np.isfinite(form.size):
            return Proof(np.inf, shift)
        best = best_shift(form.shifted, shift, LEAST * form.size, form.size)
        return Proof(form.checked(best), best.shift) if np.isfinite(best.bound) else Proof(np.inf, shift)


class _Shifted(NamedTuple):
    """What a shift of the diagonal is expected to prove."""

    bound: float
    shift: float
    a: float
    mu: float


class _Form(NamedTuple):
    """-F without a and mu, by blocks, and how far rounding may have moved it.

    Attributes:
        gram: (r, r) of the open rows.
        side: (o + r,) 1 with (t, u).
        T: (o, o) t with t.
        C: (o, r) t with u.
        U: (r, r) u with u.
        size: the sum of the norms of all that was added up to make it.
        least: the least lam.
        rows: N.
    """

    gram: Array
    side: Vector
    T: Array
    C: Array
    U: Array
    size: float
    least: float
    rows: int

    @classmethod
    def of(cls, rows: Matrix, kappa: Vector, linear: Vector, G: Products, sides: Vector | None) -> "_Form":
        plain = Lift.plain(rows, sides)
        K = plain.down(G._replace(p=G.p + 0.5 * kappa, u=0.5 * linear))
        o, open_rows = len(plain.open), rows[plain.open]
        T, C, U = K[1 : o + 1, 1 : o + 1], K[1 : o + 1, o + 1 :], K[o + 1 :, o + 1 :]
        parts = sum(float(np.linalg.norm(part)) for part in (*G[1:], G.pm, kappa, linear))
        least = float(G.p_u.any() or G.m_u.any())
        gram = open_rows.T @ open_rows
        return cls(
            gram, np.asarray(-K[0, 1:], dtype=float), -0.5 * (T + T.T), -C, -0.5 * (U + U.T), parts, least, len(rows)
        )

    def shifted(self, shift: float) -> _Shifted:
        """The best a and mu once the free multipliers are moved so far, by Schur complements; not yet proven."""
        N = len(self.T)
        try:
            factor = cholesky(self.T + shift * np.eye(N), lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return _Shifted(np.inf, shift, np.inf, np.inf)
        solved = solve_triangular(factor, np.column_stack([self.side[:N], self.C]), lower=True, check_finite=False)
        left = -solved.T @ solved
        left[1:, 1:] += self.U - shift * self.gram
        left[0, 1:] += self.side[N:]
        values, vectors = np.linalg.eigh(left[1:, 1:])
        mu = max(-float(values[0]), 0.0) + self.size * MUS
        squares = (vectors.T @ left[0, 1:]) ** 2
        for _ in range(FINER):
            a = np.maximum((squares / (mu[:, None] + values)).sum(axis=1) - left[0, 0], 0.0)
            lam = scaled(a, mu, self.least)
            bounds = lam * a + mu / lam
            best = int(bounds.argmin())
            chosen = float(a[best]), float(mu[best])
            mu = np.geomspace(mu[max(best - 1, 0)], mu[min(best + 1, len(mu) - 1)], 30)
        return _Shifted(float(bounds[best]), shift, *chosen)

    def checked(self, it: _Shifted) -> float:
        """The bound that a factorisation proves, with a and mu a little greater if need be; otherwise inf."""
        N, r = self.C.shape
        whole = np.empty((1 + N + r, 1 + N + r))
        whole[0, 1:] = self.side
        whole[1 : N + 1, 1 : N + 1] = self.T + it.shift * np.eye(N)
        whole[1 : N + 1, N + 1 :] = self.C
        whole[N + 1 :, N + 1 :] = self.U - it.shift * self.gram
        whole[1:, 0], whole[N + 1 :, 1 : N + 1] = whole[0, 1:], whole[1 : N + 1, N + 1 :].T
        u = np.arange(N + 1, N + 1 + r)
        inner = whole[u, u].copy()
        # Rows have length one up to rounding, so that |t|^2 <= N |u|^2, and a product with them grows by N at most.
        longest = 1.01 * self.rows
        for raised in RAISED:
            a, mu = (1 + raised) * it.a + raised * 1e-3, (1 + raised) * it.mu + raised * 1e-3
            whole[0, 0], whole[u, u] = a, inner + mu
            try:
                cholesky(whole, lower=True, check_finite=False)
            except np.linalg.LinAlgError:
                continue
            # A factorisation that ends is that of a matrix which is as near as this (Rump 2006), and the sums that made
            # the entries have N + r + 8 terms at most, in two products.
            trace = float(np.abs(np.diagonal(whole)).sum())
            off = 2 * (len(whole) + 3) * EPS * trace
            off += 4 * (self.rows + r + 8) * EPS * (self.size + it.shift + mu) * longest
            a, mu = a + off, mu + off * (1 + longest)
            lam = float(scaled(np.array(a), np.array(mu), self.least))
            return (lam * a + mu / lam) * (1 + 8 * EPS)
        return np.inf
