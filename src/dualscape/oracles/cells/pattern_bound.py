"""The proven bound of one pattern: how large F can be among all u that the pattern stands for.

F(u) = linear.u + sum_g kappa_g (z_g.u)_+ is s nu^T (X u)_+ in the form of `geometry.hinges`, the sign s included in
linear and kappa. A pattern has a side for each hyperplane with kappa_g > 0, across which F is convex; it stands for
every unit u with sigma_g z_g.u >= -turn for these. For such u, any sides of the others, g the gradient of F for all
these sides, and any lam >= 0,

    F(u) <= |g + sum lam_g sigma_g z_g| + turn * sum over the wrong sides of u of (lam_g + kappa_g)_+ .

* With lam_g <= -kappa_g the concave hyperplanes (kappa_g <= 0) cost nothing, whichever side u has them on.
* A convex hyperplane far from the maximiser p costs nothing either: any u on its wrong side has c.u <= 0 for
  c = sigma z, so that s f(u) <= |p - (c.p) c| + ..., which is well below |p|.
* The convex hyperplanes that are left, those through p, are tried on both of their sides.

Rounding: every sum above is inflated by its own gamma_n.
"""

import numpy as np

from dualscape.geometry.cones import NONE_HELD, UNBOUNDED, copy, gradient, project
from dualscape.oracles.maximisers import resummed, rounded
from dualscape.running.compiled import part
from dualscape.tolerances import EPS

#: At most this many hyperplanes are tried on both sides, those that cost most.
MOST_BOTH = 6
#: Projections go on until the bound is this part of the floor: their multipliers then exclude the next cells too.
STOP = 0.98


@part()
def make_scratch(N, r):
    """(g, u, active, lam, caps, pull, left) for one thread; the caps are those of `concave_caps`."""
    return (
        np.empty(r),
        np.empty(r),
        np.empty(r + 1, dtype=np.int64),
        np.empty(r + 1),
        np.empty(N),
        np.empty(N),
        np.empty(N, dtype=np.bool_),
    )


@part()
def _convex_excess(rows, kappa, bits, turn, u, active, lam, m, pull, left):
    """What wrong sides of convex hyperplanes may add to |u|; those that could not be excluded stay in `left`.

    Hyperplanes that enter with `left` False are not counted: their sides are known.
    """
    N, r = rows.shape
    norm = 0.0
    for a in range(r):
        norm += u[a] * u[a]
    norm = np.sqrt(norm)
    for k in range(N):
        pull[k] = kappa[k]
    for l in range(m):
        pull[active[l]] += lam[l]
    total = 0.0
    for k in range(N):
        left[k] = left[k] and kappa[k] > 0.0
        if left[k]:
            total += pull[k]
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
            dot = max(dot - 4 * r * EPS * norm, 0.0)
            if allowed > 0.0 and norm * norm - dot * dot <= allowed * allowed:
                left[k] = False
            else:
                remaining += pull[k]
        if remaining == total:
            break
        total = remaining
    return 1.01 * turn * total


@part()
def pattern_bound(rows, columns, kappa, linear, bits, turn, size, floor, scratch):
    """Proven bound of one pattern of the convex hyperplanes; (bound, m, whether u is of interest).

    `size` is a bound on |linear| + sum |kappa|, which rounding errors scale with. When the bound is seen to be at most
    `floor` the rest is skipped. The sides of the concave hyperplanes in `bits` are only where the projection begins.
    Afterwards u = scratch[1] is the maximiser over all cones behind concave hyperplanes, and bits its pattern.
    """
    g, u, active, lam, caps, pull, left = scratch
    N = len(rows)
    gradient(columns, kappa, linear, bits, 1.0, g)
    stop = max(min(STOP * floor, floor - 4.0 * turn * size), 0.0)
    m, _ = project(rows, columns, bits, g, caps, stop, u, active, lam, NONE_HELD, UNBOUNDED)
    norm, rounding = rounded(u, lam, m, N, size)
    crude = size
    for l in range(m):
        crude += lam[l]
    if norm + rounding + 1.01 * turn * crude <= floor:
        return norm, m, False
    if norm <= stop:
        gradient(columns, kappa, linear, bits, 1.0, g)
        m, _ = project(rows, columns, bits, g, caps, 0.0, u, active, lam, NONE_HELD, UNBOUNDED)
    norm, rounding = resummed(rows, kappa, linear, bits, u, active, lam, m, size)
    left[:] = True
    excess = _convex_excess(rows, kappa, bits, turn, u, active, lam, m, pull, left)
    upper = norm + rounding + excess
    # A projection of the size of its rounding has no direction.
    interesting = norm > floor and norm > 100.0 * rounding
    both = 0
    for k in range(N):
        both += left[k]
    if both == 0 or upper <= floor:
        return upper, m, interesting
    while both > MOST_BOTH:
        # Those that cost least stay with the excess.
        least = -1
        for k in range(N):
            if left[k] and (least < 0 or pull[k] < pull[least]):
                least = k
        left[least] = False
        both -= 1
    return (
        min(upper, _both_sides(rows, columns, kappa, linear, bits, turn, size, caps, left, norm + rounding)),
        m,
        interesting,
    )


@part()
def _both_sides(rows, columns, kappa, linear, bits, turn, size, caps, which, best):
    """The greatest bound over all sides of `which`: in one of the choices u has the right side of each of them."""
    N, r = rows.shape
    index = np.flatnonzero(which)
    g, u, active, lam, _, pull, left = make_scratch(N, r)
    trial = np.empty(N, dtype=np.bool_)
    for choice in range(1 << len(index)):
        copy(bits, trial)
        for b in range(len(index)):
            if choice >> b & 1:
                trial[index[b]] = not trial[index[b]]
        gradient(columns, kappa, linear, trial, 1.0, g)
        m, _ = project(rows, columns, trial, g, caps, 0.0, u, active, lam, NONE_HELD, UNBOUNDED)
        norm, rounding = resummed(rows, kappa, linear, trial, u, active, lam, m, size)
        for k in range(N):
            left[k] = not which[k]
        excess = _convex_excess(rows, kappa, trial, turn, u, active, lam, m, pull, left)
        best = max(best, norm + rounding + excess)
    return best
