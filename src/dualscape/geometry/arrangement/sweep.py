"""Sweeping the lines of an arrangement: every cell once, with its gradient kept up to date along the line.

At a vertex the sign of each hyperplane through it is fixed by which of the cells around it has the vertex on top
(THEORY section 3); the other signs come from the order of the crossings along the line.

The normals are the columns of an (r, N) matrix, so that the crossings of a line are computed for all of them at once.
The first M of them make the arrangement. Those behind only ride along: the sweep keeps the side of each at the current
vertex, but they cut no cells.
"""

import numpy as np

from dualscape.geometry.arrangement.lines import frame_line, is_swept, mark_owned, unrank
from dualscape.geometry.cones import NONE_HELD, copy
from dualscape.running.compiled import kernel, part

#: At most this many open signs are resolved by listing both at one vertex.
MOST_OPEN = 14


@part()
def make_work(N, r):
    """Room for one line: (order, place, slope, offset, own, mu, sure, Q, R, D, p, q, limits, bucket, starts)."""
    return (
        np.empty(N, dtype=np.int64),
        np.empty(N),
        np.empty(N),
        np.empty(N),
        np.empty(N),
        np.empty((r, N)),
        np.empty(N, dtype=np.bool_),
        np.empty((r + 1, r + 1)),
        np.zeros((r + 1, r + 1)),
        np.empty((r + 1, r + 1)),
        np.empty(r + 1),
        np.empty(r + 1),
        np.empty(3),
        np.empty(N, dtype=np.int64),
        np.empty(2 * N + 1, dtype=np.int64),
    )


@part()
def _sort_places(place, order, bucket, starts):
    """Indices by increasing place in [-1, 1]; places above 1 come last. Buckets, then insertion: few branches fail."""
    N = len(place)
    for k in range(N):
        bucket[k] = np.int64(min((place[k] + 1.0) * N, 2 * N))
    starts[:] = 0
    for k in range(N):
        starts[bucket[k]] += 1
    most, total = 0, 0
    for j in range(len(starts)):
        here = starts[j]
        starts[j] = total
        total += here
        # The last bucket holds what is not on the line.
        if j < 2 * N:
            most = max(most, here)
    if most > 24:
        copy(np.argsort(place), order)
        return
    for k in range(N):
        order[starts[bucket[k]]] = k
        starts[bucket[k]] += 1
    for j in range(1, N):
        k = order[j]
        value = place[k]
        at = j
        while at > 0 and place[order[at - 1]] > value:
            order[at] = order[at - 1]
            at -= 1
        order[at] = k


