"""How far from others an irreducible optimal network stays when its objective may rise a little: a lower bound.

A network of m slots that are all in use is alone among the optimal networks of width m. Let O be the networks whose
slots have the signs of its neurons and lie on the same sides of the hyperplanes of the data, where these sides are
strict. Who leaves O has first a slot i without mass, or on a hyperplane x_k . u = 0 of its region, all others still
inside. For any nu, with sigma(z) = max(z, a z) the activation,

    objective >= D(nu) + sum_j c_j (beta - s_j nu . sigma(X u_j)),

so that D(nu) is a lower bound on all such networks if s nu . sigma(X u) <= beta there: in the regions of the other
slots, and on hyperplane k in that of slot i. In the region of slot j, sigma(X u) is linear but for the rows at which
its neuron has a kink; with s nu <= 0 in these rows s nu . sigma(X u) is at most s nu . (D_j + T_j) X u for any shares
T_j in [a, 1], and |X^T (D_j + T_j) nu| <= beta suffices (its part across x_k on the hyperplane). Good nu are those of
the group lasso over these columns. With free features D is that of the loss with the best free part in it, whatever
the free weights are on the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from dualscape.errors import InputError
from dualscape.geometry.leaky import slopes
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.confined import dual_lower_bound, slope_of
from dualscape.model.architectures import TwoLayerReLU
from dualscape.model.problem import Problem
from dualscape.running.interruption import check

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rows whose preactivation is no greater than this share of their length count as kinks, where either side is allowed.
KINK = 1e-7


@dataclass(frozen=True, eq=False)
class Region:
    """The networks that a slot may turn to without leaving the region of one optimal unit.

    Attributes:
        sign: that of the unit.
        sides: (n,) 1 or -1 where the side of the hyperplane is strict, 0 for kinks.
        columns: (n, d) the matrix (D + T) X.
        kinks: rows that have a kink.
    """

    sign: float
    sides: NDArray[np.intp]
    columns: Matrix
    kinks: NDArray[np.intp]

    @classmethod
    def of(cls, problem: Problem, nu: Vector, direction: Vector, sign: float) -> "Region":
        """The region of an optimal unit, with the shares at kinks that are best at nu."""
        X, heights = problem.X, problem.X @ direction
        lengths = np.linalg.norm(X, axis=1)
        sides = np.where(np.abs(heights) <= KINK * lengths, 0, np.sign(heights)).astype(int)
        kinks = np.flatnonzero((sides == 0) & (lengths > 0))
        share = np.where(sides != 0, slopes(sides > 0, slope_of(problem)), 0.0)
        if kinks.size:
            # Shares at the optimum make |X^T (D + T) nu| = beta, the least there is.
            lines = (X[kinks] * nu[kinks, None]).T
            size = max(float(np.abs(lines).max()), 1e-300)
            share[kinks] = lsq_linear(lines / size, -(X.T @ (share * nu)) / size, (slope_of(problem), 1.0)).x
        return cls(sign, sides, share[:, None] * X, kinks)

    def holds(self, heights: Vector) -> bool:
        """Whether a direction u with heights X u (n,) is in it."""
        return bool((self.sides * heights > 0)[self.sides != 0].all())


def regions(optima: OptimalSet) -> list[Region]:
    """The region of each optimal unit."""
    each = zip(optima.directions, optima.signs, strict=True)
    return [Region.of(optima.problem, optima.nu, direction, sign) for direction, sign in each]


def isolation(optima: OptimalSet, rows: Sequence[int] | None = None) -> Vector:
    """(V,) for every vertex how far above the optimum any path must climb that leads out of its region, at least.

    It is about the network of that vertex, in any order of its neurons, among networks of as many slots as it has
    neurons: below that height it holds the only optimum of its component. 0 where nothing is proven.

    Args:
        optima: the optimal set.
        rows: the vertices that are looked at, all if not given; 0 for the others.

    Raises:
        InputError: gates, neurons that see few features, several outputs, free biases or interpolation, or vertices
            that are not all known.

    >>> from dualscape import Problem, optimal_set, solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> optima = optimal_set(solve(problem))
    >>> dict(zip(optima.widths.tolist(), isolation(optima).round(4).tolist()))
    {2: 0.0073, 1: 0.4586}
    """
    problem = optima.problem
    _check(optima)
    made = regions(optima)
    apart = _apart(made, problem.architecture.twins > 1)
    found = np.zeros(len(optima.vertices))
    for v in range(len(found)) if rows is None else rows:
        check()
        masses = optima.vertices[v]
        used = np.flatnonzero(masses > 0)
        if used.size and apart[used].all():
            value, error = problem.objective_bounds(optima.network(masses))
            optimum = value + error
            found[v] = max(_least_outside(problem, [made[j] for j in used], optimum) - optimum, 0.0)
    return found


def _apart(regions: Sequence[Region], twins: bool) -> NDArray[np.bool_]:
    """(k,) whether no other optimal unit, or the twin of any, lies in the region of a unit."""
    if not regions:
        return np.zeros(0, dtype=bool)
    sides, signs = np.array([region.sides for region in regions], dtype=float), np.array([r.sign for r in regions])
    strict, same = np.abs(sides).sum(axis=1), signs[:, None] == signs
    # |s t| summed is s t summed where no two strict sides differ.
    common, product = np.abs(sides) @ np.abs(sides).T, sides @ sides.T
    meets = same & (product == common)
    np.fill_diagonal(meets, False)
    turned = same & (product == -common) if twins else np.zeros_like(meets)
    return np.asarray((strict > 0) & ~(meets | turned).any(axis=1))


def _least_outside(problem: Problem, regions: Sequence[Region], optimum: float) -> float:
    """A lower bound on the objective where one slot is without mass or on a hyperplane of its region.

    Once it is no more than the optimum it is of no use, and the rest is left out.
    """
    X, least = problem.X, np.inf
    lengths = np.linalg.norm(X, axis=1)
    normals = X / np.where(lengths > 0, lengths, 1.0)[:, None]
    sign_rows = [(k, region.sign) for region in regions for k in region.kinks]
    for i, region in enumerate(regions):
        others = [other.columns for j, other in enumerate(regions) if j != i]
        bound, nu, slack = dual_lower_bound(problem, others, sign_rows, optimum)
        least = min(least, bound)
        left = np.flatnonzero(region.sides != 0)
        while left.size:
            pull = region.columns.T @ nu
            across = np.sqrt(np.maximum(pull @ pull - (normals[left] @ pull) ** 2, 0.0))
            # On all other hyperplanes this nu proves the same.
            short = across + slack <= problem.beta
            left, across = left[~short], across[~short]
            if not left.size or least <= optimum:
                break
            k = left[np.argmax(across)]
            flat = region.columns - np.outer(region.columns @ normals[k], normals[k])
            bound, nu, slack = dual_lower_bound(problem, [*others, flat], sign_rows, optimum)
            least = min(least, bound)
            left = left[left != k]
    return least


def _check(optima: OptimalSet) -> None:
    problem = optima.problem
    bent = problem.architecture.layers == 2 and isinstance(problem.architecture, TwoLayerReLU)
    if not bent or problem.design.has_free_bias or problem.loss.constraint:
        raise InputError(
            "near-optimal networks are bounded for neurons relu, leaky:a or abs, one output and a loss, without free "
            f"biases; here: {problem.title}"
        )
    if not optima.vertices_complete:
        raise InputError("not all irreducible optimal networks are known; give optimal_set a greater max_vertices")
