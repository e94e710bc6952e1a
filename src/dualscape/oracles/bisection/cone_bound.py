"""The proven bound of one simplicial cone (THEORY section 4.2).

F(u) = linear.u + sum_i c_i (z_i.u)_+ is s f in the reduced form of `geometry.hinges`, with c = s kappa. A cone has
generators v_1..v_r with e.v_k = 1 for one fixed functional e that is at least 0 on the cone: u = sum lam_k v_k with
lam >= 0 has sum lam_k = e.u <= spread |u|. Hyperplanes that do not change sign among the generators are *settled*:
they are part of the cone's linear function g. The others are *open*.

An open convex hyperplane (c > 0) is at most its interpolation between the generators, an open concave one at most
S c z.u for any S in [0, 1]. So F(u) <= sum lam_k t_k, and F(u) <= |w| for every w with v_k.w >= t_k: the least such
|w| is the projection of the interpolating linear function onto the cone. S is chosen at that projection, a few times.

Rounding is counted where it arises; docs/rounding.md has the argument.
"""

import numpy as np

from dualscape.geometry.cones import SUMS, copy
from dualscape.running.compiled import kernel, part
from dualscape.tolerances import EPS

#: Times that S is chosen anew.
IMPROVEMENTS = 2


@kernel(inline="always")
def make_bound_work(N, r):
    """(t, w, lam, x, passive, L, G, plain, fixed, best, heights): room for the bounds of one cone."""
    return (
        np.empty(r),
        np.empty(r),
        np.empty(r),
        np.empty(r),
        np.empty(r, dtype=np.bool_),
        np.empty((r, r)),
        np.empty((r, r)),
        np.empty(r),
        np.empty(r),
        np.empty(r),
        np.empty(N),
    )


@part()
def drift(r, depth):
    """How far a generator may be from the one that exact arithmetic would have put there, as a unit vector."""
    return (4 * depth + 2 * r) * EPS


@part()
def height_error(N, r, depth, size):
    """Rounding of one t_k: of its sum over N hyperplanes, of their heights, and of the place of its generator."""
    return ((N + 4 * r + 16) * EPS + drift(r, depth)) * size


@part()
def _solve_on(G, t, passive, L, x):
    """x with G x = t on the passive indices, 0 elsewhere (Cholesky); dependent indices leave `passive`."""
    r = len(t)
    for i in range(r):
        x[i] = 0.0
        if not passive[i]:
            continue
        total = t[i]
        square = G[i, i]
        for j in range(i):
            if not passive[j]:
                continue
            value = G[i, j]
            for l in range(j):
                if passive[l]:
                    value -= L[i, l] * L[j, l]
            value /= L[j, j]
            L[i, j] = value
            total -= value * x[j]
            square -= value * value
        if square <= 1e-14 * G[i, i]:
            passive[i] = False
            continue
        L[i, i] = np.sqrt(square)
        x[i] = total / L[i, i]
    for i in range(r - 1, -1, -1):
        if passive[i]:
            total = x[i]
            for j in range(i + 1, r):
                if passive[j]:
                    total -= L[j, i] * x[j]
            x[i] = total / L[i, i]


@part()
def _least_norm(G, t, lam, passive, L, x):
    """lam >= 0 that minimises 1/2 lam^T G lam - t.lam (Lawson and Hanson, from all generators)."""
    r = len(t)
    for k in range(r):
        passive[k] = True
        lam[k] = 0.0
    for _ in range(3 * r + 3):
        for _ in range(r + 1):
            _solve_on(G, t, passive, L, x)
            step, first = 1.0, -1
            for k in range(r):
                if passive[k] and x[k] <= 0.0:
                    share = lam[k] / (lam[k] - x[k]) if lam[k] > 0.0 else 0.0
                    if share <= step:
                        step, first = share, k
            blocked = first >= 0
            for k in range(r):
                lam[k] += step * (x[k] - lam[k])
                # Rounding may leave a little of the one that reaches zero first.
                if k == first or (passive[k] and x[k] <= 0.0 and lam[k] <= 1e-300):
                    passive[k] = False
                if not passive[k]:
                    lam[k] = 0.0
            if not blocked:
                break
        worst, short = -1, 0.0
        for k in range(r):
            if not passive[k]:
                missing = t[k]
                for l in range(r):
                    missing -= G[k, l] * lam[l]
                if missing > short + 1e-14 * abs(t[k]):
                    short, worst = missing, k
        if worst < 0:
            break
        passive[worst] = True


