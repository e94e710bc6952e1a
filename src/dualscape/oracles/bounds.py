"""The proven bound of one pattern: how large s nu^T (X u)_+ can be among all u that the pattern stands for.

A pattern of the turned arrangement stands for every unit u with sigma_g z_g.u >= -turn. For such u and any lam >= 0,

    s f(u) <= |g + sum lam_g sigma_g z_g| + turn * sum over the hyperplanes that u has on the wrong side of (lam_g + s kappa_g)_+.

Hyperplanes with lam_g + s kappa_g <= 0 cost nothing. A hyperplane far from the maximiser p costs nothing either: any u on its
wrong side has (sigma z).u <= 0, so that s f(u) <= |p - (c.p) c| + ..., which is well below |p|. What is left over is tried
on both of its sides. Rounding: every sum above is inflated by its own gamma_n.
"""

import numpy as np
from numba import njit

from dualscape.geometry.cones import gradient, project

#: At most this many hyperplanes are tried on both sides.
MOST_BOTH = 6
EPS = 2.0**-53


@njit(cache=True, nogil=True)
def _excess(rows, kappa, sign, bits, turn, u, active, lam, m, size, slope, left):
    """|u| + what wrong sides may add; the hyperplanes that could not be excluded are marked in `left`."""
    N, r = rows.shape
    norm = 0.0
    for a in range(r):
        norm += u[a] * u[a]
    norm = np.sqrt(norm)
    for k in range(N):
        slope[k] = sign * kappa[k]
    for l in range(m):
        slope[active[l]] += lam[l]
    total = 0.0
    for k in range(N):
        left[k] = slope[k] > 0.0
        if left[k]:
            total += slope[k]
    for _ in range(20):
        remaining = 0.0
        allowed = norm - 1.01 * turn * total
        for k in range(N):
            if not left[k]:
                continue
            dot = 0.0
            for a in range(r):
                dot += rows[k, a] * u[a]
            if not bits[k]:
                dot = -dot
            # |p - (c.p) c| + turn * total <= |p| ? Rounding of dot: 4 r eps |p|.
            dot = max(dot - 4 * r * EPS * norm, 0.0)
            if allowed > 0.0 and norm * norm - dot * dot <= allowed * allowed:
                left[k] = False
            else:
                remaining += slope[k]
        if remaining == total:
            break
        total = remaining
    rounding = (N + 4 * r + 16) * EPS * size
    for l in range(m):
        rounding += (r + 8) * EPS * lam[l]
    return norm * (1 + 4 * r * EPS) + rounding + 1.01 * turn * total


@njit(cache=True, nogil=True)
def pattern_bound(rows, kappa, linear, sign, bits, turn, size, stop, scratch):
    """(proven bound, number of active constraints) of one pattern and sign.

    `size` is a bound on |linear| + sum |kappa|, which rounding errors scale with. The search for lam stops early when the
    bound is already below `stop`. scratch = (g, u, active, lam, slope, left, trial): u is the maximiser on the cone.
    """
    g, u, active, lam, slope, left, trial = scratch
    gradient(rows, kappa, linear, bits, sign, g)
    m = project(rows, bits, g, stop, u, active, lam)
    upper = _excess(rows, kappa, sign, bits, turn, u, active, lam, m, size, slope, left)
    both = 0
    for k in range(len(left)):
        both += left[k]
    norm = 0.0
    for a in range(len(u)):
        norm += u[a] * u[a]
    if both == 0 or both > MOST_BOTH or np.sqrt(norm) <= stop:
        return upper, m
    which = np.flatnonzero(left)
    best = np.sqrt(norm) * (1 + 4 * len(u) * EPS) + (len(rows) + 4 * len(u) + 16) * EPS * size
    other_u, other_active, other_lam = np.empty_like(u), np.empty_like(active), np.empty_like(lam)
    for choice in range(1 << both):
        trial[:] = bits
        for b in range(both):
            if choice >> b & 1:
                trial[which[b]] = not trial[which[b]]
        gradient(rows, kappa, linear, trial, sign, g)
        count = project(rows, trial, g, 0.0, other_u, other_active, other_lam)
        # u has the right side of all of `which` in one of these choices, so they need no excess of their own.
        bound = _excess_without(rows, kappa, sign, trial, turn, other_u, other_active, other_lam, count, size, which)
        best = max(best, bound)
    return min(best, upper), m


@njit(cache=True, nogil=True)
def _excess_without(rows, kappa, sign, bits, turn, u, active, lam, m, size, which):
    slope = np.empty(len(rows))
    left = np.empty(len(rows), dtype=np.bool_)
    plain = kappa.copy()
    # Making the pull of a resolved hyperplane harmless: its wrong side is another choice's business.
    for k in which:
        plain[k] = -sign * 1e300
    return _excess(rows, plain, sign, bits, turn, u, active, lam, m, size, slope, left)


@njit(cache=True, nogil=True)
def make_scratch(N, r):
    return (
        np.empty(r),
        np.empty(r),
        np.empty(r + 1, dtype=np.int64),
        np.empty(r + 1),
        np.empty(N),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
    )
