"""The oracle over gated units, which is exact for its list of gates: a matrix product.

With D_i the diagonal of the rows on which gate i is open, a unit (v, i) of length one has the score s nu^T D_i X v, and
over all directions the greatest is |X^T D_i nu|, in the one direction of that vector.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import blocks
from dualscape.oracles.base import NO_LIMITS, Matrix, Oracle, OracleAnswer, Question, Vector
from dualscape.oracles.proof import agreed
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.reach import Reach
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

#: Multiplications between two looks at the clock.
PORTION = 100_000_000


def gate_pulls(X: Matrix, gates: NDArray[np.bool_], nu: Vector) -> Matrix:
    """X^T D_i nu for every gate, (G, d).

    Args:
        X: (n, d) data.
        gates: (n, G) whether a gate is open on a row.
        nu: (n,).

    >>> gate_pulls(np.eye(2), np.array([[True, False], [True, True]]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [0., 4.]])
    """
    total = np.zeros((gates.shape[1], X.shape[1]))
    for part in blocks(len(X)):
        total += (gates[part] * nu[part, None]).T @ X[part]
    return total


class GatesOracle(Oracle):
    """h(nu) over gated units, to rounding; lists the best unit of every gate."""

    name = "gates"
    exact = True
    counts: str = "gates"
    #: The slacks of all gates come with the bound.
    window: float = 0.5
    lists: bool = True

    def __init__(self, X: Matrix, gates: NDArray[np.bool_], which: NDArray[np.intp]) -> None:
        """For data X (n, d) and gates (n, G), of which those in `which` are asked: one of each that are alike."""
        self._X, self._gates, self._which = X, gates, which
        # Entries of a column may be of either sign.
        self.reach = Reach(Reach.of(X).lengths, X.shape[1], below=1.0)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        nu, stopped = question.nu, Stopped.FINISHED
        pulls = np.zeros((len(self._which), self._X.shape[1]))
        asked = 0
        for part in blocks(len(self._which), max(PORTION // max(self._X.size, 1), 1)):
            if asked and effort.expired():
                stopped = effort.ended() or Stopped.TIME
                break
            pulls[part] = gate_pulls(self._X, self._gates[:, self._which[part]], nu)
            asked = part.stop
        values = np.linalg.norm(pulls, axis=1)
        alive = np.flatnonzero(values > 0)
        directions = pulls[alive] / values[alive, None]
        units = Units.signed(directions, np.ones(len(alive)), self._which[alive], self._gates.shape[1])
        ranked = Ranked(units, values[alive]).once(DEFAULT.apart)
        lower = float(values.max(initial=0.0))
        # Sums over the rows, in any order, and a length: no more rounding than a score has.
        upper = lower + self.reach.rounding(nu) if asked == len(self._which) else np.inf
        upper = min(upper, self.reach.bound(nu))
        upper = agreed(self.reach, nu, lower, max(upper, question.above), self.name)
        return OracleAnswer(*ranked.above(question.above), lower, upper, self.name, asked, stopped)