@part()
def _norm_bound(V, t, lam, w, spread, error, deep):
    """Bound on max sum lam_k t_k over the cone's |u| <= 1 by w = sum lam_k v_k, whatever lam is.

    `error` is a bound on the error of the t_k. What w misses of v_k.w >= t_k is counted.
    """
    r = len(t)
    short, norm = 0.0, 0.0
    for a in range(r):
        w[a] = 0.0
        for k in range(r):
            w[a] += lam[k] * V[k, a]
        norm += w[a] * w[a]
    for k in range(r):
        missing = t[k]
        for a in range(r):
            missing -= V[k, a] * w[a]
        short = max(short, missing)
    norm = np.sqrt(norm)
    return norm * (1.0 + 4 * r * EPS) + spread * (short + (4 * r * EPS + deep) * norm + error)


@part(fastmath=SUMS)
def _positive(weights, z, low, high):
    """sum of weights_i (z_i)_+ over low <= i < high."""
    total = 0.0
    for i in range(low, high):
        total += weights[i] * (z[i] if z[i] > 0.0 else 0.0)
    return total


@part(fastmath=SUMS)
def _product(x, z, low, high):
    """sum of x_i z_i over low <= i < high."""
    total = 0.0
    for i in range(low, high):
        total += x[i] * z[i]
    return total


@part()
def _weights_above(weights, Z, lam, low, high, heights):
    """heights_i becomes the weight of hyperplane i where sum_k lam_k Z[k, i] > 0, and 0 elsewhere."""
    for i in range(low, high):
        heights[i] = 0.0
    for k in range(len(lam)):
        share, z = lam[k], Z[k]
        if share > 0.0:
            for i in range(low, high):
                heights[i] += share * z[i]
    for i in range(low, high):
        heights[i] = weights[i] if heights[i] > 0.0 else 0.0


@kernel(inline="always")
def frame_cone(V, g, work):
    """What all bounds of a cone begin with: the products of its generators, and the settled part at them."""
    G, plain = work[6], work[7]
    r = len(g)
    for k in range(r):
        for l in range(k + 1):
            total = 0.0
            for a in range(r):
                total += V[k, a] * V[l, a]
            G[k, l] = total
            G[l, k] = total
        total = 0.0
        for a in range(r):
            total += g[a] * V[k, a]
        plain[k] = total


@kernel()
def cone_bound(weights, V, Z, convex, concave, spread, error, deep, floor, work):
    """Bound on F over a framed cone, lowered while it is above the floor; work[9] is lam where it is attained.

    Args:
        weights: (m,) |c| of the open hyperplanes.
        V: (r, r) generators, one a row.
        Z: (r, m) heights of the generators over the open hyperplanes.
        convex, concave: (first, last + 1) of the hyperplanes of either kind.
        spread: the greatest sum lam_k of a unit vector.
        error: bound on the error of a t_k: rounding, and what settled hyperplanes lose.
        deep: `drift` of the generators.
        floor: no bound below it is of interest.
        work: what `frame_cone` has prepared.
    """
    plain, fixed, lam = work[7], work[8], work[2]
    for k in range(len(V)):
        fixed[k] = plain[k] + _positive(weights, Z[k], convex[0], convex[1])
        lam[k] = 1.0
    return _lowered(weights, V, Z, concave, spread, error, deep, floor, work)


@kernel(inline="always")
def side_bound(weights, V, Z, convex, choice, concave, spread, error, deep, floor, work):
    """Like `cone_bound`, over the part of the cone on one side of each convex hyperplane: those of the set bits."""
    plain, fixed, lam, best = work[7], work[8], work[2], work[9]
    for k in range(len(V)):
        fixed[k] = plain[k]
        for i in range(convex[0], convex[1]):
            if choice >> (i - convex[0]) & 1:
                fixed[k] += weights[i] * Z[k, i]
        lam[k] = best[k]
    return _lowered(weights, V, Z, concave, spread, error, deep, floor, work)


@part()
def _lowered(weights, V, Z, concave, spread, error, deep, floor, work):
    """The bound for the interpolation in `fixed`, S chosen at lam first and then where the bound is attained."""
    t, w, lam, x, passive, L, G, _, fixed, best, heights = work
    lowest = np.inf
    for _ in range(1 + IMPROVEMENTS):
        _weights_above(weights, Z, lam, concave[0], concave[1], heights)
        for k in range(len(t)):
            t[k] = fixed[k] - _product(heights, Z[k], concave[0], concave[1])
        _least_norm(G, t, lam, passive, L, x)
        bound = _norm_bound(V, t, lam, w, spread, error, deep)
        if bound < lowest:
            lowest = bound
            copy(lam, best)
        if lowest <= floor or bound > lowest * 1.0000001:
            break
    return lowest
