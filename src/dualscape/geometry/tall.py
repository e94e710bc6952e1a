"""Tall matrices a block of rows at a time: what is made of all rows at once would take the memory of the data again."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.leaky import leaky

#: Rows of a block, which stay in the cache.
ROWS = 4096
#: More rows than this, and more than columns, are brought to as few as there are columns.
TALL = 20_000


def blocks(n: int, rows: int = 0) -> Iterator[slice]:
    """The slices that cover n rows, `rows` of them each; `ROWS` where 0 is given.

    >>> list(blocks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    rows = rows or ROWS
    for at in range(0, n, rows):
        yield slice(at, min(at + rows, n))


def row_lengths(A: NDArray[np.float64]) -> NDArray[np.float64]:
    """|a_i| of the rows of A (n, d), shape (n,), for entries whose squares neither over- nor underflow.

    >>> row_lengths(np.array([[3.0, 4.0]]))
    array([5.])
    """
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", A, A)))


def weighted_gram(A: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """A^T diag(weights) A, shape (k, k), for A (n, k).

    >>> weighted_gram(np.array([[1.0], [2.0]]), np.array([1.0, 3.0]))
    array([[13.]])
    """
    total = np.zeros((A.shape[1], A.shape[1]))
    for part in blocks(len(A)):
        total += (A[part].T * weights[part]) @ A[part]
    return total


def rectified_sum(
    A: NDArray[np.float64], directions: NDArray[np.float64], weights: NDArray[np.float64], slope: float = 0.0
) -> NDArray[np.float64]:
    """sum_j w_j max(A u_j, slope A u_j), shape (n,), for A (n, d), directions u_j (k, d) and weights (k,).

    >>> rectified_sum(np.array([[1.0], [-2.0]]), np.array([[1.0], [-1.0]]), np.array([3.0, 5.0]))
    array([ 3., 10.])
    """
    total = np.empty(len(A))
    for part in blocks(len(A)):
        heights = A[part] @ directions.T
        total[part] = leaky(heights, slope) @ weights
    return total


def triangular_factor(parts: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """R with A = Q R for a Q of orthonormal columns, shape (min(n, k), k), of a matrix A (n, k) given in parts.

    Each part is factored together with the factor of those before it, which is as stable as Householder's method on all
    rows (Demmel, Grigori, Hoemmen and Langou, 2012). Parts of many more rows than columns cost no more than all at
    once.

    >>> abs(triangular_factor([np.array([[3.0]]), np.array([[4.0]])])).round(12)
    array([[5.]])
    """
    R: NDArray[np.float64] | None = None
    for part in parts:
        R = np.asarray(np.linalg.qr(part if R is None else np.vstack([R, part]), mode="r"))
    return np.zeros((0, 0)) if R is None else R


def shortened(A: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix of the same A^T A as A (n, k), with as many rows as columns where there are many more."""
    return triangular_factor(A[part] for part in _parts(A)) if len(A) > max(TALL, A.shape[1]) else A


def shortened_system(
    A: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(B, b) with |B c - b| = |A c - target| for every c, and few rows: an orthogonal factor is left out."""
    if len(A) <= max(TALL, A.shape[1] + 1):
        return A, target
    R = triangular_factor(np.column_stack([A[part], target[part]]) for part in _parts(A))
    return R[:, :-1], R[:, -1]


def _parts(A: NDArray[np.float64]) -> Iterator[slice]:
    return blocks(len(A), max(TALL // 4, 8 * A.shape[1]))
