"""The squared loss."""

from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.losses.base import Loss
from dualscape.model.losses.hessian import Diagonal, Hessian, Identity
from dualscape.model.losses.weights import RowWeights
from dualscape.tolerances import EPS

Vector = NDArray[np.float64]


class Squared(Loss):
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

    def __init__(self, *, weights: ArrayLike | None = None) -> None:
        self._rows = RowWeights(weights)

    @property
    def formula(self) -> str:
        return f"1/2 sum_i {'' if self._rows.even else 'w_i '}(f(x_i) - y_i)^2"

    @property
    def weights(self) -> Vector | None:
        return self._rows.given

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name, *self._rows.key)

    def take(self, rows: NDArray[np.intp]) -> "Squared":
        return Squared(weights=self._rows.take(rows))

    def check_target(self, y: Vector) -> None:
        self._rows.check(y)

    def least(self, y: Vector) -> float:
        return 0.0

    def value(self, f: Vector, y: Vector) -> float:
        r = f - y
        return 0.5 * float(r @ self._rows.times(r))

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        # Where f is near y their difference is exact; elsewhere f.lo is below its rounding.
        near = f.hi - y
        r = near + f.lo
        off = off + 3 * EPS * (np.abs(near) + np.abs(f.lo))
        value = 0.5 * fsum(r * self._rows.times(r))
        change = float(self._rows.times(np.abs(r)) @ off + 0.5 * (off @ self._rows.times(off)))
        return value, 1.01 * change + (2 if self._rows.even else 3) * EPS * value

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return self._rows.times(f - y)

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        error = ROUNDING * float(np.linalg.norm(self._rows.times(np.abs(f.hi) + np.abs(y))))
        if self._rows.even:
            return f - TwoFloat.of(y), error
        # The product rounds once more.
        return (f - TwoFloat.of(y)) * TwoFloat.of(self._rows.each(len(y))), 3 * error

    def hessian(self, f: Vector, y: Vector) -> Hessian:
        return Identity() if self._rows.even else Diagonal(self._rows.each(len(y)))

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        return y - self._rows.over(nu)

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        return np.concatenate([nu * y, -0.5 * nu * self._rows.over(nu)])

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        norm2 = float(nu @ self._rows.over(nu))
        return largest if norm2 == 0 else min(max(float(nu @ y) / norm2, 0.0), largest)
