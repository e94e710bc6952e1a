"""Maximising s f over the cone of an activation pattern (THEORY section 4).

On the cone K = {u : sigma_g z_g.u >= 0} of a pattern, s f(u) = g.u with g = s (linear + sum_{bits} kappa z), so that
its maximum over |u| <= 1 is |Proj_K(g)| = min_{lam >= 0} |g + sum_g lam_g sigma_g z_g|: *any* lam >= 0 gives an upper
bound, whatever the method that found it did. Across a hyperplane with s kappa_g < 0 the function is concave; with
lam_g <= -s kappa_g the bound holds on both sides of it, so that one projection with these caps maximises over all
cones that lie behind concave hyperplanes only.
"""

from typing import Any

import numpy as np

from dualscape.running.compiled import kernel, part

#: A constraint normal this close to the span of the active ones is dependent on them.
DEPENDENT = 1e-11
#: A normal of length one that keeps this much of its squared length in Gram-Schmidt is orthogonal after one pass.
MOST_IS_LEFT = 0.25
#: All constraints are seen again when u has moved by more than this times the geometric mean of |u| and its last move,
#: for which the second is taken, relative to |u|, at the beginning.
REACH, FIRST = 0.25, 0.05
#: No constraints are active; no place. A number of Python's would be compiled for by itself.
NONE_HELD: Any = np.int64(0)
NOWHERE: Any = np.int64(-1)
#: No bound on the work of a walk.
UNBOUNDED = np.int64(1 << 62)
#: Sums may be taken in any order, which lets them be vectorised.
SUMS = {"reassoc", "contract"}


@kernel(inline="always")
def copy(source, target):
    """target = source, for vectors of equal length.

    A loop, since NumPy's assignment brings along the code that words its error: more than most kernels have.
    """
    for a in range(len(target)):
        target[a] = source[a]


@part(fastmath=SUMS)
def inner(u, v):
    """u.v"""
    total = 0.0
    for a in range(len(u)):
        total += u[a] * v[a]
    return total


@part(fastmath=SUMS)
def _distance(u, v):
    total = 0.0
    for a in range(len(u)):
        total += (u[a] - v[a]) ** 2
    return np.sqrt(total)


@part()
def length(u):
    """|u|"""
    return np.sqrt(inner(u, u))


@part(fastmath=SUMS)
def gradient(columns, kappa, linear, bits, sign, g):
    """g = sign * (linear + sum over set bits of kappa_k z_k), the normals z_k being the columns of an (r, N) matrix."""
    r, N = columns.shape
    # A weight of zero instead of a branch: half of the branches would be guessed wrong.
    weights = np.empty(N)
    for k in range(N):
        weights[k] = kappa[k] if bits[k] else 0.0
    for a in range(r):
        total = 0.0
        for k in range(N):
            total += weights[k] * columns[a, k]
        g[a] = sign * (linear[a] + total)


@part()
def triangular(rows, bits, active, first, m, Q, R):
    """Gram-Schmidt (again where it must be) of active normals from `first`: sigma z_active[l] = sum_k R[k, l] Q[k]."""
    r = rows.shape[1]
    for l in range(first, m):
        k = active[l]
        sigma = 1.0 if bits[k] else -1.0
        for a in range(r):
            Q[l, a] = sigma * rows[k, a]
        for i in range(l):
            R[i, l] = 0.0
        for _ in range(2):
            for i in range(l):
                dot = inner(Q[i], Q[l])
                R[i, l] += dot
                for a in range(r):
                    Q[l, a] -= dot * Q[i, a]
            if inner(Q[l], Q[l]) > MOST_IS_LEFT:
                break
        norm = length(Q[l])
        R[l, l] = norm
        if norm > 0:
            for a in range(r):
                Q[l, a] /= norm


@part()
def find_heights(columns, u, heights):
    """heights[k] = z_k.u for all normals at once, from their contiguous transpose (r, N)."""
    r, N = columns.shape
    for k in range(N):
        heights[k] = columns[0, k] * u[0]
    for a in range(1, r):
        value = u[a]
        for k in range(N):
            heights[k] += columns[a, k] * value


