"""Caratheodory's theorem: a point of a cone of columns is one of as few columns as these have rank."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from dualscape.geometry.tall import shortened

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Diagonal of R below this fraction of the largest: the column depends on the others.
DEPENDENT = 1e-13


def reduce_to_basic(A: Matrix, c: Vector, *, dependent: float = DEPENDENT) -> Vector:
    """Masses with A c unchanged, sum c no larger and independent columns on their support (Caratheodory).

    Args:
        A: (n, k) columns.
        c: (k,) masses >= 0.
        dependent: distance from the span of others, relative to the greatest, up to which a column depends on them.

    >>> A = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> reduce_to_basic(A, np.array([1.0, 1.0, 1.0]))
    array([0., 0., 2.])
    """
    A, c = shortened(A), c.copy()
    scale = np.linalg.norm(A, axis=0)
    while True:
        support = np.flatnonzero(c > 0)
        if len(support) == 0:
            return c
        unit = A[:, support] / np.where(scale[support] > 0, scale[support], 1.0)
        # Pivoting on the small factor: on tall columns it would run at the speed of memory.
        R, pivots = qr(np.linalg.qr(unit, mode="r"), mode="r", pivoting=True)
        R = R[: min(unit.shape)]
        diagonal = np.abs(np.diag(R))
        rank = int((diagonal > dependent * max(diagonal[0], 1e-300) * len(A) ** 0.5).sum()) if len(diagonal) else 0
        if rank == len(support):
            return c
        # The first dependent pivot in terms of the independent ones: a direction in the null space.
        kernel = np.zeros(len(support))
        kernel[pivots[rank]] = 1.0
        kernel[pivots[:rank]] = -solve_triangular(R[:rank, :rank], R[:rank, rank])
        kernel /= np.where(scale[support] > 0, scale[support], 1.0)
        if kernel.sum() > 0:
            kernel = -kernel
        falling = kernel < 0
        if not falling.any():
            kernel, falling = -kernel, kernel > 0
        steps = np.where(falling, c[support] / np.where(falling, -kernel, 1.0), np.inf)
        leaving = int(steps.argmin())
        c[support] = np.maximum(c[support] + steps[leaving] * kernel, 0.0)
        c[support[leaving]] = 0.0


def reduce_many(A: Matrix, c: Vector, *, dependent: float = DEPENDENT) -> Vector:
    """`reduce_to_basic` of many more columns than their rank: the null space is written out once.

    >>> A = np.array([[1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 2.0]])
    >>> reduce_many(A, np.ones(4))
    array([0., 0., 0., 2.])
    """
    c = c.copy()
    norms = np.linalg.norm(A, axis=0)
    support = np.flatnonzero(c > 0)
    if len(support) == 0:
        return c
    scale = np.where(norms[support] > 0, norms[support], 1.0)
    shares, kernel = c[support] * scale, _null_space(A[:, support] / scale, dependent)
    while kernel.shape[1]:
        # A direction in which the price falls, and of which the first share to vanish is then taken out of the others.
        move = kernel[:, -1] if kernel[:, -1] @ (1 / scale) <= 0 else -kernel[:, -1]
        falling = move < -1e-9 * np.abs(move).max()
        if not falling.any():
            move, falling = -move, move > 1e-9 * np.abs(move).max()
        steps = np.where(falling, shares / np.where(falling, -move, 1.0), np.inf)
        leaving = int(steps.argmin())
        shares = np.maximum(shares + steps[leaving] * move, 0.0)
        shares[leaving] = 0.0
        kernel = kernel[:, :-1] - np.outer(move, kernel[leaving, :-1] / move[leaving])
        kernel[leaving] = 0.0
        kernel /= np.maximum(np.abs(kernel).max(axis=0, initial=0.0), 1e-300)
    c[support] = shares / scale
    return reduce_to_basic(A, c, dependent=dependent)


def _null_space(unit: Matrix, dependent: float) -> Matrix:
    """(k, k - r) a basis of {z : unit z = 0} for columns of length one or zero."""
    R, pivots = qr(unit, mode="r", pivoting=True)
    R = R[: min(unit.shape)]
    rank = int((np.abs(np.diag(R)) > dependent * len(unit) ** 0.5).sum())
    kernel = np.zeros((unit.shape[1], unit.shape[1] - rank))
    kernel[pivots[rank:], np.arange(kernel.shape[1])] = 1.0
    kernel[pivots[:rank]] = -solve_triangular(R[:rank, :rank], R[:rank, rank:])
    return kernel
