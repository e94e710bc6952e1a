"""A way from one network to another on which the objective is convex but for the ends (THEORY section 8).

Masses of both ends are reduced to independent columns at no cost. From there the fit moves straight from one to the
other and the masses are the cheapest that have it, a convex function of the fit; so the objective is convex as well.
A basis of rank r and one unit more are all that is ever in use.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import BudgetError
from dualscape.landscape.paths.pool import Pool
from dualscape.landscape.paths.route import OutOfSlots, Route
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.polytopes.edge_walk import DEPENDENT, EdgeWalk

Vector = NDArray[np.float64]


def level_corners(problem: Problem, a: Network, b: Network, *, ordered: bool = True) -> list[Network]:
    """Corners from a to b, two networks of equal width, of a path with an objective convex between a's and b's reduced
    networks: it never exceeds the greater one, and falls where b is optimal over the units of both.

    Where b's neurons may come in any order the path ends with its reduced masses in other slots.

    Raises:
        OutOfSlots: the width does not suffice for this way; from rank + 1 of the columns of both on it does.
    """
    pool = Pool.of(problem, a, b)
    if pool.direct:
        return [a, b]
    first, last = pool.reduced(0), pool.reduced(1)
    places = pool.places(1, last)
    route = Route(pool, pool.places(0, first), first, 0.0, places)
    if len(np.flatnonzero((first > 0) | (last > 0))) > pool.width:
        _walk(route, pool, first, last)
    route.finish(last, 1.0, places if ordered else None)
    return [a, *route.corners, *([b] if ordered else [])]


def _walk(route: Route, pool: Pool, first: Vector, last: Vector) -> None:
    used = np.flatnonzero((first > 0) | (last > 0))
    A, price = pool.seen[:, used], np.ones(len(used))

    def go(masses: Vector, share: float) -> None:
        found = np.zeros(len(first))
        found[used] = masses
        route.go(found, share)

    end = EdgeWalk(A, last[used])
    finish = [last[used], *end.cheapen(price)]
    walk = EdgeWalk(A, first[used], A @ last[used])
    for masses in walk.cheapen(price):
        go(masses, 0.0)
    try:
        for share, masses in walk.follow(price):
            go(masses, share)
    except BudgetError:
        raise OutOfSlots from None
    for masses in walk.approach(finish[-1], price):
        go(masses, 1.0)
    for masses in finish[::-1]:
        go(masses, 1.0)


def rank_of(problem: Problem, a: Network, b: Network) -> int:
    """Rank of the columns of both networks: from this + 1 slots on the way between them is open."""
    pool = Pool.of(problem, a, b)
    used = pool.seen[:, pool.seen.any(axis=0)]
    lengths = np.linalg.norm(used, axis=0)
    return int(np.linalg.matrix_rank(used / lengths, tol=DEPENDENT * len(used) ** 0.5)) if used.size else 0
