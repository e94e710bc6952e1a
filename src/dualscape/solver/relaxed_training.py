"""Relaxed training: the dual variable that is best for the bound of the relaxation, and that bound.

The network's own nu need not be it (THEORY section 4.4). With products M_s in place of all neurons of sign s, the sum
of their (1, p, m)(1, p, m)^T,

    minimise  L(f) + beta/2 sum_s (M_s,00 + tr U_s),      f = sum_s s E(p_s, m_s),  (p_s, m_s) the first row of M_s,

has an optimum that is no greater than that of training at any width. The splitting of `oracles.relaxation` solves it,
both signs in turn and the loss in between, and at any time nu = -grad L(f) and the multipliers give a bound on h(nu).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.model.certificate import lower_bound
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer, Question
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.oracle import MOST, RelaxationOracle
from dualscape.oracles.relaxation.pace import LITTLE, PATIENCE, ROUNDS, STEPS, Pace, ended
from dualscape.oracles.relaxation.products import Array, Lift, Products
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting, heights
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import Threads, one_blas_thread
from dualscape.solver.relaxed_vector_training import VectorTraining

Vector = NDArray[np.float64]
#: Newton steps on the fit between two projections: the next ones go on from there.
SWEEPS = 8
SIGNS = (1.0, -1.0)
#: As LITTLE, where more is to be had of the time at the network's own nu.
ENOUGH = 1e-2


def applies(problem: Problem, network: Network) -> bool:
    """Whether training of this problem can be relaxed, from a network with neurons.

    It takes ReLU units of the rows, and a loss that is a sum over them: no free features.
    """
    if problem.free.rank or problem.loss.constraint or not network.masses.any():
        return False
    space = problem.space
    if isinstance(space, VectorSpace):
        return 1 + space.hinges.count + space.hinges.rank + space.c <= MOST
    return isinstance(space, ReLUSpace) and 1 + space.hinges.count + space.hinges.rank <= MOST


@one_blas_thread()
def relaxed_training(
    problem: Problem, network: Network, *, effort: Effort, progress: Progress = silent, little: float = LITTLE
) -> tuple[Vector, OracleAnswer]:
    """(nu (n,), what is proven of h(nu)) with the greatest lower bound on the optimum that was found in time.

    Args:
        problem: one that this applies to.
        network: a trained network, to begin with.
        effort: how long.
        progress: told of the bound.
        little: it ends when some rounds have improved the bound by less than this share.
    """
    training = VectorTraining(problem, network) if problem.c > 1 else _Training(problem, network, little)
    nu, upper = training.nu, training.at_once(effort)
    stopped = training.run(effort, progress)
    if training.dual > lower_bound(problem, nu, training.answer(upper)):
        nu, upper = training.nu, min(training.upper, problem.space.reach.bound(training.nu))
    return nu, replace(training.answer(upper), stopped=stopped)


def ask_or_relax(
    problem: Problem,
    network: Network,
    oracles: Sequence[str],
    question: Question,
    *,
    effort: Effort,
    progress: Progress = silent,
) -> tuple[Vector, OracleAnswer]:
    """(nu, what is proven of it): the question, or where the relaxation is asked first, the nu that is best for it.

    Args:
        problem: the problem.
        network: a trained network.
        oracles: names in the order in which they are asked.
        question: what they are asked.
        effort: what they may use; progress likewise.
    """
    if oracles[0] != RelaxationOracle.name or effort.expired() or not applies(problem, network):
        return question.nu, problem.space.ask(oracles, question, effort=effort, progress=progress)
    # Units of several outputs are not parted.
    then = oracles if problem.c == 1 else oracles[1:]
    goes_on = effort.deadline is not None and len(then) > 0
    little = ENOUGH if goes_on else LITTLE
    relaxed = relaxed_training(problem, network, effort=effort, progress=progress, little=little)
    if not goes_on or relaxed[1].stopped is not Stopped.RELAXED:
        return relaxed
    # At the network's own nu the relaxation parts units by their sides, for as long as there is time.
    answer = problem.space.ask(then, question, effort=effort, progress=progress)
    better = lower_bound(problem, question.nu, answer) > lower_bound(problem, *relaxed)
    return (question.nu, answer) if better or (answer.values > problem.beta).any() else relaxed


class _Rows:
    """E and its transpose: what rows of the data see of the parts of their hyperplanes."""

    def __init__(self, hinges: Hinges) -> None:
        self._group, self._count = np.maximum(hinges.group, 0), hinges.count
        length, slope = np.where(hinges.group >= 0, np.abs(hinges.lengths), 0.0), -hinges.slope
        rising = hinges.lengths > 0
        self._p, self._m = np.where(rising, length, slope * length), np.where(rising, slope * length, length)
        #: How many rows share the hyperplane of each.
        self._shared = np.bincount(self._group, minlength=self._count)[self._group]

    def fit(self, p: Array, m: Array) -> Vector:
        """E(p, m), (n,)."""
        return self._p * p[self._group] + self._m * m[self._group]

    def pulled(self, nu: Vector) -> tuple[Vector, Vector]:
        """E^T nu: (p (N,), m (N,))."""
        p, m = (np.bincount(self._group, part * nu, minlength=self._count) for part in (self._p, self._m))
        return np.asarray(p, dtype=float), np.asarray(m, dtype=float)

    def curvature(self, p: Vector, m: Vector) -> Vector:
        """(n,) no less than E D E^T, D diagonal with entries p and m."""
        return self._shared * (self._p**2 * p[self._group] + self._m**2 * m[self._group])


class _Training:
    """Both signs, the fit between them, and the best that was proven.

    Products are in units of the mass, costs in units of beta times the mass: h is then about 1.
    """

    def __init__(self, problem: Problem, network: Network, little: float) -> None:
        fit, mass = network.neurons_fit(problem.X), float(network.masses.sum())
        self._problem, self._mass, self._fit = problem, mass, fit.copy()
        assert isinstance(problem.space, ReLUSpace)
        hinges = problem.space.hinges
        self._hinges, self._rows = hinges, _Rows(hinges)
        zero, lift = np.zeros(hinges.count), Lift.of(hinges.rows, SINGLE)
        self._sides = [Splitting.of_form(lift, zero, np.zeros(hinges.rank), mass=None) for _ in SIGNS]
        units = network.directions @ hinges.basis
        for side, sign in zip(self._sides, SIGNS, strict=True):
            mine = network.signs == sign
            side.begin(units[mine], network.masses[mine] / mass)
        self._shifts, self._little = [1e-3, 1e-3], little
        self.nu, self.upper, self.dual, self.steps = self._dual_variable(), np.inf, -np.inf, 0

    def _dual_variable(self) -> Vector:
        return -self._problem.profile.gradient(self._fit, self._problem.target)

    def at_once(self, effort: Effort) -> float:
        """What is known of h at the first nu without a step: with many rows, steps may outlast the time."""
        nu, beta = self.nu, self._problem.beta
        ceiling = ScaledForm.of(self._hinges, nu, beta).ceiling(effort.overdue)
        return max(min(ceiling, self._problem.space.reach.bound(nu)), beta)

    def answer(self, upper: float) -> OracleAnswer:
        """That h is no more than this, after the steps so far."""
        return OracleAnswer.nothing(self._problem.d, upper, RelaxationOracle.name, 2 * self.steps)

    def run(self, effort: Effort, progress: Progress) -> Stopped:
        """Why it ended."""
        history: list[float] = []
        pace = Pace(1 + self._hinges.count + self._hinges.rank)
        with Threads() as pool:
            while len(history) < ROUNDS:
                if pace.steps(partial(self._step, pool), STEPS, effort) == 0 or interrupted():
                    return ended(effort)
                self._prove(pool)
                history.append(self.dual)
                note = f"optimum >= {self.dual:.6g} proven, {2 * self.steps:,} steps"
                progress(Event("relaxation", len(history), ROUNDS, note))
                then = history[-PATIENCE - 1 : -PATIENCE]
                if then and self.dual - then[0] < self._little * abs(self.dual):
                    break
        return Stopped.RELAXED

    def _step(self, pool: Threads) -> None:
        projected = list(pool.map(Splitting.project, self._sides))
        pulled = self._prox([aim for _, aim in projected])
        for side, (lifted, aim), (p, m) in zip(self._sides, projected, pulled, strict=True):
            side.finish(lifted, side.signed(aim._replace(p=p.astype(SINGLE), m=m.astype(SINGLE))))
        self.steps += 1

    def _prox(self, aims: list[Products]) -> list[tuple[Vector, Vector]]:
        """Aims of the first rows that have the loss within them, nearly.

        With P the projection on the cones, x = P(aim - A^T grad L(f) / (2 penalty beta)) with f = mass A x minimises
        L(mass A x) / (beta mass) + penalty |x - aim|^2: a monotone equation in f, solved by Newton's steps with a
        curvature that is no less than the true one.
        """
        problem, rows = self._problem, self._rows
        share = 0.5 / (self._sides[0].penalty * problem.beta)
        first = [(aim.p.astype(float), aim.m.astype(float)) for aim in aims]
        lengths = [[np.linalg.norm(part.astype(float), axis=1) for part in (aim.p_u, aim.m_u)] for aim in aims]
        for _ in range(SWEEPS):
            pull = rows.pulled(share * self._dual_variable())
            moved = [(p + s * pull[0], m + s * pull[1]) for s, (p, m) in zip(SIGNS, first, strict=True)]
            x = [(heights(p, at_p), heights(m, at_m)) for (p, m), (at_p, at_m) in zip(moved, lengths, strict=True)]
            fit = self._mass * sum((s * rows.fit(*both) for s, both in zip(SIGNS, x, strict=True)), np.zeros(1))
            bend = rows.curvature(*(sum((part > 0).astype(float) for part in parts) for parts in zip(*x, strict=True)))
            bend *= problem.profile.hessian(self._fit, problem.target).raised(1.0).times(np.ones(problem.n))
            self._fit = self._fit + (fit - self._fit) / (1 + self._mass * share * bend)
        return moved

    def _prove(self, pool: Threads) -> None:
        """What is proven now, kept if it is the best."""
        problem, nu = self._problem, self._dual_variable()
        form = ScaledForm.of(self._hinges, nu, problem.beta)
        size = float(np.ldexp(problem.beta, -form.exponent))
        p, m = (0.5 / problem.beta * part for part in self._rows.pulled(nu))

        def proof(at: int) -> float:
            sign, multipliers = SIGNS[at], self._sides[at].multipliers
            own = multipliers._replace(p=multipliers.p - sign * p, m=multipliers.m - sign * m)
            found = proven(form.rows, sign * form.kappa, sign * form.linear, own.times(size), self._shifts[at])
            self._shifts[at] = found.shift
            return found.bound

        upper = form.proven(max(pool.map(proof, range(2))))
        dual = lower_bound(problem, nu, self.answer(upper))
        if dual > self.dual:
            self.nu, self.upper, self.dual = nu, upper, dual
