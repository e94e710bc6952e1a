"""Certificate of (problem, network, nu): recomputed from the data alone, trusting no solver (THEORY section 2).

Any nu gives a lower bound on the optimum for every width: with hbar >= h(nu), the vector t nu is dual feasible
for t <= beta / hbar, and D(t nu) <= optimum <= objective of the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.effort import Effort
from dualscape.errors import ContradictionError
from dualscape.interruption import interrupted, interruptible
from dualscape.network import Network
from dualscape.oracles.base import NO_LIMITS, OracleAnswer
from dualscape.problem import Problem
from dualscape.progress import Progress, silent
from dualscape.threads import one_blas_thread
from dualscape.tolerances import DEFAULT, Tolerances

Vector = NDArray[np.float64]
#: Why an oracle ended before its bound was as small as it could be, in words.
STOPPED = {
    "time": ", stopped by the time limit",
    "interrupted": ", interrupted",
    "dimension": ", which has no better bound in so many dimensions",
}


#: A network that may be more than so many times the optimum above it has no useful bound.
USELESS = 1e3


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is proven about a network.

    Attributes:
        verdict: "global": the network is a global optimum, up to `relative_gap` <= the stated tolerance;
            "bounded": the optimum lies in [dual, primal]; "none": directions were only searched, no bound is proven.
        primal: objective of the network.
        primal_error: bound on its rounding.
        dual: proven lower bound on the optimum of every width (-inf when the verdict is "none").
        gap: primal + primal_error - dual: the network's objective is at most this far above the optimum.
        relative_gap: gap / primal (0 when primal is 0).
        violation: h(nu) / beta - 1 by the oracle's upper bound (by what it found, when it only searched).
        tolerance: the relative gap up to which the verdict is "global".
        oracle: name of the oracle.
        patterns: how many activation patterns (or cones, or starts, for a search) it looked at.
        counted: `patterns` in words.
        answer: the oracle's answer at nu.
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
    patterns: int
    counted: str
    answer: OracleAnswer

    @property
    def excess(self) -> float:
        """How far the objective is above the optimum at most, as a share of the optimum: gap / dual, inf for dual 0.

        `relative_gap` is a share of the objective, which for a bad network is nearly 1 however bad it is.
        """
        if self.gap == 0:
            return 0.0
        return self.gap / self.dual if self.dual > 0 else np.inf

    def explain(self) -> str:
        """The verdict in plain words."""
        if self.verdict == "global":
            return (
                f"Globally optimal. No network of any width has an objective below {self.dual:.12g}; this one has "
                f"{self.primal:.12g}, a relative gap of {self.excess:.1e} "
                f"(certified up to {self.tolerance:.0e}). "
                f"The bound covers all directions ({self.counted}, oracle '{self.oracle}')."
            )
        if self.verdict == "bounded":
            early = STOPPED.get(self.answer.stopped, "")
            above = f"it is at most {self.gap:.3g} ({_percent(self.excess)}) above the optimum"
            if self.excess > USELESS:
                above = "the bound is too low to be of use: the optimum may be far below"
            return (
                f"Bounded. No network of any width has an objective below {self.dual:.12g}; this one has "
                f"{self.primal:.12g}, so {above}. The gap exceeds {self.tolerance:.0e}, so optimality is not claimed "
                f"(oracle '{self.oracle}'{early})."
            )
        return (
            f"No certificate. The objective is {self.primal:.12g}. A search over directions from {self.counted} "
            f"(oracle '{self.oracle}') found no neuron that would lower it by more than a dual violation of "
            f"{max(self.violation, 0.0):.1e}, but a search proves nothing: an exact oracle is needed for a bound."
        )


def _percent(share: float) -> str:
    """A share in percent, with two digits or all before the point."""
    return f"{100 * share:,.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


@interruptible(partial=True)
@one_blas_thread()
def certify_dual(
    problem: Problem,
    network: Network,
    nu: Vector,
    *,
    oracle: str | Sequence[str] = "auto",
    starts: NDArray[np.float64] | None = None,
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
        starts: (q, d) directions for a searching oracle to try first.
        effort: time, workers and checkpoint of the oracle; when it is stopped, the bound is what it has proven by then.
        tolerances: `relative_gap` decides the verdict; h(nu) is resolved to `violation`.
        progress: told what the oracle has covered.
    """
    chosen = problem.oracle(oracle if isinstance(oracle, str) else oracle[0])
    above = (1 + tolerances.violation) * problem.beta
    if chosen.exact and "ascent" in problem.architecture.oracles and not interrupted():
        # Far from optimal, only the largest violations count: an exact oracle works hard for everything above.
        found = problem.oracle("ascent").best_units(nu, above=above, starts=starts, effort=effort.share(0.5)).lower
        above = max(above, (1 - 1e-9) * found)
    answer = problem.ask(oracle, nu, above=above, starts=starts, effort=effort, progress=progress)
    return certificate_of(problem, network, nu, answer, tolerances=tolerances)


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
    """
    primal, primal_error = problem.objective_bounds(network)
    highest = answer.upper if answer.exact else answer.lower
    violation = highest / problem.beta - 1
    dual = -np.inf
    if answer.exact:
        largest = problem.beta / answer.upper if answer.upper > 0 else np.inf
        # One part in 1e15 covers the rounding of this division; that of t nu is in `dual_bound`, since D at the rounded
        # t nu differs from D at the exact one by a few units in the last place of its terms.
        scale = problem.loss.best_scale(nu, problem.y, largest * (1 - 1e-15) if np.isfinite(largest) else 1e300)
        # 0 is dual feasible and D(0) >= 0 for losses >= 0.
        dual = max(problem.loss.dual_bound(scale * nu, problem.y), 0.0)
        # No network is below the bound, unless the oracle's bound on h is wrong.
        if dual > primal + primal_error:
            raise ContradictionError("the proven lower bound", dual, "the objective of a network", primal)
    gap = primal + primal_error - dual
    relative = 0.0 if gap == 0 else gap / abs(primal) if primal else np.inf
    verdict = "none" if not answer.exact else "global" if relative <= tolerances.relative_gap else "bounded"
    counted = f"{answer.patterns:,} {problem.architecture.oracles[answer.oracle].counts}"
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
        answer.patterns,
        counted,
        answer,
    )
