"""The inner loop of the exact oracle: bound every pattern on a range of lines of the arrangement.

F(u) = linear.u + sum_g kappa_g (z_g.u)_+ is convex across the first M hyperplanes and concave across the others, so
that only the cells of the first M need a look: on each of them F is concave, and its gradient g at any point of the
cell bounds it by |g|. g is carried from cell to cell along a line, which excludes most patterns in O(r). What is left
tries the multipliers of the last projection, which often hold for the next cells too, and only then projects anew.
A pattern and its complement are bounded together, since the arrangement is symmetric.
"""

import numpy as np
from numba import njit

from dualscape.geometry.cones import climb, concave_caps, crossings, settle
from dualscape.geometry.lines import is_swept, mark_owned, next_subset, unrank
from dualscape.geometry.sweep import MOST_OPEN, begin_line, bottom_pattern, make_work, start_line, vertex_signs
from dualscape.oracles.bounds import EPS, make_scratch, pattern_bound


@njit(cache=True, nogil=True)
def record_unit(found, state, unit, norm, sign):
    """Append unit / norm to found unless it is there; state[1] counts them even when there is no room left."""
    r = len(unit)
    filled = min(int(state[1]), found.shape[0])
    for j in range(filled):
        same = found[j, r] == sign
        for a in range(r):
            same = same and abs(found[j, a] - unit[a] / norm) <= 1e-12
        if same:
            return
    if filled < found.shape[0]:
        for a in range(r):
            found[filled, a] = unit[a] / norm
        found[filled, r] = sign
    state[1] += 1


