"""Bounds on the staircase of near-optimal networks: objective at most that of the optimum plus eps."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, expect
from dualscape.landscape.merge_tree import MergeTree, merge_tree
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.isolation import isolation
from dualscape.landscape.paths.permutation import permutation_path
from dualscape.landscape.paths.sublevel import connect_sublevel
from dualscape.landscape.staircase import places
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Networks of one width between which paths are looked for, at most; with more, fewer are joined.
MOST = 12
#: Irreducible networks of which heights are sought, at most; of others nothing is claimed.
MOST_VERTICES = 60
#: A height below this share of the objective is rounding.
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class Heights:
    """What is known of the heights between optimal networks of one width.

    Attributes:
        m: the width.
        names: the vertices that stand for components: those of m neurons, each in all its orders (and twins), and one
            for each component of networks that have a free slot.
        full: (K,) whether all slots of the vertex are in use.
        stays: (K,) below this height it is alone, proven; 0 for those with a free slot.
        swaps: (K,) from this height on all orders of its neurons are joined, as paths show; 0 with a free slot, inf
            where no path was sought.
        joins: (i, j, height) paths between two of them.
        orders: how many networks have the masses of a vertex that fills all slots: its orders, with twins.
    """

    m: int
    names: tuple[int, ...]
    full: NDArray[np.bool_]
    stays: Vector
    swaps: Vector
    joins: tuple[tuple[int, int, float], ...]
    orders: int

    def components(self, eps: float) -> tuple[int, int]:
        """Bounds on the number of components that hold an optimal network."""
        orders = self.orders
        alone = self.full & (self.stays > eps)
        low = orders * int(alone.sum()) + int(not alone.all())
        group = np.arange(len(self.names))
        for i, j, height in self.joins:
            if height <= eps:
                group[group == group[j]] = group[i]
        high = 0
        for name in np.unique(group):
            inside = group == name
            high += orders if (self.full[inside] & (self.swaps[inside] > eps)).all() else 1
        return low, high


@dataclass(frozen=True, eq=False)
class NearStaircase:
    """Components of the networks whose objective is at most eps above the optimum, as far as it is proven.

    Counted are components that hold an optimal network. Lower bounds come from regions that a path cannot leave so low
    (`isolation`), upper bounds from paths. Components without an optimal network, as around bad local minima, are not
    counted.

    Attributes:
        optima: the optimal set.
        heights: one for each width from m* on, until all optimal networks are connected.
        tree: the merge tree of the optimal set.

    >>> from dualscape import Problem, optimal_set, solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> near = near_staircase(optimal_set(solve(problem)))
    >>> [near.components(2, eps) for eps in (0.0, 0.005, 0.1, 1.0)]
    [3, 3, (1, 3), 1]
    """

    optima: OptimalSet
    heights: tuple[Heights, ...]
    tree: MergeTree

    @cached_property
    def _by_width(self) -> dict[int, Heights]:
        return {row.m: row for row in self.heights}

    def components(self, m: int, eps: float) -> int | tuple[int, int]:
        """Connected components of width m at the height eps >= 0 that hold an optimal network, or bounds on it.

        Raises:
            InputError: eps is negative.
        """
        if not eps >= 0:
            raise InputError(f"eps is how far above the optimum the objective may be, 0 or more; got {eps:g}")
        if m < int(self.tree.births.min()):
            return 0
        if eps == 0:
            full = int((self.tree.births == m).sum())
            return self.tree.components(m) - full + places(m, self.optima.problem.architecture.twins) * full
        row = self._by_width.get(m)
        low, high = row.components(eps) if row is not None else (1, 1)
        return low if low == high else (low, high)

    def connected_from(self, eps: float) -> int | tuple[int, int]:
        """The least width from which on these components are one, or bounds on it."""
        bounds = [(row.m, np.ravel(self.components(row.m, eps))) for row in self.heights]
        many = [m for m, found in bounds if found[0] > 1]
        open_ = [m for m, found in bounds if found[-1] > 1]
        first = int(self.tree.births.min())
        low, high = max(many, default=first - 1) + 1, max(open_, default=first - 1) + 1
        return low if low == high else (low, high)


@interruptible()
@one_blas_thread()
def near_staircase(optima: OptimalSet) -> NearStaircase:
    """Bounds on how near-optimal networks are connected, at every width and every height above the optimum.

    It takes well under a second for each vertex, where there are few rows: one small convex problem for each neuron and
    row, at most, and a few paths. With more than 60 vertices those of fewest neurons are looked at, and the bounds on
    the others are what holds anyway.

    Args:
        optima: the optimal set, with all its vertices.

    Raises:
        InputError: as for `isolation`.
    """
    expect(optima, OptimalSet, "near_staircase", Solution="optimal_set(solution)")
    optima.problem.needs_two_layers("near_staircase")
    optima.problem.needs_one_output("near_staircase", "its regions are of directions, and outputs turn")
    tree = merge_tree(optima.vertices > 0)
    known = np.argsort(tree.births, kind="stable")[:MOST_VERTICES]
    stays, swaps = isolation(optima, known.tolist()), np.full(len(tree.births), np.inf)
    swaps[known] = [_swap(optima, optima.vertices[v]) for v in known]
    last = int(tree.edges[:, 2].max(initial=int(tree.births.max()) + 1))
    heights = tuple(_heights(optima, tree, stays, swaps, m) for m in range(int(tree.births.min()), last))
    return NearStaircase(optima, heights, tree)


def _swap(optima: OptimalSet, masses: Vector) -> float:
    """A height from which on all orders of the neurons of a vertex are joined in its own width."""
    network = optima.network(masses).prune()
    problem, m = optima.problem, network.width
    # A cycle of all neurons and a swap of two of them make every order; the twin of one, then, those of all.
    orders = [np.roll(np.arange(m), 1), np.array([1, 0, *range(2, m)])] if m > 1 else []
    heights = [permutation_path(problem, network, order).barrier for order in orders]
    if m and problem.architecture.twins > 1:
        heights.append(connect_sublevel(problem, network, _turned(problem, network)).barrier)
    return max((_height(height, optima) for height in heights), default=0.0)


def _turned(problem: Problem, network: Network) -> Network:
    """The network with the twin of its first neuron."""
    units = network.units
    first = problem.architecture.twin(units.take(np.array([0])))
    return problem.network(Units.join([first, units.take(np.arange(1, len(units)))]), network.masses)


def _heights(optima: OptimalSet, tree: MergeTree, stays: Vector, swaps: Vector, m: int) -> Heights:
    full = np.flatnonzero(tree.births == m)
    labels = tree.labels(m)
    joined = np.flatnonzero((labels == np.arange(len(labels))) & (tree.births < m))
    names = np.concatenate([joined, full]).astype(int)
    slots = tree.births[names] == m
    networks = [optima.network(optima.vertices[v]).prune().pad(m) for v in names]
    joins = [
        (i, j, _height(connect_sublevel(optima.problem, networks[i], networks[j]).barrier, optima))
        for i, j in combinations(range(min(len(names), MOST)), 2)
    ]
    return Heights(
        m,
        tuple(names.tolist()),
        slots,
        np.where(slots, stays[names], 0.0),
        np.where(slots, swaps[names], 0.0),
        tuple(joins),
        places(m, optima.problem.architecture.twins),
    )


def _height(barrier: float, optima: OptimalSet) -> float:
    """A height that bounds from above: what rounding may have taken off is put back."""
    return barrier * (1 + ROUNDING) + ROUNDING * optima.problem.objective(optima.smallest())
