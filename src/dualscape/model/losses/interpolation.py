"""Interpolation: the fit is no longer paid for but prescribed, f(x_i) = y_i (THEORY sections 1 and 10)."""

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses.base import Loss

Vector = NDArray[np.float64]


class Interpolation(Loss):
    """L(f, y) = 0 where f = y, and infinite elsewhere: the limit of the squared loss as beta falls to 0.

    What is left to be minimised is the cost of the network, and beta is 1. The dual objective is D(nu) = nu.y. There is
    no gradient: nu is the multiplier of the constraint, which only the solver knows.

    >>> loss, y = Interpolation(), np.array([1.0, 2.0])
    >>> loss.value(y, y), loss.value(np.array([1.0, 2.5]), y), loss.dual(np.array([3.0, -1.0]), y)
    (0.0, inf, 1.0)
    """

    name = "interpolation"
    target = "numbers"
    quadratic = True  # the limit of ever greater W
    strictly_convex = True
    constraint = True
    formula = "f(x_i) = y_i for every row i"

    @property
    def title(self) -> str:
        return self.name

    def weighted(self, weights: Vector) -> "Interpolation":
        return self  # a row counts, however much

    def check_target(self, y: Vector) -> None:
        pass  # any numbers; whether a network takes them depends on the rows: `model.interpolability`

    def check_free(self, M: NDArray[np.float64], y: Vector, decay: float) -> None:
        if decay > 0:
            raise InputError("interpolation takes no decay of free features: they are free; leave out free_decay")

    def least(self, y: Vector) -> float:
        return 0.0

    def value(self, f: Vector, y: Vector) -> float:
        return 0.0 if (f == y).all() else np.inf

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        # Within rounding of y lie fits of either value.
        missed = np.abs((f.hi - y) + f.lo) > off
        return (np.inf, 0.0) if missed.any() else (0.0, np.inf if off.any() else 0.0)

    def gradient(self, f: Vector, y: Vector) -> NoReturn:
        raise InputError("interpolation has no gradient, since the fit is prescribed; the dual variable is solution.nu")

    fine_gradient = hessian = gradient  # type: ignore[assignment]

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        return y

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        return nu * y

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        return largest if float(nu @ y) > 0 else 0.0
