"""What oracles over units with several outputs have in common."""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import HingeOracle, OracleAnswer
from dualscape.oracles.reach import Reach
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


class VectorOracle(HingeOracle):
    """An oracle for |N^T sigma(X u)| over unit vectors u, from the hyperplanes of X (n, d), for N of c columns; the
    slope of sigma below 0 is that of the hyperplanes."""

    def __init__(self, hinges: Hinges, c: int) -> None:
        super().__init__(hinges)
        self.c, self.reach = c, vector_reach(hinges.X, c, hinges.slope)

    def nothing(self, upper: float, looked_at: int, stopped: Stopped = Stopped.FINISHED) -> OracleAnswer:
        """No unit was found, and this is the bound."""
        return OracleAnswer.nothing(self.hinges.X.shape[1], upper, self.name, looked_at, stopped, self.c)

    def ceiling(self, nu: Vector, effort: Effort) -> float:
        """A bound on h(N) that is there at once, for data of any size."""
        G = ReducedVector.of(self.hinges, nu.reshape(-1, self.c))
        return min(self.reach.bound(nu), G.ceiling(effort.overdue))


def vector_reach(X: Matrix, c: int, slope: float = 0.0) -> Reach:
    """What the rows of X (n, d) can be worth in each of c outputs, (n c,).

    >>> vector_reach(np.array([[3.0, 4.0]]), 2).lengths
    array([5., 5.])
    """
    own = Reach.of(X, slope)
    return Reach(np.repeat(own.lengths, c), own.d, below=1.0)
