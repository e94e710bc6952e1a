"""The squared hinge loss, that of a support vector machine with a squared penalty."""

import numpy as np
from numpy.typing import NDArray

from dualscape.model.labels import check_signs
from dualscape.model.losses.clipped import Clipped

Vector = NDArray[np.float64]


class SquaredHinge(Clipped):
    """L(f, y) = 1/2 sum_i w_i max(0, 1 - y_i f_i)^2, labels y = +-1.

    Not strictly convex: a row on the right side with a margin of 1 or more costs nothing wherever its fit is.

    Args:
        weights: (n,) w > 0, what each row counts; None: every row counts once.

    Raises:
        InputError: the weights are not positive finite numbers.

    >>> SquaredHinge().value(np.array([0.0, -2.0, 2.0]), np.array([1.0, 1.0, 1.0]))  # 1/2 and 3^2 / 2
    5.0
    """

    name = "squared-hinge"
    target = "two classes"
    quadratic = False
    strictly_convex = False

    @property
    def formula(self) -> str:
        return f"1/2 sum_i {self._rows.symbol}max(0, 1 - y_i f(x_i))^2"

    def check_target(self, y: Vector) -> None:
        check_signs(y, self.name)
        super().check_target(y)

    def bounds(self, y: Vector) -> tuple[Vector, Vector]:
        # (1 - y f)^2 = (f - y)^2, of which only f short of y counts.
        return np.where(y > 0, -np.inf, 0.0), np.where(y > 0, 0.0, np.inf)
