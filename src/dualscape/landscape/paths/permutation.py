"""From a network to the same one with its neurons in another order."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from dualscape.errors import expect
from dualscape.landscape.paths.ends import of_one_width
from dualscape.landscape.paths.exchange import Exchange, check_slots
from dualscape.landscape.paths.level import level_corners
from dualscape.landscape.paths.path import ROUNDING, Path
from dualscape.landscape.paths.pool import Pool
from dualscape.landscape.paths.route import OutOfSlots, Route
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread


@interruptible()
@one_blas_thread()
def permutation_path(problem: Problem, network: Network, order: ArrayLike, *, width: int | None = None) -> Path:
    """A path from a network to `network.permute(order)`.

    Where there is a slot of mass 0, or where one can be made at no cost because columns depend on each other or the
    best masses of these units need fewer of them, neurons change places through it and the objective never exceeds
    that of the network: so for every optimal network from width M* + 1 on. Otherwise one neuron, the one that is
    missed least, gives its slot free: the path goes through a network in which two neurons could be one, a permutation
    point (Brea, Simsek, Illing, Gerstner 2019), and its `barrier` is an upper bound on what any path must climb.

    Args:
        problem: the problem.
        network: any network.
        order: (m,) neuron j of the end is neuron order[j] of the network.
        width: number of slots; that of the network when not given.

    Raises:
        InputError: the network is of another problem, or `order` is no permutation of its neurons.

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> network = Network([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], [0.9, 1.9])
    >>> path = permutation_path(problem, network, [1, 0])
    >>> round(path.barrier, 9), permutation_path(problem, network, [1, 0], width=3).barrier
    (0.405, 0.0)
    """
    expect(problem, Problem, "permutation_path", Solution="solution.problem")
    problem.needs_two_layers("permutation_path")
    expect(network, Network, "permutation_path", Solution="solution.network")
    start, end = of_one_width(problem, network, network.permute(order), width or network.width, "permutation_path")
    try:
        corners = level_corners(problem, start, end)
    except OutOfSlots:
        corners = _through_a_free_slot(problem, start, end)
    path = Path.of(problem, corners)
    if path.barrier <= ROUNDING * path.size:
        return replace(path, note="never exceeds the objective of its ends")
    note = (
        f"climbs to {path.barrier:.6g} above its ends, where one neuron gives its slot free: an upper bound on what "
        f"any path of width {path.width} must"
    )
    return replace(path, note=note)


def _through_a_free_slot(problem: Problem, start: Network, end: Network) -> list[Network]:
    check_slots(problem)
    pool = Pool.of(problem, start, end)
    exchange, used = Exchange(pool, problem.beta), np.flatnonzero(pool.reduced(0) > 0)
    best = exchange.best(used)
    if (best > 0).sum() == pool.width:
        best = exchange.without_one(best, np.zeros(len(best), dtype=bool))
    places, goal = pool.places(0, best), pool.places(1, best)
    route = Route(pool, places, best, None, goal)
    route.arrange(goal)
    return [start, *route.corners, end]