@njit(cache=True, nogil=True)
def _make_multipliers(N, r):
    """(index, value, side, (number, their masses)) of the last projection for a pattern and for its complement.

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


@njit(cache=True, nogil=True)
def _keep_multipliers(kappa, M, before, after, active, lam, m, way, multipliers):
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


@njit(cache=True, nogil=True)
def _still_excluded(rows, kappa, M, bits, g, way, turn, size, floor, multipliers, trial):
    """Whether the kept multipliers bound the pattern `bits` (its complement for way 1) of gradient g by the floor."""
    index, value, side, number = multipliers
    N, r = rows.shape
    if number[way] == 0:
        return False
    flip = way == 1
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


@njit(cache=True, nogil=True)
def _bound_pattern(rows, columns, kappa, linear, M, bits, way, turn, size, floor, sign, room, found, state):
    """Bound one pattern (its complement for way 1); record local maximisers above the floor, keep the multipliers."""
    scratch, flips, pattern, before, best, multipliers, _ = room
    N, r = rows.shape
    u, active, lam = scratch[1], scratch[2], scratch[3]
    for k in range(N):
        before[k] = bits[k] != (way == 1)
        pattern[k] = before[k]
    bound, m, interesting = pattern_bound(rows, columns, kappa, linear, pattern, turn, size, floor, scratch)
    _keep_multipliers(kappa, M, before, pattern, active, lam, m, way, multipliers)
    state[2] += 1
    if bound > state[0]:
        state[0] = bound
    if not interesting:
        return
    norm = 0.0
    for a in range(r):
        best[a] = u[a]
        norm += u[a] * u[a]
    norm = np.sqrt(norm)
    settle(rows, pattern, active, m, best)
    if crossings(columns, kappa, 1.0, best, flips) > 0:
        # A kink across which F rises: the local maximum is in another cone, which may be thinner than the turn.
        norm, _ = climb(rows, columns, kappa, linear, 1.0, best, pattern, active, lam)
    if norm > floor:
        record_unit(found, state, best, norm, sign)


@njit(cache=True, nogil=True)
def _bound_both(rows, columns, kappa, linear, whole, M, g, bits, prune2, turn, size, floor, sign, room, found, state):
    """Bound the pattern `bits` of gradient g, and its complement, whose gradient is `whole` - g."""
    multipliers, trial = room[5], room[6]
    r = rows.shape[1]
    norm2, other2 = 0.0, 0.0
    for a in range(r):
        norm2 += g[a] * g[a]
        other2 += (whole[a] - g[a]) * (whole[a] - g[a])
    state[4] += 2
    if not norm2 <= prune2 and not _still_excluded(rows, kappa, M, bits, g, 0, turn, size, floor, multipliers, trial):
        _bound_pattern(rows, columns, kappa, linear, M, bits, 0, turn, size, floor, sign, room, found, state)
    if not other2 <= prune2:
        for a in range(r):
            g[a] = whole[a] - g[a]
        if not _still_excluded(rows, kappa, M, bits, g, 1, turn, size, floor, multipliers, trial):
            _bound_pattern(rows, columns, kappa, linear, M, bits, 1, turn, size, floor, sign, room, found, state)
        for a in range(r):
            g[a] = whole[a] - g[a]


@njit(cache=True, nogil=True)
def _bound_choices(
    rows,
    columns,
    kappa,
    linear,
    whole,
    M,
    g,
    bits,
    doubtful,
    doubts,
    prune2,
    turn,
    size,
    floor,
    sign,
    room,
    found,
    state,
):
    """`_bound_both` for both sides of every doubtful hyperplane; overwrites g."""
    r = rows.shape[1]
    near = g.copy()
    for choice in range(1 << doubts):
        for a in range(r):
            g[a] = near[a]
        for b in range(doubts):
            k = doubtful[b]
            if choice >> b & 1:
                bits[k] = not bits[k]
                for a in range(r):
                    g[a] += kappa[k] * (1.0 if bits[k] else -1.0) * rows[k, a]
        _bound_both(
            rows, columns, kappa, linear, whole, M, g, bits, prune2, turn, size, floor, sign, room, found, state
        )
        for b in range(doubts):
            if choice >> b & 1:
                bits[doubtful[b]] = not bits[doubtful[b]]


@njit(cache=True, nogil=True)
def _vertex_gradient(weighted, g, bits, i, after, subset, size, here):
    """Gradient of the vertex's cell: g knows hyperplane i as before the vertex and the subset's rows as absent."""
    r = weighted.shape[1]
    for a in range(r):
        here[a] = g[a]
    if bits[i] == after:
        for a in range(r):
            here[a] += weighted[i, a] if after else -weighted[i, a]
    for l in range(size):
        if bits[subset[l]]:
            for a in range(r):
                here[a] += weighted[subset[l], a]


@njit(cache=True, nogil=True)
def _excluded(weighted, whole, g, own, mu, i, after, subset, size, prune2):
    """Whether |g| alone excludes both cells of a vertex whose signs are sure."""
    norm2, other2 = 0.0, 0.0
    turned = (1.0 if own[i] < 0.0 else 0.0) - (0.0 if after else 1.0)
    for a in range(len(g)):
        value = g[a] + turned * weighted[i, a]
        for l in range(size):
            value += (1.0 if mu[l, i] < 0.0 else 0.0) * weighted[subset[l], a]
        norm2 += value * value
        other2 += (whole[a] - value) * (whole[a] - value)
    return norm2 <= prune2 and other2 <= prune2


@njit(cache=True, nogil=True)
def scan_lines(generic, M, rows, kappa, linear, sign, level, first, lines, turn, size, floor, found, state):
    """Bound all patterns of `lines` lines of one level from `first` on.

    `generic` are the normals in general position (`Arrangement.columns`), those with kappa > 0 first, M in number.
    Fills found (room, r + 1) with local maximisers above the floor and `sign`, and
    state = (upper bound, number found, patterns projected, lines or vertices left unresolved, patterns bounded).
    """
    N, r = rows.shape
    columns = np.ascontiguousarray(rows.T)
    work = make_work(N, max(len(generic), 1))
    order, slope, own, mu, sure = work[0], work[2], work[4], work[5], work[6]
    scratch = make_scratch(N, r)
    concave_caps(kappa, 1.0, scratch[4])
    room = (
        scratch,
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(r),
        _make_multipliers(N, r),
        np.empty(r),
    )
    bits, owned = np.empty(N, dtype=np.bool_), np.empty(N, dtype=np.bool_)
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    g, here = np.empty(r), np.empty(r)
    if level == 0:
        if M:
            bottom_pattern(generic, bits)
        else:
            bits[:] = False
        for way in range(2 if M else 1):
            state[4] += 1
            _bound_pattern(rows, columns, kappa, linear, M, bits, way, turn, size, floor, sign, room, found, state)
        return
    weighted = np.empty((N, r))
    whole = 2.0 * linear
    for k in range(N):
        for a in range(r):
            weighted[k, a] = kappa[k] * rows[k, a]
            whole[a] += weighted[k, a]
    # What wrong sides may add to |g| with lam = 0, and the rounding of a gradient carried along a line of N steps.
    margin = 1.01 * turn * size + (3 * N + 4 * r + 16) * EPS * size
    prune2 = max(floor - margin, 0.0) ** 2
    subset = np.zeros(level, dtype=np.int64)
    unrank(first, M - 1, level - 1, subset)
    for step in range(lines):
        if step:
            next_subset(subset, M - 1, level - 1)
        if not is_swept(subset, level - 1):
            continue
        count = start_line(generic, M, level, subset, work)
        if count < 0:
            state[3] += 1
            continue
        begin_line(count, work, bits)
        mark_owned(subset, level - 1, M - 1, owned)
        for a in range(r):
            g[a] = linear[a]
        for k in range(N):
            share = 1.0 if bits[k] else 0.0
            for a in range(r):
                g[a] += share * weighted[k, a]
        for position in range(count):
            i = order[position]
            after = slope[i] > 0
            if owned[i]:
                if sure[i] and _excluded(weighted, whole, g, own, mu, i, after, subset, level - 1, prune2):
                    state[4] += 2
                else:
                    doubts = vertex_signs(generic, M, level, subset, position, count, work, bits, doubtful)
                    if doubts < 0:
                        state[3] += 1
                        doubts = 0
                    _vertex_gradient(weighted, g, bits, i, after, subset, level - 1, here)
                    _bound_choices(
                        rows, columns, kappa, linear, whole, M, here, bits, doubtful, doubts, prune2,
                        turn, size, floor, sign, room, found, state,
                    )  # fmt: skip
                    for l in range(level - 1):
                        bits[subset[l]] = False
            bits[i] = after
            change = 1.0 if after else -1.0
            for a in range(r):
                g[a] += change * weighted[i, a]
