"""The multipliers of the last projection, which often exclude the next patterns too, and in O(r) each.

Any multipliers bound any pattern (`pattern_bound`): those that a projection has found are tried on the patterns that
come after it along the line, before one of these is projected anew. A pattern and its complement keep their own.
"""

import numpy as np

from dualscape.running.compiled import part
from dualscape.tolerances import EPS

#: Ways: a pattern, its complement. Numbers of Python's would be compiled for by themselves.
OWN, OTHER = np.int64(0), np.int64(1)


@part()
def make_multipliers(N, r):
    """(index, value, side, number) of what the last projection found for a pattern and for its complement.

    A convex hyperplane comes with its multiplier and the side for which that holds, a concave one with the share of
    its slope that is taken, which holds everywhere.
    """
    most = N + r + 1
    return (
        np.empty((2, most), dtype=np.int64),
        np.empty((2, most)),
        np.empty((2, most), dtype=np.bool_),
        np.zeros(2, dtype=np.int64),
    )


@part()
def keep_multipliers(kappa, M, before, after, active, lam, m, way, multipliers):
    """Remember what a projection found: `before` and `after` are the sides it began and ended with."""
    index, value, side, number = multipliers
    filled = 0
    for l in range(m):
        k = active[l]
        index[way, filled], side[way, filled] = k, after[k]
        if k < M:
            value[way, filled] = lam[l]
        else:
            value[way, filled] = 1.0 + lam[l] / kappa[k] if after[k] else -lam[l] / kappa[k]
        filled += 1
    for k in range(M, len(kappa)):
        if before[k] == after[k]:
            continue
        held = False
        for l in range(m):
            held = held or active[l] == k
        if not held:
            index[way, filled] = k
            value[way, filled] = 1.0 if after[k] else 0.0
            filled += 1
    number[way] = filled


@part()
def still_excluded(rows, kappa, M, bits, g, way, turn, size, floor, multipliers, trial):
    """Whether the kept multipliers bound the pattern `bits` (its complement for way 1) of gradient g by the floor."""
    index, value, side, number = multipliers
    N, r = rows.shape
    if number[way] == 0:
        return False
    flip = way == OTHER
    masses = 0.0
    for a in range(r):
        trial[a] = g[a]
    for j in range(number[way]):
        k = index[way, j]
        here = bits[k] != flip
        if k >= M:
            step = kappa[k] * (value[way, j] - (1.0 if here else 0.0))
        elif here == side[way, j]:
            masses += value[way, j]
            step = value[way, j] if here else -value[way, j]
        else:
            continue
        for a in range(r):
            trial[a] += step * rows[k, a]
    norm2 = 0.0
    for a in range(r):
        norm2 += trial[a] * trial[a]
    # Rounding: that of g, two operations for every multiplier, and the norm's.
    lost = (1.01 * turn + (5 * N + 8 * r + 32) * EPS) * (size + masses)
    return np.sqrt(norm2) + lost <= floor
