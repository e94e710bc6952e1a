"""A way from one network to another where there are few slots: units of the one are exchanged for those of the other.

Every step goes straight to the best masses of the units that are then in use, so that it falls unless a unit has to
leave for want of a slot. What it climbs then is known exactly, and is an upper bound on what any path must.
"""

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.landscape.paths.level import level_corners
from dualscape.landscape.paths.pool import Pool
from dualscape.landscape.paths.route import OutOfSlots, Route
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import check
from dualscape.solver.master import solve_master

Vector = NDArray[np.float64]
#: A unit helps when its score exceeds the weight decay by this share.
HELPS = 1e-9
#: By this share where that is held against a target, which is known to rounding only.
IMPROVES = 1e-6
#: So many units are tried when one has to leave, those of least mass first.
CANDIDATES = 16


class Exchange:
    """Best masses over some units of a pool.

    Args:
        pool: the units of both ends.
        beta: what a unit of mass costs; that of the problem, or less.
    """

    def __init__(self, pool: Pool, beta: float) -> None:
        self.pool, self.beta = pool, beta

    def value(self, masses: Vector) -> float:
        """L + beta sum c of masses (k,), with the best free part."""
        problem = self.pool.problem
        return float(problem.profile.value(self.pool.A @ masses, problem.target) + self.beta * masses.sum())

    def best(self, units: NDArray[np.intp]) -> Vector:
        """(k,) the best masses with units (p,) alone, whose columns are then independent."""
        problem, found = self.pool.problem, np.zeros(len(self.pool.units))
        units = units[self.pool.seen[:, units].any(axis=0)]
        A = self.pool.A[:, units]
        found[units] = solve_master(A, problem.target, self.beta, problem.profile, np.zeros(len(units)))
        return found

    def without_one(self, masses: Vector, spared: NDArray[np.bool_]) -> Vector:
        """(k,) the best masses with one unit less, of those (k,) that are not spared: the one that is missed least."""
        used = np.flatnonzero(masses > 0)
        weight = masses * np.linalg.norm(self.pool.seen, axis=0)
        leaving = used[~spared[used]]
        leaving = leaving[np.argsort(weight[leaving], kind="stable")[:CANDIDATES]]
        return min((self.best(used[used != unit]) for unit in leaving), key=self.value)

    def helpful(self, masses: Vector, wanted: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
        """The wanted units (k,) not in use that would lower the objective, `most` at most, the steepest first."""
        problem = self.pool.problem
        nu = -problem.profile.gradient(self.pool.A @ masses, problem.target)
        scores = np.where(wanted & (masses == 0), nu @ self.pool.A, -np.inf)
        order = np.argsort(-scores, kind="stable")[:most]
        return np.asarray(order[scores[order] > self.beta * (1 + HELPS)])


def best_masses(problem: Problem, network: Network, beta: float | None = None) -> Network:
    """The best network with the unit neurons of this one, in the slots that they have: a straight line leads down.

    A unit of mass costs what it does in the problem, or `beta`. Where the fit is prescribed it is the network itself.
    """
    if problem.loss.constraint:
        return network
    pool = Pool.of(problem, network, network)
    exchange = Exchange(pool, problem.beta if beta is None else beta)
    masses = exchange.best(np.arange(len(pool.units)))
    return pool.network(pool.places(0, masses), masses, None)


def improves(problem: Problem, network: Network, target: Network) -> bool:
    """Whether units of a network would lower the objective of a target, which is then no optimum."""
    if problem.loss.constraint:
        return False
    scores = problem.space.scores(problem.dual_of(target), network.prune().units)
    return bool((scores > problem.beta * (1 + IMPROVES)).any())


def check_slots(problem: Problem) -> None:
    """Raise InputError where no unit can be given up for a slot."""
    if problem.loss.constraint:
        raise InputError(
            "no path of this width that keeps the fit was found, and others have an infinite objective; give a greater "
            "width (one more than the rank of both networks' columns is enough)"
        )


def exchanged(problem: Problem, a: Network, b: Network, beta: float, *, ordered: bool = True) -> list[Network]:
    """Corners of a path from a to b, two networks of equal width, by way of the best masses of the units in use.

    b's units take the free slots as long as they help; what is then left is `level_corners`, and where that finds too
    few slots a unit of a's leaves, which climbs.

    Args:
        problem: the problem.
        a, b: the networks.
        beta: what steps take a unit of mass to cost.
        ordered: whether b's neurons must come in their order; otherwise the path ends with its reduced masses in other
            slots.

    Raises:
        InputError: the fit is prescribed, and the objective infinite where a unit is missing.
    """
    pool = Pool.of(problem, a, b)
    if pool.direct or problem.loss.constraint:
        with suppress(OutOfSlots):
            return level_corners(problem, a, b, ordered=ordered)
        check_slots(problem)
    exchange, first, last = Exchange(pool, beta), pool.reduced(0), pool.reduced(1)
    wanted, goal, nobody = last > 0, pool.places(1, last), np.zeros(len(last), dtype=bool)
    route = Route(pool, pool.places(0, first), first, 0.0, goal)
    best = exchange.best(np.flatnonzero(first > 0))
    if exchange.value(best) < exchange.value(first):
        route.go(best, None)
    turns = 4 * len(first)
    while True:
        check()
        used, turns = route.masses > 0, turns - 1
        if (used | wanted).sum() <= pool.width:
            try:
                route.finish(last, 1.0, goal if ordered else None)
                return [a, *route.corners, *([b] if ordered else [])]
            except OutOfSlots:
                route.go(exchange.without_one(route.masses, nobody), None)
                continue
        entering = exchange.helpful(route.masses, wanted, max(pool.width - int(used.sum()), 0) if turns > 0 else 0)
        if len(entering):
            route.go(exchange.best(np.append(np.flatnonzero(used), entering)), None)
            continue
        with suppress(OutOfSlots):
            return [a, *route.corners, *level_corners(problem, route.corners[-1], b, ordered=ordered)[1:]]
        route.go(exchange.without_one(route.masses, wanted), None)
