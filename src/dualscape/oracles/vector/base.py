"""What oracles over units with several outputs have in common."""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import HingeOracle
from dualscape.oracles.reach import Reach
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.running.effort import Effort

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


class VectorOracle(HingeOracle):
    """An oracle for |N^T (X u)_+| over unit vectors u, from the hyperplanes of X (n, d), for N of c columns."""

    def __init__(self, hinges: Hinges, c: int) -> None:
        super().__init__(hinges)
        self.c, self.reach = c, vector_reach(hinges.X, c)

    def ceiling(self, nu: Vector, effort: Effort) -> float:
        """A bound on h(N) that is there at once, for data of any size."""
        G = ReducedVector.of(self.hinges, nu.reshape(-1, self.c))
        return min(self.reach.bound(nu), G.ceiling(effort.overdue))


def vector_reach(X: Matrix, c: int) -> Reach:
    """What the rows of X (n, d) can be worth in each of c outputs, (n c,).

    >>> vector_reach(np.array([[3.0, 4.0]]), 2).lengths
    array([5., 5.])
    """
    own = Reach.of(X)
    return Reach(np.repeat(own.lengths, c), own.d, below=1.0)
