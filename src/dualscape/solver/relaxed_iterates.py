"""Relaxed training as it goes on: products in place of all neurons, the fit between them, and the best that is proven.

What units have for products is said by `relaxed_signs` (one output) and `relaxed_outputs` (several).
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from dualscape.model.certificate import lower_bound
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer
from dualscape.oracles.relaxation.oracle import FORMAT, SAVE_EVERY
from dualscape.oracles.relaxation.pace import PATIENCE, ROUNDS, STEPS, Pace, cost_in_words, ended
from dualscape.oracles.relaxation.products import Relaxed
from dualscape.oracles.relaxation.splitting import Splitting
from dualscape.running.checkpoint import Checkpoint, fingerprint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress
from dualscape.running.stopped import Stopped
from dualscape.running.threads import Threads
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Newton steps on the fit between two projections: the next ones go on from there.
SWEEPS = 8
#: Where a checkpoint holds it, and what it holds of what is proven.
SECTION, PROVEN = "relaxed-training", ("nu", "upper", "dual", "steps")


class RelaxedIterates(ABC):
    """Products in units of the mass, costs in units of beta times the mass: h is then about 1.

    Args:
        problem: the problem.
        sides: the products, one splitting for each set of units.
        fit: (n c,) what neurons give on the rows, to begin with.
        mass: the unit of mass.
        size: rows of the largest matrix.
        little: it ends when some rounds have improved the bound by less than this share.

    Attributes:
        nu: (n c,) the dual variable that proves most so far.
        upper: what is proven of h there; inf before a step.
        dual: the lower bound on the optimum that follows.
        steps: how many were made.
    """

    def __init__(
        self, problem: Problem, sides: Sequence[Splitting], fit: Vector, mass: float, size: int, little: float
    ) -> None:
        self._problem, self._sides, self._fit, self._mass = problem, sides, fit, mass
        self._size, self._little = size, little
        self._shifts, self._history = [1e-3] * len(sides), list[float]()
        self.nu, self.upper, self.dual, self.steps = self._dual_nearby(), np.inf, -np.inf, 0

    @property
    def counted(self) -> int:
        """Steps as they are told: one for each set of units."""
        return len(self._sides) * self.steps

    @property
    def relaxed(self) -> tuple[Relaxed, ...]:
        """What is found by now: in these units it is much the same at another weight decay."""
        return tuple(Relaxed(side.products, side.multipliers, self._mass) for side in self._sides)

    def go_on(self, relaxed: Sequence[Relaxed]) -> None:
        """Begin with what was found at another weight decay, or from another network."""
        for side, own in zip(self._sides, relaxed, strict=False):
            side.go_on(own, self._mass)

    @abstractmethod
    def at_once(self, effort: Effort) -> float:
        """What is known of h at the first nu without a step: with many rows, steps may outlast the time."""

    @abstractmethod
    def answer(self, upper: float) -> OracleAnswer:
        """That h is no more than this, after the steps so far."""

    @abstractmethod
    def suggested(self) -> Units | None:
        """Units that the products are nearly made of, for a search to go on from."""

    @abstractmethod
    def _step(self, pool: Threads) -> None:
        """One projection each, with the loss in between."""

    @abstractmethod
    def _prove(self, pool: Threads) -> None:
        """What is proven now, kept if it is the best."""

    def _keep(self, nu: Vector, upper: float) -> None:
        """That h(nu) is no more than `upper`, if it proves more than all before."""
        dual = lower_bound(self._problem, nu, self.answer(upper))
        if dual > self.dual:
            self.nu, self.upper, self.dual = nu, upper, dual

    def _dual_variable(self) -> Vector:
        return -self._problem.profile.gradient(self._fit, self._problem.target)

    def _dual_nearby(self) -> Vector:
        """The dual variable, orthogonal to the free features up to its last digits."""
        profile, nu = self._problem.profile, self._dual_variable()
        return profile.nearest_dual(nu, self._problem.target) if self._problem.free.rank else nu

    def _bend(self) -> Vector:
        """(n c,) no less than the curvature of the loss along each entry of the fit."""
        problem = self._problem
        return problem.profile.hessian(self._fit, problem.target).inner.raised(1.0).times(np.ones(len(self._fit)))

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

    def _run(self, effort: Effort, progress: Progress) -> Stopped:
        history, saved = self._history, time.monotonic()
        progress(Event("relaxation", len(history), ROUNDS, cost_in_words(self._size)))
        pace = Pace(self._size)
        with Threads() as pool:
            while len(history) < ROUNDS:
                if pace.steps(partial(self._step, pool), STEPS, effort) == 0 or interrupted():
                    return ended(effort)
                self._prove(pool)
                history.append(self.dual)
                note = f"optimum >= {self.dual:.6g} proven, {self.counted:,} steps"
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
