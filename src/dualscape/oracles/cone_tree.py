"""The inner loop of the bisection oracle: cones are bounded, solved or cut in two, depth first (THEORY section 4.2).

* bound: `cone_bound`; a cone below the floor is done.
* solve: with few open convex hyperplanes every choice of their sides leaves a concave function, maximised by one
  projection (`geometry.cones.project` with its caps). That function is at most F everywhere: its bound never exceeds h.
* cut: otherwise the edge that the open convex hyperplanes cross most is cut in two.

A cone travels between calls (and machines) as one row of numbers, its *record*; what can be recomputed from it is
recomputed to the same bits, so that the tree of cones is the same however the work is shared out.
"""

import numpy as np
from numba import njit

from dualscape.geometry.climbs import climb, crossings
from dualscape.geometry.cones import NONE_HELD, UNBOUNDED, concave_caps, copy, gradient, project
from dualscape.oracles.bounds import resummed, rounded
from dualscape.oracles.cone_bound import EPS, cone_bound, drift, height_error, make_bound_work
from dualscape.oracles.scan import record_unit

#: Cones with at most this many open convex hyperplanes are solved for all of their sides.
MOST_SIDES = 3
#: Edges shorter than this are cut at a hyperplane and not in the middle, so that planes through a common point part.
SHORT = 1e-3
#: Cones cut this often keep the bound they have: double precision holds no smaller ones.
DEEPEST = 2_000
#: Places of a record: bound, sign (0 for +, 1 for -), depth, excess; then g (r) and V (r * r).
BOUND, WHICH, DEPTH, EXCESS, HEAD = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def make_stack(deep, N, r):
    """(V, g, ids, Z, counts, excess, depth, bound): room for `deep` cones."""
    return (
        np.empty((deep, r, r)),
        np.empty((deep, r)),
        np.empty((deep, N), dtype=np.int32),
        np.empty((deep, N, r)),
        np.empty(deep, dtype=np.int64),
        np.empty(deep),
        np.empty(deep, dtype=np.int64),
        np.empty(deep),
    )


@njit(cache=True, nogil=True)
def on_plane(r):
    """|z.v| below this counts as 0; what a convex hyperplane loses by it enters the cone's excess."""
    return 8 * (r + 4) * EPS


@njit(cache=True, nogil=True)
def _settle(weight, row, g, low, high):
    """Add a hyperplane of heights in [low, high] to g when it is on; returns what it may lose by that."""
    on = high > -low
    if on:
        for a in range(len(g)):
            g[a] += weight * row[a]
    return max(weight, 0.0) * max(-low if on else high, 0.0)


