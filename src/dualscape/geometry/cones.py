"""Maximising s f over the cone of an activation pattern, and climbing from cone to cone (THEORY section 4).

On the cone K = {u : sigma_g z_g.u >= 0} of a pattern, s f(u) = g.u with g = s (linear + sum_{bits} kappa z), so that
its maximum over |u| <= 1 is |Proj_K(g)| = min_{lam >= 0} |g + sum_g lam_g sigma_g z_g|: *any* lam >= 0 gives an upper
bound, whatever the method that found it did. Across a hyperplane with s kappa_g < 0 the function is concave; with
lam_g <= -s kappa_g the bound holds on both sides of it, so that one projection with these caps maximises over all
cones that lie behind concave hyperplanes only.
"""

import numpy as np
from numba import njit

#: A constraint normal this close to the span of the active ones is dependent on them.
DEPENDENT = 1e-11
#: A unit vector is on a hyperplane when it is this close to it.
ON_HYPERPLANE = 1e-11
#: A climb ends after this many entries of the data were met, once it has crossed twice (and after 200 crossings).
CLIMBED_ENTRIES = 400_000


@njit(cache=True, nogil=True)
def gradient(rows, kappa, linear, bits, sign, g):
    """g = sign * (linear + sum over set bits of kappa_g z_g)."""
    r = rows.shape[1]
    g[:] = linear
    for k in range(rows.shape[0]):
        if bits[k]:
            for a in range(r):
                g[a] += kappa[k] * rows[k, a]
    for a in range(r):
        g[a] *= sign


@njit(cache=True, nogil=True)
def _triangular(rows, bits, active, first, m, Q, R):
    """Gram-Schmidt (twice) of the active normals from `first` on: sigma z_active[l] = sum_k R[k, l] Q[k]."""
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
                dot = 0.0
                for a in range(r):
                    dot += Q[i, a] * Q[l, a]
                R[i, l] += dot
                for a in range(r):
                    Q[l, a] -= dot * Q[i, a]
        norm = 0.0
        for a in range(r):
            norm += Q[l, a] * Q[l, a]
        norm = np.sqrt(norm)
        R[l, l] = norm
        if norm > 0:
            for a in range(r):
                Q[l, a] /= norm


@njit(cache=True, nogil=True)
def _worst(columns, bits, caps, u, heights):
    """The most violated constraint of the cone at u that may push back: (its index, its value sigma z.u)."""
    r, N = columns.shape
    for k in range(N):
        heights[k] = columns[0, k] * u[0]
    for a in range(1, r):
        value = u[a]
        for k in range(N):
            heights[k] += columns[a, k] * value
    worst, lowest = -1, np.inf
    for k in range(N):
        value = heights[k] if bits[k] else -heights[k]
        if value < lowest and caps[k] > 0:
            lowest, worst = value, k
    return worst, lowest


@njit(cache=True, nogil=True)
def project(rows, columns, bits, g, caps, stop, u, active, lam):
    """min |g + sum lam_k sigma_k z_k| over 0 <= lam_k <= caps_k: dual active set (Goldfarb-Idnani) from lam = 0 upward.

    With infinite caps, u is the projection of g onto the cone of `bits`. A lam that reaches its cap is absorbed: its
    hyperplane is crossed, its bit flips and g becomes the gradient on the other side. |u| falls at every step; the
    walk ends early once |u| <= stop.

    The normals come twice, as rows (N, r) and as `columns` (r, N), the contiguous transpose: all heights z_k.u at once
    are most of the work. Overwrites bits and g; writes u (r,), active (r + 1,) and lam (r + 1,). Returns the number of
    active constraints.
    """
    r = rows.shape[1]
    Q = np.empty((r + 1, r))
    R = np.zeros((r + 1, r + 1))
    step, dots = np.empty(r + 1), np.empty(r + 1)
    z = np.empty(r)
    heights = np.empty(len(rows))
    size = 0.0
    for a in range(r):
        u[a] = g[a]
        size += g[a] * g[a]
    size = np.sqrt(size)
    m = 0
    for _ in range(60 + 20 * r + len(rows)):
        norm2 = 0.0
        for a in range(r):
            norm2 += u[a] * u[a]
        if norm2 <= stop * stop or norm2 <= (1e-15 * size) ** 2:
            break
        p, violation = _worst(columns, bits, caps, u, heights)
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
                    dot = 0.0
                    for a in range(r):
                        dot += Q[l, a] * z[a]
                    dots[l] += dot
                    for a in range(r):
                        z[a] -= dot * Q[l, a]
            for l in range(m - 1, -1, -1):
                step[l] = dots[l]
                for i in range(l + 1, m):
                    step[l] -= R[l, i] * step[i]
                step[l] /= R[l, l]
            zz, zu = 0.0, 0.0
            for a in range(r):
                zz += z[a] * z[a]
                zu += sigma * rows[p, a] * u[a]
            full = -zu / zz if zz > DEPENDENT * DEPENDENT and m < r else np.inf
            partial, leaving = np.inf, -1
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
                length = np.sqrt(zz)
                for l in range(m):
                    R[l, m] = dots[l]
                R[m, m] = length
                for a in range(r):
                    Q[m, a] = z[a] / length
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
            _triangular(rows, bits, active, leaving, m, Q, R)
        # u afresh from lam: what is bounded is exactly this sum.
        for a in range(r):
            u[a] = g[a]
        for l in range(m):
            sigma = 1.0 if bits[active[l]] else -1.0
            for a in range(r):
                u[a] += lam[l] * sigma * rows[active[l], a]
        if stuck:
            break
    return m


