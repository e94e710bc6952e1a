"""Sweeping the lines of an arrangement: every cell once, with its gradient kept up to date along the line.

At a vertex the sign of each hyperplane through it is fixed by which of the cells around it has the vertex on top
(THEORY section 3); the other signs come from the order of the crossings along the line.
"""

import numpy as np
from numba import njit

#: At most this many open signs are resolved by listing both at one vertex.
MOST_OPEN = 14


@njit(cache=True, nogil=True)
def unrank(position, n, size, subset):
    """The subset of {1..n} of that size at that position in lexicographic order, written to `subset`."""
    low = 1
    for slot in range(size):
        for value in range(low, n + 1):
            # combinations that have `value` in this slot: C(n - value, size - slot - 1)
            ways = 1.0
            for k in range(size - slot - 1):
                ways = ways * (n - value - k) / (k + 1)
            block = np.int64(round(ways))
            if position < block:
                subset[slot] = value
                low = value + 1
                break
            position -= block


@njit(cache=True, nogil=True)
def next_subset(subset, n, size):
    """The lexicographically next subset of {1..n}, in place."""
    slot = size - 1
    while slot >= 0 and subset[slot] == n - size + 1 + slot:
        slot -= 1
    if slot < 0:
        return
    subset[slot] += 1
    for later in range(slot + 1, size):
        subset[later] = subset[later - 1] + 1


@njit(cache=True, nogil=True)
def inverse_norm(R, size):
    """Frobenius norm of the inverse of the leading upper triangle of R, 1 when it is empty: 1 / sigma_min or more."""
    total = 0.0
    column = np.empty(size)
    for j in range(size):
        for i in range(j, -1, -1):
            value = 1.0 if i == j else 0.0
            for k in range(i + 1, j + 1):
                value -= R[i, k] * column[k]
            column[i] = value / R[i, i]
            total += column[i] * column[i]
    return np.sqrt(total) if size else 1.0


@njit(cache=True, nogil=True)
def line_of(turned, subset, size, p, q, Q, R):
    """The line {p + t q} on which the `size` rows of `subset` vanish, in the first size + 2 coordinates.

    The last coordinate is positive along p (`p[-1]`, the height) and zero along q. Writes Q, R: rows of the subset
    without their last coordinate are R^T Q. Returns a bound on the error of the plane of p and q, or inf when it is
    not determined; within the plane p and q are known up to a rotation by that error / height.
    """
    dim = size + 2
    # Gram-Schmidt of the full rows, then the two unit vectors orthogonal to them.
    basis = np.empty((dim, dim))
    factor = np.zeros((size, size))
    for l in range(size):
        row = turned[subset[l]]
        for a in range(dim):
            basis[l, a] = row[a]
        for _ in range(2):
            for i in range(l):
                dot = 0.0
                for a in range(dim):
                    dot += basis[i, a] * basis[l, a]
                factor[i, l] += dot
                for a in range(dim):
                    basis[l, a] -= dot * basis[i, a]
        norm = 0.0
        for a in range(dim):
            norm += basis[l, a] * basis[l, a]
        if norm <= 0.0:
            return np.inf
        factor[l, l] = np.sqrt(norm)
        for a in range(dim):
            basis[l, a] /= np.sqrt(norm)
    for extra in range(size, dim):
        best, best_norm = -1, -1.0
        # the unit vector that the chosen ones cover least
        for e in range(dim):
            norm = 1.0
            for i in range(extra):
                norm -= basis[i, e] * basis[i, e]
            if norm > best_norm:
                best, best_norm = e, norm
        for a in range(dim):
            basis[extra, a] = 0.0
        basis[extra, best] = 1.0
        for _ in range(2):
            for i in range(extra):
                dot = 0.0
                for a in range(dim):
                    dot += basis[i, a] * basis[extra, a]
                for a in range(dim):
                    basis[extra, a] -= dot * basis[i, a]
        norm = 0.0
        for a in range(dim):
            norm += basis[extra, a] * basis[extra, a]
        for a in range(dim):
            basis[extra, a] /= np.sqrt(norm)
    x, y = basis[size, dim - 1], basis[size + 1, dim - 1]
    height = np.hypot(x, y)
    if height <= 0.0:
        return np.inf
    for a in range(dim):
        p[a] = (x * basis[size, a] + y * basis[size + 1, a]) / height
        q[a] = (y * basis[size, a] - x * basis[size + 1, a]) / height
    q[dim - 1] = 0.0
    # The same rows without their last coordinate: the objective is decomposed over them.
    for l in range(size):
        row = turned[subset[l]]
        for a in range(dim - 1):
            Q[l, a] = row[a]
        for i in range(l):
            R[i, l] = 0.0
        for _ in range(2):
            for i in range(l):
                dot = 0.0
                for a in range(dim - 1):
                    dot += Q[i, a] * Q[l, a]
                R[i, l] += dot
                for a in range(dim - 1):
                    Q[l, a] -= dot * Q[i, a]
        norm = 0.0
        for a in range(dim - 1):
            norm += Q[l, a] * Q[l, a]
        R[l, l] = np.sqrt(norm)
        if R[l, l] <= 0.0:
            return np.inf
        for a in range(dim - 1):
            Q[l, a] /= R[l, l]
    # The plane is orthogonal to the span of the rows, which is known up to eps over their least singular value.
    return 4e-16 * dim * inverse_norm(factor, size)


