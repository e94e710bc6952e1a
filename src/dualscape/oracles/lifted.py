"""The oracle that bounds units whose bias costs nothing in any dimension, by a bias that costs a little.

Exact oracles solve a problem around every row. This one solves one problem in one more dimension, and bounds h(nu)
soon: in few dimensions by bisection, of a bias that costs less and less; in many by the relaxation.
"""

from functools import cached_property

from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.centred import CentredAscent, CentredOracle
from dualscape.oracles.centres import Centres
from dualscape.oracles.penalised_bias import CHEAPEST, PenalisedBias
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped

#: t for the relaxation, which loses more by a larger one than it gains.
RELAXED = 2.0
#: t of the first bisection, how many times as large that of each next one is, and the last, beyond which rounding costs
#: more than it gains.
FIRST, NEXT, LAST = 4.0, 8.0, 1e5
#: Dimensions, that of the bias included, up to which bisection bounds more than the relaxation.
FEW = 7
#: What is asked for is small when it is below this share of the cheapest bound.
SMALL = 0.25


class LiftedOracle(CentredOracle):
    """A bound on h(nu) over units (w, b) with |w| = 1, anytime: by bisection in few dimensions, relaxed in many.

    >>> import numpy as np
    >>> oracle = LiftedOracle(Centres(np.array([[0.0], [1.0], [3.0]])))
    >>> bool(2.0 <= oracle.best_units(Question(np.array([1.0, -2.0, 1.0]), above=0.0)).upper <= 2.0 + 1e-8)
    True
    """

    name = "lifted"
    exact = True
    anytime = True
    complete = False
    counts = "cones or steps"

    @classmethod
    def estimate(cls, centres: Centres) -> Estimate:
        hinges = centres.hinges(0)
        kind = centres.bisection if hinges.rank < FEW else centres.relaxation
        one = kind.estimate(hinges)
        return Estimate(one.looked_at, one.seconds, cls.counts, one.at_once)

    @cached_property
    def _cheapest(self) -> PenalisedBias:
        return PenalisedBias(self.centres, CHEAPEST)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        nu, above = question.nu, question.above
        upper = max(min(self.reach.bound(nu), self._cheapest.ceiling(nu, effort)), above)
        few = self._cheapest.hinges.rank <= FEW
        looked_at, stopped, t, floor = 0, Stopped.FINISHED, FIRST if few else RELAXED, above
        if above < SMALL * upper and not effort.expired():
            # Nobody has searched: far below what is found there is nothing to be excluded.
            floor = CentredAscent(self.centres).best_units(question, effort=effort.share(0.5)).lower
        while upper > above:
            stopped = effort.ended()
            if stopped:
                break
            rows = PenalisedBias(self.centres, t)
            inner = self.centres.oracle(self.centres.bisection if few else self.centres.relaxation, rows.hinges)
            asked = Question(nu, (1 - 1e-9) * floor / rows.factor, listed=False)
            answer = inner.best_units(asked, effort=effort, progress=progress)
            looked_at += answer.looked_at
            # A bias that costs less has a greater maximum: nothing below this one's is of interest.
            floor = max(floor, answer.lower)
            upper = max(min(upper, rows.worth(answer.upper, nu)), above)
            stopped, t = answer.stopped or Stopped.RELAXED, NEXT * t
            if answer.stopped or not few or t > LAST:
                break
        done = Stopped.FINISHED if upper <= above else stopped
        return OracleAnswer.nothing(self.centres.p + 1, upper, self.name, looked_at, done, self.centres.c)
