"""The least width at which two networks are connected by networks that are optimal, or nearly so."""

import numpy as np

from dualscape.errors import InputError, expect
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.connect import connect
from dualscape.landscape.paths.ends import of_one_width
from dualscape.landscape.paths.isolation import isolation, regions
from dualscape.landscape.paths.level import rank_of
from dualscape.landscape.paths.path import ROUNDING, Path
from dualscape.landscape.paths.sublevel import connect_sublevel
from dualscape.model.network import Network
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread


@interruptible()
@one_blas_thread()
def bottleneck(optima: OptimalSet, a: Network, b: Network, *, epsilon: float = 0.0) -> int | tuple[int, int]:
    """The least width at which two networks are connected by networks at most epsilon above the optimum.

    With epsilon = 0 both are optimal, and the width is exact where all vertices are known. Otherwise it is bounded:
    from above by paths that stay so low, from below by regions of isolated networks, which cannot be left so low.

    Args:
        optima: the optimal set.
        a, b: the networks; their zero neurons do not count.
        epsilon: how far above the optimum the objective may be.

    Returns:
        The width, or (least, greatest) where only bounds are known.

    Raises:
        InputError: one of them is not optimal up to epsilon, or epsilon is negative; with epsilon > 0 as for
            `near_staircase` as well.

    >>> from dualscape import Problem, optimal_set, solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> optima = optimal_set(solve(problem))
    >>> one, two = optima.choose("fewest"), optima.choose("most")
    >>> [bottleneck(optima, one, two, epsilon=eps) for eps in (0.0, 0.001, 0.1, 1.0)]
    [3, 3, (2, 3), 2]
    """
    expect(optima, OptimalSet, "bottleneck", Solution="optimal_set(solution)")
    if not epsilon >= 0:
        raise InputError(f"epsilon is how far above the optimum the objective may be, 0 or more; got {epsilon:g}")
    a, b = a.prune(), b.prune()
    width = max(a.width, b.width)
    if epsilon == 0:
        found = connect(optima, a, b, width=width)
        if isinstance(found, Path):
            return width
        return found.connects_at if found.decided else (width, found.connects_at)
    top = sum(optima.problem.objective_bounds(optima.smallest())) + epsilon
    for name, network in (("a", a), ("b", b)):
        optima.problem.check(network, "bottleneck")
        above = optima.problem.objective(network) - top
        if above > ROUNDING * abs(top):
            raise InputError(f"{name} is {above + epsilon:.6g} above the optimum, which is more than {epsilon:g}")
    low = width + _apart(optima, a, b, epsilon)
    high = _reached(optima, a, b, width, top)
    return high if low >= high else (low, high)


def _reached(optima: OptimalSet, a: Network, b: Network, width: int, top: float) -> int:
    """A width at which a path never exceeds the top."""
    problem = optima.problem
    last = max(rank_of(problem, *of_one_width(problem, a, b, width, "bottleneck")) + 1, width)
    for m in range(width, last):
        if connect_sublevel(problem, a, b, width=m).max_objective <= top * (1 - ROUNDING):
            return m
    return last


def _apart(optima: OptimalSet, a: Network, b: Network, epsilon: float) -> bool:
    """Whether it is proven that no path joins them without a free slot: one is in a region that the other is not in."""
    m = max(a.width, b.width)
    full = np.flatnonzero((optima.vertices > 0).sum(axis=1) == m)
    stays = isolation(optima, full.tolist())
    first, last = _copy(optima, a, m), _copy(optima, b, m)
    held = [labels for labels in (first, last) if labels is not None]
    alone = [set(np.flatnonzero(optima.vertices[v] > 0).tolist()) for v in full if stays[v] > epsilon]
    return first != last and any({label % optima.k for label in labels} in alone for labels in held)


def _copy(optima: OptimalSet, network: Network, m: int) -> tuple[int, ...] | None:
    """The optimal unit in whose region each of m slots is, k more for that of its twin; None where one is in none."""
    if network.width != m:
        return None
    X, labels = optima.problem.X, []
    made, twins = regions(optima), optima.problem.architecture.twins
    for direction, sign in zip(network.directions, network.signs, strict=True):
        inside = [
            j + t * optima.k
            for t in range(twins)
            for j, region in enumerate(made)
            if region.sign == sign and region.holds(X @ direction * (1 - 2 * t))
        ]
        if len(inside) != 1:
            return None
        labels += inside
    return tuple(labels) if len({label % optima.k for label in labels}) == m else None
