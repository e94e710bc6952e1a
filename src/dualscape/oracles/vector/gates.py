"""The oracle over gated units with several outputs: the singular vectors of a matrix for each gate.

With D_i the rows on which gate i is open, a unit (u, v, i) has the score u^T (X^T D_i N) v. Over all unit vectors u and
v the greatest is the spectral norm of X^T D_i N, at the pair of its greatest singular value.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import blocks
from dualscape.oracles.base import NO_LIMITS, Matrix, OracleAnswer, Question
from dualscape.oracles.gates import PORTION, GatesOracle, gate_pulls
from dualscape.oracles.proof import agreed
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.vector.base import vector_reach
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT, EPS
from dualscape.units import Units


def gate_tables(X: Matrix, gates: NDArray[np.bool_], N: Matrix) -> NDArray[np.float64]:
    """X^T D_i N for every gate, (G, d, c), for data X (n, d), gates (n, G) and N (n, c).

    >>> gate_tables(np.eye(2), np.array([[True], [False]]), np.array([[3.0, 4.0], [5.0, 6.0]])).tolist()
    [[[3.0, 4.0], [0.0, 0.0]]]
    """
    return np.stack([gate_pulls(X, gates, column) for column in N.T], axis=2)


class VectorGatesOracle(GatesOracle):
    """h(N) over gated units with c outputs, to rounding; lists the singular pairs of every gate."""

    def __init__(self, X: Matrix, gates: NDArray[np.bool_], which: NDArray[np.intp], c: int) -> None:
        """For data X (n, d) and gates (n, G), of which those in `which` are asked: one of each that are alike."""
        super().__init__(X, gates, which)
        self._c, self.reach = c, vector_reach(X, c)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        (n, d), c, count = self._X.shape, self._c, self._gates.shape[1]
        nu, N, stopped = question.nu, question.nu.reshape(n, c), Stopped.FINISHED
        lower, asked, found = 0.0, 0, [Ranked(Units.none(d, count * c), np.zeros(0))]
        for part in blocks(len(self._which), max(PORTION // max(self._X.size * c, 1), 1)):
            if asked and effort.expired():
                stopped = effort.ended() or Stopped.TIME
                break
            which = self._which[part]
            left, singular, right = np.linalg.svd(gate_tables(self._X, self._gates[:, which], N), full_matrices=False)
            lower, asked = max(lower, float(singular.max(initial=0.0))), part.stop
            gate, place = np.nonzero(singular > max(question.above, 0.0))
            units = Units.gated(left[gate, :, place], right[gate, place], which[gate], count).turned_round()
            found.append(Ranked(units, singular[gate, place]))
        # Each entry is a sum over the rows; the decomposition of a matrix is that of another, off by a few roundings.
        rounding = 1.01 * (n + 8 * (d + c) + 80) * EPS * self.reach.change(nu)
        upper = lower + rounding if asked == len(self._which) else np.inf
        upper = agreed(self.reach, nu, lower, max(min(upper, self.reach.bound(nu)), question.above), self.name)
        return OracleAnswer(*Ranked.join(found).once(DEFAULT.apart), lower, upper, self.name, asked, stopped)
