"""The search over three-layer units: many rise together by L-BFGS, from units at hand, units of two layers and random
ones."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from dualscape.oracles.base import NO_LIMITS, Estimate, Oracle, OracleAnswer, Question
from dualscape.oracles.hull.slots import alone_in_slots
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.reach import Reach
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Random starts of a search, and steps.
STARTS, STEPS = 40, 60
#: Units of two layers rise from this share of the threshold on.
NEARLY = 0.9


class HullSearch(Oracle):
    """Local maximisers of s nu^T (h)_+ from many starts; proves nothing."""

    name = "ascent"
    exact = False
    counts = "starts"

    def __init__(
        self,
        scores: Callable[[Vector, Units], Vector],
        rise: Callable[[Vector, Units], tuple[Vector, Matrix]],
        random: Callable[[int, np.random.Generator], Units],
        reach: Reach,
        first: Oracle,
        inner: int,
    ) -> None:
        """From what a unit space knows: scores, both them and their gradients, random units and what rows can be worth;
        and a search over units of two layers, with the inner neurons that a unit of three has."""
        self._scores, self._rise, self._random, self.reach = scores, rise, random, reach
        self._first, self._inner = first, inner

    @classmethod
    def estimate(cls, size: int) -> Estimate:
        """The expected cost of one call on data of so many entries."""
        return Estimate(STARTS, 1e-8 * STARTS * STEPS * size + 0.02, cls.counts)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        starts = self._random(STARTS, np.random.default_rng(question.attempt))
        two = self._first.best_units(Question(question.nu, NEARLY * question.above, attempt=question.attempt)).units
        starts = Units.join([alone_in_slots(two.take(slice(STARTS)), self._inner), starts])
        if question.starts is not None and len(question.starts):
            starts = Units.join([question.starts, starts])
        risen = self._risen(question.nu, starts, effort)
        ranked = Ranked(risen, self._scores(question.nu, risen)).once(DEFAULT.direction)
        lower = float(ranked.values[0]) if len(ranked.values) else 0.0
        stopped = (effort.ended() or Stopped.TIME) if effort.expired() else Stopped.FINISHED
        return OracleAnswer(*ranked.above(question.above), lower, np.inf, self.name, len(starts), stopped)

    def _risen(self, nu: Vector, units: Units, effort: Effort) -> Units:
        """Where units come to when the sum of their scores rises; each score counts on its own."""
        k, d = units.directions.shape
        size = self.reach.change(nu) or 1.0

        def value_and_gradient(flat: Vector) -> tuple[float, Vector]:
            theta = flat.reshape(k, d)
            lengths = np.linalg.norm(theta, axis=1)[:, None]
            lengths = np.where(lengths > 0, lengths, 1.0)
            there = units.turned(theta / lengths)
            scores, pulls = self._rise(nu, there)
            # Along the sphere alone.
            pulls -= scores[:, None] * there.directions
            return -float(scores.sum()) / size, -(pulls / lengths).ravel() / size

        def is_over(intermediate_result: OptimizeResult) -> None:
            if effort.expired():
                raise StopIteration

        options = {"maxiter": STEPS, "ftol": 1e-15, "gtol": 0.0}
        found = minimize(
            value_and_gradient, units.directions.ravel(), jac=True, method="L-BFGS-B", options=options, callback=is_over
        )
        risen = found.x.reshape(k, d)
        lengths = np.linalg.norm(risen, axis=1)[:, None]
        there = units.turned(risen / np.where(lengths > 0, lengths, 1.0))
        # The sum rises, and not every score in it need do so.
        better = self._scores(nu, there) > self._scores(nu, units)
        return units.turned(np.where(better[:, None], there.directions, units.directions))
