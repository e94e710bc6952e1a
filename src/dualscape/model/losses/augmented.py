"""The augmented Lagrangian of interpolation, a smooth loss with the same optimum (Hestenes 1969; Powell 1969)."""

from math import fsum

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.losses.base import Loss
from dualscape.model.losses.hessian import Diagonal, Hessian
from dualscape.tolerances import EPS

Vector = NDArray[np.float64]


class Augmented(Loss):
    """L(f, y) = |f - y|^2 / (2 s) - nu . (f - y), so that its dual variable is nu - (f - y) / s.

    At a dual optimum nu of interpolation its optimal fit is y, and its optima are those of interpolation; from any
    other nu its dual variable is a better one, the better the smaller s is (a proximal step of length 1 / s).

    Args:
        nu: (n,) the multiplier.
        step: s > 0.

    >>> loss, y = Augmented(np.array([1.0, 2.0]), 0.5), np.zeros(2)
    >>> loss.gradient(np.array([0.5, 0.0]), y).tolist()
    [0.0, -2.0]
    """

    name = "augmented Lagrangian"
    target = "numbers"
    quadratic = False
    strictly_convex = True

    def __init__(self, nu: Vector, step: float) -> None:
        self.nu, self.step = nu, step

    @property
    def formula(self) -> str:
        return f"1/{2 * self.step:g} sum_i (f(x_i) - y_i)^2 - sum_i nu_i (f(x_i) - y_i)"

    def take(self, rows: NDArray[np.intp]) -> "Augmented":
        return Augmented(self.nu[rows], self.step)

    def check_target(self, y: Vector) -> None:
        pass

    def least(self, y: Vector) -> float:
        return -0.5 * self.step * float(self.nu @ self.nu)

    def value(self, f: Vector, y: Vector) -> float:
        r = f - y
        return float(r @ r) / (2 * self.step) - float(self.nu @ r)

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        near = f.hi - y
        r = near + f.lo
        off = off + 3 * EPS * (np.abs(near) + np.abs(f.lo))
        terms = np.concatenate([r * r / (2 * self.step), -self.nu * r])
        change = float((np.abs(r) / self.step + np.abs(self.nu)) @ off + 0.5 * (off @ off) / self.step)
        return fsum(terms), 1.01 * change + 4 * EPS * float(np.abs(terms).sum())

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return (f - y) / self.step - self.nu

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        error = 2 * ROUNDING * float(np.linalg.norm((np.abs(f.hi) + np.abs(y)) / self.step + np.abs(self.nu)))
        step = TwoFloat.of(np.full(len(y), self.step))
        return (f - TwoFloat.of(y)) / step - TwoFloat.of(self.nu), error

    def hessian(self, f: Vector, y: Vector) -> Hessian:
        return Diagonal(np.full(len(y), 1 / self.step))

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        return y + self.step * (self.nu - nu)

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        # inf_f L(f, y) + nu.f, attained at `fit_of`.
        return np.concatenate([nu * y, -0.5 * self.step * (nu - self.nu) ** 2])

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        norm2 = float(nu @ nu)
        if norm2 == 0:
            return largest
        return min(max((float(nu @ y) / self.step + float(nu @ self.nu)) / norm2, 0.0), largest)
