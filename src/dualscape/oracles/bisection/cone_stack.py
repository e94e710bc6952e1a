"""The cones at hand: a stack of them with their open hyperplanes, and the records in which they travel.

A cone travels between calls (and machines) as one row of numbers, its *record*; what can be recomputed from it is
recomputed to the same bits, so that the tree of cones is the same however the work is shared out.
"""

import numpy as np

from dualscape.geometry.cones import copy, find_heights
from dualscape.running.compiled import kernel, part
from dualscape.tolerances import EPS

#: Places of a record: bound, sign (0 for +, 1 for -), depth, excess; then g (r) and V (r * r).
BOUND, WHICH, DEPTH, EXCESS, HEAD = 0, 1, 2, 3, 4
#: No generator. A number of Python's would be compiled for by itself.
NONE = np.int64(-1)


@kernel(inline="always")
def make_stack(deep, N, r):
    """(V, g, ids, weights, Z, counts, excess, depth, bound): room for `deep` cones.

    The open hyperplanes of a cone are `ids`, with `weights` |c| and the heights Z (r, m) of the generators over them;
    `counts` has how many of them are among the first and how many there are in all.
    """
    return (
        np.empty((deep, r, r)),
        np.empty((deep, r)),
        np.empty((deep, N), dtype=np.int32),
        np.empty((deep, N)),
        np.empty((deep, r, N)),
        np.empty((deep, 2), dtype=np.int64),
        np.empty(deep),
        np.empty(deep, dtype=np.int64),
        np.empty(deep),
    )


@part()
def on_plane(r):
    """|z.v| below this counts as 0; what a convex hyperplane loses by it enters the cone's excess."""
    return 8 * (r + 4) * EPS


@part()
def _settle(weight, row, g, low, high):
    """Add a hyperplane of heights in [low, high] to g when it is on; returns what it may lose by that."""
    on = high > -low
    if on:
        for a in range(len(g)):
            g[a] += weight * row[a]
    return max(weight, 0.0) * max(-low if on else high, 0.0)


@kernel()
def cone_records(rows, c2, linear2, cones, signs, depths):
    """Records (q, 4 + r + r * r) of cones (q, r, r), each with its sign (0 for +, 1 for -) and how often it was cut."""
    q, r, _ = cones.shape
    out = np.zeros((q, HEAD + r + r * r))
    for j in range(q):
        which, V = signs[j], cones[j]
        out[j, BOUND], out[j, WHICH], out[j, DEPTH] = np.inf, which, depths[j]
        for a in range(r):
            out[j, HEAD + a] = linear2[which, a]
            for b in range(r):
                out[j, HEAD + r + a * r + b] = V[a, b]
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
                out[j, EXCESS] += _settle(c2[which, i], rows[i], out[j, HEAD : HEAD + r], low, high)
    return out


@part()
def extremes(Z, m, a, b, least, most):
    """The least and the greatest height of the generators but a and b (NONE for none) over each of m hyperplanes."""
    for i in range(m):
        least[i], most[i] = np.inf, -np.inf
    for k in range(len(Z)):
        if k != a and k != b:
            z = Z[k]
            for i in range(m):
                least[i] = z[i] if z[i] < least[i] else least[i]
                most[i] = z[i] if z[i] > most[i] else most[i]


@kernel(inline="always")
def load(record, columns, c, split, stack, room):
    """The cone of a record becomes the only one on the stack.

    A hyperplane that was settled may have drifted over the threshold since, so that within `band` of it open and
    settled cannot be told apart. There a convex one counts as open (twice at worst, which raises the bound) and a
    concave one is left out (its term is at most 0): the bound holds either way.
    """
    V, g, ids, weights, Z, counts, excess, depth, bound = stack
    _, least, most, kept, _ = room
    r, N = columns.shape
    bound[0], depth[0], excess[0] = record[BOUND], np.int64(record[DEPTH]), record[EXCESS]
    for a in range(r):
        g[0, a] = record[HEAD + a]
        for b in range(r):
            V[0, a, b] = record[HEAD + r + a * r + b]
    for k in range(r):
        find_heights(columns, V[0, k], Z[0, k])
    extremes(Z[0], N, NONE, NONE, least, most)
    zero = on_plane(r)
    band = 2.0 * (zero + (r + 4) * (depth[0] + 1) * EPS)
    m, among_first = 0, 0
    for i in range(N):
        threshold = zero if c[i] > 0.0 else band
        kept[m] = i
        is_open = least[i] < -threshold and most[i] > threshold
        m += is_open
        among_first += is_open and i < split
    for j in range(m):
        ids[0, j] = kept[j]
        weights[0, j] = abs(c[kept[j]])
    for k in range(r):
        z = Z[0, k]
        for j in range(m):
            z[j] = z[kept[j]]
    counts[0, 0], counts[0, 1] = among_first, m


@part()
def unload(stack, at, which, record):
    """The cone at a place of the stack as a record."""
    V, g, _, _, _, _, excess, depth, bound = stack
    r = V.shape[1]
    record[BOUND], record[WHICH], record[DEPTH], record[EXCESS] = bound[at], which, depth[at], excess[at]
    for a in range(r):
        record[HEAD + a] = g[at, a]
        for b in range(r):
            record[HEAD + r + a * r + b] = V[at, a, b]


@part()
def replace(rows, c, stack, top, to, k, other, cut, heights, least, most, kept):
    """The cone on `top` with generator k replaced by `cut` goes to `to` (which may be `top`).

    `heights` are z.cut; `least` and `most` the extremes of the generators but k and `other`.
    """
    V, g, ids, weights, Z, counts, excess, depth, bound = stack
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
    first, last = counts[top]
    z = Z[top, other]
    m, among_first = 0, 0
    for i in range(last):
        low = min(min(least[i], z[i]), heights[i])
        high = max(max(most[i], z[i]), heights[i])
        if low < -zero and high > zero:
            kept[m] = i
            m += 1
            among_first += i < first
        else:
            index = ids[top, i]
            excess[to] += _settle(c[index], rows[index], g[to], low, high)
    for j in range(m):
        ids[to, j] = ids[top, kept[j]]
        weights[to, j] = weights[top, kept[j]]
    for l in range(r):
        source, goal = heights if l == k else Z[top, l], Z[to, l]
        for j in range(m):
            goal[j] = source[kept[j]]
    counts[to, 0], counts[to, 1] = among_first, m
