"""A small convex quadratic program over a polyhedron, as the point of a polyhedron that is nearest to the origin.

Lawson and Hanson, *Solving Least Squares Problems* (1974), chapter 23.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.optimize import nnls

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Walls that no point respects leave this much, where it is not 0.
NOTHING = 1e-15


def least_quadratic(H: Matrix, g: Vector, G: Matrix, slack: Vector) -> tuple[Vector, Vector] | None:
    """(z, multipliers >= 0) at the minimum of z.H z / 2 + g.z over G z >= -slack; None where there is none.

    Args:
        H: (q, q) positive definite.
        g: (q,).
        G: (p, q) and slack (p,).

    >>> z, multipliers = least_quadratic(np.eye(2), np.array([1.0, 2.0]), np.eye(2), np.array([5.0, 1.0]))
    >>> z.round(12).tolist(), multipliers.round(12).tolist()
    ([-1.0, -1.0], [0.0, 1.0])
    """
    try:
        root = cholesky(H, lower=True, check_finite=False)
    except LinAlgError:
        return None
    free = -solve_triangular(root, g, lower=True, check_finite=False)
    # In w = root^T z - free the value is |w|^2 / 2 and a number.
    C = solve_triangular(root, G.T, lower=True, check_finite=False).T
    lengths = np.linalg.norm(C, axis=1)
    lengths = np.where(lengths > 0, lengths, 1.0)
    missing = (-slack - C @ free) / lengths
    size = float(missing.max(initial=0.0))
    if size <= 0.0:
        return np.asarray(solve_triangular(root, free, lower=True, trans="T", check_finite=False)), np.zeros(len(G))
    system = np.vstack([C.T / lengths, missing / size])
    try:
        u, _ = nnls(system, np.append(np.zeros(len(g)), 1.0))
    except RuntimeError:
        return None
    residual = system @ u
    residual[-1] -= 1.0
    if residual[-1] > -NOTHING:
        return None
    scale = -size / residual[-1]
    w = scale * residual[:-1]
    z = solve_triangular(root, w + free, lower=True, trans="T", check_finite=False)
    return np.asarray(z), np.asarray(scale * u / lengths)
