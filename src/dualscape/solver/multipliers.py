"""The method of multipliers: interpolation as a few problems of squared loss (Hestenes 1969; Powell 1969).

From any nu the problem of squared loss with the target y + s nu at beta = s has the dual variable s nu', and nu' is the
maximiser of nu'.y - s/2 |nu' - nu|^2 with h(nu') <= 1: a proximal step on the dual of interpolation. Its fit misses y
by s (nu' - nu). Each step gains digits, the more the smaller s is; but nu is y - f divided by s, which has the fewer.
So what steps have found is polished: the optimum over the units that are nearly tight, in twice the precision, with
those that an exact oracle lists at the new nu, until the proven gap is rounding.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import BudgetError, InputError, MissingError, NotCertifiedError
from dualscape.model.certificate import Certificate, certificate_of, certify_dual
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer, Question
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress
from dualscape.running.stopped import Stopped
from dualscape.solver.refinement import refine
from dualscape.solver.solution import Round, Solution
from dualscape.tolerances import Tolerances
from dualscape.units import Units

Vector = NDArray[np.float64]
#: s as a share of h(y), beta_max of the squared loss: at first, and at the least.
SHARE, LEAST = 2.0**-13, 2.0**-23
#: A step that leaves more than this share of the residual gains little; then s becomes this share of itself.
LITTLE, SMALLER = 0.1, 2.0**-4
#: Steps end when the residual is at most this share of y, when no smaller s helps, or after so many.
RESIDUAL, STEPS = 1e-14, 12
#: Polishing takes units with a slack below this, and ends at this relative gap, when so many in a row have not lowered
#: it, or after so many.
NEAR, GAP, STALE, POLISHES = 1e-4, 1e-12, 8, 40
#: Its steps, in units of |y| / |nu|: the first and the least.
BEGIN, END = 2.0**-20, 2.0**-32
#: A change of nu, relative to it, that is none.
STILL = 1e-12

#: Solves a problem of squared loss from a network; `solve` with its options.
Train = Callable[[Problem, Network | None], Solution]


@dataclass(frozen=True, eq=False)
class _Found:
    """A network with a dual variable nu (n,), and what an oracle says of it."""

    network: Network
    nu: Vector
    answer: OracleAnswer
    certificate: Certificate


def interpolate(
    problem: Problem, train: Train, *, oracle: str, start: Network | None, tolerances: Tolerances, effort: Effort
) -> Solution:
    """The interpolating network of least cost, with its certificate.

    Args:
        problem: a problem of interpolation.
        train: solves problems of squared loss on the same rows; when it runs out of time, or is interrupted, the best
            network so far is completed to an interpolator.
        oracle, start, tolerances: as for `solve`.
        effort: who lists units, and until when.

    Raises:
        InputError: in floating point no network interpolates; or there is a checkpoint, which holds one problem.
    """
    if effort.checkpoint is not None:
        raise InputError("interpolation is several problems and keeps no checkpoint, which holds one; leave it out")
    return _Run(problem, train, oracle, tolerances, effort).solution(start)


def as_a_step(progress: Progress) -> Progress:
    """The progress of a step, which says that it is one: its objective is not that of interpolation."""

    def tell(event: Event) -> None:
        progress(replace(event, note=f"a step of squared loss: {event.note}"))

    return tell


class _Run:
    """One call."""

    def __init__(self, problem: Problem, train: Train, oracle: str, tolerances: Tolerances, effort: Effort) -> None:
        self.problem, self.train, self.oracle = problem, train, oracle
        self.tolerances, self.effort = tolerances, effort
        self.choice = problem.space.choice(oracle, None if effort.deadline is None else effort.remaining())
        self.began, self.history = time.monotonic(), list[Round]()

    def solution(self, start: Network | None) -> Solution:
        """Steps, then the polish."""
        problem = self.problem
        search = problem.space.oracle(self.choice.search)
        height = search.best_units(Question(problem.dual_at_zero(), above=0.0)).lower
        if height == 0:
            # Without a target the zero network is optimal.
            network, nu = problem.network(Units.none(problem.space.d), np.zeros(0)), np.zeros(problem.n)
            certificate = certify_dual(problem, network, nu, oracle=self.oracle, tolerances=self.tolerances)
            return Solution(problem, network, nu, certificate, (), Stopped.CONVERGED)
        found, network, stopped = self._steps(start, height)
        if stopped is Stopped.CONVERGED and found.answer.exact:
            found = self._polished(found, network)
        return Solution(problem, found.network, found.nu, found.certificate, tuple(self.history), stopped)

    def _steps(self, network: Network | None, height: float) -> tuple[_Found, Network, Stopped]:
        """What the last step found, its network as it is, and why the steps ended."""
        problem, size = self.problem, float(np.linalg.norm(self.problem.y))
        nu, before, step = np.zeros(problem.n), np.inf, float(2.0 ** np.floor(np.log2(SHARE * height)))
        for _ in range(STEPS):
            made = self.train(problem.proximal(nu, step), network)
            nu, network = made.nu / step, made.network
            found = self._found(network, nu, _of_multiple(made.certificate.answer, 1 / step))
            left = float(np.linalg.norm(problem.y - problem.fit_of(network)))
            over = made.stopped in (Stopped.TIME, Stopped.INTERRUPTED)
            if over or left <= RESIDUAL * size or (left > LITTLE * before and step <= LEAST * height):
                break
            step *= SMALLER if left > LITTLE * before else 1.0
            before = left
        return found, made.network, made.stopped

    def _found(self, network: Network, nu: Vector, answer: OracleAnswer) -> _Found:
        """With the network completed, where it does not interpolate; a round of the history."""
        problem = self.problem
        network = network if np.isfinite(problem.objective(network)) else problem.completed(network)
        known = certificate_of(problem, network, nu, answer, tolerances=self.tolerances)
        seconds = time.monotonic() - self.began
        self.history.append(Round(known.primal, known.violation, network.width, seconds, known.oracle))
        return _Found(network, nu, answer, known)

    def _polished(self, best: _Found, network: Network) -> _Found:
        """With the optimum over units that are nearly tight, as long as that lowers the gap."""
        problem, oracle = self.problem, self.problem.oracle(best.certificate.oracle)
        nu, step, idle, rounding = best.nu, BEGIN, 0, self.tolerances.rounding
        for _ in range(POLISHES):
            nu = problem.profile.nearest_dual(nu, problem.target) if problem.free.rank else nu
            answer = oracle.best_units(Question(nu, above=1 - oracle.window), effort=self.effort)
            if answer.stopped:
                break
            found = self._found(network, nu, answer)
            idle = 0 if found.certificate.relative_gap < best.certificate.relative_gap else idle + 1
            best = best if idle else found
            if best.certificate.relative_gap <= GAP or idle == STALE:
                break
            close = answer.units.take(answer.values >= 1 - NEAR)
            units, masses = Units.join([network.units, close]), np.append(network.masses, np.zeros(len(close)))
            try:
                refined = refine(problem, nu, units, masses, rounding=rounding, rated=False, steps=(step,))
            except (BudgetError, MissingError, NotCertifiedError):
                break
            used, moved = np.flatnonzero(refined.masses > 0), float(np.linalg.norm(refined.nu - nu))
            network, nu = problem.network(refined.units.take(used), refined.masses[used]), refined.nu
            if idle and moved <= STILL * np.linalg.norm(nu):
                break
            step = max(step * SMALLER, END)
        return best


def _of_multiple(answer: OracleAnswer, factor: float) -> OracleAnswer:
    """The answer at a multiple of nu by a power of two, which rounds nothing."""
    return replace(answer, values=answer.values * factor, lower=answer.lower * factor, upper=answer.upper * factor)
