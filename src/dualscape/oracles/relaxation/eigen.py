"""The positive eigenvalues of a symmetric matrix and their vectors, without the others.

LAPACK's `ssyevr` and `dsyevr` find those in an interval for a third of the cost of all. They are called by their
addresses, so that the interpreter is free meanwhile and both signs have a core each.

Source: Dhillon and Parlett, "Multiple representations to compute orthogonal eigenvectors of symmetric tridiagonal
matrices" (Linear Algebra Appl. 2004).
"""

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np
from numba.extending import get_cython_function_address
from numpy.typing import NDArray

Array = NDArray[np.floating]
#: By the kind of numbers.
NAMES = {"f": "ssyevr", "d": "dsyevr"}
#: Arguments of LAPACK's routine, all of them addresses, and the length of work for each row of the matrix.
ARGUMENTS, WORK, COUNTS = 21, 40, 10


@cache
def _routine(kind: str) -> Callable[..., None]:
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * ARGUMENTS)(
        get_cython_function_address("scipy.linalg.cython_lapack", NAMES[kind])
    )


def positive_pairs(A: Array) -> tuple[Array, Array]:
    """(values (k,), vectors (n, k)) of the positive eigenvalues of a symmetric matrix (n, n), in its precision.

    Raises:
        numpy.linalg.LinAlgError: there are numbers that are not finite, or the method did not converge.

    >>> values, vectors = positive_pairs(np.array([[0.0, 2.0], [2.0, 0.0]], np.float32))
    >>> values.astype(float).round(5).tolist(), np.abs(vectors).astype(float).round(5).tolist()
    ([2.0], [[0.70711], [0.70711]])
    """
    n = len(A)
    kind = A.dtype.type
    overwritten = np.array(A, kind, order="F")
    largest = float(np.linalg.norm(overwritten))
    if not np.isfinite(largest):
        raise np.linalg.LinAlgError("not finite")
    values, vectors = np.empty(n, kind), np.empty((n, n), kind, order="F")
    support, work, counts = np.empty(2 * n, np.intc), np.empty(WORK * n, kind), np.empty(COUNTS * n, np.intc)
    size, found, status = np.array(n, np.intc), np.zeros((), np.intc), np.zeros((), np.intc)
    # No eigenvalue is above the norm; a little more, since the interval must not be empty.
    low, high, exact = np.zeros((), kind), np.array(1.01 * largest + 1e-30, kind), np.zeros((), kind)
    lengths = np.array([WORK * n, COUNTS * n], np.intc)
    letters = [ctypes.create_string_buffer(letter) for letter in (b"V", b"V", b"L")]
    at = [ctypes.addressof(letter) for letter in letters]
    nothing = size.ctypes.data
    order = (size, overwritten, size, low, high)
    _routine(A.dtype.char)(
        *at, *(part.ctypes.data for part in order), nothing, nothing, exact.ctypes.data, found.ctypes.data,
        values.ctypes.data, vectors.ctypes.data, size.ctypes.data, support.ctypes.data, work.ctypes.data,
        lengths[:1].ctypes.data, counts.ctypes.data, lengths[1:].ctypes.data, status.ctypes.data,
    )  # fmt: skip
    if int(status):
        raise np.linalg.LinAlgError("eigenvalues did not converge")
    return values[: int(found)], vectors[:, : int(found)]