# Division by 0 gives inf here and not an error, so that the loops over all crossings are vectorised.
@part(error_model="numpy")
def start_line(columns, M, level, subset, work):
    """Crossings of the line of `subset` (level - 1 rows) with all other hyperplanes.

    Fills work. A crossing at p + t q has the place t / (1 + |t|) in [-1, 1], `order` sorts by it. At the vertex there
    the last basis vector is own_k z_k + sum_l mu_lk z_subset[l], whose signs are known where `sure` and no neighbour is
    too close; D = R^-1 Q maps a vector in the span of the subset's rows to its coefficients. limits = (error of an
    offset or slope, the greatest error of the angle atan t of a crossing, relative error of own and mu when they are
    solved for). Returns the number of crossings, or -1 when the line is not determined.
    """
    order, place, slope, offset, own, mu, sure, Q, R, D, p, q, limits, bucket, starts = work
    N = columns.shape[1]
    size = level - 1
    clear = frame_line(columns, subset, size, Q, R, D, p, q, limits)
    if not clear < np.inf:
        return -1
    for k in range(N):
        slope[k] = columns[0, k] * q[0]
        offset[k] = columns[0, k] * p[0]
    for a in range(1, level + 1):
        pa, qa = p[a], q[a]
        for k in range(N):
            slope[k] += columns[a, k] * qa
            offset[k] += columns[a, k] * pa
    for k in range(N):
        total = abs(slope[k]) + abs(offset[k])
        where = -offset[k] / total if total > 0.0 else 0.0
        place[k] = where if slope[k] >= 0.0 else -where
    place[0] = 2.0
    for l in range(size):
        place[subset[l]] = 2.0
    _sort_places(place, order, bucket, starts)
    for k in range(M):
        own[k] = q[level - 1] / slope[k]
        sure[k] = abs(own[k]) > clear * (1.0 + abs(own[k])) and 1.0 - abs(place[k]) > limits[2]
    for l in range(size):
        for k in range(M):
            mu[l, k] = 0.0
        for a in range(level):
            factor = D[l, a]
            for k in range(M):
                mu[l, k] -= factor * columns[a, k]
        for k in range(M):
            mu[l, k] = D[l, level - 1] + own[k] * mu[l, k]
            sure[k] = sure[k] and abs(mu[l, k]) > clear * (1.0 + abs(own[k]))
    least = np.inf
    for k in range(1, M):
        least = min(least, slope[k] * slope[k] + offset[k] * offset[k] if place[k] <= 1.0 else np.inf)
    limits[1] = limits[0] / np.sqrt(least) + 1e-15
    count = N - 1 - size
    _mark_neighbours(order, place, sure, M, count, 2.0 * limits[1], bucket)
    return count


@part()
def _mark_neighbours(order, place, sure, M, count, gap, cutting):
    """Not sure: the first M hyperplanes whose neighbour along the line, closed at infinity, is within `gap`."""
    # Their list first, written to `cutting` without a branch that would often be guessed wrong.
    filled = 0
    for position in range(count):
        cutting[filled] = order[position]
        filled += order[position] < M
    for j in range(1, filled):
        if not place[cutting[j]] - place[cutting[j - 1]] > gap:
            sure[cutting[j]] = False
            sure[cutting[j - 1]] = False
    if filled > 1 and not 2.0 - (place[cutting[filled - 1]] - place[cutting[0]]) > gap:
        sure[cutting[0]] = False
        sure[cutting[filled - 1]] = False


@part()
def _add(doubtful, doubts, k):
    """Append k unless it is there; the new number, -1 when there is no room."""
    for b in range(doubts):
        if doubtful[b] == k:
            return doubts
    if doubts == MOST_OPEN:
        return -1
    doubtful[doubts] = k
    return doubts + 1


@part()
def _angle_error(slope, offset, error):
    """How far off the angle of a crossing is for this error of its slope and offset."""
    length = np.hypot(slope, offset)
    return error / length + 1e-15 if length > 0.0 else np.inf


@part()
def _near_crossings(M, position, count, work, doubtful):
    """Write to `doubtful` the hyperplanes whose crossing cannot be told from that of order[position]; their number.

    Places differ by at most as much as angles, so that nothing is missed.
    """
    order, place, slope, offset, _, _, _, _, _, _, _, _, limits, _, _ = work
    i = order[position]
    error = _angle_error(slope[i], offset[i], limits[0])
    doubts = NONE_HELD
    for way in (-1, 1):
        other = position
        for _ in range(count - 1):
            other += way
            if other < 0:
                other = count - 1
            elif other == count:
                other = 0
            k = order[other]
            if k >= M:
                continue
            gap = abs(place[k] - place[i])
            gap = min(gap, 2.0 - gap)
            if gap > 2.0 * limits[1]:
                break
            if gap <= error + _angle_error(slope[k], offset[k], limits[0]):
                doubts = _add(doubtful, doubts, k)
                if doubts < 0:
                    return -1
    return doubts


