"""The Huber loss (Huber 1964): squared near the target, linear far from it, so that outliers pull no harder."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.arrays import LARGEST, SMALLEST
from dualscape.model.losses.clipped import Clipped

Vector = NDArray[np.float64]


class Huber(Clipped):
    """L(f, y) = sum_i w_i h(f_i - y_i), h(r) = r^2 / 2 where |r| <= delta, and delta (|r| - delta / 2) beyond.

    Not strictly convex: rows beyond delta pull with the same force wherever their fit is.

    Args:
        delta: > 0, in the units of the target as the network sees it.
        weights: (n,) w > 0, what each row counts; None: every row counts once.

    Raises:
        InputError: delta is no positive finite number, or the weights are not.

    >>> Huber(2.0).value(np.array([1.0, 5.0]), np.array([0.0, 0.0]))  # 1/2 and 2 (5 - 1)
    8.5
    """

    name = "huber"
    target = "numbers"
    quadratic = False
    strictly_convex = False

    def __init__(self, delta: float = 1.0, *, weights: ArrayLike | None = None) -> None:
        super().__init__(weights=weights)
        try:
            self.delta = float(delta)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"delta of the huber loss must be a number, got {delta!r}") from None
        if not SMALLEST <= self.delta <= LARGEST:
            raise InputError(
                f"delta of the huber loss must lie between {SMALLEST:g} and {LARGEST:g}, got {self.delta:g}; it is the "
                "residual from which on a row pulls no harder"
            )

    @property
    def formula(self) -> str:
        return (
            f"sum_i {self._rows.symbol}h(f(x_i) - y_i), where h(r) = r^2 / 2 for |r| <= d and d |r| - d^2 / 2 beyond, "
            f"d = {self.delta:g},"
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        return (repr(self.delta),)

    def parsed(self, parameter: str) -> "Huber":
        return Huber(parameter, weights=self.weights)  # type: ignore[arg-type]

    def scaled(self, exponent: int) -> "Huber":
        return Huber(float(np.ldexp(self.delta, exponent)), weights=self.weights)

    def bounds(self, y: Vector) -> tuple[float, float]:
        return -self.delta, self.delta
