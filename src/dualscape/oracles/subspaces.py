"""Bounds on h(nu) over many coordinate subspaces at once, at the cost of one pass over the data.

With s nu^T (X u)_+ = q.u + 1/2 sum_i c_i |x_i.u|, q = s/2 X^T nu, c = s nu (q = s (1 + a)/2 X^T nu, c = s (1 - a) nu at
slope a below 0), and rho_i >= |x_i.u|, every tau > 0 gives

    |x.u| <= (tau rho + (x.u)^2 / (tau rho)) / 2  (where c > 0),      |x.u| >= (x.u)^2 / rho  (where c < 0),

so that a score is at most tau C / 4 + q.u + u.M u. M is made of two Gram matrices in all coordinates: a subspace takes
its rows and columns of them, and a small eigenvalue problem bounds the quadratic form there, as in `spectral`.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.leaky import leaky, slopes
from dualscape.geometry.tall import weighted_gram
from dualscape.oracles.base import Matrix, Vector
from dualscape.running.interruption import interrupted
from dualscape.tolerances import EPS

TAUS = np.geomspace(0.15, 1.0, 6)
#: Distances of mu from the spectrum, relative to the size of M and q; the inverse of the first amplifies rounding.
DISTANCES = np.geomspace(1e-4, 10.0, 24)
#: The least sum of sizes that loses no digits.
LEAST = 1e-290
#: Subspaces on which tau is chosen, and those that are bounded at a time, and scored at a time.
SAMPLED, TOGETHER, SCORED = 256, 4096, 64
#: Units of each that are scored, how often the best is moved, and the rows and subspaces that are looked at.
SAMPLES, STEPS, MOST_ROWS, MOST_SCORED = 24, 4, 1000, 5000


def subspace_bounds(X: Matrix, nu: Vector, which: NDArray[np.integer], lengths: Vector, slope: float = 0.0) -> Vector:
    """Proven bounds on max |nu^T (X u)_+| over |u| <= 1 in each subspace, (count,), rounding included.

    They are inf where an interruption came before, and where all numbers are at the ends of the floating range.

    Args:
        X: (n, d) data.
        nu: (n,) dual variable.
        which: (count, r) coordinates of each subspace.
        lengths: (n,) at least the length of each row in every subspace.
        slope: that of the activation below 0: max(z, slope z) in place of (z)_+, -1 <= slope < 1.

    >>> found = subspace_bounds(np.eye(3), np.ones(3), np.array([[0, 1], [1, 2]]), np.ones(3))
    >>> bool((found >= 2**0.5).all()), bool((found < 2.0).all())  # the maximum is sqrt(2)
    (True, True)
    """
    with np.errstate(over="ignore", under="ignore"):
        sizes = nu * lengths
        size = float(np.abs(sizes).sum())
    if not ((nu != 0) & (lengths > 0)).any():
        return np.zeros(len(which))
    if not LEAST < size < np.inf:
        return np.full(len(which), np.inf)
    # Rows of length one, so that neither squares of great numbers nor those of small ones leave the floating range.
    weights, Z = sizes / size, X / np.where(lengths > 0, lengths, 1.0)[:, None]
    linear = 0.5 * (1 + slope) * (weights @ Z)
    weights = (1 - slope) * weights
    parts = [np.maximum(sign * weights, 0.0) for sign in (1.0, -1.0)]
    grams = [weighted_gram(Z, part) for part in parts]
    totals = [float(part.sum()) for part in parts]

    def bound(some: NDArray[np.integer], side: int, tau: float) -> Vector:
        """That of scores of one sign, by one tau; for both at every tau the bound is true."""
        rows, columns = some[:, :, None], some[:, None, :]
        M = grams[side][rows, columns] / (4 * tau) - grams[1 - side][rows, columns] / 2
        return tau * totals[side] / 4 + _on_balls(M, linear[some])

    sample = which[:: max(len(which) // SAMPLED, 1)]
    best = [TAUS[np.argmin([np.median(bound(sample, side, tau)) for tau in TAUS])] for side in (0, 1)]
    found = np.full(len(which), np.inf)
    for begin in range(0, len(which), TOGETHER):
        if interrupted():
            break
        some = which[begin : begin + TOGETHER]
        found[begin : begin + TOGETHER] = np.maximum(bound(some, 0, best[0]), bound(some, 1, best[1]))
    # Sums of n terms make M and q; their error moves an eigenvalue by as much and is amplified.
    rounding = 10 * (len(nu) + 40 * which.shape[1]) * EPS / DISTANCES[0]
    return np.asarray(size * (found + rounding * (1.0 + found)))


def subspace_scores(
    X: Matrix, nu: Vector, which: NDArray[np.integer], rng: np.random.Generator, slope: float = 0.0
) -> Vector:
    """Scores |nu^T (X u)_+| of units in each subspace, (count,), up to a factor: a few at random, the best moved on.

    For searches: it tells which subspaces are worth one. Of many rows and subspaces it looks at some; subspaces that it
    did not look at have the score 0.

    Args:
        X: (n, d) data.
        nu: (n,) dual variable.
        which: (count, r) coordinates of each subspace.
        rng: which units, and which rows and subspaces.
        slope: as for `subspace_bounds`.
    """
    if len(X) > MOST_ROWS:
        rows = np.sort(rng.choice(len(X), MOST_ROWS, replace=False))
        X, nu = X[rows], nu[rows]
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        X, nu = X / (np.abs(X).max(initial=0.0) or 1.0), nu / (np.abs(nu).max(initial=0.0) or 1.0)
    directions = rng.standard_normal((which.shape[1], SAMPLES))
    directions /= np.linalg.norm(directions, axis=0)
    found, looked = np.zeros(len(which)), np.arange(len(which))
    if len(which) > MOST_SCORED:
        looked = np.sort(rng.choice(len(which), MOST_SCORED, replace=False))
    for begin in range(0, len(looked), SCORED):
        chosen = looked[begin : begin + SCORED]
        seen = np.moveaxis(X[:, which[chosen]], 1, 0)  # (subspaces, n, r)
        values = nu @ leaky(seen @ directions, slope)
        best = np.abs(values).argmax(axis=1)
        u, at = directions[:, best].T, np.arange(len(seen))
        sign, top = np.sign(values[at, best]), np.abs(values[at, best])
        for _ in range(STEPS):
            active = slopes((seen @ u[:, :, None])[:, :, 0] > 0, slope)
            pull = sign[:, None] * np.matmul((active * nu)[:, None, :], seen)[:, 0]
            u = u + pull / np.maximum(np.linalg.norm(pull, axis=1), 1e-300)[:, None]
            u = u / np.maximum(np.linalg.norm(u, axis=1), 1e-300)[:, None]
            top = np.maximum(top, sign * (nu @ leaky(seen @ u[:, :, None], slope))[:, 0])
        found[chosen] = top
    return found


def _on_balls(M: Matrix, q: Matrix) -> Vector:
    """Bounds on q.u + u.M u over |u| <= 1, for M (k, r, r) and q (k, r), whose sign does not matter."""
    values, vectors = np.linalg.eigh(M)
    along = np.einsum("kab,ka->kb", vectors, q)
    scale = np.abs(values).max(axis=1) + np.linalg.norm(q, axis=1) + 1e-300
    mu = np.maximum(values[:, -1:], 0.0) + scale[:, None] * DISTANCES
    bounds = mu + 0.25 * (along[:, None, :] ** 2 / (mu[:, :, None] - values[:, None, :])).sum(axis=2)
    return np.asarray(bounds.min(axis=1))
