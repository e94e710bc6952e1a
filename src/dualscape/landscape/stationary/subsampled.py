"""The convex program over a network's own patterns, its optimum, and whether the network attains it (THEORY section 9).

    min L(sum_i s_i D_i X v_i, y) + beta sum_i |v_i|,     (2 D_i - I) X v_i >= 0,

over the patterns D_i and signs s_i of the neurons; one with a row at its kink counts for the patterns of both sides. A
network attains the optimum iff no direction of its weights goes down to first order, and it is then a local minimum of
the networks of its width. Wang, Lacotte and Pilanci, The Hidden Convex Optimization Landscape of Regularized Two-Layer
ReLU Networks (ICLR 2022).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from dualscape.errors import BudgetError, InputError
from dualscape.geometry.arrangement.arrangement import Arrangement
from dualscape.geometry.leaky import slopes
from dualscape.landscape.stationary.stationarity import KINK, PAIRS
from dualscape.model.architectures import TwoLayerReLU
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.solver.master import solve_master
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rounds at most; a violation of the dual constraint that is optimal; an objective that attains the optimum.
ROUNDS, VIOLATION, ATTAINED = 2000, 1e-9, 1e-7
MOST_PATTERNS = 5000


@dataclass(frozen=True, eq=False)
class Subsampled:
    """The subsampled program of a network.

    Attributes:
        patterns: (P, n) the patterns; signs: (P,) their signs.
        network: a network that attains its optimum.
        objective: the optimum, up to `violation`.
        violation: by how much, as a share of beta, the dual constraint of the program is violated at most.
        attained: whether the network that the patterns are of attains it.
    """

    patterns: NDArray[np.bool_]
    signs: Vector
    network: Network
    objective: float
    violation: float
    attained: bool


@interruptible()
@one_blas_thread()
def subsampled(problem: Problem, network: Network, *, kink: float = KINK) -> Subsampled:
    """The optimum over the patterns of a network.

    Args:
        problem: a problem of two-layer networks (relu, leaky:a, abs) with a penalised bias or none.
        network: any network of the problem.
        kink: rows this near to a neuron's hyperplane, as a share of |x_i| |u_j|, count for both sides.

    Raises:
        InputError: the problem is of another kind.
        BudgetError: rows at kinks make more than 5,000 patterns.

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> found = subsampled(problem, Network([[0.0, 1.0]], [1], [1.9]))
    >>> len(found.patterns), round(found.objective, 6), found.attained
    (2, 0.218607, False)
    """
    problem.check(network, "subsampled")
    problem.needs_one_output("subsampled", PAIRS)
    kind = problem.architecture
    if not isinstance(kind, TwoLayerReLU) or problem.design.has_free_bias or problem.loss.constraint:
        raise InputError(
            "the subsampled program is that of two-layer networks (relu, leaky:a, abs) with a weight decay and a "
            f"penalised bias or none, got {problem.title}"
        )
    patterns, signs = _patterns(problem, network, kink)
    cones = _Cones(problem, patterns, signs, kind.slope)
    vectors = np.zeros((len(patterns), problem.d))
    violation = np.inf
    for _ in range(ROUNDS):
        nu = -problem.profile.gradient(cones.fit(vectors), problem.target)
        steepest, values = cones.best(nu)
        violation = float(values.max(initial=0.0)) / problem.beta - 1
        if violation <= VIOLATION:
            break
        vectors = cones.improved(vectors, steepest[values > problem.beta], np.flatnonzero(values > problem.beta))
    masses = np.linalg.norm(vectors, axis=1)
    used = masses > 0
    best = problem.network(Units.signed(vectors[used] / masses[used, None], signs[used]), masses[used])
    objective = problem.objective(best)
    attained = problem.objective(network) <= objective + ATTAINED * abs(objective)
    return Subsampled(patterns, signs, best, objective, max(violation, 0.0), attained)


class _Cones:
    """The cones of patterns, each with a sign."""

    def __init__(self, problem: Problem, patterns: NDArray[np.bool_], signs: Vector, slope: float) -> None:
        self.problem, self.signs = problem, signs
        self.worth = slopes(patterns, slope) * signs[:, None]
        self.sides = np.where(patterns, 1.0, -1.0)

    def columns(self, vectors: Matrix, which: NDArray[np.intp]) -> Matrix:
        """(n, k) what vectors in some of the cones compute."""
        return np.asarray((self.worth[which] * (vectors @ self.problem.X.T)).T)

    def fit(self, vectors: Matrix) -> Vector:
        """(n,) what a vector in each cone computes together."""
        return np.asarray(self.columns(vectors, np.arange(len(vectors))).sum(axis=1))

    def best(self, nu: Vector) -> tuple[Matrix, Vector]:
        """((P, d) the unit vector of the greatest score in each cone, (P,) its score): g projected on the cone."""
        found, X = np.zeros((len(self.signs), self.problem.d)), self.problem.X
        for i, g in enumerate((self.worth * nu) @ X):
            walls = self.sides[i][:, None] * X
            found[i] = g + nnls(walls.T, -g, maxiter=50 * len(X))[0] @ walls
        values = np.linalg.norm(found, axis=1)
        return found / np.where(values > 0, values, 1.0)[:, None], values

    def improved(self, vectors: Matrix, fresh: Matrix, which: NDArray[np.intp]) -> Matrix:
        """The best masses of vectors and fresh unit vectors, those of one cone added."""
        masses = np.linalg.norm(vectors, axis=1)
        used = np.flatnonzero(masses > 0)
        units, owner = np.vstack([vectors[used] / masses[used, None], fresh]), np.append(used, which)
        start = np.append(masses[used], np.zeros(len(fresh)))
        problem = self.problem
        c = solve_master(self.columns(units, owner), problem.target, problem.beta, problem.profile, start)
        added = np.zeros_like(vectors)
        np.add.at(added, owner, c[:, None] * units)
        return added


def _patterns(problem: Problem, network: Network, kink: float) -> tuple[NDArray[np.bool_], Vector]:
    """The patterns of the neurons that are not 0, with their signs, each once."""
    X = problem.X
    found: dict[tuple[float, ...], None] = {}
    for j in np.flatnonzero(network.masses > 0).tolist():
        heights = X @ network.directions[j]
        at_kink = np.flatnonzero(np.abs(heights) <= kink * np.linalg.norm(X, axis=1))
        sides = [np.zeros(0, dtype=bool)]
        rows = X[at_kink]
        if rows.any():
            sides = [side for block in Arrangement.of(rows).patterns() for side in block]
        for side in sides:
            pattern = heights > 0
            if len(side):
                pattern[at_kink] = side
            found[(*pattern.tolist(), network.signs[j])] = None
        if len(found) > MOST_PATTERNS:
            raise BudgetError(f"rows at kinks make more than {MOST_PATTERNS:,} patterns; give a smaller `kink`")
    table = np.array(list(found), dtype=np.float64).reshape(len(found), problem.n + 1)
    return np.asarray(table[:, :-1] == 1), np.asarray(table[:, -1])
