"""The exact oracle for one feature and a bias that costs nothing: finitely many units (THEORY section 10)."""

import numpy as np
from numpy.typing import NDArray

from dualscape.oracles.base import NO_LIMITS, Estimate, OracleAnswer, Question
from dualscape.oracles.centred import CentredOracle
from dualscape.oracles.centres import Centres
from dualscape.oracles.ranked import Ranked
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.tolerances import EPS
from dualscape.units import Units

Long = NDArray[np.longdouble]
#: Seconds a call takes, and more for every row.
SECONDS, ROW_SECONDS = 2e-4, 3e-7


class ThresholdsOracle(CentredOracle):
    """h(nu) over the units (+-1, b) with a kink at a number of the data: all scores in one pass over sorted rows."""

    name = "thresholds"
    exact = True
    counts = "thresholds"
    lists = True

    def __init__(self, centres: Centres) -> None:
        super().__init__(centres)
        assert centres.p == 1, "several features have no order"
        self._at, self._group = np.unique(centres.X[:, 0], return_inverse=True)

    @classmethod
    def estimate(cls, centres: Centres) -> Estimate:
        return Estimate(2 * centres.n, SECONDS + ROW_SECONDS * centres.n, cls.counts)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        nu, at = question.nu, self._at
        c = self.centres.c
        weights = np.zeros((len(at), c), dtype=np.longdouble)
        np.add.at(weights, self._group, nu.reshape(-1, c).astype(np.longdouble))
        gaps = np.diff(at.astype(np.longdouble))[:, None]
        rising, falling = _rising(gaps, weights), _rising(gaps[::-1], weights[::-1])[::-1]
        led = np.concatenate([rising, falling]).astype(float)
        values = np.linalg.norm(led, axis=1)
        w = np.repeat([1.0, -1.0], len(at))
        directions = np.column_stack([w, -w * np.tile(at, 2) / self.centres.one])
        # What leads to an output is made of no more than 2 n sums and products of numbers below `change`.
        fine = float(np.finfo(np.longdouble).eps)
        error = (c if c == 1 else c + 4) * EPS * values.max(initial=0.0)
        error += 4 * (len(nu) + 4) * fine * self.reach.change(nu)
        lower = float(values.max(initial=0.0))
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > max(question.above, 0.0)]
        found = Ranked(Units(directions, led / np.where(values > 0, values, 1.0)[:, None]), values).take(order)
        found = found.take(self.centres.settled(nu, found.units))
        upper = max(lower + float(error), question.above)
        return OracleAnswer(*found, lower, upper, self.name, 2 * len(at))


def _rising(gaps: Long, weights: Long) -> Long:
    """(N, c) sum_j weights_j (x_j - x_k)_+ for every k, from gaps (N - 1, 1) between rising x and weights (N, c)."""
    beyond = np.cumsum(weights[::-1], axis=0)[::-1][1:]
    return np.vstack([np.cumsum((gaps * beyond)[::-1], axis=0)[::-1], np.zeros((1, weights.shape[1]), weights.dtype)])
