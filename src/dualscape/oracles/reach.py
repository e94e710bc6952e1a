"""What rows can be worth in a score, from their lengths alone: cheap bounds, and how much rounding there is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import row_lengths
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reach:
    """For every row the greatest size of its entry in the column of a unit neuron.

    Attributes:
        lengths: (n,) those sizes, |x_i| for a linear map followed by a ReLU.
        d: how many terms each entry is a sum of.
        below: the share of that size that an entry of output +1 may lie below 0; 0 where none is negative.

    >>> reach = Reach.of(np.array([[3.0, 4.0], [0.0, 1.0]]))
    >>> reach.bound(np.array([1.0, -2.0])) < 5.0 + 1e-12
    True
    """

    lengths: Vector
    d: int
    below: float = 1.0

    @classmethod
    def of(cls, X: Matrix, slope: float = 0.0) -> "Reach":
        """That of entries max(x_i . u, slope x_i . u) with |u| = 1 >= |slope|, for the rows of X (n, d)."""
        return cls(row_lengths(X), X.shape[1], below=max(slope, 0.0))

    @property
    def _rounding(self) -> float:
        """Relative rounding of `change`, and that of a score relative to it."""
        return 1.01 * (len(self.lengths) + self.d + 8) * EPS

    def change(self, nu: Vector) -> float:
        """sum_i |nu_i| |x_i|: no score moves further when nu (n,) is added to the dual variable."""
        return float(np.abs(nu) @ self.lengths)

    def rounding(self, nu: Vector) -> float:
        """A bound on the rounding of the score of every unit whose direction has length one up to rounding."""
        return self._rounding * self.change(nu)

    def bound(self, nu: Vector) -> float:
        """A proven bound on h(nu), rounding included: every row at the direction that is best for it."""
        up, down = self.change(nu.clip(0.0)), self.change(nu.clip(None, 0.0))
        return max(up + self.below * down, down + self.below * up) * (1 + self._rounding)
