"""Certificate of (problem, network, nu): recomputed from the data alone, trusting no solver (THEORY section 2).

Any nu gives a lower bound on the optimum for every width: with hbar >= h(nu), the vector t nu is dual feasible
for t <= beta / hbar, and D(t nu) <= optimum <= objective of the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import ContradictionError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import NO_LIMITS, OracleAnswer, Question
from dualscape.running.effort import Effort
from dualscape.running.interruption import interruptible
from dualscape.running.progress import Progress, silent
from dualscape.running.threads import one_blas_thread
from dualscape.tolerances import DEFAULT, Tolerances
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Attempts at scaling nu, where that changes how near an exact point of the dual domain is.
TRIES = 5
#: A bound that leaves room for an optimum more than so many times below the objective says nothing of use.
USELESS = 1e3


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is proven about a network.

    Attributes:
        verdict: "global": the network is a global optimum, up to `relative_gap` <= the stated tolerance, or to a gap
            that rounding of the target could make where free features fit all of it;
            "bounded": the optimum lies in [dual, primal]; "none": directions were only searched, no bound is proven.
        primal: objective of the network, which lies within `primal_error` of it.
        primal_error: bound on the rounding of `primal`.
        dual: proven lower bound on the optimum of every width (-inf when the verdict is "none").
        gap: primal + primal_error - dual, >= 0: the network's objective is at most this far above the optimum.
        relative_gap: gap / primal (0 when the gap is 0): what decides the verdict.
        violation: h(nu) / beta - 1 by the oracle's upper bound (by what it found, when it only searched).
        tolerance: the relative gap up to which the verdict is "global".
        oracle: name of the oracle.
        looked_at: how many activation patterns (or cones, or starts, for a search) it looked at.
        counted: `looked_at` in words.
        answer: the oracle's answer at nu.
        among: what narrows down the networks that the bound holds for, put after "of any width"; "" for all.
    """

    verdict: str
    primal: float
    primal_error: float
    dual: float
    gap: float
    relative_gap: float
    violation: float
    tolerance: float
    oracle: str
    looked_at: int
    counted: str
    answer: OracleAnswer
    among: str = ""

    def __repr__(self) -> str:
        return (
            f"Certificate({self.verdict}, primal {self.primal:.12g}, dual {self.dual:.12g}, "
            f"relative gap {self.relative_gap:.1e}, oracle {self.oracle!r})"
        )

    @property
    def excess(self) -> float:
        """How far the objective is above the optimum at most, as a share of the optimum: gap / dual.

        inf where no bound above 0 is proven. `relative_gap` is a share of the objective instead, which is below 1
        however bad the network is.
        """
        return self.excess_of(self.primal + self.primal_error)

    def excess_of(self, objective: float) -> float:
        """How far an objective is above the optimum of the problem at most, as a share of the optimum."""
        above = max(objective - self.dual, 0.0)
        return 0.0 if above == 0 else above / self.dual if self.dual > 0 else np.inf

    @property
    def useful(self) -> bool:
        """Whether the lower bound is proven and says something of use."""
        return self.excess <= USELESS

    @property
    def excess_in_words(self) -> str:
        """`excess` in percent, rounded up, or "no useful bound"."""
        return percent(self.excess) if self.useful else "no useful bound"

    @property
    def _gap_in_words(self) -> str:
        if self.relative_gap <= self.tolerance:
            return f"a relative gap of {self.relative_gap:.1e} (certified up to {self.tolerance:.0e})"
        return f"a gap of {self.gap:.1e}: the free features fit the target up to its rounding"

    def explain(self) -> str:
        """The verdict in plain words."""
        this = f"{self.primal:.12g}" if np.isfinite(self.primal) else "infinity, since it does not interpolate"
        if self.verdict == "global":
            return (
                f"Globally optimal. No network of any width{self.among} has an objective below "
                f"{_down(self.dual, 12)}; this one has {this}, {self._gap_in_words}. The bound covers all "
                f"{'such ' if self.among else ''}directions ({self.counted}, oracle '{self.oracle}')."
            )
        if self.verdict == "bounded":
            early = self.answer.stopped.of_oracle
            above = f"it is at most {_up(self.gap, 3)} ({self.excess_in_words}) above the optimum"
            if not self.useful:
                above = f"by how much it exceeds the optimum is open: {self.excess_in_words}"
            return (
                f"Bounded. No network of any width{self.among} has an objective below {_down(self.dual, 12)}; this "
                f"one has {this}, so {above}. The gap exceeds {self.tolerance:.0e}, so optimality is not "
                f"claimed (oracle '{self.oracle}'{early})."
            )
        return (
            f"No certificate. The objective is {this}. A search over directions from {self.counted} "
            f"(oracle '{self.oracle}') found no neuron that would lower it by more than a dual violation of "
            f"{max(self.violation, 0.0):.1e}, but a search proves nothing: an exact oracle is needed for a bound."
        )


def _up(value: float, digits: int) -> str:
    """A number that is not below the value, with so many digits."""
    return f"{float(Context(digits, ROUND_CEILING).create_decimal_from_float(value)):.{digits}g}"


def _down(value: float, digits: int) -> str:
    """A number that is not above the value, with so many digits."""
    return f"{float(Context(digits, ROUND_FLOOR).create_decimal_from_float(value)):.{digits}g}"


