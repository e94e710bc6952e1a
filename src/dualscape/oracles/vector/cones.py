"""The kernel of the vector bisection: cones are bounded, excluded, cut and handed back (see `cone_bounds`).

A hyperplane that does not cross a cone crosses none of its parts. So a cone carries the heights of those alone that
cross it, and the linear map that all others sum to; deep cones look at few.
"""

import numpy as np

from dualscape.oracles.vector.cone_bounds import bound_of, lies_below, spread
from dualscape.running.compiled import kernel, part
from dualscape.tolerances import EPS

#: A record: the bound of a cone, how often it was cut, what became of it, then its r generators of r entries.
BOUND, DEPTH, FATE, HEAD = 0, 1, 2, 3
#: Fates: still open; crossed by no hyperplane and to be solved; too small to be cut.
OPEN, WHOLE, SMALL = 0.0, 1.0, 2.0
#: Cones no edge of which is longer are not cut any more, but climbed from: a maximiser of that value is near.
SHORT = 2e-5
#: A hyperplane is on a generator that is no further off; most cuts of a cone, each of which moves a generator by 4 eps.
ON_PLANE, DEEPEST = 64 * EPS, 400
#: Shares of an edge within which it is cut at a hyperplane; otherwise in the middle.
LEAST_SHARE = 1e-3
#: Cones on a stack, and hyperplanes of all of them together: what exceeds either stays open.
STACK, STACKED = 64, 1_000_000


@kernel()
def explore(rows, kappa, weights, linear, records, target, threshold, budget):  # type: ignore[no-untyped-def]
    """(records of what is left, cones treated): depth first, cones of bounds above the target alone.

    Args:
        rows: (N, r) hyperplanes.
        kappa: (N, c) changes of slope.
        weights: (N,) their lengths.
        linear: (r, c) the linear part.
        records: (M, HEAD + r r) cones.
        target: cones of bounds up to it stay open.
        threshold: cones of bounds up to it are excluded.
        budget: cones to treat at most.
    """
    N, r = rows.shape
    c = kappa.shape[1]
    room = max(2 * N, min(STACK * N, STACKED))
    out = np.empty((len(records) + budget, HEAD + r * r))
    count, treated, level, held = 0, 0, 0, 0
    cones, maps, bounds = np.empty((STACK, r, r)), np.empty((STACK, r, c)), np.empty(STACK)
    depths, sizes = np.empty(STACK, np.int64), np.empty(STACK, np.int64)
    which, heights = np.empty(room, np.int64), np.empty((room, r))
    V, B, new = np.empty((r, r)), np.empty((r, c)), np.empty(r)
    along, across, aside = np.empty(r), np.empty((r, c)), np.empty(r)
    own, high, rest, fresh = np.empty(N, np.int64), np.empty((N, r)), np.empty((N, r)), np.empty(N)
    every = np.arange(N)
    for at in range(len(records)):
        if treated >= budget:
            out[count] = records[at]
            count += 1
            continue
        V[:] = records[at, HEAD:].reshape(r, r)
        B[:] = linear
        _heights(rows, V, high)
        held = _keep(rows, kappa, every, high, N, B, which, heights, 0)
        cones[0], maps[0], bounds[0] = V, B, records[at, BOUND]
        depths[0], sizes[0], level = np.int64(records[at, DEPTH]), held, 1
        while level > 0:
            level -= 1
            K, depth, bound = sizes[level], depths[level], bounds[level]
            held -= K
            if treated >= budget:
                count = _put(out, count, bound, depth, OPEN, cones[level])
                continue
            treated += 1
            V[:], B[:] = cones[level], maps[level]
            own[:K] = which[held : held + K]
            high[:K] = heights[held : held + K]
            spread(kappa, weights, V, B, own, high, K, rest, along, across, aside)
            if lies_below(V, along, across, aside, threshold):
                continue
            bound = min(bound, bound_of(V, along, across, aside))
            if bound <= threshold:
                continue
            if K == 0:
                count = _put(out, count, bound, depth, WHOLE, V)
                continue
            if bound > target and lies_below(V, along, across, aside, target):
                bound = target
            if bound <= target:
                count = _put(out, count, bound, depth, OPEN, V)
                continue
            a, b, share, longest = _edge(weights, V, own, high, K)
            if longest <= SHORT or depth >= DEEPEST:
                count = _put(out, count, bound, depth, SMALL, V)
                continue
            for i in range(r):
                new[i] = (1 - share) * V[a, i] + share * V[b, i]
            for j in range(K):
                total = 0.0
                for i in range(r):
                    total += rows[own[j], i] * new[i]
                fresh[j] = total if abs(total) > 0.5 * ON_PLANE else 0.0
            for end in (a, b):
                if level == STACK or held + K > room:
                    V[end], new[:] = new.copy(), V[end].copy()
                    count = _put(out, count, bound, depth + 1, OPEN, V)
                    V[end], new[:] = new.copy(), V[end].copy()
                    continue
                cones[level], maps[level] = V, B
                cones[level, end] = new
                for j in range(K):
                    rest[j, 0] = high[j, end]
                    high[j, end] = fresh[j]
                sizes[level] = _keep(rows, kappa, own, high, K, maps[level], which, heights, held)
                for j in range(K):
                    high[j, end] = rest[j, 0]
                held += sizes[level]
                bounds[level], depths[level] = bound, depth + 1
                level += 1
    return out[:count].copy(), treated


