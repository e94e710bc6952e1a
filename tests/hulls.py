"""The height of three-layer units without the library: linear programs over a fine grid, for every sign set."""

from itertools import product

import numpy as np
from scipy.optimize import linprog


def grid_columns(X, count=2001):
    """Columns (X u)_+ for unit vectors u of the plane, as many as said and those on the hyperplanes of the rows."""
    kinks = np.concatenate([np.arctan2(X[:, 1], X[:, 0]) + turn for turn in (np.pi / 2, -np.pi / 2)])
    angles = np.sort(np.concatenate([np.linspace(0, 2 * np.pi, count), kinks]))
    return np.maximum(X @ np.vstack([np.cos(angles), np.sin(angles)]), 0.0)


def greatest_on_grid(X, nu, count=2001):
    """max over s and sign sets of the linear program over the grid: no more than the exact height, and near it."""
    columns, best = grid_columns(X, count), 0.0
    both = np.hstack([columns, -columns])
    for sign in (1.0, -1.0):
        g = sign * nu
        positive, costly = np.flatnonzero(g > 0), np.flatnonzero(g < 0)
        for chosen in product((False, True), repeat=len(positive)):
            rows = positive[list(chosen)]
            gain = g[rows] @ both[rows]
            cost = np.concatenate([-gain, -g[costly]])
            upper = np.zeros((len(costly) + 1, len(cost)))
            upper[:-1, : both.shape[1]] = both[costly]
            upper[:-1, both.shape[1] :] = -np.eye(len(costly))
            upper[-1, : both.shape[1]] = 1.0
            found = linprog(cost, A_ub=upper, b_ub=np.append(np.zeros(len(costly)), 1.0), method="highs")
            best = max(best, -found.fun)
    return best
