"""The staircase of connectivity: components of the optimal networks at every width, exactly (THEORY section 7).

With G_m^< the vertices of C* with fewer than m units, joined at width m, and N_m the vertices with exactly m,
the optimal networks of width m have components(G_m^<) + m! N_m connected components; the latter are single points.

Where every unit has a twin that computes the same, C* over all unit neurons has 2^m vertices for each one with m units
over one of each pair. Those with a free slot are joined, by moving mass from a neuron to its twin there, so that G_m^<
over one of each pair has the components of the whole, and N_m counts 2^m times.
"""

from dataclasses import dataclass, replace
from math import factorial

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, expect
from dualscape.landscape.merge_tree import Merge, MergeTree, merge_tree
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.resolution import Resolution
from dualscape.oracles.base import NO_LIMITS
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interruptible, until
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.threads import one_blas_thread

#: An exact number, or (lowest, highest) with None for "no bound".
Count = int | tuple[int, int | None]
Width = int | tuple[int, int]
#: Seconds for bounding m* where not all vertices are known, and the share of the time that is left.
MILP_SECONDS, MILP_SHARE = 30.0, 0.5


@dataclass(frozen=True)
class Row:
    """One width of the staircase.

    Attributes:
        m: the width.
        components: connected components of Theta*_m, the optimal weights of m neurons.
        isolated: how many of them are single points. A unit whose free bias may grow leaves none.
        polytope_components: connected components of C*_m, where the order of neurons does not count, nor which of two
            twins a neuron is.
    """

    m: int
    components: Count
    isolated: Count
    polytope_components: Count


@dataclass(frozen=True, eq=False)
class Staircase:
    """How the optimal networks are connected, width by width.

    A pair (lowest, highest) stands where only bounds are known.

    Attributes:
        m_star: fewest neurons of an optimal network.
        M_star: most neurons of an irreducible optimal network.
        connected_from: the least width from which on the optimal networks are connected.
        general_bound: min(m* + M*, n + 1), the width that the published theorem guarantees; n is less the number of
            free features.
        rank_bound: min(m* + M*, rank A + 1), the sharper guarantee.
        rows: one per width, from m* to connected_from (or to `max_width`).
        tree: the merge tree of the known vertices.
        exact: whether every number is exact: all vertices are known, and every decision is clear of rounding.
        resolution: how clearly the decisions were made; None where only a tree is known.
        twins: how many unit neurons compute what each optimal unit does: an isolated network is one of m! twins^m.
        spared: number of independent free features.
        continuous: whether optimal units form a continuum, of which the tree has the ends alone.
    """

    m_star: Width
    M_star: Width
    connected_from: Width
    general_bound: Width
    rank_bound: Width
    rows: tuple[Row, ...]
    tree: MergeTree
    exact: bool
    resolution: Resolution | None = None
    twins: int = 1
    spared: int = 0
    continuous: bool = False

    @property
    def guarantee(self) -> str:
        """`general_bound` as a formula."""
        return f"min(m* + M*, n{f' - {self.spared}' if self.spared else ''} + 1)"

    def __repr__(self) -> str:
        return f"Staircase(m* = {self.m_star}, M* = {self.M_star}, connected from {self.connected_from})"

    @property
    def merges(self) -> tuple[Merge, ...]:
        """The mergers of the components of C*_m, by width."""
        return self.tree.merges

    @property
    def perturbation(self) -> float:
        """0 when every decision is clear; otherwise the relative change of the data within which the numbers hold."""
        return 0.0 if self.resolution is None else self.resolution.perturbation

    def row(self, m: int) -> Row:
        """The numbers at width m >= 0, whether or not `rows` lists it."""
        for row in self.rows:
            if row.m == m:
                return row
        low, high = _ends(self.m_star)[0], _ends(self.connected_from)[1]
        if 0 <= m < low:
            return Row(m, 0, 0, 0)
        if m >= high:
            return Row(m, 1, _single(m, self.M_star), 1)
        raise InputError(f"width {m} is not in this staircase; ask for it with max_width >= {m}")

    def bottleneck(self, i: int, j: int) -> int:
        """The smallest width that connects vertices i and j (an upper bound when vertices were sampled)."""
        return self.tree.bottleneck(i, j)

    def explain(self) -> str:
        """The staircase in plain words."""
        lines = [
            f"Neurons in the smallest optimal network: {_words(self.m_star)}; in the largest irreducible one: "
            f"{_words(self.M_star)}. The optimal networks are connected from width {_words(self.connected_from)} on "
            f"(guaranteed: {_words(self.general_bound)} in general, {_words(self.rank_bound)} with the rank)."
        ]
        for row in self.rows:
            lines.append(
                f"width {row.m}: {_words(row.components)} {'component' if row.components == 1 else 'components'}, "
                f"{_words(row.isolated)} of them single points"
            )
        if self.resolution is not None:
            lines.append(f"{self.resolution.explain()}.")
        if not self.exact and not self.perturbation:
            why = "Units form a continuum" if self.continuous else "Not all irreducible networks are known"
            lines.append(f"{why}: pairs of numbers are bounds.")
        return "\n".join(lines)


