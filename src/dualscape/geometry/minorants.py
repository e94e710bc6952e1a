"""The concave minorants of s f, their maximisers, and hops from one to a higher one (THEORY section 4.3).

Across the hyperplanes with s kappa_k > 0 the function s f is convex, across those with s kappa_k < 0 concave. For any
choice S of sides of the convex ones, with slopes |kappa_k|,

    s f_S(u) = (s linear + sum_{k in S} slope_k z_k).u - sum_{concave k} slope_k (z_k.u)_+

is concave, at most s f, and equal to s f where u has the sides S. One projection (`cones.project`) maximises it over
the unit ball, and s f is no lower at its maximiser. A local maximiser of s f is one of the minorant of its own sides;
from there, another side of one convex hyperplane may lead higher. For searches: nothing here is a bound of s f.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.climbs import CLIMBED_ENTRIES, NEAR, nearest
from dualscape.geometry.cones import NONE_HELD, copy, find_heights, gradient, inner, length, project, triangular
from dualscape.running.compiled import kernel, part

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

#: Maximisers in a row for the sides of the one before, fewer where that is as much work as the longest climb.
MOST_LEAPS = 100
#: A leap is given up when it has met so many entries of the data, in less than a second.
LEAPED_ENTRIES = np.int64(300_000_000)
#: A hop must raise the value by this much, relative to it: rounding does not pass for a higher maximiser.
HIGHER = 1e-9


@dataclass(frozen=True, eq=False)
class Pieces:
    """s f for one sign s, as arrays for the compiled functions: (linear, concave, convex).

    A group is (normals (N, r), their contiguous transpose (r, N), slopes (N,)); hyperplanes without a slope are left
    out.
    """

    linear: Vector
    concave: tuple[Matrix, Matrix, Vector]
    convex: tuple[Matrix, Matrix, Vector]

    @classmethod
    def both(cls, rows: Matrix, kappa: Vector, linear: Vector) -> tuple["Pieces", "Pieces"]:
        """f and -f."""
        groups = []
        for which in (kappa > 0, kappa < 0):
            normals = np.ascontiguousarray(rows[which])
            groups.append((normals, np.ascontiguousarray(normals.T), np.abs(kappa[which])))
        return cls(np.array(linear), groups[1], groups[0]), cls(-linear, groups[0], groups[1])


@kernel(inline="always")
def _make_state(concave, convex, r):
    """(u, g, bits, sides, active): a maximiser, its gradient, sides of the concave and the convex, what holds it."""
    return (
        np.empty(r),
        np.empty(r),
        np.empty(concave, dtype=np.bool_),
        np.empty(convex, dtype=np.bool_),
        np.empty(r + 1, dtype=np.int64),
    )


@part()
def _copy_state(source, target):
    """All of a state but how many hold it."""
    copy(source[0], target[0])
    copy(source[1], target[1])
    copy(source[2], target[2])
    copy(source[3], target[3])
    copy(source[4], target[4])


@part()
def _begin(linear, concave, convex, work, state):
    """Sides, gradient and what may hold it, for the unit vector u of the state; how many that are."""
    _, columns, caps = concave
    _, wide_columns, slopes = convex
    u, g, bits, sides, active = state
    heights, wide_heights = work[0], work[1]
    find_heights(columns, u, heights)
    find_heights(wide_columns, u, wide_heights)
    for k in range(len(caps)):
        bits[k] = heights[k] > 0.0
    for k in range(len(slopes)):
        sides[k] = wide_heights[k] > 0.0
    # g = linear + what rises, and then less what falls: twice with the sign turned.
    gradient(wide_columns, slopes, linear, sides, -1.0, g)
    gradient(columns, caps, g, bits, -1.0, g)
    return nearest(heights, caps, NEAR, max(len(u) - 3, 0), active)


@part()
def _cross(convex, g, sides, k):
    """To the other side of one convex hyperplane, with the gradient."""
    normals, _, slopes = convex
    sides[k] = not sides[k]
    slope = slopes[k] if sides[k] else -slopes[k]
    for a in range(len(g)):
        g[a] += slope * normals[k, a]


@part()
def _leap(concave, convex, work, state, m, stop):
    """Maximise the minorant of the state, then that of the sides of its maximiser, and so on while it rises.

    It ends early when the first maximum is not above `stop`. Returns (value, number that hold u); value 0 with u = 0
    when a leap takes too long.
    """
    normals, columns, caps = concave
    u, g, bits, sides, active = state
    wide_heights, lam = work[1], work[2]
    norm = 0.0
    entries = max((len(caps) + len(sides)) * len(u), 1)
    for step in range(min(MOST_LEAPS, max(2, CLIMBED_ENTRIES // entries))):
        least = stop if step == 0 else 0.0
        m, _ = project(normals, columns, bits, g, caps, least, u, active, lam, np.int64(m), LEAPED_ENTRIES)
        if m < 0:
            for a in range(len(u)):
                u[a] = 0.0
            return 0.0, np.int64(0)
        risen = length(u)
        if risen <= norm * (1.0 + 1e-15) or risen <= stop:
            break
        norm = risen
        find_heights(convex[1], u, wide_heights)
        crossed = False
        for k in range(len(sides)):
            if (wide_heights[k] > 0.0) != sides[k]:
                _cross(convex, g, sides, k)
                crossed = True
        if not crossed:
            break
    return length(u), m


@part()
def _promises(concave, convex, state, m, wide_heights, gains):
    """What crossing each convex hyperplane is expected to add to |u|^2; -inf where u is too far from it to rise.

    If the same hyperplanes hold u there, and P is the projection along them, u becomes u +- slope P z, so that |u|^2
    grows by slope^2 |P z|^2 - 2 slope |z.u|.
    """
    u, _, bits, _, active = state
    normals, columns, slopes = convex
    r = len(u)
    Q, R = np.empty((r + 1, r)), np.zeros((r + 1, r + 1))
    triangular(concave[0], bits, active, NONE_HELD, m, Q, R)
    find_heights(columns, u, wide_heights)
    for k in range(len(slopes)):
        gains[k] = -np.inf
        if slopes[k] > 2.0 * abs(wide_heights[k]):
            free = 1.0
            for l in range(m):
                free -= inner(Q[l], normals[k]) ** 2
            gains[k] = slopes[k] * (slopes[k] * free - 2.0 * abs(wide_heights[k]))


@kernel(inline="always")
def _hop(concave, convex, work, state, m, hops, norm, beyond):
    """Cross one convex hyperplane, those that promise most first: (value, number that hold it) of the state `beyond`.

    It is the first one found that is higher than `norm`; value 0 when `hops` tries find none.
    """
    gains = work[3]
    _promises(concave, convex, state, m, work[1], gains)
    for _ in range(min(hops, len(gains))):
        k = 0
        for i in range(1, len(gains)):
            if gains[i] > gains[k]:
                k = i
        if gains[k] == -np.inf:
            break
        gains[k] = -np.inf
        _copy_state(state, beyond)
        _cross(convex, beyond[1], beyond[3], k)
        value, held = _leap(concave, convex, work, beyond, m, norm)
        if value > norm * (1.0 + HIGHER):
            return value, held
    return 0.0, m


@kernel()
def rise_by_hops(linear, concave, convex, starts, hops, found):
    """Local maximisers of s f from unit vectors `starts` (q, r), times their values, to found (q, r).

    Each goes on to higher ones, across one convex hyperplane at a time, until `hops` tries in a row lead no higher.
    What reaches nothing positive is 0.
    """
    q, r = starts.shape
    state, beyond = _make_state(len(concave[2]), len(convex[2]), r), _make_state(len(concave[2]), len(convex[2]), r)
    work = np.empty(len(concave[2])), np.empty(len(convex[2])), np.empty(r + 1), np.empty(len(convex[2]))
    size = length(linear)
    for group in (concave, convex):
        slopes = 0.0
        for slope in group[2]:
            slopes += slope
        size += slopes
    nothing = 1e-13 * size
    for j in range(q):
        copy(starts[j], state[0])
        m = _begin(linear, concave, convex, work, state)
        norm, m = _leap(concave, convex, work, state, m, nothing)
        if norm <= nothing:
            for a in range(r):
                found[j, a] = 0.0
            continue
        while hops > 0:
            value, held = _hop(concave, convex, work, state, m, hops, norm, beyond)
            if value == 0.0:
                break
            norm, m = value, held
            state, beyond = beyond, state
        copy(state[0], found[j])