@part()
def _worst_of_all(columns, bits, caps, u, reach, heights, near):
    """The most violated constraint of the cone at u that may push back: (its index, its value, how many are near).

    `near` lists the constraints that can become violated while u moves by less than `reach`: normals have length one.
    """
    find_heights(columns, u, heights)
    count = NONE_HELD
    for k in range(len(bits)):
        value = heights[k] if bits[k] else -heights[k]
        near[count] = k
        count += (value < reach) & (caps[k] > 0)
    worst, lowest = -1, np.inf
    for l in range(count):
        k = near[l]
        value = heights[k] if bits[k] else -heights[k]
        if value < lowest:
            lowest, worst = value, k
    return worst, lowest, count


@part(fastmath=SUMS)
def _worst_of_near(rows, bits, u, near, count):
    """The same among the first `count` of `near`: (its index, its value)."""
    worst, lowest = -1, np.inf
    for l in range(count):
        k = near[l]
        height = 0.0
        for a in range(len(u)):
            height += rows[k, a] * u[a]
        value = height if bits[k] else -height
        if value < lowest:
            lowest, worst = value, k
    return worst, lowest


@part()
def _add_up(rows, bits, g, active, lam, m, u):
    """u = g + sum lam sigma z, afresh: what is bounded is exactly this sum."""
    copy(g, u)
    for l in range(m):
        weight = lam[l] if bits[active[l]] else -lam[l]
        for a in range(len(u)):
            u[a] += weight * rows[active[l], a]


@part()
def _hold(rows, bits, caps, g, u, active, lam, m, Q, R):
    """Where a walk begins that the first m of `active` hold, but for those that would pull; returns how many do.

    One that depends on those before it is left out too.
    """
    first = NONE_HELD
    while m > 0:
        triangular(rows, bits, active, first, m, Q, R)
        lowest = 0.0
        leaving = -1
        for l in range(first, m):
            if R[l, l] <= DEPENDENT:
                leaving = l
                break
        for l in range(m - 1 if leaving < 0 else -1, -1, -1):
            lam[l] = -inner(Q[l], g)
            for i in range(l + 1, m):
                lam[l] -= R[l, i] * lam[i]
            lam[l] /= R[l, l]
        for l in range(m if leaving < 0 else 0):
            if min(lam[l], caps[active[l]] - lam[l]) < lowest:
                lowest, leaving = min(lam[l], caps[active[l]] - lam[l]), l
        if leaving < 0:
            break
        m -= 1
        for l in range(leaving, m):
            active[l] = active[l + 1]
        first = np.int64(leaving)
    _add_up(rows, bits, g, active, lam, m, u)
    return m