@part()
def vertex_signs(columns, M, level, subset, position, count, work, bits, doubtful):
    """Signs at the vertex where the line meets hyperplane order[position], of that hyperplane and of the subset's rows.

    Sets bits of these rows, writes the hyperplanes whose sign rounding leaves open to `doubtful`, returns their number
    (-1 when there are more than can be resolved).
    """
    order, place, _, _, own, mu, sure, Q, R, _, _, _, limits, _, _ = work
    size = level - 1
    i = order[position]
    if sure[i]:
        bits[i] = own[i] < 0.0
        for l in range(size):
            bits[subset[l]] = mu[l, i] < 0.0
        return 0
    doubts = _near_crossings(M, position, count, work, doubtful)
    if doubts < 0:
        return -1
    # A crossing this far out may lie beyond the horizon, where hyperplane 0 is.
    if 1.0 - abs(place[i]) <= limits[2]:
        doubts = _add(doubtful, doubts, np.int64(0))
        if doubts < 0:
            return -1
    # Solving for the coefficients loses less than D does.
    share = own[i] if np.isfinite(own[i]) else 0.0
    rest, solved = np.empty(level), np.empty(level)
    for a in range(level):
        rest[a] = (1.0 if a == level - 1 else 0.0) - share * columns[a, i]
    largest = abs(share)
    for l in range(size):
        solved[l] = 0.0
        for a in range(level):
            solved[l] += Q[l, a] * rest[a]
    for l in range(size - 1, -1, -1):
        for k in range(l + 1, size):
            solved[l] -= R[l, k] * solved[k]
        solved[l] /= R[l, l]
        largest = max(largest, abs(solved[l]))
    solved[size] = share
    for l in range(level):
        k = i if l == size else subset[l]
        bits[k] = solved[l] < 0.0
        if abs(solved[l]) <= 4.0 * limits[2] * (1.0 + largest):
            doubts = _add(doubtful, doubts, k)
            if doubts < 0:
                return -1
    return doubts


@part()
def begin_line(count, work, bits):
    """Signs far down the line, before its first crossing; the subset's own rows are left unset."""
    order, slope = work[0], work[2]
    bits[:] = False
    bits[0] = True
    for position in range(count):
        bits[order[position]] = slope[order[position]] < 0


@part()
def bottom_pattern(columns, bits):
    """The one cell of level 0: its top is the first basis vector."""
    bits[0] = True
    for k in range(1, len(bits)):
        bits[k] = columns[0, k] > 0


@kernel()
def line_patterns(columns, level, line):
    """(patterns (cells, N) of a line's own vertices with hyperplane 0 positive, 1 if rounding left too much open)."""
    r, N = columns.shape
    work = make_work(N, r)
    order, slope = work[0], work[2]
    bits = np.empty(N, dtype=np.bool_)
    out = np.empty((4 * N, N), dtype=np.bool_)
    if level == 0:
        bottom_pattern(columns, bits)
        out[0] = bits
        return out[:1], 0
    subset = np.zeros(level, dtype=np.int64)
    unrank(line, N - 1, level - 1, subset)
    if not is_swept(subset, level - 1):
        return out[:0], 0
    count = start_line(columns, N, level, subset, work)
    if count < 0:
        return out[:0], 1
    begin_line(count, work, bits)
    owned = np.empty(N, dtype=np.bool_)
    mark_owned(subset, level - 1, N - 1, owned)
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    filled = 0
    for position in range(count):
        i = order[position]
        if owned[i]:
            doubts = vertex_signs(columns, N, level, subset, position, count, work, bits, doubtful)
            if doubts < 0:
                return out[:0], 1
            if filled + (1 << doubts) > len(out):
                larger = np.empty((2 * len(out) + (1 << doubts), N), dtype=np.bool_)
                for at in range(filled):
                    copy(out[at], larger[at])
                out = larger
            for choice in range(1 << doubts):
                copy(bits, out[filled])
                for b in range(doubts):
                    if choice >> b & 1:
                        out[filled, doubtful[b]] = not bits[doubtful[b]]
                filled += 1
        bits[i] = slope[i] >= 0
    return out[:filled], 0
