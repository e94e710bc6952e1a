"""Climbing from cone to cone to a local maximiser of s f over the unit sphere (THEORY section 4.3)."""

import numpy as np

from dualscape.geometry.cones import UNBOUNDED, concave_caps, copy, find_heights, gradient, length, project, settle
from dualscape.running.compiled import kernel, part

#: A unit vector is on a hyperplane when it is this close to it.
ON_HYPERPLANE = 1e-11
#: A climb ends after this many entries of the data were met, once it has crossed twice (and after 200 crossings).
CLIMBED_ENTRIES = 400_000
#: Concave hyperplanes within this of a unit vector are guessed to hold it in the end, the nearest ones.
NEAR = 0.003


@part()
def crossings(columns, kappa, sign, u, flips):
    """Hyperplanes through u across which s f is convex, so that it rises on both sides; marked in `flips`, counted."""
    norm, heights = length(u), np.empty(len(kappa))
    find_heights(columns, u, heights)
    total = 0
    for k in range(len(kappa)):
        flips[k] = sign * kappa[k] > 0 and abs(heights[k]) <= ON_HYPERPLANE * norm
        total += flips[k]
    return total


@part()
def nearest(heights, caps, within, most, active):
    """Write to `active` the concave hyperplanes with the least |heights|, at most `most`; returns how many."""
    m = 0
    for k in range(len(caps) if most > 0 else 0):
        height = abs(heights[k])
        if height < within and 0.0 < caps[k] < np.inf and (m < most or height < abs(heights[active[most - 1]])):
            m = min(m + 1, most)
            at = m - 1
            while at > 0 and abs(heights[active[at - 1]]) > height:
                active[at] = active[at - 1]
                at -= 1
            active[at] = k
    return m


@kernel(inline="always")
def climb(rows, columns, kappa, linear, sign, u, bits, active, lam):
    """Local maximiser of s f over the unit sphere reached from u, or as far as it gets; s f never falls.

    Overwrites u (r,) by the maximiser times its value, and bits by its pattern.
    Returns (value, number of active constraints, entries of the data met); value 0 with u = 0 when nothing positive is
    reached.
    """
    N, r = rows.shape
    g = np.empty(r)
    caps = np.empty(N)
    concave_caps(kappa, sign, caps)
    flips, heights = np.zeros(N, dtype=np.bool_), np.empty(N)
    find_heights(columns, u, heights)
    for k in range(N):
        bits[k] = heights[k] > 0 or (heights[k] == 0 and sign * kappa[k] > 0)
    known = nearest(heights, caps, NEAR * length(u), max(r - 3, 0), active)
    gradient(columns, kappa, linear, bits, sign, g)
    m, met = project(rows, columns, bits, g, caps, 0.0, u, active, lam, np.int64(known), UNBOUNDED)
    norm = length(u)
    # What is left of g by rounding alone has no direction.
    if norm <= 1e-12 * length(g):
        for a in range(r):
            u[a] = 0.0
        return 0.0, m, met
    risen, trial, held = np.empty(r), np.empty(N, dtype=np.bool_), np.empty_like(active)
    masses = np.empty_like(lam)
    # Far from a maximum of many rows there is one crossing after another; whoever climbs again goes on from here.
    for _ in range(min(200, max(2, CLIMBED_ENTRIES // (N * r)))):
        # Across a convex hyperplane through u the function rises: try all of them together, then one by one.
        total = crossings(columns, kappa, sign, u, flips)
        higher = False
        for attempt in range(total + 1 if total > 1 else total):
            seen = 0
            for k in range(N):
                seen += flips[k]
                trial[k] = bits[k] != (flips[k] and (attempt == 0 or attempt == seen))
            gradient(columns, kappa, linear, trial, sign, g)
            known = 0
            for l in range(m):
                if trial[active[l]] == bits[active[l]]:
                    held[known] = active[l]
                    known += 1
            others, more = project(rows, columns, trial, g, caps, 0.0, risen, held, masses, np.int64(known), UNBOUNDED)
            met += more
            higher = length(risen) > norm * (1 + 1e-15)
            if higher:
                m, norm = others, length(risen)
                copy(risen, u)
                copy(trial, bits)
                copy(held, active)
                copy(masses, lam)
                break
        if not higher:
            break
    settle(rows, bits, active, m, u)
    # Hyperplanes without a slope hold nothing, and were not followed.
    find_heights(columns, u, heights)
    for k in range(N):
        if kappa[k] == 0.0 and abs(heights[k]) > ON_HYPERPLANE * norm:
            bits[k] = heights[k] > 0.0
    return norm, m, met


@kernel()
def climb_all(rows, columns, kappa, linear, signs, starts, found, bits, active, lam, held):
    """`climb` from every start (q, r): found (q, r), bits (q, N), active and lam (q, r + 1), held (q,) counts."""
    for j in range(starts.shape[0]):
        copy(starts[j], found[j])
        _, held[j], _ = climb(rows, columns, kappa, linear, signs[j], found[j], bits[j], active[j], lam[j])
