"""Relaxed training: the dual variable that is best for the bound of the relaxation, and that bound.

The network's own nu need not be it (THEORY section 4.4). With products M_s in place of all neurons of sign s, the sum
of their (1, p, m)(1, p, m)^T,

    minimise  L(f) + beta/2 sum_s (M_s,00 + tr U_s),      f = sum_s s E(p_s, m_s),  (p_s, m_s) the first row of M_s,

has an optimum that is no greater than that of training at any width. The splitting of `oracles.relaxation` solves it,
both signs in turn and the loss in between, and at any time nu = -grad L(f) and the multipliers give a bound on h(nu).
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.model.certificate import Certificate, certificate_of, certify_dual, lower_bound
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer, Question
from dualscape.oracles.lifted import LiftedOracle
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.oracle import FORMAT, MOST, SAVE_EVERY, RelaxationOracle
from dualscape.oracles.relaxation.pace import LITTLE, PATIENCE, ROUNDS, STEPS, Pace, cost_in_words, ended
from dualscape.oracles.relaxation.products import Array, Lift, Products
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting, heights
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.checkpoint import Checkpoint, fingerprint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import Threads, one_blas_thread
from dualscape.solver.relaxed_rows import RelaxedRows
from dualscape.solver.relaxed_vector_training import VectorTraining
from dualscape.tolerances import Tolerances
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Newton steps on the fit between two projections: the next ones go on from there.
SWEEPS = 8
SIGNS = (1.0, -1.0)
#: Where a checkpoint holds it, and what it holds of what is proven.
SECTION, PROVEN = "relaxed-training", ("nu", "upper", "dual", "steps")
#: Of the rows in which units are active, so many suggest some, those with the greatest masses.
SUGGESTED = 40
#: Oracles whose bound is that of a relaxation.
RELAXING = (RelaxationOracle.name, LiftedOracle.name)
#: As LITTLE, where more is to be had of the time at the network's own nu.
ENOUGH = 1e-2


def applies(problem: Problem, network: Network) -> bool:
    """Whether training of this problem can be relaxed, from a network with neurons.

    It takes ReLU units of the rows, and a loss that has a slope: none that prescribes the fit.
    """
    if problem.loss.constraint or not network.masses.any():
        return False
    space = problem.space
    if isinstance(space, VectorSpace):
        return not problem.free.rank and 1 + space.hinges.count + space.hinges.rank + space.c <= MOST
    return RelaxedRows.of(problem) is not None


@one_blas_thread()
def relaxed_training(
    problem: Problem, network: Network, *, effort: Effort, progress: Progress = silent, little: float = LITTLE
) -> tuple[Vector, OracleAnswer]:
    """(nu (n,), what is proven of h(nu)) with the greatest lower bound on the optimum that was found in time.

    `seen` of the answer are units that the products suggest: a search may go on from them.

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
    seen = training.suggested() if isinstance(training, _Training) else None
    return nu, replace(training.answer(upper), stopped=stopped, seen=seen)


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
    if not _relaxed_first(problem, network, oracles, effort):
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
    if better or (answer.values > problem.beta).any():
        return question.nu, replace(answer, seen=relaxed[1].seen)
    return relaxed[0], replace(relaxed[1], stopped=answer.stopped or Stopped.RELAXED)


def certify_or_relax(
    problem: Problem,
    network: Network,
    nu: Vector,
    *,
    oracles: Sequence[str],
    effort: Effort,
    tolerances: Tolerances,
    progress: Progress = silent,
) -> tuple[Vector, Certificate]:
    """(nu, certificate) of a network: at its own nu, or where the relaxation is asked first, at the best for it."""
    if not _relaxed_first(problem, network, oracles, effort):
        how = {"oracle": oracles, "effort": effort, "tolerances": tolerances, "progress": progress}
        return nu, certify_dual(problem, network, nu, **how)  # type: ignore[arg-type]
    question = Question(nu, (1 + tolerances.violation) * problem.beta)
    nu, answer = ask_or_relax(problem, network, oracles, question, effort=effort, progress=progress)
    return nu, certificate_of(problem, network, nu, answer, tolerances=tolerances)