@kernel()
def project(rows, columns, bits, g, caps, stop, u, active, lam, known, most):
    """min |g + sum lam_k sigma_k z_k| over 0 <= lam_k <= caps_k: dual active set (Goldfarb-Idnani) from lam = 0 upward.

    With infinite caps, u is the projection of g onto the cone of `bits`. A lam that reaches its cap is absorbed: its
    hyperplane is crossed, its bit flips and g becomes the gradient on the other side. |u| falls at every step; the
    walk ends early once |u| <= stop.

    The normals come twice, as rows (N, r) and as `columns` (r, N), the contiguous transpose. All heights z_k.u are most
    of the work, so that they are seen only when u has moved far: in between, only the hyperplanes near to where they
    were seen last can be violated. Overwrites bits and g; writes u (r,), active (r + 1,) and lam (r + 1,). Returns (the
    number of active constraints, entries of the normals met). The walk begins with the first `known` of `active`. Once
    it has met more than `most` entries it gives up: the number is -1, and u is no projection.
    """
    r = rows.shape[1]
    Q = np.empty((r + 1, r))
    R = np.zeros((r + 1, r + 1))
    step, dots = np.empty(r + 1), np.empty(r + 1)
    z = np.empty(r)
    heights, near = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    seen_at, last = np.empty(r), np.empty(r)
    size = length(g)
    count, reach, met = NONE_HELD, 0.0, NONE_HELD
    m = _hold(rows, bits, caps, g, u, active, lam, known, Q, R)
    copy(u, last)
    for _ in range(60 + 20 * r + len(rows)):
        norm2 = inner(u, u)
        if norm2 <= stop * stop or norm2 <= (1e-15 * size) ** 2:
            break
        moved = _distance(u, seen_at)
        if reach == 0.0 or moved >= 0.999 * reach:
            norm = np.sqrt(norm2)
            reach = REACH * np.sqrt((_distance(u, last) if reach > 0.0 else FIRST * norm) * norm)
            copy(u, seen_at)
            p, violation, count = _worst_of_all(columns, bits, caps, u, reach, heights, near)
            met += rows.size
        else:
            p, violation = _worst_of_near(rows, bits, u, near, count)
            met += count * r
        if met > most:
            return np.int64(-1), met
        copy(u, last)
        if p < 0 or violation >= -2e-16 * size:
            break
        present = False
        for l in range(m):
            present = present or active[l] == p
        if present:
            break
        sigma = 1.0 if bits[p] else -1.0
        mass = 0.0
        stuck = False
        while True:
            for a in range(r):
                z[a] = sigma * rows[p, a]
            for l in range(m):
                dots[l] = 0.0
            for _ in range(2):
                for l in range(m):
                    dot = inner(Q[l], z)
                    dots[l] += dot
                    for a in range(r):
                        z[a] -= dot * Q[l, a]
                if inner(z, z) > MOST_IS_LEFT:
                    break
            for l in range(m - 1, -1, -1):
                step[l] = dots[l]
                for i in range(l + 1, m):
                    step[l] -= R[l, i] * step[i]
                step[l] /= R[l, l]
            zz, zu = inner(z, z), sigma * inner(rows[p], u)
            full = -zu / zz if zz > DEPENDENT * DEPENDENT and m < r else np.inf
            partial, leaving = np.inf, NOWHERE
            for l in range(m):
                if step[l] > 1e-14 and lam[l] / step[l] < partial:
                    partial, leaving = lam[l] / step[l], l
                room = caps[active[l]] - lam[l]
                if step[l] < -1e-14 and room / -step[l] < partial:
                    partial, leaving = room / -step[l], l
            own = caps[p] - mass
            t = min(full, partial, own)
            if t == np.inf:  # only rounding leads here; the mass on p is given up
                stuck = True
                break
            for l in range(m):
                lam[l] = max(lam[l] - t * step[l], 0.0)
            mass += t
            if zz > DEPENDENT * DEPENDENT and m < r:
                for a in range(r):
                    u[a] += t * z[a]
            if own <= full and own <= partial:
                for a in range(r):
                    g[a] += caps[p] * sigma * rows[p, a]
                bits[p] = not bits[p]
                break
            if full <= partial:
                active[m], lam[m] = p, mass
                height = np.sqrt(zz)
                for l in range(m):
                    R[l, m] = dots[l]
                R[m, m] = height
                for a in range(r):
                    Q[m, a] = z[a] / height
                m += 1
                break
            if step[leaving] < 0:
                k = active[leaving]
                side = 1.0 if bits[k] else -1.0
                for a in range(r):
                    g[a] += caps[k] * side * rows[k, a]
                bits[k] = not bits[k]
            for l in range(leaving, m - 1):
                active[l], lam[l] = active[l + 1], lam[l + 1]
            m -= 1
            triangular(rows, bits, active, leaving, m, Q, R)
        _add_up(rows, bits, g, active, lam, m, u)
        if stuck:
            break
    return m, met


@part()
def settle(rows, bits, active, m, u):
    """Put u exactly on the hyperplanes that hold it.

    u = g + sum lam c cancels when |g| is much larger than |u|, and a kink of slope kappa >> |u| feels the error.
    """
    r = rows.shape[1]
    Q, R = np.empty((r + 1, r)), np.zeros((r + 1, r + 1))
    triangular(rows, bits, active, NONE_HELD, m, Q, R)
    for _ in range(2):
        for l in range(m):
            dot = inner(Q[l], u)
            for a in range(r):
                u[a] -= dot * Q[l, a]


@part()
def concave_caps(kappa, sign, caps):
    """Caps that let `project` cross the hyperplanes across which s f is concave, and no others."""
    for k in range(len(kappa)):
        caps[k] = -sign * kappa[k] if sign * kappa[k] <= 0 else np.inf