@interruptible()
@one_blas_thread()
def staircase(
    optimal: OptimalSet,
    *,
    max_width: int | None = None,
    effort: Effort = NO_LIMITS,
    progress: Progress = silent,
) -> Staircase:
    """The staircase of an optimal set: exact when all vertices are known, intervals otherwise.

    Args:
        optimal: the optimal set.
        max_width: last width to list; all up to `connected_from` when not given.
        effort: with less time the intervals may be wider.
        progress: told how many vertices have been joined.

    >>> from dualscape.landscape.optimal_set import optimal_set
    >>> from dualscape.model.problem import Problem
    >>> from dualscape.solver import solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> stairs = staircase(optimal_set(solve(problem)))
    >>> stairs.m_star, stairs.M_star, stairs.connected_from
    (1, 2, 3)
    >>> [(row.m, row.components) for row in stairs.rows]
    [(1, 1), (2, 3), (3, 1)]
    """
    expect(optimal, OptimalSet, "staircase", Solution="optimal_set(solution)", Problem="optimal_set(solve(problem))")
    supports = optimal.known_vertices > 0
    progress(Event("staircase", 0, len(supports)))
    tree = merge_tree(supports)
    spared = optimal.problem.free.spared
    sizes = (len(optimal.problem.y) - spared, optimal.rank)
    twins = optimal.problem.architecture.twins
    if optimal.continuous:
        result = _continuous(tree, optimal, sizes[0], max_width, effort.first(MILP_SHARE))
    elif optimal.vertices_complete:
        result = _exact(tree, *sizes, max_width, twins)
    else:
        result = _bounded(tree, optimal, *sizes, max_width, effort.first(MILP_SHARE), twins)
    progress(Event("staircase", len(supports), len(supports)))
    free = supports[:, optimal.plateaus.open].any(axis=1)
    if free.any():
        result = replace(result, rows=tuple(_less_isolated(row, tree.births[free]) for row in result.rows))
    exact = result.exact and optimal.exact
    return replace(result, exact=exact, resolution=optimal.resolution, spared=spared, twins=twins)


def _less_isolated(row: Row, moving: NDArray[np.int64]) -> Row:
    """A row without the single points that are none, since a free bias may grow: those of vertices of these widths."""
    count = factorial(row.m) * int((moving == row.m).sum())
    if isinstance(row.isolated, int):
        return replace(row, isolated=max(row.isolated - count, 0))
    return replace(row, isolated=(max(row.isolated[0] - count, 0), row.isolated[1]))


