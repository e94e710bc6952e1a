"""Sweeping the lines of an arrangement: every cell once, with its gradient kept up to date along the line.

At a vertex the sign of each hyperplane through it is fixed by which of the cells around it has the vertex on top
(THEORY section 3); the other signs come from the order of the crossings along the line.
"""

import numpy as np
from numba import njit

from dualscape.geometry.arrangement import MOST_OPEN, decompose, line_of, unrank


@njit(cache=True, nogil=True)
def start_line(turned, level, subset, work):
    """Crossings of the line of `subset` (level - 1 rows) with all other hyperplanes.

    Fills work = (order, t, slope, error, top0, topq, Q, R): hyperplanes by increasing t, their crossing, their slope along
    the line, the uncertainty of t, and what is needed for the signs of the subset's own rows. Returns the number of
    crossings, or -1 when the line is not determined.
    """
    order, t, slope, error, goal, Q, R, p, q = work
    N = turned.shape[0]
    size = level - 1
    relative = line_of(turned, subset, size, p, q, Q, R)
    if not np.isfinite(relative):
        return -1
    count = 0
    for k in range(1, N):
        member = False
        for l in range(size):
            member = member or subset[l] == k
        if member:
            continue
        along, offset = 0.0, 0.0
        for a in range(level + 1):
            along += turned[k, a] * q[a]
            offset += turned[k, a] * p[a]
        slope[k] = along
        t[k] = -offset / along if along != 0.0 else 1e300
        error[k] = relative * (1.0 + abs(t[k])) / max(abs(along), 1e-300)
        order[count] = k
        count += 1
    by_crossing = np.argsort(t[order[:count]])
    order[:count] = order[:count][by_crossing]
    for a in range(level):
        goal[a] = 1.0 if a == level - 1 else 0.0
    goal[level] = relative / p[level]
    return count


@njit(cache=True, nogil=True)
def make_work(N, r):
    return (
        np.empty(N, dtype=np.int64),
        np.empty(N),
        np.empty(N),
        np.empty(N),
        np.empty(r + 1),
        np.empty((r + 1, r + 1)),
        np.zeros((r + 1, r + 1)),
        np.empty(r + 1),
        np.empty(r + 1),
    )


@njit(cache=True, nogil=True)
def vertex_signs(turned, level, subset, position, count, work, bits, doubtful):
    """Signs at the vertex where the line meets hyperplane order[position]: of the subset's rows, the hyperplane, and doubts.

    Sets bits of these rows, writes the hyperplanes whose sign rounding leaves open to `doubtful`, returns their number
    (-1 when there are more than can be resolved).
    """
    order, t, slope, error, goal, Q, R, p, q = work
    size = level - 1
    i = order[position]
    doubts = 0
    for way in (-1, 1):
        other = position + way
        while 0 <= other < count and abs(t[order[other]] - t[i]) <= error[order[other]] + error[i]:
            if doubts == MOST_OPEN:
                return -1
            doubtful[doubts] = order[other]
            doubts += 1
            other += way
    # A crossing this far out may lie beyond the horizon, where hyperplane 0 is.
    if abs(t[i]) * goal[level] >= 1.0:
        if doubts == MOST_OPEN:
            return -1
        doubtful[doubts] = 0
        doubts += 1
    mu = np.empty(size + 1)
    rest = np.empty(level)
    own = q[level - 1] / slope[i] if slope[i] != 0.0 else 0.0
    largest = abs(own)
    for a in range(level):
        rest[a] = goal[a] - own * turned[i, a]
    decompose(Q, R, rest, size, mu)
    for l in range(size):
        largest = max(largest, abs(mu[l]))
    mu[size] = own
    for l in range(level):
        k = i if l == size else subset[l]
        bits[k] = mu[l] < 0.0
        if abs(mu[l]) <= 4.0 * goal[level] * (1.0 + largest):
            if doubts == MOST_OPEN:
                return -1
            doubtful[doubts] = k
            doubts += 1
    return doubts


@njit(cache=True)
def _list_line(turned, level, line):
    N, r = turned.shape
    work = make_work(N, r)
    order, t, slope, error = work[0], work[1], work[2], work[3]
    bits = np.zeros(N, dtype=np.bool_)
    bits[0] = True
    if level == 0:
        out0 = np.empty((1, N), dtype=np.bool_)
        for k in range(1, N):
            bits[k] = turned[k, 0] > 0
        out0[0] = bits
        return out0, 0
    subset = np.zeros(level, dtype=np.int64)
    unrank(line, N - 1, level - 1, subset)
    last = subset[level - 2] if level > 1 else 0
    count = start_line(turned, level, subset, work)
    if count < 0:
        return np.empty((0, N), dtype=np.bool_), 1
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    out = np.empty((max(count, 1) * 4, N), dtype=np.bool_)
    filled = 0
    for k in order[:count]:
        bits[k] = slope[k] < 0
    for position in range(count):
        i = order[position]
        if i > last:
            doubts = vertex_signs(turned, level, subset, position, count, work, bits, doubtful)
            if doubts < 0:
                return out[:0], 1
            if filled + (1 << doubts) > len(out):
                larger = np.empty((2 * len(out) + (1 << doubts), N), dtype=np.bool_)
                larger[:filled] = out[:filled]
                out = larger
            for choice in range(1 << doubts):
                out[filled] = bits
                for b in range(doubts):
                    if choice >> b & 1:
                        out[filled, doubtful[b]] = not bits[doubtful[b]]
                filled += 1
        bits[i] = slope[i] > 0
    return out[:filled], 0


def list_line(turned, level, line):
    """The patterns (bool, (cells, N)) of one line, hyperplane 0 positive; raises when rounding leaves too much open."""
    bits, failed = _list_line(turned, level, line)
    if failed:
        raise ArithmeticError("the turned arrangement is not resolved in double precision; turn it further")
    return bits
