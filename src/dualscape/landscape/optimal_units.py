"""The optimal units U*: those at which the dual constraint is tight at the optimum (THEORY section 6).

The solver's network need not have all of them, and its nu is only as good as the units that it has. So the optimum is
solved again over all units that the oracle lists (`solver.refinement`), which moves nu to its last digit, and they are
listed again there, until no unit is new.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import BudgetError, NotCertifiedError
from dualscape.landscape.eigenvalue_gaps import check_finitely_many
from dualscape.oracles import Oracle, Question
from dualscape.polytopes.polytope import Margin
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress
from dualscape.solver.rates import Rates
from dualscape.solver.refinement import SAME_COLUMN, Refined, refine
from dualscape.solver.solution import Solution
from dualscape.tolerances import Tolerances
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Of the units listed at first, those with a slack below this take part in the refinement: others cannot be optimal.
NEAR = 1e-5
#: Later listings look for units with a slack below this, and below this share of the first window.
AGAIN, NARROWER = 1e-7, 0.1
#: A window is wide enough when its units stand out from rounding by so much more than must be; no window is wider.
AMPLE, WIDEST = 10.0, 1e-6
#: Listings, at most.
LISTINGS = 6


@dataclass(frozen=True)
class Separation:
    """How clearly the tight units stand out.

    Attributes:
        tight: the largest |1 - s nu^T (X u)_+ / beta| of a unit called tight; 0 when there is none.
        next: the smallest slack of a unit called not tight, or a bound that it exceeds.
        narrow: it would take hardly more than rounding of the data to make the next unit tight.
        seen: whether `next` is the slack of a unit; otherwise no unit has a slack below it.
    """

    tight: float
    next: float
    narrow: bool
    seen: bool

    def explain(self) -> str:
        """The separation in plain words."""
        state = "too close to be sure" if self.narrow else "clearly apart"
        least = "" if self.seen else "more than "
        return f"slack of tight units up to {self.tight:.1e}, of the next unit {least}{self.next:.1e}: {state}"


@dataclass(frozen=True, eq=False)
class OptimalUnits:
    """The tight units at the dual optimum, with one optimum over them.

    Attributes:
        nu, fit: (n,) the dual optimum and the optimal fit y*.
        units: the k units, in the canonical order.
        columns: (n, k) their columns.
        slacks: (k,) 1 - s nu^T (X u)_+ / beta.
        masses: (k,) optimal masses; the columns of those that are positive are independent.
        rates: how far all this moves with the data.
        separation: how clearly the tight units stand out.
        slack, same: the margins of "tight" and of "one unit"; their changes are relative to the data.
        turn: how far columns move at most, relative to their lengths, per relative change of the data.
    """

    nu: Vector
    fit: Vector
    units: Units
    columns: Matrix
    slacks: Vector
    masses: Vector
    rates: Rates
    separation: Separation
    slack: Margin
    same: Margin
    turn: float


def optimal_units(solution: Solution, tolerances: Tolerances, effort: Effort, progress: Progress) -> OptimalUnits:
    """The tight units of a certified solution.

    Raises:
        BudgetError: time was up before all units were listed.
        NotCertifiedError: the units do not settle.
    """
    problem = solution.problem
    oracle = problem.oracle(solution.certificate.oracle)
    listing = _Listing(solution, oracle, effort, progress)
    again = min(AGAIN, NARROWER * oracle.window)
    network, asked = solution.network, solution.nu
    check_finitely_many(problem, asked, network.prune().units)  # a continuum would take long to list
    more, beyond, seen = listing.units(asked, oracle.window, NEAR)
    check_finitely_many(problem, asked, more)
    known, mass = network.units, network.masses
    for _ in range(LISTINGS):
        masses = np.concatenate([mass, np.zeros(len(more))])
        found = refine(problem, asked, Units.join([known, more]), masses, rounding=tolerances.rounding)
        # No unit's slack moves further than this with nu.
        moved = problem.space.reach.change(found.nu - asked) / problem.beta
        if moved <= tolerances.rounding * float(found.rates.slacks.min(initial=np.inf)):
            ample = min(
                AMPLE * tolerances.clear * tolerances.rounding * float(found.rates.slacks.max(initial=1.0)), WIDEST
            )
            if not seen and beyond < ample:
                *_, beyond, seen = listing.units(found.nu, ample, again)
            return _tight(found, beyond, seen, tolerances, problem.space.turning_outputs)
        known, mass, asked = found.units, found.masses, found.nu
        more, *_ = listing.units(asked, again, again)
    raise NotCertifiedError(
        "the optimum is certified, but listing its units anew keeps moving it; try a slightly different beta"
    )


@dataclass(frozen=True)
class _Listing:
    """What the oracle knows of units near the dual constraint."""

    solution: Solution
    oracle: Oracle
    effort: Effort
    progress: Progress

    def units(self, nu: Vector, window: float, near: float) -> tuple[Units, float, bool]:
        """The units with a slack up to `near`, the least other slack or a bound on it, and which of the two."""
        problem = self.solution.problem
        question = Question(nu, above=(1 - window) * problem.beta)
        answer = self.oracle.best_units(question, effort=self.effort, progress=self.progress)
        if answer.stopped:
            remedy = "try another oracle (--oracle NAME)" if answer.stopped.in_time else "give it more time"
            raise BudgetError(
                f"the oracle {self.oracle.name!r} has not listed all optimal units{answer.stopped.of_oracle}; {remedy}"
            )
        slacks = 1 - answer.values / problem.beta
        close = slacks <= near
        others = slacks[~close]
        return answer.units.take(close), float(others.min(initial=window)), len(others) > 0


def _tight(found: Refined, beyond: float, seen: bool, tolerances: Tolerances, turning: bool = False) -> OptimalUnits:
    """Those of the refined units that rounding of the data cannot tell from tight ones, in a canonical order."""
    scale = found.rates.slacks
    zero = found.slacks <= tolerances.rounding * scale
    tight = np.flatnonzero(zero)
    tight = tight[found.units.take(tight).order()]
    near = float(found.slacks[~zero].min(initial=np.inf))
    following, is_unit = (near, True) if near < beyond else (beyond, seen)
    slack = Margin.of(found.slacks, scale, zero)
    slack = slack.and_(Margin(smallest_positive=beyond, breaks=beyond / float(scale.max(initial=1.0))))
    separation = Separation(
        float(np.abs(found.slacks[tight]).max(initial=0.0)),
        following,
        slack.breaks < tolerances.clear * tolerances.rounding,
        is_unit,
    )
    turn = float(found.rates.columns[tight].max(initial=1.0))
    units, columns = found.units.take(tight), found.columns[:, tight]
    return OptimalUnits(
        found.nu, found.fit, units, columns, found.slacks[tight], found.masses[tight], found.rates, separation, slack,
        _apart(columns, units, found.merged, turn, turning), turn,
    )  # fmt: skip


def _apart(columns: Matrix, units: Units, merged: float, turn: float, turning: bool = False) -> Margin:
    """The margin of "these are different units": distances of columns of equal output, or of any where outputs turn,
    relative to their length.

    Columns that are equal though their units were not merged are those of different features: their directions differ.
    """
    outputs = units.outputs
    nearest = np.inf
    lengths = np.linalg.norm(columns, axis=0)
    for j in range(1, len(outputs)):
        before = np.arange(j) if turning else np.flatnonzero((outputs[:j] == outputs[j]).all(axis=1))
        gaps = np.linalg.norm(columns[:, before] - columns[:, [j]], axis=0) / lengths[j]
        apart = np.linalg.norm(units.directions[before] - units.directions[j], axis=1)
        nearest = min(nearest, float(np.where(gaps <= SAME_COLUMN, apart, gaps).min(initial=np.inf)))
    return Margin(nearest, merged, nearest / turn, merged / turn)
