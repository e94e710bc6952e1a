"""Tall matrices a block of rows at a time: what is made of all rows at once would take the memory of the data again."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

#: Rows of a block, which stay in the cache.
ROWS = 4096


def blocks(n: int, rows: int = 0) -> Iterator[slice]:
    """The slices that cover n rows, `rows` of them each; `ROWS` where 0 is given.

    >>> list(blocks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    rows = rows or ROWS
    for at in range(0, n, rows):
        yield slice(at, min(at + rows, n))


def triangular_factor(A: NDArray[np.float64]) -> NDArray[np.float64]:
    """R with A = Q R for a Q of orthonormal columns, shape (min(n, k), k), of a matrix A (n, k).

    Each block of rows is factored together with the factor of those before it, which is as stable as Householder's
    method on all rows (Demmel, Grigori, Hoemmen and Langou, 2012).

    >>> abs(triangular_factor(np.array([[3.0], [4.0]]))).round(12)
    array([[5.]])
    """
    R = np.zeros((0, A.shape[1]))
    for part in blocks(len(A), max(ROWS, 8 * A.shape[1])):
        R = np.linalg.qr(np.vstack([R, A[part]]), mode="r")
    return R
