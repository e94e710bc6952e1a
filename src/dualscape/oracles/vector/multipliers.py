"""What multipliers of the products prove of h(N), several outputs, in floating point (THEORY section 4.4).

As for one output (`oracles.relaxation.multipliers`), with w = (1, p, m, u, v) and the sum of two lengths for the one,
|G_(p_g, u)| + |G_(p_g, v)| <= G_(1, p_g), likewise for m: for |u| = |v| = 1

    v^T G(u) <= v^T G(u) + w^T G w = k^T F k <= a + mu + lam,   k = (1, t, u, v),  t = |Z u|,

wherever diag(a, 0, mu I, lam I) - F is positive semidefinite.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.relaxation.multipliers import LEAST, RAISED, Proof, best_shift, clipped
from dualscape.oracles.relaxation.products import Array, Products
from dualscape.tolerances import EPS

#: Newton steps of the barrier, by how much it falls, and where it is low enough.
STEPS, FALLS, LOW = 80, 0.15, 1e-6


def proven(rows: Matrix, kappa: Matrix, linear: Matrix, G: Products, shift: float = 1e-3) -> Proof:
    """A proven bound on max over |u|, |v| <= 1 of v^T (linear^T u + sum_g kappa_g (z_g.u)_+).

    Args:
        rows: (N, r) unit vectors z_g.
        kappa: (N, c) weights.
        linear: (r, c) linear part.
        G: any multipliers of products with (u, v); their signs are seen to here.
        shift: how far the free multipliers may have to be moved, roughly: what did best the last time.

    >>> kappa = np.eye(2)
    >>> G = Products.zero(2, 4, np.float64)._replace(pm=np.diag([-0.5, -0.5]))
    >>> bool(1.0 <= proven(np.eye(2), kappa, np.zeros((2, 2)), G).bound < 1.5)
    True
    """
    with np.errstate(all="ignore"):
        form = _Form.of(rows, kappa, linear, clipped(G, rows.shape[1]))
        if not np.isfinite(form.size):
            return Proof(np.inf, shift)
        best = best_shift(form.shifted, shift, LEAST * form.size, form.size)
        return Proof(form.checked(best), best.shift) if np.isfinite(best.bound) else Proof(np.inf, shift)


class _Shifted(NamedTuple):
    """What a shift of the diagonal is expected to prove: a + mu + lam."""

    bound: float
    shift: float
    diagonal: Vector


class _Form(NamedTuple):
    """-F without a, mu and lam, by blocks, and how far rounding may have moved it.

    Attributes:
        gram: (r, r) of the rows.
        T: (N, N) t with t.
        C: (N, 1 + r + c) t with (1, u, v).
        U: (1 + r + c, 1 + r + c) (1, u, v) with itself.
        size: the sum of the norms of all that was added up to make it.
        parts: (1 + r + c, 3) which of its coordinates a, mu and lam are added to.
    """

    gram: Matrix
    T: Array
    C: Array
    U: Array
    size: float
    parts: Matrix

    @classmethod
    def of(cls, rows: Matrix, kappa: Matrix, linear: Matrix, G: Products) -> "_Form":
        (N, r), c = rows.shape, kappa.shape[1]
        u, v = slice(1, r + 1), slice(r + 1, None)
        both, turned = G.pp + G.mm, G.pm + G.pm.T
        side = G.p_u + G.m_u
        C = np.empty((N, 1 + r + c))
        C[:, 0] = -0.5 * (G.p + G.m)
        C[:, 1:] = -0.5 * side
        C[:, u] -= 0.25 * ((G.pp - G.mm + G.pm.T - G.pm) @ rows)
        C[:, v] -= 0.25 * kappa
        U = np.zeros((1 + r + c, 1 + r + c))
        U[0, u] = -0.5 * ((G.p - G.m) @ rows)
        meet = rows.T @ (G.p_u - G.m_u)
        U[u, u] = -0.25 * (rows.T @ ((both - turned) @ rows)) - 0.5 * (meet[:, :r] + meet[:, :r].T)
        U[u, v] = -0.5 * (meet[:, r:] + linear + 0.5 * rows.T @ kappa)
        U[1:, 0], U[v, u] = U[0, 1:], U[u, v].T
        T = -0.25 * (both + turned)
        size = sum(float(np.linalg.norm(part)) for part in (*G[1:], G.pm, kappa, linear))
        parts = np.repeat(np.eye(3), [1, r, c], axis=0)
        return cls(rows.T @ rows, 0.5 * (T + T.T), C, 0.5 * (U + U.T), size, parts)

    def shifted(self, shift: float) -> _Shifted:
        """The least a + mu + lam once the free multipliers are moved so far, by Schur complements; not yet proven."""
        nothing = _Shifted(np.inf, shift, np.full(3, np.inf))
        try:
            factor = cholesky(self.T + shift * np.eye(len(self.T)), lower=True, check_finite=False)
            solved = solve_triangular(factor, self.C, lower=True, check_finite=False)
            left = self.U - solved.T @ solved
            r = len(self.gram)
            left[1 : r + 1, 1 : r + 1] -= shift * self.gram
            diagonal = np.maximum(least_diagonal(left, self.parts), 0.0)
        except np.linalg.LinAlgError:
            return nothing
        return _Shifted(float(diagonal.sum()), shift, diagonal)

    def checked(self, it: _Shifted) -> float:
        """The bound that a factorisation proves, with the diagonal a little greater if need be; otherwise inf."""
        N, r = len(self.T), len(self.gram)
        whole = np.empty((N + len(self.U), N + len(self.U)))
        whole[:N, :N] = self.T + it.shift * np.eye(N)
        whole[:N, N:], whole[N:, :N], whole[N:, N:] = self.C, self.C.T, self.U
        inner = slice(N + 1, N + 1 + r)
        whole[inner, inner] -= it.shift * self.gram
        at = np.arange(N, len(whole))
        plain = whole[at, at].copy()
        # Rows have length one up to rounding, so that |t|^2 <= N |u|^2, and a product with them grows by N at most.
        longest = 1.01 * N
        for raised in RAISED:
            diagonal = (1 + raised) * it.diagonal + raised * 1e-3
            whole[at, at] = plain + self.parts @ diagonal
            try:
                cholesky(whole, lower=True, check_finite=False)
            except np.linalg.LinAlgError:
                continue
            # A factorisation that ends is that of a matrix which is as near as this (Rump 2006), and the sums that made
            # the entries have as many terms as there are rows here and 8 at most, in two products.
            off = 2 * (len(whole) + 3) * EPS * float(np.abs(np.diagonal(whole)).sum())
            off += 4 * (len(whole) + 8) * EPS * (self.size + it.shift + float(diagonal.max())) * longest
            return float(diagonal.sum() + off * (3 + longest)) * (1 + 8 * EPS)
        return np.inf


def least_diagonal(left: Matrix, parts: Matrix) -> Vector:
    """x (q,) with left + diag(parts x) positive semidefinite and sum x about the least there is.

    Args:
        left: (m, m) symmetric.
        parts: (m, q) with a 1 in each row.

    Raises:
        LinAlgError: rounding hides it.

    >>> x = least_diagonal(np.array([[0.0, 2.0], [2.0, 0.0]]), np.eye(2))
    >>> x.round(4).tolist()
    [2.0, 2.0]
    """
    size, which = float(np.abs(left).max()), parts.astype(bool)
    if not 0 < size < np.inf:
        raise np.linalg.LinAlgError("nothing to bound")
    x = np.full(parts.shape[1], max(-float(np.linalg.eigvalsh(left)[0]), 0.0) + 0.1 * size)
    barrier = 0.1 * size
    for _ in range(STEPS):
        inverse = np.linalg.inv(left + np.diag(parts @ x))
        # Of sum x - barrier log det.
        gradient = 1 - barrier * (parts.T @ np.diagonal(inverse))
        step = np.linalg.solve(barrier * (parts.T @ (inverse * inverse) @ parts), gradient)
        decrement, length = float(gradient @ step), 1.0
        while not _definite(left + np.diag(parts @ (x - length * step))):
            length /= 2
            if length < LOW:
                return x
        x = x - (1.0 if length == 1.0 else 0.9) * length * step
        if length == 1.0 and decrement < 0.3 * barrier:
            if barrier * len(which) < LOW * abs(float(x.sum())):
                break
            barrier *= FALLS
    return x


def _definite(matrix: Matrix) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
