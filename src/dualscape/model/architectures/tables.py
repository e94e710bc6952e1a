"""Columns of units with several outputs: tables of heights times outputs, as vectors row by row."""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import TwoFloat

Matrix = NDArray[np.float64]


def tables(heights: Matrix, outputs: Matrix, out: Matrix | None = None) -> Matrix:
    """(n c, k) the columns of heights (n, k) times outputs (k, c), in `out` where it is given.

    >>> tables(np.array([[2.0], [0.0]]), np.array([[0.6, 0.8]])).ravel().tolist()
    [1.2, 1.6, 0.0, 0.0]
    """
    n, k = heights.shape
    out = np.empty((n * outputs.shape[1], k)) if out is None else out
    np.multiply(heights[:, None, :], outputs.T[None, :, :], out=out.reshape(n, outputs.shape[1], k))
    return out


def fine_tables(heights: TwoFloat, outputs: TwoFloat) -> TwoFloat:
    """`tables` in twice the precision."""
    n, k = heights.hi.shape
    one, other = ((part.hi, part.lo) for part in (heights, outputs.T))
    product = TwoFloat(one[0][:, None, :], one[1][:, None, :]) * TwoFloat(other[0][None], other[1][None])
    entries = n * outputs.hi.shape[1]
    return TwoFloat(product.hi.reshape(entries, k), product.lo.reshape(entries, k))
