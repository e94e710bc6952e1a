"""What is decided of optimal networks with several outputs whose units form a continuum.

Optimal networks are then no polytope over finitely many units. What stays true: an optimal network of m neurons has a
table of predictions of rank m at most, so that m* is no less than the rank of the optimal one; one whose columns are
independent is irreducible, and no irreducible network has more neurons than columns have dimensions, R. Any two optimal
networks of R + 1 neurons use finitely many units, and over these THEORY section 7 holds: they are connected.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import ContinuumError, NotCertifiedError, expect
from dualscape.landscape.eigenvalue_gaps import MULTIPLE
from dualscape.landscape.membership import Membership
from dualscape.landscape.merge_tree import merge_tree
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import Row, Staircase, Width
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import NO_LIMITS
from dualscape.polytopes.caratheodory import reduce_to_basic
from dualscape.running.effort import Effort
from dualscape.solver.solution import Solution
from dualscape.units import Units

Vector = NDArray[np.float64]
#: A column that is no further than this from the span of others, relatively, depends on them: the reduced network is
#: off by so much of a mass, and its objective by the square of that.
DEPENDENT = 1e-8
#: Further than this a fit of classes is not followed: probabilities then change by more than a factor of 2.
NEAR = 0.17


@dataclass(frozen=True, eq=False)
class Continuum:
    """Optimal networks whose units form a continuum: what is decided, and bounds.

    Attributes:
        solution: the certified solution.
        units: k tight units that were found.
        gaps: (k,) how far, relatively, the greatest eigenvalue is from the next on the piece of each; where it is 0 up
            to rounding, the unit is one of a continuum.
        network: an irreducible optimal network.
        rank: no optimal network has a table of predictions of a lower rank, what free features may add left out.

    >>> from dualscape.solver import solve
    >>> S = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> found = continuum(solve(Problem(np.eye(2), S + 0.1 * np.eye(2), beta=0.1, bias="none")))
    >>> found.m_star, found.rank, found.limit
    ((2, 3), 2, 4)
    >>> w = np.array([[2.0**0.5, 0.5**0.5], [0.0, 1.5**0.5]])  # w^T w = S
    >>> found.contains(Network.from_weights(w, w)).member
    True
    """

    solution: Solution
    units: Units
    gaps: Vector
    network: Network
    rank: int

    @classmethod
    def of(cls, solution: Solution, units: Units, gaps: Vector) -> "Continuum":
        """That of a certified solution with these tight units, some of which have a gap of 0."""
        network = _irreducible(solution)
        return cls(solution, units, gaps, network, _rank_of_fit(solution))

    def __repr__(self) -> str:
        return f"Continuum({self.wide} of {len(self.units)} units in one, m* = {self.m_star}, M* = {self.M_star})"

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.solution.problem

    @property
    def wide(self) -> int:
        """How many of the units found are in a continuum."""
        return int((self.gaps <= MULTIPLE).sum())

    @property
    def limit(self) -> int:
        """R: no more columns are independent, what free features make up for left out."""
        problem = self.problem
        # Where outputs count relative to each other alone, they sum to 0 in every row.
        rows = problem.n * (problem.c - 1) if problem.loss.relative else len(problem.y)
        return rows - problem.free.spared

    @property
    def m_star(self) -> Width:
        """The fewest neurons of an optimal network, or bounds on them."""
        return _between(self.rank, self.network.width)

    @property
    def M_star(self) -> Width:
        """The most neurons of an irreducible optimal network, or bounds on them."""
        return _between(self.network.width, self.limit)

    def contains(self, network: Network) -> Membership:
        """Whether a network is optimal, as far as the optimum is known: by its objective.

        Raises:
            InputError: the network does not belong to the problem.
        """
        problem, found = self.problem, self.solution.certificate
        value, error = problem.objective_bounds(network)
        fit = problem.fit_of(self.network)
        off = float(np.linalg.norm(problem.fit_of(network) - fit)) / (float(np.linalg.norm(fit)) or 1.0)
        gap = max(value + error - found.dual, 0.0)
        member = gap <= max(found.tolerance * abs(value), problem.negligible)
        how = "within" if member else "which is more than"
        above = f"at most {gap:.1e} above the optimum, {how} a relative {found.tolerance:.0e}"
        reason = f"the objective is {value:.12g}, {above}"
        return Membership(member, reason, None, None, off)

    def describe(self) -> str:
        """What is decided and what is not, in plain words."""
        least = max(float(self.gaps.min()), 0.0)
        return (
            f"optimal units form a continuum: {self.wide} of {len(self.units)} tight units have a multiple greatest "
            f"eigenvalue on their piece (relative gap {least:.1e}). The optimal set is no polytope over finitely many "
            f"units, and the components of optimal networks are not counted: an irreducible one of "
            f"{self.network.width} neurons is known, none has fewer than {self.rank}, and from width {self.limit + 1} "
            "on all are connected"
        )

    explain = describe

    @cached_property
    def staircase(self) -> Staircase:
        """Bounds on components at every width up to that from which on all optimal networks are connected."""
        problem, known, limit = self.problem, self.network.width, self.limit
        rows = []
        for m in range(self.rank, limit + 2):
            least = int(m >= known)
            rows.append(Row(m, 1, 0, 1) if m > limit else Row(m, (least, None), (0, None), (least, None)))
        return Staircase(
            self.m_star,
            self.M_star,
            _between(self.rank, limit + 1),
            len(problem.y) - problem.free.spared + 1,
            limit + 1,
            tuple(rows),
            merge_tree(np.ones((1, known), dtype=bool)),
            False,
            spared=problem.free.spared,
            twins=problem.architecture.twins,
            continuous=True,
        )


def continuum(solution: Solution, *, effort: Effort = NO_LIMITS) -> Continuum:
    """What is decided of the optimal networks of a certified solution whose optimal units form a continuum.

    Args:
        solution: what `solve` returned, with the verdict "global".
        effort: time and workers for listing tight units.

    Raises:
        NotCertifiedError: the solution is not certified, or its optimal units are finitely many.
        BudgetError: time was up before all tight units were listed.
    """
    expect(solution, Solution, "continuum", Problem="solve(problem)", Network="solve(problem)")
    try:
        found = optimal_set(solution, effort=effort)
    except ContinuumError as error:
        return Continuum.of(solution, error.units, error.gaps)
    raise NotCertifiedError(f"the optimal units are finitely many, {found.k}; use optimal_set")


def _irreducible(solution: Solution) -> Network:
    """The network of a solution with neurons taken away until its columns are independent."""
    problem, network = solution.problem, solution.network.merge()
    A = problem.profile.seen(problem.space.columns(network.units))
    masses = reduce_to_basic(A, network.masses, dependent=DEPENDENT)
    used = np.flatnonzero(masses > 0)
    reduced = problem.network(network.units.take(used), masses[used])
    value, error = problem.objective_bounds(reduced)
    found = solution.certificate
    return reduced if value + error - found.dual <= found.tolerance * abs(value) else network


def _rank_of_fit(solution: Solution) -> int:
    """A rank that the neurons' table of predictions of no optimal network is below.

    All these tables agree up to what free features make up for. A singular value that is greater than how far the fit
    may be off is positive in all.
    """
    problem, found = solution.problem, solution.certificate
    fit = problem.profile.seen(solution.network.neurons_fit(problem.X)).reshape(problem.n, problem.c)
    gap, bend = max(found.gap, 0.0), _bend(solution)
    off = float(np.sqrt(2 * gap / bend)) if bend > 0 else np.inf
    if not problem.loss.quadratic:
        # Along a way of length r the curvature falls by the factor e^(-4 r) at most, here less than 2.
        off = 2**0.5 * off if 2**0.5 * off <= NEAR else np.inf
    if problem.free.decay > 0:  # what free features add is off by no more than its price lets it be
        off += float(np.linalg.norm(problem.free.features, 2)) * np.sqrt(2 * gap / problem.free.decay)
    singular = np.linalg.svd(fit, compute_uv=False)
    return int((singular > off + 1e-12 * singular.max(initial=0.0)).sum())


def _between(low: int, high: int) -> Width:
    return low if low == high else (low, high)


def _bend(solution: Solution) -> float:
    """The least curvature of the loss at the fit of a network, along changes that the loss sees.

    Of the squared loss the least weight of a row, of classes the least eigenvalue of a row's block among outputs that
    sum to 0.
    """
    problem, loss = solution.problem, solution.problem.loss
    weights = np.ones(problem.n) if loss.weights is None else loss.weights.reshape(problem.n, -1)[:, 0]
    if loss.quadratic:
        return float(weights.min())
    P = loss.probability(problem.fit_of(solution.network).reshape(problem.n, problem.c))
    assert P is not None
    blocks = P[:, :, None] * np.eye(problem.c) - P[:, :, None] * P[:, None, :]
    # Along equal outputs, where a block is 0, it is made steep.
    return float((weights * np.linalg.eigvalsh(blocks + 1.0 / problem.c)[:, 0]).min())
