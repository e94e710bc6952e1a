"""The squared loss."""

import numpy as np
from numpy.typing import NDArray

from dualscape.model.losses.clipped import Clipped
from dualscape.model.losses.hessian import Diagonal, Hessian, Identity

Vector = NDArray[np.float64]


class Squared(Clipped):
    """L(f, y) = 1/2 sum_i w_i (f_i - y_i)^2.

    Args:
        weights: (n,) w > 0, what each row counts; None: every row counts once.

    Raises:
        InputError: the weights are not positive finite numbers.

    >>> Squared().value(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    2.5
    >>> Squared(weights=[2, 1]).value(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    3.0
    """

    name = "squared"
    target = "numbers"
    quadratic = True
    strictly_convex = True
    several = True

    @property
    def formula(self) -> str:
        return f"1/2 sum_i {self._rows.symbol}(f(x_i) - y_i)^2"

    def bounds(self, y: Vector) -> tuple[float, float]:
        return -np.inf, np.inf

    def hessian(self, f: Vector, y: Vector) -> Hessian:
        return Identity() if self._rows.even else Diagonal(self._rows.each(len(y)))
