"""A prover for many dimensions: the doubly nonnegative relaxation of h(nu) (THEORY section 4.4).

It proves h(nu) <= hbar(nu), where hbar is mostly a few per cent above h, in any dimension and for hundreds of rows, and
then parts the units by sides of hyperplanes until its bound is h itself. Its steps cost as much as the eigenvalues of a
matrix of 1 + N + r rows, N distinct hyperplanes in r dimensions; a side that is chosen takes one off.
"""

import time
from functools import partial

import numpy as np

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, OracleAnswer, Question
from dualscape.oracles.proof import capped
from dualscape.oracles.relaxation.pace import cost_in_words, step_seconds
from dualscape.oracles.relaxation.tree import ROUNDS, Tree
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.checkpoint import Checkpoint, fingerprint
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import one_blas_thread

#: Hyperplanes and dimensions together beyond which a step takes minutes: then it is not begun.
MOST = 3000
#: Steps until units are parted, roughly, for both signs; how many follow is not known before.
EXPECTED = 4000
#: Of what is saved: another one is not gone on from.
FORMAT = "tree"
#: Seconds between two saves to the checkpoint.
SAVE_EVERY = 10.0
#: The same as a multiple of the seconds that a save takes.
SAVE_SHARE = 20.0


class RelaxationOracle(HingeOracle):
    """A bound on h(nu), anytime, exact to a billionth in the end where memory lasts: it lists no units."""

    name = "relaxation"
    exact = True
    anytime: bool = True
    complete: bool = False
    counts: str = "steps"

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        size = 1 + hinges.count + hinges.rank
        return Estimate(EXPECTED, EXPECTED * step_seconds(size), cls.counts, at_once=size > MOST)

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
        search = _Search(form, upper, Arrays.of(effort.device))
        if effort.checkpoint is not None:
            search.keep_in(effort.checkpoint, fingerprint(self.name, FORMAT, hinges.X, hinges.slope, nu, above))
        stopped = search.run(effort, progress)
        upper = max(min(upper, form.proven(search.tree.bound)), above)
        return nothing(upper=upper, looked_at=search.tree.steps, stopped=stopped)


class _Search:
    """A tree that tells what it has proven, and saves itself."""

    def __init__(self, form: ScaledForm, upper: float, arrays: Arrays) -> None:
        self._form, self.tree = form, Tree(form, float(np.ldexp(upper, -form.exponent)), arrays)
        self._checkpoint: Checkpoint | None = None
        self._section, self._fingerprint, self._next_save = "", "", 0.0

    def keep_in(self, checkpoint: Checkpoint, fingerprint: str) -> None:
        """Go on from the checkpoint if it has this tree, and save there from now on."""
        self._checkpoint, self._fingerprint = checkpoint, fingerprint
        self._section, self._next_save = f"relaxation-{fingerprint}", time.monotonic() + SAVE_EVERY
        saved = checkpoint.load(self._section, fingerprint)
        if saved is not None:
            self.tree.restore(saved)

    def _save(self) -> None:
        if self._checkpoint is not None:
            begun = time.monotonic()
            self._checkpoint.save(self._section, self._fingerprint, self.tree.arrays())
            now = time.monotonic()
            self._next_save = now + max(SAVE_EVERY, SAVE_SHARE * (now - begun))

    def run(self, effort: Effort, progress: Progress) -> Stopped:
        """Why it ended."""

        def tell() -> None:
            tree = self.tree
            note = f"h <= {self._form.proven(tree.bound):.6g} proven, {tree.steps:,} steps"
            progress(Event("relaxation", tree.rounds, max(tree.rounds, ROUNDS), note))
            if time.monotonic() > self._next_save:
                self._save()

        N, r = self._form.rows.shape
        progress(Event("relaxation", self.tree.rounds, ROUNDS, cost_in_words(1 + N + r)))
        try:
            stopped = self.tree.run(effort, tell)
        except KeyboardInterrupt:
            stopped = Stopped.INTERRUPTED
        self._save()
        return stopped