@njit(cache=True, nogil=True)
def settle(rows, bits, active, m, u):
    """Put u exactly on the hyperplanes that hold it.

    u = g + sum lam c cancels when |g| is much larger than |u|, and a kink of slope kappa >> |u| feels the error.
    """
    r = rows.shape[1]
    Q, R = np.empty((r + 1, r)), np.zeros((r + 1, r + 1))
    _triangular(rows, bits, active, 0, m, Q, R)
    for _ in range(2):
        for l in range(m):
            dot = 0.0
            for a in range(r):
                dot += Q[l, a] * u[a]
            for a in range(r):
                u[a] -= dot * Q[l, a]


@njit(cache=True, nogil=True)
def concave_caps(kappa, sign, caps):
    """Caps that let `project` cross the hyperplanes across which s f is concave, and no others."""
    for k in range(len(kappa)):
        caps[k] = -sign * kappa[k] if sign * kappa[k] <= 0 else np.inf


@njit(cache=True, nogil=True)
def crossings(rows, kappa, sign, u, flips):
    """Hyperplanes through u across which s f is convex, so that it rises on both sides; marked in `flips`, counted."""
    N, r = rows.shape
    norm = 0.0
    for a in range(r):
        norm += u[a] * u[a]
    norm = np.sqrt(norm)
    total = 0
    for k in range(N):
        flips[k] = False
        if sign * kappa[k] <= 0:
            continue
        value = 0.0
        for a in range(r):
            value += rows[k, a] * u[a]
        if abs(value) <= ON_HYPERPLANE * norm:
            flips[k] = True
            total += 1
    return total


@njit(cache=True, nogil=True)
def _length(u):
    total = 0.0
    for a in range(len(u)):
        total += u[a] * u[a]
    return np.sqrt(total)


@njit(cache=True, nogil=True)
def climb(rows, columns, kappa, linear, sign, u, bits, active, lam):
    """Local maximiser of s f over the unit sphere reached from u, or as far as it gets; s f never falls.

    Overwrites u (r,) by the maximiser times its value, and bits by its pattern.
    Returns (value, number of active constraints); value 0 with u = 0 when nothing positive is reached.
    """
    N, r = rows.shape
    g = np.empty(r)
    caps = np.empty(N)
    concave_caps(kappa, sign, caps)
    flips = np.zeros(N, dtype=np.bool_)
    for k in range(N):
        value = 0.0
        for a in range(r):
            value += rows[k, a] * u[a]
        bits[k] = value > 0 or (value == 0 and sign * kappa[k] > 0)
    gradient(rows, kappa, linear, bits, sign, g)
    m = project(rows, columns, bits, g, caps, 0.0, u, active, lam)
    norm = _length(u)
    if norm <= 1e-13 * _length(g):
        u[:] = 0.0
        return 0.0, m
    risen, trial, held = np.empty(r), np.empty(N, dtype=np.bool_), np.empty_like(active)
    masses = np.empty_like(lam)
    # Far from a maximum of many rows there is one crossing after another; whoever climbs again goes on from here.
    for _ in range(min(200, max(2, CLIMBED_ENTRIES // (N * r)))):
        # Across a convex hyperplane through u the function rises: try all of them together, then one by one.
        total = crossings(rows, kappa, sign, u, flips)
        higher = False
        for attempt in range(total + 1 if total > 1 else total):
            seen = 0
            for k in range(N):
                seen += flips[k]
                trial[k] = bits[k] != (flips[k] and (attempt == 0 or attempt == seen))
            gradient(rows, kappa, linear, trial, sign, g)
            others = project(rows, columns, trial, g, caps, 0.0, risen, held, masses)
            higher = _length(risen) > norm * (1 + 1e-15)
            if higher:
                m, norm = others, _length(risen)
                u[:], bits[:], active[:], lam[:] = risen, trial, held, masses
                break
        if not higher:
            break
    settle(rows, bits, active, m, u)
    return norm, m


@njit(cache=True, nogil=True)
def climb_all(rows, columns, kappa, linear, signs, starts, found, bits, active, lam, held):
    """`climb` from every start (q, r): found (q, r), bits (q, N), active and lam (q, r + 1), held (q,) counts."""
    for j in range(starts.shape[0]):
        found[j] = starts[j]
        _, held[j] = climb(rows, columns, kappa, linear, signs[j], found[j], bits[j], active[j], lam[j])
