"""The inner loop of the bisection oracle: cones are bounded, solved or cut in two, depth first (THEORY section 4.2).

* bound: `cone_bound`; a cone below the floor is done.
* solve: with few open convex hyperplanes every choice of their sides leaves a concave function, maximised by one
  projection (`geometry.cones.project` with its caps). That function is at most F everywhere: its bound never exceeds h.
* cut: otherwise the edge over which the interpolation of the open convex hyperplanes loses most is cut in two.
"""

import numpy as np

from dualscape.geometry.climbs import climb, crossings
from dualscape.geometry.cones import NONE_HELD, SUMS, UNBOUNDED, concave_caps, copy, gradient, project
from dualscape.oracles.bisection.cone_bound import (
    cone_bound,
    drift,
    frame_cone,
    height_error,
    make_bound_work,
    side_bound,
)
from dualscape.oracles.bisection.cone_stack import WHICH, extremes, load, make_stack, on_plane, replace, unload
from dualscape.oracles.maximisers import record_unit, resummed, rounded
from dualscape.running.compiled import kernel, part
from dualscape.tolerances import EPS

#: Cones with at most this many open convex hyperplanes are solved for all of their sides.
MOST_SIDES = 3
#: Edges shorter than this are cut at a hyperplane and not in the middle, so that planes through a common point part.
SHORT = 1e-3
#: To treat a cone takes at least as long as to meet so many entries of the data.
CONE_ENTRIES = 20_000
#: Cones cut this often keep the bound they have: double precision holds no smaller ones.
DEEPEST = 2_000


@part()
def _losses(weights, Z, convex, lam, losses, rising):
    """What the interpolation of each convex hyperplane loses at u = sum lam_k v_k, divided by the product of its sides.

    With p = sum lam_k (z.v_k)_+ and q = sum lam_k (-z.v_k)_+ that is c min(p, q) / (p q), where c min(p, q) sums
    lam_a lam_b |z.v_a| |z.v_b| over the edges that the hyperplane crosses.
    """
    low, high = convex
    for i in range(low, high):
        losses[i], rising[i] = 0.0, 0.0
    for k in range(len(lam)):
        share, z = lam[k], Z[k]
        for i in range(low, high):
            rising[i] += share * (z[i] if z[i] > 0.0 else 0.0)
            losses[i] += share * (z[i] if z[i] < 0.0 else 0.0)
    for i in range(low, high):
        p, q = rising[i], -losses[i]
        losses[i] = weights[i] / (p if p > q else q)


@part(fastmath=SUMS)
def _loss(losses, z, w, low, high):
    """The part that one edge has in these losses."""
    total = 0.0
    for i in range(low, high):
        product = -z[i] * w[i]
        total += losses[i] * (product if product > 0.0 else 0.0)
    return total


@part()
def _crossed(weights, Z, convex, best, room):
    """(a, b) of the edge over which interpolation loses most, between where the bound is attained and the middle."""
    losses, rising, _, _, lam = room
    top = 0.0
    for k in range(len(best)):
        top = max(top, best[k])
    for k in range(len(lam)):
        lam[k] = best[k] + top if top > 0.0 else 1.0
    _losses(weights, Z, convex, lam, losses, rising)
    most, first, second = -1.0, 0, 1
    for a in range(len(Z)):
        for b in range(a):
            loss = lam[a] * lam[b] * _loss(losses, Z[a], Z[b], convex[0], convex[1])
            if loss > most:
                most, first, second = loss, a, b
    return first, second


@part()
def _share(weights, V, Z, convex, a, b):
    """s of the cut (1 - s) v_a + s v_b: halves the angle, or passes through a hyperplane once the edge is short."""
    r = V.shape[0]
    length, na, nb = 0.0, 0.0, 0.0
    for l in range(r):
        length += (V[a, l] - V[b, l]) ** 2
        na += V[a, l] ** 2
        nb += V[b, l] ** 2
    if length < SHORT * SHORT:
        heaviest, share = 0.0, -1.0
        for i in range(convex[0], convex[1]):
            za, zb = Z[a, i], Z[b, i]
            if za * zb < 0.0:
                crossed = weights[i] * min(abs(za), abs(zb))
                if crossed > heaviest:
                    heaviest, share = crossed, za / (za - zb)
        if share > 0.0:
            return share
    return np.sqrt(na) / (np.sqrt(na) + np.sqrt(nb))


