"""Extreme rays of {w : R w >= 0} by double description with packed zero sets (Motzkin; Fukuda and Prodon 1996).

Two rays are adjacent exactly when no third ray vanishes wherever both do; that test is made on packed bits.
"""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.running.interruption import check

Matrix = NDArray[np.float64]
WORK = 4_000_000_000  # pairs looked at before giving up: tens of seconds
PORTION = 0.03  # seconds of pairs between two questions whether to stop


@dataclass(frozen=True, eq=False)
class Rays:
    """Extreme rays, one per row.

    Attributes:
        supports: (V, k) True where the inequality is strict.
        complete: False when the budget was exceeded; the rows then mean nothing.
        largest_zero: the largest value (relative to its ray) that was called zero.
        smallest_nonzero: the smallest that was not.
    """

    supports: NDArray[np.bool_]
    complete: bool
    largest_zero: float
    smallest_nonzero: float


@cache
def _kernel() -> Any:
    """The compiled pair loop; numba is imported only when it is needed."""
    from dualscape.polytopes._adjacency import adjacent_pairs

    return adjacent_pairs


def pack(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Rows of booleans (V, k) as rows of 64-bit words (V, ceil(k / 64))."""
    words = -(-flags.shape[1] // 64)
    padded = np.zeros((len(flags), 64 * words), dtype=np.uint8)
    padded[:, : flags.shape[1]] = flags
    return np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little")).view(np.uint64).reshape(len(flags), -1)


def _row_basis(N: Matrix) -> tuple[NDArray[np.intp], Matrix]:
    """Rows of N (k, p) that form a well-conditioned basis, and N in the coordinates of these rows."""
    from scipy.linalg import qr

    rows = np.asarray(qr(N.T, mode="r", pivoting=True)[1][: N.shape[1]], dtype=np.intp)
    return rows, np.asarray(np.linalg.solve(N[rows].T, N.T).T, dtype=np.float64)


def extreme_rays(N: Matrix, *, budget: int, tolerance: float = 1e-9) -> Rays:
    """Extreme rays of the pointed cone {w : N w >= 0}, as the sets of coordinates of N w that are positive.

    Args:
        N: (k, p) of rank p, rows of comparable size.
        budget: most rays held at any time.
        tolerance: a coordinate below this fraction of its ray's largest one is zero.

    >>> rays = extreme_rays(np.array([[1.0, 0], [0, 1], [1, -1]]), budget=10)
    >>> sorted(rays.supports.astype(int).tolist())
    [[1, 0, 1], [1, 1, 0]]
    """
    k, p = N.shape
    start, R = _row_basis(N)
    values = np.ascontiguousarray(R.T)
    values /= np.abs(values).max(axis=1, keepdims=True)
    zeros = np.zeros((p, k), dtype=bool)
    zeros[:, start] = ~np.eye(p, dtype=bool)
    remaining = np.setdiff1d(np.arange(k), start)
    work, largest_zero, smallest_nonzero = 0, 0.0, np.inf
    while len(remaining):
        positive = (values[:, remaining] > tolerance).sum(axis=0)
        negative = (values[:, remaining] < -tolerance).sum(axis=0)
        position = int(np.argmin(positive * negative))
        row, remaining = int(remaining[position]), np.delete(remaining, position)
        work += int(positive[position]) * int(negative[position])
        size = np.abs(values[:, row])
        largest_zero = max(largest_zero, float(size[size <= tolerance].max(initial=0.0)))
        smallest_nonzero = min(smallest_nonzero, float(size[size > tolerance].min(initial=np.inf)))
        step = _cut(values, zeros, row, p - 2, tolerance, budget) if work <= WORK else None
        if step is None:
            return Rays(np.zeros((0, k), dtype=bool), False, largest_zero, smallest_nonzero)
        values, zeros = step
    return Rays(~zeros, True, largest_zero, smallest_nonzero)


def _adjacent(
    zeros: NDArray[np.uint64], above: NDArray[np.intp], below: NDArray[np.intp], shared: int, room: int
) -> NDArray[np.intp] | None:
    """Adjacent pairs (q, 2), or None when there are more than `room`; it asks now and then whether to stop."""
    parts, first, size = [], 0, 1
    while first < len(above):
        check()
        began = time.monotonic()
        pairs, fits = _kernel()(zeros, above[first : first + size], below, shared, room)
        if not fits:
            return None
        parts.append(pairs)
        room, first = room - len(pairs), first + size
        # How long a row takes depends on how soon its pairs are refuted, which cannot be foreseen.
        size = 2 * size if time.monotonic() - began < PORTION else max(size // 2, 1)
    return np.concatenate(parts) if parts else np.zeros((0, 2), dtype=np.intp)


def _cut(
    values: Matrix, zeros: NDArray[np.bool_], row: int, shared: int, tolerance: float, budget: int
) -> tuple[Matrix, NDArray[np.bool_]] | None:
    """The rays after the inequality `row` is imposed, or None when there would be more than `budget`.

    Adjacent rays have at least `shared` zeros in common.
    """
    value = values[:, row]
    above, below = np.flatnonzero(value > tolerance), np.flatnonzero(value < -tolerance)
    flat = np.abs(value) <= tolerance
    zeros[flat, row] = True
    values[flat, row] = 0.0
    if len(below) == 0:
        return values, zeros
    kept = np.flatnonzero(value >= -tolerance)
    pairs = _adjacent(pack(zeros), above, below, shared, budget - len(kept))
    if pairs is None:
        return None
    i, j = pairs[:, 0], pairs[:, 1]
    new = values[i] * -value[j][:, None] + values[j] * value[i][:, None]
    new[:, row] = 0.0
    new /= np.abs(new).max(axis=1, keepdims=True)
    new_zeros = zeros[i] & zeros[j]
    new_zeros[:, row] = True
    return np.vstack([values[kept], new]), np.vstack([zeros[kept], new_zeros])