@njit(cache=True, nogil=True)
def root_records(rows, c2, linear2, roots):
    """Records of the cones `roots` (q, r, r) for both signs, (2 q, 4 + r + r * r)."""
    q, r, _ = roots.shape
    out = np.zeros((2 * q, HEAD + r + r * r))
    for j in range(2 * q):
        out[j, BOUND] = np.inf
        out[j, WHICH] = j % 2
        for a in range(r):
            out[j, HEAD + a] = linear2[j % 2, a]
            for b in range(r):
                out[j, HEAD + r + a * r + b] = roots[j // 2, a, b]
    for j in range(q):
        V = roots[j]
        for i in range(rows.shape[0]):
            low, high = np.inf, -np.inf
            for k in range(r):
                value = 0.0
                for a in range(r):
                    value += rows[i, a] * V[k, a]
                low, high = min(low, value), max(high, value)
                if low < -on_plane(r) and high > on_plane(r):
                    break  # it cuts the cone: most do, and two or three generators show it
            else:
                for l in range(2 * j, 2 * j + 2):
                    out[l, EXCESS] += _settle(c2[l % 2, i], rows[i], out[l, HEAD : HEAD + r], low, high)
    return out


@njit(cache=True, nogil=True)
def _load(record, rows, c, stack):
    """The cone of a record becomes the only one on the stack.

    A hyperplane that was settled may have drifted over the threshold since, so that within `band` of it open and
    settled cannot be told apart. There a convex one counts as open (twice at worst, which raises the bound) and a
    concave one is left out (its term is at most 0): the bound holds either way.
    """
    V, g, ids, Z, counts, excess, depth, bound = stack
    N, r = rows.shape
    bound[0], depth[0], excess[0] = record[BOUND], np.int64(record[DEPTH]), record[EXCESS]
    for a in range(r):
        g[0, a] = record[HEAD + a]
        for b in range(r):
            V[0, a, b] = record[HEAD + r + a * r + b]
    zero = on_plane(r)
    band = 2.0 * (zero + (r + 4) * (depth[0] + 1) * EPS)
    m = 0
    for i in range(N):
        low, high = np.inf, -np.inf
        for k in range(r):
            value = 0.0
            for a in range(r):
                value += rows[i, a] * V[0, k, a]
            Z[0, m, k] = value
            low, high = min(low, value), max(high, value)
        threshold = zero if c[i] > 0.0 else band
        if low < -threshold and high > threshold:
            ids[0, m] = i
            m += 1
    counts[0] = m


@njit(cache=True, nogil=True)
def _unload(stack, at, which, record):
    """The cone at a place of the stack as a record."""
    V, g, _, _, _, excess, depth, bound = stack
    r = V.shape[1]
    record[BOUND], record[WHICH], record[DEPTH], record[EXCESS] = bound[at], which, depth[at], excess[at]
    for a in range(r):
        record[HEAD + a] = g[at, a]
        for b in range(r):
            record[HEAD + r + a * r + b] = V[at, a, b]


@njit(cache=True, nogil=True)
def _replace(rows, c, stack, top, to, k, cut, heights):
    """The cone on `top` with generator k replaced by `cut` goes to `to` (which may be `top`); `heights` are z.cut."""
    V, g, ids, Z, counts, excess, depth, bound = stack
    r = rows.shape[1]
    if to != top:
        for l in range(r):
            copy(V[top, l], V[to, l])
        copy(g[top], g[to])
        excess[to] = excess[top]
        bound[to] = bound[top]
    for a in range(r):
        V[to, k, a] = cut[a]
    depth[to] = depth[top] + 1
    zero = on_plane(r)
    m = 0
    for i in range(counts[top]):
        low, high = heights[i], heights[i]
        for l in range(r):
            if l != k:
                low, high = min(low, Z[top, i, l]), max(high, Z[top, i, l])
        index = ids[top, i]
        if low < -zero and high > zero:
            ids[to, m] = index
            for l in range(r):
                Z[to, m, l] = Z[top, i, l]
            Z[to, m, k] = heights[i]
            m += 1
        else:
            excess[to] += _settle(c[index], rows[index], g[to], low, high)
    counts[to] = m


@njit(cache=True, nogil=True)
def _crossed(c, Z, ids, m, total):
    """(a, b) of the edge that open convex hyperplanes cross most, each weighing c min(|z.v_a|, |z.v_b|)."""
    r = Z.shape[1]
    for a in range(r):
        for b in range(r):
            total[a, b] = 0.0
    for i in range(m):
        weight = c[ids[i]]
        if weight <= 0.0:
            continue
        for a in range(r):
            za = Z[i, a]
            if za <= 0.0:
                continue
            for b in range(r):
                zb = -Z[i, b]
                if zb > 0.0:
                    total[a, b] += weight * min(za, zb)
    most, first, second = -1.0, 0, 1
    for a in range(r):
        for b in range(a):
            both = total[a, b] + total[b, a]
            if both > most:
                most, first, second = both, a, b
    return first, second


@njit(cache=True, nogil=True)
def _share(c, V, Z, ids, m, a, b):
    """s of the cut (1 - s) v_a + s v_b: halves the angle, or passes through a hyperplane once the edge is short."""
    r = V.shape[0]
    length, na, nb = 0.0, 0.0, 0.0
    for l in range(r):
        length += (V[a, l] - V[b, l]) ** 2
        na += V[a, l] ** 2
        nb += V[b, l] ** 2
    if length < SHORT * SHORT:
        heaviest, share = 0.0, -1.0
        for i in range(m):
            weight = c[ids[i]]
            za, zb = Z[i, a], Z[i, b]
            if weight > 0.0 and za * zb < 0.0:
                crossed = weight * min(abs(za), abs(zb))
                if crossed > heaviest:
                    heaviest, share = crossed, za / (za - zb)
        if share > 0.0:
            return share
    return np.sqrt(na) / (np.sqrt(na) + np.sqrt(nb))


@njit(cache=True, nogil=True)
def _cut(rows, c, stack, top, heights, cut, total):
    """Replace the cone on `top` by its two halves, on `top` and `top + 1`."""
    V, _, ids, Z, counts, _, _, _ = stack
    r = rows.shape[1]
    m = counts[top]
    a, b = _crossed(c, Z[top], ids[top], m, total)
    share = _share(c, V[top], Z[top], ids[top], m, a, b)
    for l in range(r):
        cut[l] = (1.0 - share) * V[top, a, l] + share * V[top, b, l]
    for i in range(m):
        height = 0.0
        for l in range(r):
            height += rows[ids[top, i], l] * cut[l]
        heights[i] = height
    _replace(rows, c, stack, top, top + 1, a, cut, heights)
    _replace(rows, c, stack, top, top, b, cut, heights)


@njit(cache=True, nogil=True)
def _solve(
    rows, columns, c, linear, sign, stack, top, size, floor, spread, sides, lam_best, caps, scratch, found, state
):
    """Maximise F over the cone on `top` for all sides of its open convex hyperplanes; record what exceeds the floor."""
    V, _, ids, Z, counts, excess, depth, _ = stack
    u, g, middle, settled, pattern, flips, active, lam = scratch
    N, r = rows.shape
    for a in range(r):
        middle[a] = 0.0
        for k in range(r):
            middle[a] += V[top, k, a]
    # A settled hyperplane may be on its wrong side by this much.
    wrong = on_plane(r) + 2 * r * EPS + drift(r, depth[top])
    error = height_error(N, r, depth[top], size) + excess[top]
    for i in range(N):
        height = 0.0
        for a in range(r):
            height += rows[i, a] * middle[a]
        settled[i] = height > 0.0
        if abs(height) <= 2 * r * on_plane(r):
            # Its side here need not be the one it was settled on.
            error += 2.0 * max(c[i], 0.0) * on_plane(r)
    for choice in range(1 << len(sides)):
        for i in range(N):
            pattern[i] = settled[i]
        for i in range(counts[top]):
            height = 0.0
            for k in range(r):
                height += lam_best[k] * Z[top, i, k]
            pattern[ids[top, i]] = height > 0.0
        for j in range(len(sides)):
            pattern[sides[j]] = (choice >> j & 1) == 1
        gradient(columns, c, linear, pattern, 1.0, g)
        m = project(rows, columns, pattern, g, caps, floor * 0.999999, u, active, lam, NONE_HELD, UNBOUNDED)
        norm, rounding = rounded(u, lam, m, N, size)
        masses = 0.0
        for l in range(m):
            if c[active[l]] > 0.0:
                masses += lam[l]
        excess_here = spread * (error + masses * wrong)
        if norm + rounding + excess_here > floor:
            norm, rounding = resummed(rows, c, linear, pattern, u, active, lam, m, size)
        state[0] = max(state[0], norm + rounding + excess_here)
        if norm <= floor or norm <= 100.0 * rounding:
            continue
        if crossings(columns, c, 1.0, u, flips) > 0:
            norm, m = climb(rows, columns, c, linear, 1.0, u, pattern, active, lam)
        if norm > floor:
            record_unit(found, state, u, norm, sign)


@njit(cache=True, nogil=True)
def explore(rows, c2, linear2, size, records, target, floor, spread, budget, deep, room):
    """Treat at most about `budget` cones, depth first, from those of `records` on.

    Cones whose bound falls to the target are left for later: only the floor settles them. Returns (records of the cones
    that are left, units above the floor (q, r + 1), (bound on all that is done, number of units met, cones treated)).
    More units than `room` are only counted.
    """
    N, r = rows.shape
    columns = np.ascontiguousarray(rows.T)
    stack = make_stack(deep, N, r)
    ids, counts, depth, bound = stack[2], stack[4], stack[6], stack[7]
    work = make_bound_work(r)
    scratch = (
        np.empty(r),
        np.empty(r),
        np.empty(r),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(r + 1, dtype=np.int64),
        np.empty(r + 1),
    )
    caps, heights, cut, total = np.empty(N), np.empty(N), np.empty(r), np.empty((r, r))
    sides = np.empty(MOST_SIDES, dtype=np.int64)
    found, state = np.empty((room, r + 1)), np.zeros(3)
    state[0] = floor
    left = np.empty((budget + deep + len(records), records.shape[1]))
    filled = 0
    treated = 0
    for j in range(len(records)):
        if treated >= budget:
            copy(records[j], left[filled])
            filled += 1
            continue
        which = np.int64(records[j, WHICH])
        sign = 1.0 - 2.0 * which
        c, linear = c2[which], linear2[which]
        concave_caps(c, 1.0, caps)
        _load(records[j], rows, c, stack)
        height = 1
        while height > 0 and treated < budget and height + 1 < deep:
            top = height - 1
            treated += 1
            deviation = drift(r, depth[top])
            error = height_error(N, r, depth[top], size) + stack[5][top]
            value = cone_bound(
                c, stack[0][top], stack[1][top], stack[3][top], ids[top], counts[top],
                spread, error, deviation, floor, work,
            )  # fmt: skip
            bound[top] = min(bound[top], value)
            if bound[top] <= floor:
                height -= 1
                continue
            convex = 0
            for i in range(counts[top]):
                if c[ids[top, i]] > 0.0:
                    if convex < MOST_SIDES:
                        sides[convex] = ids[top, i]
                    convex += 1
            if convex <= MOST_SIDES:
                _solve(
                    rows, columns, c, linear, sign, stack, top, size, floor, spread, sides[:convex], work[8], caps,
                    scratch, found, state,
                )  # fmt: skip
                height -= 1
            elif depth[top] >= DEEPEST:
                state[0] = max(state[0], bound[top])
                height -= 1
            elif bound[top] <= target:
                _unload(stack, top, which, left[filled])
                filled += 1
                height -= 1
            else:
                _cut(rows, c, stack, top, heights, cut, total)
                height += 1
        for at in range(height):
            _unload(stack, at, which, left[filled])
            filled += 1
    state[2] = treated
    return left[:filled].copy(), found[: min(np.int64(state[1]), room)].copy(), state
