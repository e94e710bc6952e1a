"""The kernel of the vector bisection: cones are bounded, excluded, cut and handed back (see `bisection` for the bound).

A hyperplane that does not cross a cone crosses none of its parts. So a cone carries the heights of those alone that
cross it, and the linear map that all others sum to; deep cones look at few.
"""

import numpy as np

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
#: Sweeps of the ascent for the multipliers of a cone.
SWEEPS = 25
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
    V, B, values, g, new = np.empty((r, r)), np.empty((r, c)), np.empty((r, c)), np.empty(r), np.empty(r)
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
            _lengths(kappa, weights, V, B, own, high, K, rest, values, g)
            bound = min(bound, _bound(V, g))
            if bound <= threshold:
                continue
            if K == 0:
                if _greatest(B) > threshold:
                    count = _put(out, count, bound, depth, WHOLE, V)
                continue
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
def _lengths(kappa, weights, V, B, own, high, K, rest, values, g):  # type: ignore[no-untyped-def]
    """Into g (r,): what |G| is at most at each generator, for the bound over the cone."""
    r, c = B.shape
    for k in range(r):
        for o in range(c):
            total = 0.0
            for i in range(r):
                total += V[k, i] * B[i, o]
            values[k, o] = total
    for j in range(K):
        above, below = 0.0, 0.0
        for k in range(r):
            above += max(high[j, k], 0.0)
            below += max(-high[j, k], 0.0)
        # Where more of the cone is above, l - z is left, which is what is below.
        side = -1.0 if above > below else 1.0
        for k in range(r):
            rest[j, k] = 0.5 * max(side * high[j, k], 0.0)
            middle = max(high[j, k], 0.0) - rest[j, k]
            for o in range(c):
                values[k, o] += middle * kappa[own[j], o]
    q, second = np.zeros(c), np.zeros(r)
    size = 0.0
    for o in range(c):
        for k in range(r):
            q[o] += values[k, o]
        size += q[o] * q[o]
    size = np.sqrt(size)
    if size > 0:
        q /= size
    for k in range(r):
        along = 0.0
        for o in range(c):
            along += values[k, o] * q[o]
        g[k] = abs(along)
        across = 0.0
        for o in range(c):
            across += (values[k, o] - along * q[o]) ** 2
        second[k] = np.sqrt(across)
    for j in range(K):
        kink = 0.0
        for o in range(c):
            kink += q[o] * kappa[own[j], o]
        aside = np.sqrt(max(weights[own[j]] ** 2 - kink * kink, 0.0))
        kink = abs(kink)
        for k in range(r):
            g[k] += rest[j, k] * kink
            second[k] += rest[j, k] * aside
    for k in range(r):
        g[k] = np.hypot(g[k], second[k])


@part()
def _bound(V, g):  # type: ignore[no-untyped-def]
    """A bound on sum lam_k g_k over |sum lam_k v_k| <= 1, lam >= 0: |w| + sqrt(r) max (g_k - w.v_k)_+ for two w."""
    r = len(g)
    gram = V @ V.T
    lam, pull = np.zeros(r), np.zeros(r)
    for _ in range(SWEEPS):
        moved = 0.0
        for k in range(r):
            new = max(lam[k] + (g[k] - pull[k]) / gram[k, k], 0.0)
            step = new - lam[k]
            if step != 0.0:
                moved = max(moved, abs(step) * np.sqrt(gram[k, k]))
                for i in range(r):
                    pull[i] += step * gram[k, i]
                lam[k] = new
        if moved <= 1e-14 * g.max():
            break
    found = _for(V, g, V.T @ lam)
    # The w at which all v_k have their g_k, by elimination.
    A, w = V.copy(), g.copy()
    for k in range(r):
        p = k + np.argmax(np.abs(A[k:, k]))
        if A[p, k] == 0.0:
            return found
        for i in range(r):
            A[k, i], A[p, i] = A[p, i], A[k, i]
        w[k], w[p] = w[p], w[k]
        for j in range(k + 1, r):
            factor = A[j, k] / A[k, k]
            for i in range(k, r):
                A[j, i] -= factor * A[k, i]
            w[j] -= factor * w[k]
    for k in range(r - 1, -1, -1):
        for i in range(k + 1, r):
            w[k] -= A[k, i] * w[i]
        w[k] /= A[k, k]
    other = _for(V, g, w)
    return other if other < found else found


@part()
def _for(V, g, w):  # type: ignore[no-untyped-def]
    """|w| + sqrt(r) max_k (g_k - w.v_k)_+."""
    r = len(g)
    missing, length = 0.0, 0.0
    for k in range(r):
        total = 0.0
        for i in range(r):
            total += V[k, i] * w[i]
        missing = max(missing, g[k] - total)
        length += w[k] * w[k]
    return np.sqrt(length) + np.sqrt(r) * missing


@part()
def _greatest(B):  # type: ignore[no-untyped-def]
    """A bound on the greatest singular value of B, above it by a few percent at most: traces of powers of B^T B."""
    A = B.T @ B
    scale, power = np.trace(A), 1.0
    if not scale > 0.0:
        return 0.0
    logarithm = np.log(scale)
    A = A / scale
    for _ in range(6):
        A, power = A @ A, 2 * power
        scale = np.trace(A)
        logarithm += np.log(scale) / power
        A = A / scale
    return np.exp(0.5 * logarithm) * (1 + 1e-12)


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