@part()
def _cut(rows, columns, c, stack, top, convex, best, room):
    """Replace the cone on `top` by its two halves, on `top` and `top + 1`."""
    V, _, ids, weights, Z, counts, _, _, _ = stack
    heights, least, most, kept, cut = room
    r = rows.shape[1]
    m = counts[top, 1]
    a, b = _crossed(weights[top], Z[top], convex, best, room)
    share = _share(weights[top], V[top], Z[top], convex, a, b)
    for i in range(m):
        heights[i] = 0.0
    which = ids[top]
    for l in range(r):
        cut[l] = (1.0 - share) * V[top, a, l] + share * V[top, b, l]
        place, column = cut[l], columns[l]
        for i in range(m):
            heights[i] += column[which[i]] * place
    extremes(Z[top], m, a, b, least, most)
    replace(rows, c, stack, top, top + 1, a, b, cut, heights, least, most, kept)
    replace(rows, c, stack, top, top, b, a, cut, heights, least, most, kept)


@kernel(inline="always")
def _near(rows, stack, top, concave):
    """(rows, columns, caps, sides, bits, g) for projections among the open hyperplanes of the cone on `top` alone."""
    _, _, ids, weights, _, counts, _, _, _ = stack
    m, r = counts[top, 1], rows.shape[1]
    near_rows, near_columns = np.empty((m, r)), np.empty((r, m))
    for i in range(m):
        for a in range(r):
            near_rows[i, a] = rows[ids[top, i], a]
            near_columns[a, i] = near_rows[i, a]
    caps = np.empty(m)
    for i in range(m):
        caps[i] = weights[top, i] if concave[0] <= i < concave[1] else np.inf
    return near_rows, near_columns, caps, np.empty(m, dtype=np.bool_), np.empty(m, dtype=np.bool_), np.empty(r)


@kernel(inline="always")
def _take_sides(stack, top, convex, choice, concave, lam, near):
    """One side of each open hyperplane, of the concave ones that of sum lam_k v_k, and the gradient there."""
    _, g_top, _, weights, Z, _, _, _, _ = stack
    near_rows, _, _, sides, bits, g = near
    for i in range(convex[0], convex[1]):
        sides[i] = (choice >> (i - convex[0]) & 1) == 1
    for i in range(concave[0], concave[1]):
        height = 0.0
        for k in range(len(lam)):
            height += lam[k] * Z[top, k, i]
        sides[i] = height > 0.0
    copy(g_top[top], g)
    for i in range(len(sides)):
        bits[i] = sides[i]
        if sides[i]:
            weight = weights[top, i] if convex[0] <= i < convex[1] else -weights[top, i]
            for a in range(len(g)):
                g[a] += weight * near_rows[i, a]


@kernel(inline="always")
def _settled_sides(rows, c, V, settled):
    """The sides of all hyperplanes in the middle of a cone, and what F may lose where they are not those settled on."""
    r = len(V)
    lost = 0.0
    for i in range(len(rows)):
        height = 0.0
        for a in range(r):
            for k in range(r):
                height += rows[i, a] * V[k, a]
        settled[i] = height > 0.0
        if abs(height) <= 2 * r * on_plane(r):
            lost += 2.0 * max(c[i], 0.0) * on_plane(r)
    return lost


@kernel(inline="always")
def _solve(
    rows, columns, c, linear, sign, stack, top, size, floor, spread, convex, concave, work, caps, scratch, found, state
):
    """Maximise F over the cone on `top` for all sides of its open convex hyperplanes; record what exceeds the floor.

    True when F is not proven to stay below the floor. Most sides are excluded by a bound over the cone, or by a
    projection among the open hyperplanes alone.
    """
    V, _, ids, weights, Z, _, excess, depth, _ = stack
    u, g, settled, pattern, flips, active, lam = scratch
    N, r = rows.shape
    near = _near(rows, stack, top, concave)
    near_rows, near_columns, near_caps, sides, bits, near_g = near
    least = floor * 0.999999
    deviation = drift(r, depth[top])
    # A settled hyperplane may be on its wrong side by this much.
    wrong = on_plane(r) + 2 * r * EPS + deviation
    error = height_error(N, r, depth[top], size) + excess[top]
    lost, above = -1.0, False
    for choice in range(1 << (convex[1] - convex[0])):
        here = side_bound(weights[top], V[top], Z[top], convex, choice, concave, spread, error, deviation, floor, work)
        if here <= floor:
            continue
        _take_sides(stack, top, convex, choice, concave, work[9], near)
        m, met = project(near_rows, near_columns, bits, near_g, near_caps, least, u, active, lam, NONE_HELD, UNBOUNDED)
        state[3] += met
        norm, rounding = rounded(u, lam, m, N, size)
        if norm + rounding + spread * error <= floor:
            continue
        if lost < 0.0:
            lost = _settled_sides(rows, c, V[top], settled)
        for i in range(N):
            pattern[i] = settled[i]
        for i in range(len(sides)):
            pattern[ids[top, i]] = sides[i]
        gradient(columns, c, linear, pattern, 1.0, g)
        m, met = project(rows, columns, pattern, g, caps, least, u, active, lam, NONE_HELD, UNBOUNDED)
        state[3] += met
        norm, rounding = rounded(u, lam, m, N, size)
        masses = 0.0
        for l in range(m):
            if c[active[l]] > 0.0:
                masses += lam[l]
        excess_here = spread * (error + lost + masses * wrong)
        if norm + rounding + excess_here > floor:
            norm, rounding = resummed(rows, c, linear, pattern, u, active, lam, m, size)
        state[0] = max(state[0], min(norm + rounding + excess_here, here))
        above = above or norm + rounding + excess_here > floor
        if norm <= floor or norm <= 100.0 * rounding:
            continue
        if crossings(columns, c, 1.0, u, flips) > 0:
            norm, m, met = climb(rows, columns, c, linear, 1.0, u, pattern, active, lam)
            state[3] += met
        if norm > floor:
            record_unit(found, state, u, norm, sign)
    return above