@part()
def _put(out, count, bound, depth, fate, V):  # type: ignore[no-untyped-def]
    """One record more; how many there are."""
    r = len(V)
    out[count, BOUND], out[count, DEPTH], out[count, FATE] = bound, depth, fate
    for k in range(r):
        for i in range(r):
            out[count, HEAD + k * r + i] = V[k, i]
    return count + 1


@part()
def _heights(rows, V, high):  # type: ignore[no-untyped-def]
    """Heights (N, r) of the generators V over all hyperplanes; nothing where one is on a hyperplane."""
    N, r = rows.shape
    for j in range(N):
        for k in range(r):
            total = 0.0
            for i in range(r):
                total += rows[j, i] * V[k, i]
            high[j, k] = total if abs(total) > 0.5 * ON_PLANE else 0.0


@part()
def _keep(rows, kappa, own, high, K, B, which, heights, start):  # type: ignore[no-untyped-def]
    """How many of K hyperplanes cross, which are stored from `start` on; those that lie above are added to B."""
    r, c = B.shape
    count = 0
    for j in range(K):
        above, below = False, False
        for k in range(r):
            above = above or high[j, k] > 0
            below = below or high[j, k] < 0
        if above and below:
            which[start + count] = own[j]
            for k in range(r):
                heights[start + count, k] = high[j, k]
            count += 1
        elif above:
            for i in range(r):
                for o in range(c):
                    B[i, o] += rows[own[j], i] * kappa[own[j], o]
    return count


@part()
def _edge(weights, V, own, high, K):  # type: ignore[no-untyped-def]
    """(ends of the edge to cut, share from the first, longest edge): what hyperplanes cross most, or the longest."""
    r = len(V)
    unit = np.empty((r, r))
    for k in range(r):
        unit[k] = V[k] / np.sqrt((V[k] * V[k]).sum())
    a, b, most, longest, share = 0, 0, 0.0, 0.0, 0.5
    for one in range(r):
        for other in range(one + 1, r):
            chord = np.sqrt(((unit[one] - unit[other]) ** 2).sum())
            crossed, greatest, where = 0.0, 0.0, 0.5
            for j in range(K):
                p, q = high[j, one], high[j, other]
                if (p > 0 and q < 0) or (p < 0 and q > 0):
                    lesser = min(abs(p), abs(q)) * weights[own[j]]
                    crossed += lesser
                    if lesser > greatest:
                        greatest, where = lesser, p / (p - q)
            if crossed > most or (most == 0.0 and crossed == 0.0 and chord > longest):
                a, b, most, share = one, other, crossed, where
            longest = max(longest, chord)
    if share < LEAST_SHARE or share > 1 - LEAST_SHARE:
        share = 0.5
    return a, b, share, longest