def percent(share: float) -> str:
    """A share in percent, rounded up to three digits: what is said to be "at most" must be.

    >>> percent(1.0), percent(0.12345), percent(51255.6212), percent(2e-9)
    ('100 %', '12.4 %', '5,130,000 %', '2.01e-07 %')
    """
    rounded = float(_up(100 * share, 3))
    return f"{rounded:,.0f} %" if rounded >= 100 else f"{rounded:.3g} %"


@interruptible(partial=True)
@one_blas_thread()
def certify_dual(
    problem: Problem,
    network: Network,
    nu: Vector,
    *,
    oracle: str | Sequence[str] = "auto",
    starts: Units | None = None,
    effort: Effort = NO_LIMITS,
    tolerances: Tolerances = DEFAULT,
    progress: Progress = silent,
) -> Certificate:
    """The certificate that nu gives for the network.

    Args:
        problem: the problem.
        network: any network of the problem, however trained.
        nu: (n,) any dual variable; -grad L at the network's fit is the natural choice.
        oracle: name of the oracle that bounds h(nu), or names in the order in which they are asked.
        starts: units for a searching oracle to try first.
        effort: time, workers and checkpoint of the oracle; when it is stopped, the bound is what it has proven by then.
        tolerances: `relative_gap` decides the verdict; h(nu) is resolved to `violation`.
        progress: told what the oracle has covered.

    Raises:
        ContradictionError: the bound contradicts the network or what a search found: a fault of the library.

    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> certify_dual(problem, Network([[0, 1]], [1], [0.9]), np.array([0.05, 0.05])).excess_in_words
    '2.57 %'
    """
    nu = problem.profile.nearest_dual(nu, problem.target) if problem.free.rank else nu
    # Far from optimal, only the largest violations count: an exact oracle works hard for everything above.
    above = (1 + tolerances.violation) * problem.beta
    answer = problem.space.prove(oracle, Question(nu, above, starts=starts), effort=effort, progress=progress)
    return certificate_of(problem, network, nu, answer, tolerances=tolerances)


def lower_bound(problem: Problem, nu: Vector, answer: OracleAnswer) -> float:
    """What an oracle's answer at nu proves of the optimum of every width: it is no less; -inf after a search."""
    if not answer.exact:
        return -np.inf
    loss, y, reach = problem.profile, problem.target, problem.space.reach
    # nu = 0 is dual feasible, so that D(0) = `least` is a bound as well.
    least = loss.least(y)
    upper, off = answer.upper, loss.drift(nu, y)
    for _ in range(TRIES):
        if off is not None:
            if not np.isfinite(off).all():
                return least
            # h is sublinear: at the exact point near nu it is no more than this.
            upper = answer.upper + reach.change(off) * (1 + 1e-12)
        largest = problem.beta / upper if upper > 0 else np.inf
        # One part in 1e15 covers the rounding of this division; that of t nu is in `dual_bound`, since D at the rounded
        # t nu differs from D at the exact one by a few units in the last place of its terms.
        scale = loss.best_scale(nu, y, largest * (1 - 1e-15) if np.isfinite(largest) else 1e300)
        if off is None:
            return max(loss.dual_bound(scale * nu, y), least)
        # That exact point is one near t nu, which need not be t times the one near nu.
        there = loss.drift(scale * nu, y)
        assert there is not None
        if np.isfinite(there).all() and scale * answer.upper + reach.change(there) * (1 + 1e-12) <= problem.beta:
            rounding = float((np.abs(scale * nu) + there) @ problem.rounding_of_target()) * (1 + 1e-12)
            return max(loss.dual_bound(scale * nu, y, there) - rounding, least)
        off = 2 * np.maximum(off, there / scale if scale > 0 else np.inf)
    return least


def certificate_of(
    problem: Problem, network: Network, nu: Vector, answer: OracleAnswer, *, tolerances: Tolerances = DEFAULT
) -> Certificate:
    """The certificate that an oracle's answer at nu gives for the network.

    Args:
        problem: the problem.
        network: any network of the problem.
        nu: (n,) the dual variable that the oracle was asked about.
        answer: what it said; only its bounds are used.
        tolerances: `relative_gap` decides the verdict.

    Raises:
        ContradictionError: the lower bound exceeds the objective by more than rounding.
    """
    # Rounding of the objective must not decide the verdict.
    primal, primal_error = problem.objective_bounds(network, precision=0.01 * tolerances.relative_gap)
    highest = answer.upper if answer.exact else answer.lower
    violation = highest / problem.beta - 1
    dual = lower_bound(problem, nu, answer)
    if answer.exact:
        # Both bounds include their rounding: that of h, which the dual value rests on, must be wrong.
        if dual > primal + primal_error:
            raise ContradictionError("the proven lower bound", dual, "the objective of a network", primal)
        # Within the rounding of the objective they say the same, and a smaller lower bound is true as well.
        dual = min(dual, primal)
    gap = primal + primal_error - dual
    relative = 0.0 if gap == 0 else gap / abs(primal) if primal and np.isfinite(primal) else np.inf
    close = relative <= tolerances.relative_gap or gap <= problem.negligible
    verdict = "none" if not answer.exact else "global" if close else "bounded"
    counted = f"{answer.looked_at:,} {problem.space.kinds[answer.oracle].counts}"
    return Certificate(
        verdict,
        primal,
        primal_error,
        dual,
        gap,
        relative,
        violation,
        tolerances.relative_gap,
        answer.oracle,
        answer.looked_at,
        counted,
        answer,
        problem.architecture.among,
    )
