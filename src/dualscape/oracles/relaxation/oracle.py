"""A prover for many dimensions: the doubly nonnegative relaxation of h(nu) (THEORY section 4.4).

It proves h(nu) <= hbar(nu), where hbar is mostly a few per cent above h, in any dimension and for hundreds of rows;
time brings its bound down to hbar and no further. Its steps cost as much as the eigenvalues of a matrix of 1 + N + r
rows, N distinct hyperplanes in r dimensions.
"""

import time
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, OracleAnswer, Question
from dualscape.oracles.proof import capped
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.pace import Pace, cost_in_words, ended, step_seconds
from dualscape.oracles.relaxation.products import Lift
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.checkpoint import Arrays, Checkpoint, fingerprint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import Threads, one_blas_thread

#: Steps between two proofs, each of which costs about as much as two steps; and so many rounds at most.
STEPS, ROUNDS = 20, 400
#: It has converged when so many rounds have lowered a bound by less than this share.
PATIENCE, LITTLE = 12, 1e-4
#: Hyperplanes and dimensions together beyond which a step takes minutes: then it is not begun.
MOST = 3000
#: Of what is saved: another one is not gone on from.
FORMAT = "products with u"
#: Seconds between two saves to the checkpoint.
SAVE_EVERY = 10.0


class RelaxationOracle(HingeOracle):
    """A bound on h(nu), anytime, that is not exact in the limit: it lists no units."""

    name = "relaxation"
    exact = True
    anytime: bool = True
    complete: bool = False
    counts: str = "steps"

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        size = 1 + hinges.count + hinges.rank
        steps = 2 * STEPS * ROUNDS // 4
        return Estimate(steps, steps * step_seconds(size), cls.counts, at_once=size > MOST)

    @one_blas_thread()
    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, nu, above = self.hinges, question.nu, question.above
        nothing = partial(OracleAnswer.nothing, hinges.X.shape[1], oracle=self.name)
        if hinges.count == 0:
            return nothing(upper=max(above, 0.0), looked_at=0)
        form = ScaledForm.of(hinges, nu, above)
        upper = capped(self.reach, nu, 0.0, np.inf, above, partial(form.ceiling, effort.overdue))
        large = self.estimate(hinges).at_once
        if large or effort.expired() or upper <= above or form.size == 0.0:
            stopped = Stopped.DIMENSION if large else effort.ended() if upper > above else Stopped.FINISHED
            return nothing(upper=upper, looked_at=0, stopped=stopped)
        rounds = _Rounds(form, above, upper)
        if effort.checkpoint is not None:
            rounds.keep_in(effort.checkpoint, fingerprint(self.name, FORMAT, hinges.X, hinges.slope, nu, above))
        stopped = rounds.run(effort, progress)
        upper = max(min(upper, form.proven(rounds.bound)), above)
        return nothing(upper=upper, looked_at=rounds.steps, stopped=Stopped.FINISHED if upper <= above else stopped)


class _Side:
    """One sign: its iterates and the best that they have proven."""

    def __init__(self, form: ScaledForm, lift: Lift, sign: float, scale: float, most: float) -> None:
        self.kappa, self.linear, self._rows = sign * form.kappa, sign * form.linear, form.rows
        self._scale, self.bound, self.shift = scale, most, 1e-3 * scale
        self.splitting = Splitting.of_form(lift, self.kappa / scale, self.linear / scale)
        self.history: list[float] = []
        self.steps = 0
        self._pace = Pace(1 + len(form.rows) + form.rows.shape[1])

    @property
    def converged(self) -> bool:
        """Whether it has hardly come down for some rounds."""
        then = self.history[-PATIENCE - 1 : -PATIENCE]
        return len(self.history) >= ROUNDS or (bool(then) and self.bound > (1 - LITTLE) * then[0])

    def round(self, effort: Effort) -> bool:
        """Some steps and what they prove, as many as there is time for: whether there was any."""
        made = self._pace.steps(self.splitting.step, STEPS, effort)
        self.steps += made
        if made == 0 or interrupted():
            return False
        multipliers = self.splitting.multipliers.times(self._scale)
        found = proven(self._rows, self.kappa, self.linear, multipliers, self.shift)
        self.bound, self.shift = min(self.bound, found.bound), found.shift
        self.history.append(self.bound)
        return True

    def arrays(self) -> dict[str, ArrayLike]:
        """All that it goes on from."""
        state = self.splitting.arrays()
        return state | {"history": self.history, "bound": self.bound, "shift": self.shift, "steps": self.steps}

    def restore(self, saved: Arrays) -> None:
        """Go on from there."""
        self.history = saved["history"].astype(float).tolist()
        self.bound, self.shift = float(saved["bound"]), float(saved["shift"])
        self.steps = int(saved["steps"])
        self.splitting.restore(saved)


class _Rounds:
    """Both signs in turns, until the bound is low enough, comes down no more, or time is up."""

    def __init__(self, form: ScaledForm, above: float, upper: float) -> None:
        #: Bounds below this, in units of the form, are of no interest.
        self._floor = form.floor
        self._form, most = form, float(np.ldexp(upper, -form.exponent))
        scale = max(form.floor, most / 4)
        lift = Lift.of(form.rows, SINGLE)
        self._sides = [_Side(form, lift, sign, scale, most) for sign in (1.0, -1.0)]
        self._checkpoint: Checkpoint | None = None
        self._fingerprint = ""

    @property
    def bound(self) -> float:
        """What is proven by now, in units of the form."""
        return max(side.bound for side in self._sides)

    @property
    def steps(self) -> int:
        """How many were made."""
        return sum(side.steps for side in self._sides)

    def keep_in(self, checkpoint: Checkpoint, fingerprint: str) -> None:
        """Go on from the checkpoint if it has these rounds, and save there from now on."""
        self._checkpoint, self._fingerprint = checkpoint, fingerprint
        for at, side in enumerate(self._sides):
            saved = checkpoint.load(self._section(at), fingerprint)
            if saved is not None:
                side.restore(saved)

    def _section(self, at: int) -> str:
        return f"relaxation-{self._fingerprint}-{at}"

    def _save(self) -> None:
        if self._checkpoint is not None:
            for at, side in enumerate(self._sides):
                self._checkpoint.save(self._section(at), self._fingerprint, side.arrays())

    def run(self, effort: Effort, progress: Progress) -> Stopped:
        """Why it ended."""
        try:
            stopped = self._run(effort, progress)
        except KeyboardInterrupt:
            stopped = Stopped.INTERRUPTED
        self._save()
        return stopped

    def _run(self, effort: Effort, progress: Progress) -> Stopped:
        saved, (N, r) = time.monotonic(), self._form.rows.shape
        progress(Event("relaxation", 0, ROUNDS, cost_in_words(1 + N + r)))
        with Threads() as pool:
            while self.bound > self._floor:
                worst = max(self._sides, key=lambda side: side.bound)
                if worst.converged:
                    return Stopped.RELAXED
                open_sides = [side for side in self._sides if side.bound > self._floor and not side.converged]
                if not all(list(pool.map(lambda side: side.round(effort), open_sides))):
                    return ended(effort)
                note = f"h <= {self._form.proven(self.bound):.6g} proven, {self.steps:,} steps"
                progress(Event("relaxation", len(worst.history), ROUNDS, note))
                if time.monotonic() - saved > SAVE_EVERY:
                    self._save()
                    saved = time.monotonic()
        return Stopped.FINISHED