@kernel()
def explore(rows, split, c2, linear2, size, records, target, floor, spread, budget, deep, room):
    """Treat at most about `budget` cones, depth first, from those of `records` on; work on their sides counts as more.

    The first `split` of the hyperplanes are convex for one sign and concave for the other, the rest the other way
    round. Cones whose bound falls to the target are left for later: only the floor settles them. Returns (records of
    the cones that are left, of those that are done without being below the floor, units above the floor (q, r + 1),
    (bound on all that is done, number of units met, cones treated, entries met by their sides)). More units than `room`
    are only counted.
    """
    N, r = rows.shape
    columns = np.ascontiguousarray(rows.T)
    stack = make_stack(deep, N, r)
    V, g, _, weights, Z, counts, excess, depth, bound = stack
    work = make_bound_work(N, r)
    scratch = (
        np.empty(r),
        np.empty(r),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(r + 1, dtype=np.int64),
        np.empty(r + 1),
    )
    halves = np.empty(N), np.empty(N), np.empty(N), np.empty(N, dtype=np.int64), np.empty(r)
    caps = np.empty(N)
    found, state = np.empty((room, r + 1)), np.zeros(4)
    entries = max(rows.size, CONE_ENTRIES)
    state[0] = floor
    left = np.empty((budget + deep + len(records), records.shape[1]))
    # Cones that are left fill it from the front, those that are done from the back.
    filled, back, treated = 0, len(left), 0
    for j in range(len(records)):
        if treated + state[3] / entries >= budget:
            copy(records[j], left[filled])
            filled += 1
            continue
        which = np.int64(records[j, WHICH])
        sign = 1.0 - 2.0 * which
        c, linear = c2[which], linear2[which]
        concave_caps(c, 1.0, caps)
        load(records[j], columns, c, split, stack, halves)
        height = 1
        while height > 0 and treated + state[3] / entries < budget and height + 1 < deep:
            top = height - 1
            treated += 1
            first, second = (np.int64(0), counts[top, 0]), (counts[top, 0], counts[top, 1])
            convex, concave = (first, second) if which == 0 else (second, first)
            error = height_error(N, r, depth[top], size) + excess[top]
            frame_cone(V[top], g[top], work)
            value = cone_bound(
                weights[top], V[top], Z[top], convex, concave, spread, error, drift(r, depth[top]), floor, work
            )
            bound[top] = min(bound[top], value)
            if bound[top] <= floor:
                height -= 1
            elif convex[1] - convex[0] <= MOST_SIDES:
                if _solve(
                    rows, columns, c, linear, sign, stack, top, size, floor, spread, convex, concave, work, caps,
                    scratch, found, state,
                ):  # fmt: skip
                    back -= 1
                    unload(stack, top, which, left[back])
                height -= 1
            elif depth[top] >= DEEPEST:
                state[0] = max(state[0], bound[top])
                back -= 1
                unload(stack, top, which, left[back])
                height -= 1
            elif bound[top] <= target:
                unload(stack, top, which, left[filled])
                filled += 1
                height -= 1
            else:
                _cut(rows, columns, c, stack, top, convex, work[9], halves)
                height += 1
        for at in range(height):
            unload(stack, at, which, left[filled])
            filled += 1
    state[2] = treated
    return left[:filled].copy(), left[back:].copy(), found[: min(np.int64(state[1]), room)].copy(), state
