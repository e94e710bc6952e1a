"""A prover for many dimensions and several outputs: the doubly nonnegative relaxation of h(N) (THEORY section 4.4).

As with one output it proves h(N) <= hbar(N), mostly a few per cent above it, and time brings it no further. Its steps
cost as much as the eigenvalues of a matrix of 1 + N + r + c rows, N distinct hyperplanes in r dimensions, c outputs.
"""

import numpy as np

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.relaxation.oracle import MOST
from dualscape.oracles.relaxation.pace import LITTLE, PATIENCE, ROUNDS, STEPS, Pace, cost_in_words, ended, step_seconds
from dualscape.oracles.vector.base import VectorOracle
from dualscape.oracles.vector.multipliers import proven
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.oracles.vector.splitting import VectorSplitting
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import one_blas_thread


class VectorRelaxation(VectorOracle):
    """A bound on h(N), anytime, that is not exact in the limit: it lists no units."""

    name = "relaxation"
    exact = True
    anytime: bool = True
    complete: bool = False
    counts: str = "steps"

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        size = 1 + hinges.count + hinges.rank
        steps = STEPS * ROUNDS // 4
        return Estimate(steps, steps * step_seconds(size), cls.counts, at_once=size > MOST)

    @one_blas_thread()
    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, above = self.hinges, max(question.above, 0.0)
        if hinges.count == 0:
            return self.nothing(above, 0)
        G = ReducedVector.of(hinges, question.nu.reshape(-1, self.c))
        search = _Search(G, above, self.ceiling(question.nu, effort))
        large = self.estimate(hinges).at_once
        if search.upper <= above:
            stopped = Stopped.FINISHED
        elif large or effort.expired():
            stopped = Stopped.DIMENSION if large else ended(effort)
        else:
            stopped = search.run(effort, progress)
        return self.nothing(max(search.upper, above), search.steps, stopped)


class _Search:
    """Steps and what they prove, until the bound is low enough, comes down no more, or time is up."""

    def __init__(self, G: ReducedVector, above: float, upper: float) -> None:
        self._G, self._above, self.upper, self.steps = G, above, upper, 0

    def run(self, effort: Effort, progress: Progress) -> Stopped:
        """Why it ended."""
        G = self._G
        # By a power of two, which rounds nothing, and by about what the maximum is.
        exponent = int(np.frexp(G.size)[1])
        kappa, linear = (np.ldexp(part, -exponent) for part in (G.kappa, G.linear))
        upper, floor = (float(np.ldexp(value, -exponent)) for value in (self.upper, self._above - G.slack))
        scale, shift, history = max(floor, upper / 4), 1e-3, [upper]
        splitting = VectorSplitting(G.hinges.rows, kappa / scale, linear / scale, arrays=Arrays.of(effort.device))
        size = 1 + sum(G.hinges.rows.shape) + kappa.shape[1]
        pace = Pace(size)
        progress(Event("relaxation", 0, ROUNDS, cost_in_words(size)))
        while upper > floor:
            if len(history) > ROUNDS or (len(history) > PATIENCE and upper > (1 - LITTLE) * history[-PATIENCE - 1]):
                return Stopped.RELAXED
            made = pace.steps(splitting.step, STEPS, effort)
            self.steps += made
            if made == 0 or interrupted():
                return ended(effort)
            found = proven(G.hinges.rows, kappa, linear, splitting.multipliers.times(scale), shift)
            upper, shift = min(upper, found.bound), found.shift
            history.append(upper)
            self.upper = min(self.upper, float(np.ldexp(upper, exponent)) + G.slack)
            note = f"h <= {self.upper:.6g} proven, {self.steps:,} steps"
            progress(Event("relaxation", len(history) - 1, ROUNDS, note))
        return Stopped.FINISHED