# --- a continuum of units -----------------------------------------------------------------------------
def _continuous(tree: MergeTree, optimal: OptimalSet, n: int, max_width: int | None, effort: Effort) -> Staircase:
    """m*, and bounds, where optimal neurons may lie anywhere between units (THEORY section 10).

    A vertex over the ends is irreducible, and no irreducible network has more neurons than columns have rank R. From
    width R + 1 on all optima are connected: each can be reduced until its columns are independent, which frees a slot;
    there a neuron between two ends can part into neurons that move to the ends; and so on until all are at ends.
    """
    seen = int(optimal.widths.min())
    m_star: Width = seen
    if not optimal.vertices_complete:
        low, high = _fewest(optimal, int(tree.births.min()), effort)
        m_star = _interval((low + 1) // 2, min(high, seen))
    limit = optimal.polytope.active_rank
    M_star = _interval(int(tree.births.max()), limit)
    connected = _interval(_ends(m_star)[0], limit + 1)
    rows = []
    for m in range(_ends(m_star)[0], 1 + _last(limit + 1, max_width)):
        least = int(m >= _ends(m_star)[1])
        rows.append(Row(m, 1, 0, 1) if m > limit else Row(m, (least, None), (0, None), (least, None)))
    return Staircase(m_star, M_star, connected, n + 1, limit + 1, tuple(rows), tree, False, continuous=True)


# --- all vertices known -------------------------------------------------------------------------------
def _exact(tree: MergeTree, n: int, rank: int, max_width: int | None, twins: int = 1) -> Staircase:
    m_star, M_star = int(tree.births.min()), int(tree.births.max())
    connected = _connected_from(tree, twins)
    rows = tuple(_exact_row(tree, m, twins) for m in range(m_star, 1 + _last(connected, max_width)))
    both = m_star + M_star
    return Staircase(m_star, M_star, connected, min(both, n + 1), min(both, rank + 1), rows, tree, True)


def _connected_from(tree: MergeTree, twins: int) -> int:
    """The least width from which on the optimal networks are connected.

    At M* a vertex without a free slot is isolated in each of its M*! orders and twins; beyond, the polytope's own
    connectivity decides, and its last merger lies beyond M* because supports are never nested.
    """
    if len(tree.edges):
        return int(tree.edges[:, 2].max())
    M_star = int(tree.births.max())
    return M_star + 1 if places(M_star, twins) >= 2 else M_star


def places(m: int, twins: int) -> int:
    """How many networks of width m there are with given masses on m different units: their orders, and their twins."""
    return factorial(m) * twins**m


def _exact_row(tree: MergeTree, m: int, twins: int) -> Row:
    full = int((tree.births == m).sum())
    joined = tree.components(m)
    # A vertex with exactly m units is a component of its own in C*_m: no other support lies inside its own.
    isolated = places(m, twins) * full
    zero = bool((tree.births == 0).any())  # the zero network is one point at every width
    return Row(m, joined - full + isolated, 1 if zero else isolated, joined)


# --- vertices sampled ---------------------------------------------------------------------------------
def _bounded(
    tree: MergeTree, optimal: OptimalSet, n: int, rank: int, max_width: int | None, effort: Effort, twins: int
) -> Staircase:
    """Bounds from a MILP for m*, the sampled vertices and the rank; dimension >= 1, so there are two vertices."""
    seen = int(tree.births.min())
    low, high = _fewest(optimal, seen, effort)
    m_star = _interval(low, min(high, seen))
    most, limit = int(tree.births.max()), optimal.polytope.active_rank
    M_star = _interval(most, limit)
    both = (_ends(m_star)[0] + most, _ends(m_star)[1] + limit)
    general = _interval(min(both[0], n + 1), min(both[1], n + 1))
    by_rank = _interval(min(both[0], rank + 1), min(both[1], rank + 1))
    # A vertex of M units is isolated at width M; faces of C* of more than rank + 1 units are never needed.
    connected = _interval(most + 1, min(both[1], limit + 1))
    last = _last(_ends(connected)[1], max_width)
    rows = tuple(_bounded_row(tree, m, m_star, limit, connected, twins) for m in range(_ends(m_star)[0], 1 + last))
    return Staircase(m_star, M_star, connected, general, by_rank, rows, tree, False)


def _fewest(optimal: OptimalSet, seen: int, effort: Effort) -> tuple[int, int]:
    """Bounds on m*, where a vertex of `seen` units is known; without time for the MILP no more than that."""
    try:
        with until(effort.deadline):
            found = optimal.polytope.sparsest(seconds=min(MILP_SECONDS, effort.remaining()))
    except KeyboardInterrupt:
        check()  # it was the time
        return 1, seen
    return found.low, found.high


def _bounded_row(tree: MergeTree, m: int, m_star: Width, limit: int, connected: Width, twins: int) -> Row:
    if m >= _ends(connected)[1]:
        return Row(m, 1, 0, 1)
    full = int((tree.births == m).sum())
    smaller = bool((tree.births < m).any())
    alone = places(m, twins) * full
    isolated: Count = 0 if m > limit else (alone, None)
    least = 1 if m >= _ends(m_star)[1] else 0
    return Row(m, (max(alone + smaller, least), None), isolated, (max(full + smaller, least), None))


# --- numbers and intervals ----------------------------------------------------------------------------
def _interval(low: int, high: int) -> Width:
    return low if low == high else (low, high)


def _ends(width: Width) -> tuple[int, int]:
    return (width, width) if isinstance(width, int) else width


def _last(connected: int, max_width: int | None) -> int:
    return connected if max_width is None else max_width


def _single(m: int, M_star: Width) -> int:
    """Single points among the components once there is one component only: the zero network, or one neuron alone."""
    return int(_ends(M_star)[1] == 0 or (m == 1 and _ends(M_star)[1] == 1))


def _words(count: Count) -> str:
    if isinstance(count, int):
        return f"{count:,}"
    low, high = count
    return f"at least {low:,}" if high is None else f"{low:,} to {high:,}"
