"""Units whose bias costs nothing, by brute force: every kink of many directions, and data to try them on."""

import numpy as np


def balanced(rng, n):
    """A dual variable that sums to 0."""
    nu = rng.standard_normal(n)
    return nu - nu.mean()


def scores_at_kinks(X, nu, w):
    """(n,) nu^T (X w + b)_+ for b = -x_i.w, every i."""
    return np.array([nu @ np.maximum(X @ w - x @ w, 0.0) for x in X])


def dense(X, nu, count=3000, seed=0):
    """The greatest |score| over random directions, each with a kink at every row and at random places: from below."""
    rng = np.random.default_rng(seed)
    best = 0.0
    for w in rng.standard_normal((count, X.shape[1])):
        w = w / np.linalg.norm(w)
        heights = X @ w
        elsewhere = rng.uniform(heights.min() - 1.0, heights.max() + 1.0, 5)
        kinks = np.concatenate([heights, elsewhere])
        best = max(best, np.abs(nu @ np.maximum(heights[:, None] - kinks, 0.0)).max())
    return float(best)


def apart(rng, n, p, kind):
    """(n, p) rows: in general position, on a lattice with repeated rows, on a line, or far from 0."""
    X = rng.standard_normal((n, p))
    if kind == "lattice":
        return rng.integers(0, 3, size=(n, p)).astype(float)
    if kind == "line":
        return np.outer(rng.integers(0, 5, size=n), np.ones(p)).astype(float)
    return X + 1000.0 if kind == "far" else X


KINDS = ("general", "lattice", "line", "far")
