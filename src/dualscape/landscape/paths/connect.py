"""Paths inside the set of optimal networks of one width, or why there is none (THEORY sections 7 and 8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, expect
from dualscape.landscape.merge_tree import merge_tree
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.ends import of_one_width
from dualscape.landscape.paths.level import level_corners
from dualscape.landscape.paths.path import Path
from dualscape.landscape.paths.piece import Piece
from dualscape.landscape.paths.pool import NONE, Pool
from dualscape.landscape.paths.route import OutOfSlots, Route
from dualscape.landscape.paths.vertex_graph import fewest_steps
from dualscape.landscape.staircase import staircase
from dualscape.model.network import Network
from dualscape.polytopes.caratheodory import reduce_many
from dualscape.polytopes.edge_walk import DEPENDENT, EdgeWalk
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.units import Units

Vector = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Disconnected:
    """Why two optimal networks are not joined by a path of optimal networks of this width; false where a path is true.

    Attributes:
        width: the width.
        reason: in one line.
        decided: whether there is none; False where none was found and not all vertices are known.
        components: number of connected components of the optimal networks of this width, or (lowest, highest) with None
            for "no bound".
        isolated: "a", "b" or "both", where an end is alone in its component; otherwise None.
        connects_at: the smallest width at which these two are connected; where not all vertices are known, a width at
            which they surely are.
    """

    width: int
    reason: str
    decided: bool
    components: int | tuple[int, int | None]
    isolated: str | None
    connects_at: int

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        what = "no path" if self.decided else "not decided"
        return f"Disconnected({what} of width {self.width}, connected at {self.connects_at})"


@interruptible()
@one_blas_thread()
def connect(optima: OptimalSet, a: Network, b: Network, *, width: int | None = None) -> Path | Disconnected:
    """A path from one optimal network to another on which all networks are optimal, or why there is none.

    The path has the fewest pieces of those from vertex to vertex of the optimal masses, but for exchanges of slots.

    Args:
        optima: all optimal networks.
        a, b: two of them: permuted, split, with zero neurons, inside the polytope.
        width: number of slots of every network on the path; that of both when not given.

    Raises:
        InputError: a network is not optimal or has more neurons than the width, or the two have different widths and
            none was given.

    >>> from dualscape import Problem, optimal_set, solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> optima = optimal_set(solve(problem))
    >>> one, two = optima.choose("fewest"), optima.choose("most")
    >>> no = connect(optima, one, two, width=2)
    >>> no.isolated, no.connects_at, bool(no)
    ('b', 3, False)
    >>> path = connect(optima, one, two, width=3)
    >>> path.constant, len(path.pieces)
    (True, 2)
    """
    expect(optima, OptimalSet, "connect", Solution="optimal_set(solution)", Problem="optimal_set(solve(problem))")
    optima.problem.needs_two_layers("connect")
    start, end = of_one_width(optima.problem, a, b, width, "connect")
    labels = np.vstack([_labelled(optima, start, "a"), _labelled(optima, end, "b")])
    try:
        if not optima.has_spread:  # neurons that are no units, somewhere on plateaus
            corners = level_corners(optima.problem, start, end)
        else:
            corners = _corners(optima, start, end, labels)
    except OutOfSlots:
        return _disconnected(optima, start, end, labels)
    return Path.of(optima.problem, corners, note="every network is optimal")


def _labelled(optima: OptimalSet, network: Network, name: str) -> Index:
    """(m,) the optimal unit in each slot, k more where it is its twin, NONE for those without mass."""
    found = optima.contains(network)
    if not found.member:
        raise InputError(f"{name} is not optimal: {found.reason}")
    assert found.units is not None
    labels = np.where(network.masses > 0, found.units, NONE)
    if optima.problem.architecture.twins > 1:
        held = np.flatnonzero(labels != NONE)
        own, mine = network.units.take(held), optima.units.take(labels[held])
        twins = optima.problem.architecture.twin(mine)
        turned = twins.gaps(own.directions, own.outputs) < mine.gaps(own.directions, own.outputs)
        labels[held[turned]] += optima.k
    return labels


def _pool(optima: OptimalSet, start: Network, end: Network, labels: Index) -> Pool:
    """The optimal units, and after them their twins where they have any."""
    problem, units, seen = optima.problem, optima.units, optima.A
    if problem.architecture.twins > 1:
        units, seen = Units.join([units, problem.architecture.twin(units)]), np.hstack([seen, seen])
    return Pool(problem, start, end, units, problem.space.columns(units), seen, labels)


def _corners(optima: OptimalSet, start: Network, end: Network, labels: Index) -> list[Network]:
    pool, k = _pool(optima, start, end, labels), optima.k
    if pool.direct:
        return [start, end]
    first, last = pool.masses(0), pool.masses(1)
    goal, inner = pool.places(1, last), _vertex_within(optima, last)
    route = Route(pool, pool.places(0, first), first, None, goal)
    begin = _folded(first, k)
    if len(first) > k:
        begin = _vertex_within(optima, first)
        for masses in _untwinned(begin, first):
            route.go(masses, None)
    for masses in _way(optima, begin, inner, pool.width):
        route.go(np.append(masses, np.zeros(len(first) - k)), None)
    if len(first) > k:
        for masses in list(_untwinned(inner, last))[::-1]:
            route.go(masses, None)
    # The vertex has a slot to spare, unless the end is alone in its component.
    route.arrange(goal)
    route.go(last, None)
    return _shortened([start, *route.corners, end])


def _folded(masses: Vector, k: int) -> Vector:
    """(k,) the mass on each unit and its twin together."""
    return np.asarray(masses.reshape(-1, k).sum(axis=0))


def _untwinned(vertex: Vector, masses: Vector) -> Iterator[Vector]:
    """A vertex (k,) on units and twins (2 k,), as masses (2 k,) prefer them, then unit by unit on units alone."""
    k = len(vertex)
    twin = (masses[k:] > masses[:k]) & (vertex > 0)
    for count in range(int(twin.sum()) + 1):
        left = twin & (np.cumsum(twin) > count)
        yield np.concatenate([np.where(left, 0.0, vertex), np.where(left, vertex, 0.0)])


def _vertex_within(optima: OptimalSet, masses: Vector) -> Vector:
    """(k,) a vertex with no other units than those with masses (k,), or with twins (2 k,)."""
    folded = _folded(masses, optima.k)
    if not optima.vertices_complete:
        return reduce_many(optima.A, folded, dependent=DEPENDENT)
    inside = ~(optima.vertices[:, folded == 0] > 0).any(axis=1)
    return np.asarray(optima.vertices[int(np.flatnonzero(inside)[0])])


def _way(optima: OptimalSet, first: Vector, last: Vector, width: int) -> list[Vector]:
    """Points (k,) of the polytope from one to a vertex, on faces of no more units than there are slots.

    Raises:
        OutOfSlots: there is no way, or where not all vertices are known none was found.
    """
    begin = first if optima.vertices_complete else _vertex_within(optima, first)
    points = np.vstack([first, begin, optima.known_vertices, last])
    found = fewest_steps(points > 0, 0, len(points) - 1, width)
    if found is not None:
        return [points[i] for i in found]
    if optima.vertices_complete:
        raise OutOfSlots
    for one, other, turn in ((begin, last, 1), (last, begin, -1)):
        walk = EdgeWalk(optima.A, one)
        way = [one, *walk.approach(other, np.zeros(optima.k)), other]
        if all(((c > 0) | (d > 0)).sum() <= width for c, d in pairwise(way)):
            return [first, *way[::turn]]
    raise OutOfSlots


def _shortened(corners: list[Network]) -> list[Network]:
    """The fewest of the corners from which straight lines lead on: what lies between optima is optimal."""
    steps = [0] * len(corners)
    jump = list(range(1, len(corners) + 1))
    for i in range(len(corners) - 2, -1, -1):
        sound = [j for j in range(i + 1, len(corners)) if Piece(corners[i], corners[j]).straight]
        jump[i] = min(sound, key=lambda j: (steps[j], -j))
        steps[i] = steps[jump[i]] + 1
    way = [0]
    while way[-1] < len(corners) - 1:
        way.append(jump[way[-1]])
    return [corners[i] for i in way]


def _disconnected(optima: OptimalSet, start: Network, end: Network, labels: Index) -> Disconnected:
    pool, width = _pool(optima, start, end, labels), start.width
    if not (optima.vertices_complete and optima.has_spread):
        sure = max(optima.rank + 1, width + 1)
        what = "not all irreducible optimal networks are known" if optima.has_spread else "free biases may move"
        reason = (
            f"not decided: no path of width {width} was found, and {what}; from width {sure} on all optimal networks "
            "are connected"
        )
        return Disconnected(width, reason, False, (1, None), None, sure)
    rows = [
        int(np.flatnonzero((optima.vertices == _vertex_within(optima, pool.masses(i))).all(axis=1))[0]) for i in (0, 1)
    ]
    tree = merge_tree(optima.vertices > 0)
    # A vertex that fills all slots is alone, in each order of its neurons.
    alone = [int(tree.births[row]) == width for row in rows]
    isolated = {(True, True): "both", (True, False): "a", (False, True): "b"}.get((alone[0], alone[1]))
    at = width + 1 if rows[0] == rows[1] else tree.bottleneck(*rows)
    row = staircase(optima, max_width=width).row(width)
    ends = {"both": "both are single points", "a": "a is a single point", "b": "b is a single point"}
    said = [f"a and b lie in different components of the optimal networks of width {width}, of which there are"]
    said[0] += f" {row.components}"
    said += [ends[isolated]] if isolated else []
    said += [f"they are connected from width {at} on"]
    said += [] if optima.exact else [f"for data within {optima.perturbation:.0e} of those given"]
    return Disconnected(width, "; ".join(said), True, row.components, isolated, at)
