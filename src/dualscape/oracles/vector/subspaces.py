"""Bounds on |N^T (X u)_+| over many coordinate subspaces at once, at the cost of one pass over the data an output.

Turning the outputs by an orthogonal R changes no length, and of N R each output has a bound of its own:

    |N^T (X u)_+|^2 = sum_o ((N R)_o . (X u)_+)^2 <= sum_o h((N R)_o)^2.

Along the principal axes of N the outputs share least.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.subspaces import subspace_bounds
from dualscape.tolerances import EPS


def vector_subspace_bounds(
    X: Matrix, N: Matrix, which: NDArray[np.integer], lengths: Vector, slope: float = 0.0
) -> Vector:
    """Proven bounds on max |N^T (X u)_+| over |u| <= 1 in each subspace, (count,), rounding included.

    They are inf where an interruption came before, and where all numbers are at the ends of the floating range.

    Args:
        X: (n, d) data.
        N: (n, c) dual variable.
        which: (count, r) coordinates of each subspace.
        lengths: (n,) at least the length of each row in every subspace.
        slope: that of the activation below 0: max(z, slope z) in place of (z)_+, -1 <= slope < 1.

    >>> found = vector_subspace_bounds(np.eye(3), np.eye(3), np.array([[0, 1], [1, 2]]), np.ones(3))
    >>> bool((found >= 1.0).all()), bool((found < 1.8).all())  # the maximum is 1
    (True, True)
    """
    with np.errstate(over="ignore", under="ignore"):
        scale = float(np.abs(N).max(initial=0.0))
        axes = np.linalg.svd(N / scale, full_matrices=False)[2].T if 0 < scale < np.inf else np.eye(N.shape[1])
        # A computed R turns lengths by a rounding of its size, and its product with N is one of c terms.
        c = N.shape[1]
        lost = 40 * c * c * EPS * float(np.abs(N).sum(axis=1) @ lengths)
        turned = np.ascontiguousarray((N @ axes).T) if axes.shape == (c, c) else np.ascontiguousarray(N.T)
        bounds = [subspace_bounds(X, column, which, lengths, slope) for column in turned]
        return np.asarray(np.hypot.reduce(bounds, axis=0) * (1 + 40 * c * c * EPS) + lost)