@njit(cache=True, nogil=True)
def decompose(Q, R, vector, size, mu):
    """mu with sum_l mu_l row_l = vector, for vector in the span of the rows R^T Q."""
    for l in range(size):
        mu[l] = 0.0
        for a in range(size + 1):
            mu[l] += Q[l, a] * vector[a]
    for l in range(size - 1, -1, -1):
        for i in range(l + 1, size):
            mu[l] -= R[l, i] * mu[i]
        mu[l] /= R[l, l]


@njit(cache=True, nogil=True)
def start_line(turned, level, subset, work):
    """Crossings of the line of `subset` (level - 1 rows) with all other hyperplanes.

    Fills work = (order, t, slope, error, top0, topq, Q, R): hyperplanes by increasing t, their crossing, their slope
    along the line, the uncertainty of t, and what is needed for the signs of the subset's own rows. Returns the
    number of crossings, or -1 when the line is not determined.
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
    goal[level] = max(relative / p[level], 4e-16 * level * inverse_norm(R, size))
    return count


@njit(cache=True, nogil=True)
def make_work(N, r):
    """Room for one line: (order, t, slope, error, goal, Q, R, p, q) of `start_line`."""
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
    """Signs at the vertex where the line meets hyperplane order[position], of that hyperplane and of the subset's rows.

    Sets bits of these rows, writes the hyperplanes whose sign rounding leaves open to `doubtful`, returns their number
    (-1 when there are more than can be resolved).
    """
    order, t, slope, error, goal, Q, R, _, q = work
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


@njit(cache=True, nogil=True)
def begin_line(turned, level, subset, count, work, bits):
    """Signs far down the line, before its first crossing; the subset's own rows are left unset."""
    order, slope = work[0], work[2]
    bits[:] = False
    bits[0] = True
    for position in range(count):
        bits[order[position]] = slope[order[position]] < 0


@njit(cache=True, nogil=True)
def bottom_pattern(turned, bits):
    """The one cell of level 0: its top is the first basis vector."""
    bits[0] = True
    for k in range(1, len(bits)):
        bits[k] = turned[k, 0] > 0


@njit(cache=True, nogil=True)
def line_patterns(turned, level, line):
    """(patterns (cells, N) of one line with hyperplane 0 positive, 1 if rounding left more open than can be listed)."""
    N, r = turned.shape
    work = make_work(N, r)
    order, slope = work[0], work[2]
    bits = np.empty(N, dtype=np.bool_)
    out = np.empty((4 * N, N), dtype=np.bool_)
    if level == 0:
        bottom_pattern(turned, bits)
        out[0] = bits
        return out[:1], 0
    subset = np.zeros(level, dtype=np.int64)
    unrank(line, N - 1, level - 1, subset)
    last = subset[level - 2] if level > 1 else 0
    count = start_line(turned, level, subset, work)
    if count < 0:
        return out[:0], 1
    begin_line(turned, level, subset, count, work, bits)
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    filled = 0
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