def _relaxed_first(problem: Problem, network: Network, oracles: Sequence[str], effort: Effort) -> bool:
    return oracles[0] in RELAXING and not effort.expired() and applies(problem, network)


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
        rows = RelaxedRows.of(problem)
        assert rows is not None
        units, masses = rows.start(network)
        self._problem, self._relaxed, self._mass = problem, rows, float(masses.sum())
        self._fit = network.neurons_fit(problem.X)
        hinges = rows.hinges
        self._hinges, self._rows = hinges, _Rows(hinges)
        zero, lift = np.zeros(hinges.count), Lift.of(hinges.rows, SINGLE)
        self._sides = [Splitting.of_form(lift, zero, np.zeros(hinges.rank), mass=None) for _ in SIGNS]
        for side, sign in zip(self._sides, SIGNS, strict=True):
            mine = network.signs == sign
            side.begin(units[mine], masses[mine] / self._mass)
        self._shifts, self._history, self._little = [1e-3, 1e-3], list[float](), little
        self.nu, self.upper, self.dual, self.steps = self._dual_nearby(), np.inf, -np.inf, 0

    def _dual_variable(self) -> Vector:
        return -self._problem.profile.gradient(self._fit, self._problem.target)

    def _dual_nearby(self) -> Vector:
        """The dual variable, orthogonal to the free features up to its last digits."""
        profile, nu = self._problem.profile, self._dual_variable()
        return profile.nearest_dual(nu, self._problem.target) if self._problem.free.rank else nu

    def at_once(self, effort: Effort) -> float:
        """What is known of h at the first nu without a step: with many rows, steps may outlast the time."""
        nu, relaxed = self.nu, self._relaxed
        ceiling = relaxed.worth(ScaledForm.of(self._hinges, nu, relaxed.beta).ceiling(effort.overdue), nu)
        return max(min(ceiling, self._problem.space.reach.bound(nu)), self._problem.beta)

    def answer(self, upper: float) -> OracleAnswer:
        """That h is no more than this, after the steps so far."""
        return OracleAnswer.nothing(self._problem.d, upper, self._relaxed.oracle, 2 * self.steps)

    def run(self, effort: Effort, progress: Progress) -> Stopped:
        """Why it ended; numbers that single precision does not hold end it as well."""
        if effort.checkpoint is not None:
            self._restore(effort.checkpoint)
        try:
            stopped = self._run(effort, progress)
        except np.linalg.LinAlgError:
            stopped = Stopped.RELAXED
        if effort.checkpoint is not None:
            self._save(effort.checkpoint)
        return stopped

    def suggested(self) -> Units:
        """Units that the products are nearly made of: the axes of u with u, and the means of those active in a row."""
        found = []
        for side, sign in zip(self._sides, SIGNS, strict=True):
            products = side.products
            axes = np.linalg.eigh(products.uu.astype(float))[1].T
            means = np.vstack([products.p_u, products.m_u]).astype(float)
            lengths = np.linalg.norm(means, axis=1)
            most = np.argsort(-lengths, kind="stable")[:SUGGESTED]
            most = most[lengths[most] > 0]
            means = means[most] / lengths[most, None]
            found.append(self._relaxed.units(np.vstack([axes, -axes, means]), sign))
        return Units.join(found)

    def _run(self, effort: Effort, progress: Progress) -> Stopped:
        history, saved = self._history, time.monotonic()
        size = 1 + self._hinges.count + self._hinges.rank
        progress(Event("relaxation", len(history), ROUNDS, cost_in_words(size)))
        pace = Pace(size)
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
                if effort.checkpoint is not None and time.monotonic() - saved > SAVE_EVERY:
                    self._save(effort.checkpoint)
                    saved = time.monotonic()
        return Stopped.RELAXED

    @cached_property
    def _fingerprint(self) -> str:
        """Of the problem alone: what was proven holds, and products serve, whatever network one began with."""
        return fingerprint(FORMAT, self._problem.key, self._problem.beta)

    def _save(self, checkpoint: Checkpoint) -> None:
        state = {f"{at}_{name}": part for at, side in enumerate(self._sides) for name, part in side.arrays().items()}
        own = {name: getattr(self, name) for name in ("_fit", "_mass", "_shifts", "_history", *PROVEN)}
        checkpoint.save(SECTION, self._fingerprint, state | own)

    def _restore(self, checkpoint: Checkpoint) -> None:
        saved = checkpoint.load(SECTION, self._fingerprint)
        if saved is None:
            return
        for at, side in enumerate(self._sides):
            side.restore({name.removeprefix(f"{at}_"): part for name, part in saved.items()})
        self._fit, self._mass = saved["_fit"].astype(float), float(saved["_mass"])
        self._shifts, self._history = (saved[name].astype(float).tolist() for name in ("_shifts", "_history"))
        self.nu, self.upper = saved["nu"].astype(float), float(saved["upper"])
        self.dual, self.steps = float(saved["dual"]), int(saved["steps"])

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
        share = 0.5 / (self._sides[0].penalty * self._relaxed.beta)
        first = [(aim.p.astype(float), aim.m.astype(float)) for aim in aims]
        lengths = [[np.linalg.norm(part.astype(float), axis=1) for part in (aim.p_u, aim.m_u)] for aim in aims]
        for _ in range(SWEEPS):
            pull = rows.pulled(share * self._dual_variable())
            moved = [(p + s * pull[0], m + s * pull[1]) for s, (p, m) in zip(SIGNS, first, strict=True)]
            x = [(heights(p, at_p), heights(m, at_m)) for (p, m), (at_p, at_m) in zip(moved, lengths, strict=True)]
            fit = self._mass * sum((s * rows.fit(*both) for s, both in zip(SIGNS, x, strict=True)), np.zeros(1))
            bend = rows.curvature(*(sum((part > 0).astype(float) for part in parts) for parts in zip(*x, strict=True)))
            bend *= problem.profile.hessian(self._fit, problem.target).inner.raised(1.0).times(np.ones(problem.n))
            self._fit = self._fit + (fit - self._fit) / (1 + self._mass * share * bend)
        return moved

    def _prove(self, pool: Threads) -> None:
        """What is proven now, kept if it is the best."""
        nu, beta = self._dual_nearby(), self._relaxed.beta
        form = ScaledForm.of(self._hinges, nu, beta)
        size = float(np.ldexp(beta, -form.exponent))
        p, m = (0.5 / beta * part for part in self._rows.pulled(nu))

        def proof(at: int) -> float:
            sign, multipliers = SIGNS[at], self._sides[at].multipliers
            own = multipliers._replace(p=multipliers.p - sign * p, m=multipliers.m - sign * m)
            found = proven(form.rows, sign * form.kappa, sign * form.linear, own.times(size), self._shifts[at])
            self._shifts[at] = found.shift
            return found.bound

        upper = self._relaxed.worth(form.proven(max(pool.map(proof, range(2)))), nu)
        dual = lower_bound(self._problem, nu, self.answer(upper))
        if dual > self.dual:
            self.nu, self.upper, self.dual = nu, upper, dual
