"""The inner loop of the exact oracle: bound every pattern on a range of lines of the arrangement.

|g|, g = s X^T D nu, is carried from cell to cell along a line and excludes most patterns in O(r); the few others are
bounded with their cones. A pattern and its complement are bounded together, since the arrangement is symmetric.
"""

import numpy as np
from numba import njit

from dualscape.geometry.cones import climb, crossings, settle
from dualscape.geometry.sweep import (
    MOST_OPEN,
    begin_line,
    bottom_pattern,
    make_work,
    next_subset,
    start_line,
    unrank,
    vertex_signs,
)
from dualscape.oracles.bounds import EPS, make_scratch, pattern_bound


@njit(cache=True, nogil=True)
def _record(found, state, unit, norm, sign):
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
def _bound_pattern(rows, kappa, linear, bits, flip, turn, size, floor, scratch, flips, found, state):
    """Bound one pattern (its complement when `flip`) for both signs; record local maximisers above the floor."""
    N, r = rows.shape
    u, active, lam = scratch[1], scratch[2], scratch[3]
    pattern = np.empty(N, dtype=np.bool_)
    best = np.empty(r)
    for sign in (1.0, -1.0):
        for k in range(N):
            pattern[k] = bits[k] != flip
        bound, m, interesting = pattern_bound(rows, kappa, linear, sign, pattern, turn, size, floor, scratch)
        state[2] += 1
        if bound > state[0]:
            state[0] = bound
        if not interesting:
            continue
        norm = 0.0
        for a in range(r):
            best[a] = u[a]
            norm += u[a] * u[a]
        norm = np.sqrt(norm)
        settle(rows, pattern, active, m, best)
        if crossings(rows, kappa, sign, best, flips) > 0:
            # A kink across which s f rises: the local maximum is in another cone, which may be thinner than the turn.
            norm, _ = climb(rows, kappa, linear, sign, best, pattern, active, lam)
        if norm > floor:
            _record(found, state, best, norm, sign)


@njit(cache=True, nogil=True)
def _bound_choices(
    rows, kappa, linear, whole, g, bits, doubtful, doubts, prune2, turn, size, floor, scratch, flips, found, state
):
    """Bound the pattern `bits` of gradient g and its complement, for both signs of every doubtful hyperplane."""
    r = rows.shape[1]
    for choice in range(1 << doubts):
        norm2, other2 = 0.0, 0.0
        for b in range(doubts):
            if choice >> b & 1:
                bits[doubtful[b]] = not bits[doubtful[b]]
        for a in range(r):
            value = g[a]
            for b in range(doubts):
                if choice >> b & 1:
                    k = doubtful[b]
                    value += kappa[k] * (1.0 if bits[k] else -1.0) * rows[k, a]
            norm2 += value * value
            other2 += (whole[a] - value) * (whole[a] - value)
        if not norm2 <= prune2:
            _bound_pattern(rows, kappa, linear, bits, False, turn, size, floor, scratch, flips, found, state)
        if not other2 <= prune2:
            _bound_pattern(rows, kappa, linear, bits, True, turn, size, floor, scratch, flips, found, state)
        for b in range(doubts):
            if choice >> b & 1:
                bits[doubtful[b]] = not bits[doubtful[b]]


@njit(cache=True, nogil=True)
def _vertex_gradient(rows, kappa, g, bits, i, after, subset, size, here):
    """Gradient of the vertex's cell: g knows hyperplane i as before the vertex and the subset's rows as absent."""
    r = rows.shape[1]
    for a in range(r):
        here[a] = g[a]
    if bits[i] == after:
        change = kappa[i] if after else -kappa[i]
        for a in range(r):
            here[a] += change * rows[i, a]
    for l in range(size):
        if bits[subset[l]]:
            for a in range(r):
                here[a] += kappa[subset[l]] * rows[subset[l], a]


@njit(cache=True, nogil=True)
def scan_lines(turned, rows, kappa, linear, level, first, lines, turn, size, floor, found, state):
    """Bound all patterns of `lines` lines of one level from `first` on.

    Fills found (room, r + 1) with local maximisers above the floor and their sign, and
    state = (upper bound, number found, patterns projected, lines or vertices left unresolved).
    """
    N, r = rows.shape
    work = make_work(N, r)
    order, slope = work[0], work[2]
    scratch = make_scratch(N, r)
    flips = np.empty(N, dtype=np.bool_)
    bits = np.empty(N, dtype=np.bool_)
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    g, here = np.empty(r), np.empty(r)
    if level == 0:
        bottom_pattern(turned, bits)
        for flip in (False, True):
            _bound_pattern(rows, kappa, linear, bits, flip, turn, size, floor, scratch, flips, found, state)
        return
    whole = 2.0 * linear
    for k in range(N):
        for a in range(r):
            whole[a] += kappa[k] * rows[k, a]
    # What wrong sides may add to |g| with lam = 0, and the rounding of a gradient carried along a line of N steps.
    margin = 1.01 * turn * size + (3 * N + 4 * r + 16) * EPS * size
    prune2 = max(floor - margin, 0.0) ** 2
    subset = np.zeros(level, dtype=np.int64)
    unrank(first, N - 1, level - 1, subset)
    for step in range(lines):
        if step:
            next_subset(subset, N - 1, level - 1)
        last = subset[level - 2] if level > 1 else 0
        if last == N - 1:
            continue
        count = start_line(turned, level, subset, work)
        if count < 0:
            state[3] += 1
            continue
        begin_line(turned, level, subset, count, work, bits)
        for a in range(r):
            g[a] = linear[a]
        for k in range(N):
            if bits[k]:
                for a in range(r):
                    g[a] += kappa[k] * rows[k, a]
        for position in range(count):
            i = order[position]
            after = slope[i] > 0
            if i > last:
                doubts = vertex_signs(turned, level, subset, position, count, work, bits, doubtful)
                if doubts < 0:
                    state[3] += 1
                    doubts = 0
                _vertex_gradient(rows, kappa, g, bits, i, after, subset, level - 1, here)
                _bound_choices(
                    rows, kappa, linear, whole, here, bits, doubtful, doubts, prune2,
                    turn, size, floor, scratch, flips, found, state,
                )  # fmt: skip
                for l in range(level - 1):
                    bits[subset[l]] = False
            bits[i] = after
            change = kappa[i] if after else -kappa[i]
            for a in range(r):
                g[a] += change * rows[i, a]
