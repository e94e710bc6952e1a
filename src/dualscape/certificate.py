"""Certificate of (problem, network, nu): recomputed from the data alone, trusting no solver (THEORY section 2).

Any nu gives a lower bound on the optimum for every width: with hbar >= h(nu), the vector t nu is dual feasible
for t <= beta / hbar, and D(t nu) <= optimum <= objective of the network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.network import Network
from dualscape.oracles.base import OracleAnswer
from dualscape.problem import Problem
from dualscape.progress import Progress, silent
from dualscape.tolerances import DEFAULT, Tolerances

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is proven about a network.

    Attributes:
        verdict: "global": the network is a global optimum, up to `relative_gap` <= the stated tolerance;
            "bounded": the optimum lies in [dual, primal]; "none": directions were only searched, no bound is proven.
        primal: objective of the network.
        dual: proven lower bound on the optimum of every width (-inf when the verdict is "none").
        gap: primal - dual, never negative.
        relative_gap: gap / primal (0 when primal is 0).
        violation: h(nu) / beta - 1 by the oracle's upper bound (by what it found, when it only searched).
        tolerance: the relative gap up to which the verdict is "global".
        oracle: name of the oracle.
        patterns: how many activation patterns (or starts, for a search) it looked at.
        answer: the oracle's answer at nu: the units at which the dual constraint is (nearly) tight.
    """

    verdict: str
    primal: float
    dual: float
    gap: float
    relative_gap: float
    violation: float
    tolerance: float
    oracle: str
    patterns: int
    answer: OracleAnswer

    def explain(self) -> str:
        """The verdict in plain words."""
        if self.verdict == "global":
            return (
                f"Globally optimal. No network of any width has an objective below {self.dual:.12g}; this one has "
                f"{self.primal:.12g}, a relative gap of {self.relative_gap:.1e} "
                f"(certified up to {self.tolerance:.0e}). "
                f"The bound covers all directions ({self.patterns:,} activation patterns, oracle '{self.oracle}')."
            )
        if self.verdict == "bounded":
            return (
                f"Bounded. No network of any width has an objective below {self.dual:.12g}; this one has "
                f"{self.primal:.12g}, so it is at most {self.gap:.3g} ({100 * self.relative_gap:.2g} %) above the "
                f"optimum. The gap exceeds {self.tolerance:.0e}, so optimality is not claimed (oracle '{self.oracle}')."
            )
        return (
            f"No certificate. The objective is {self.primal:.12g}. A search over directions from {self.patterns:,} "
            f"starts (oracle '{self.oracle}') found no neuron that would lower it by more than a dual violation of "
            f"{max(self.violation, 0.0):.1e}, but a search proves nothing: an exact oracle is needed for a bound."
        )


def certify_dual(
    problem: Problem,
    network: Network,
    nu: Vector,
    *,
    oracle: str = "auto",
    window: float = 1e-2,
    starts: NDArray[np.float64] | None = None,
    tolerances: Tolerances = DEFAULT,
    progress: Progress = silent,
) -> Certificate:
    """The certificate that nu gives for the network.

    Args:
        problem: the problem.
        network: any network of the problem, however trained.
        nu: (n,) any dual variable; -grad L at the network's fit is the natural choice.
        oracle: name of the oracle that bounds h(nu).
        window: units with s nu^T (X u)_+ >= (1 - window) beta are listed in `answer`.
        starts: (q, d) directions for a searching oracle to try first.
    """
    primal = problem.objective(network)
    chosen = problem.oracle(oracle)
    above = (1 - window) * problem.beta
    if chosen.exact and "ascent" in problem.architecture.oracles:
        # Far from optimal, only the largest violations are listed: an exact oracle works hard for every unit above.
        found = problem.oracle("ascent").best_units(nu, above=above, starts=starts).lower
        above = max(above, (1 - 1e-9) * found) if found > (1 + window) * problem.beta else above
    answer = chosen.best_units(nu, above=above, starts=starts, progress=progress)
    highest = answer.upper if answer.exact else answer.lower
    violation = highest / problem.beta - 1
    dual = -np.inf
    if answer.exact:
        largest = problem.beta / answer.upper if answer.upper > 0 else np.inf
        # One part in 1e15 covers the rounding of this division; that of t nu is in `dual_bound`, since D at the rounded
        # t nu differs from D at the exact one by a few units in the last place of its terms.
        scale = problem.loss.best_scale(nu, problem.y, largest * (1 - 1e-15) if np.isfinite(largest) else 1e300)
        # 0 is dual feasible and D(0) >= 0 for losses >= 0; and the objective of a network bounds the optimum from
        # above.
        dual = min(max(problem.loss.dual_bound(scale * nu, problem.y), 0.0), primal)
    gap = max(primal - dual, 0.0)
    relative = 0.0 if gap == 0 else gap / abs(primal) if primal else np.inf
    verdict = "none" if not answer.exact else "global" if relative <= tolerances.relative_gap else "bounded"
    return Certificate(
        verdict,
        primal,
        dual,
        gap,
        relative,
        violation,
        tolerances.relative_gap,
        answer.oracle,
        answer.patterns,
        answer,
    )
