"""The logistic loss."""

from math import fsum

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, log_expit

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.labels import check_signs
from dualscape.model.losses.hessian import Diagonal, Hessian
from dualscape.model.losses.row_sum import RowSum
from dualscape.model.losses.separation import check_inseparable

Vector = NDArray[np.float64]


class Logistic(RowSum):
    """L(f, y) = sum_i w_i log(1 + exp(-y_i f_i)), labels y = +-1.

    Args:
        weights: (n,) w > 0, what each row counts; None: every row counts once.

    Raises:
        InputError: the weights are not positive finite numbers.

    >>> Logistic(weights=[1, 3]).value(np.zeros(2), np.array([1.0, -1.0]))  # 4 log 2
    2.772588722239781
    """

    name = "logistic"
    target = "two classes"
    quadratic = False
    strictly_convex = True

    @property
    def formula(self) -> str:
        return f"sum_i {self._rows.symbol}log(1 + exp(-y_i f(x_i)))"

    def check_target(self, y: Vector) -> None:
        check_signs(y, self.name)
        super().check_target(y)

    def check_free(self, M: NDArray[np.float64], y: Vector, decay: float) -> None:
        if decay == 0:
            check_inseparable(y[:, None] * M, "the two classes", self.name)

    def probability(self, f: Vector) -> Vector:
        return np.asarray(expit(f))

    def least(self, y: Vector) -> float:
        return 0.0

    def value(self, f: Vector, y: Vector) -> float:
        return float(-self._rows.times(log_expit(y * f)).sum())

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        margin, rest = y * f.hi, y * f.lo
        slope = expit(-margin)
        terms, change = -self._rows.times(log_expit(margin)), self._rows.times(slope * rest)
        # The slope of log(1 + e^-t) is below 1 and bounds its curvature; over a distance a it grows by e^a at most.
        steep = self._rows.times(np.minimum(slope * np.exp(np.minimum(np.abs(rest) + off, 50.0)), 1.0))
        rounding = 2.0**-50 * (fsum(terms) + fsum(np.abs(change)))
        return fsum(terms) - fsum(change), 1.01 * float(steep @ (off + 0.5 * rest * rest)) + rounding

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return self._rows.times(-y * expit(-y * f))

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        # Extended precision where the machine has it; elsewhere it is double, and the error says so.
        margin = y * (f.hi.astype(np.longdouble) + f.lo)
        smaller = np.exp(-np.abs(margin))
        exact = self._rows.times(-y * np.where(margin > 0, smaller, 1.0) / (1.0 + smaller))
        hi = exact.astype(float)
        error = 8 * float(np.finfo(np.longdouble).eps) * float(np.linalg.norm(hi * (1.0 + np.abs(f.hi))))
        return TwoFloat(hi, (exact - hi).astype(float)), error

    def hessian(self, f: Vector, y: Vector) -> Hessian:
        return Diagonal(self._rows.times(expit(f) * expit(-f)))

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        p = self._rows.over(nu * y)
        inside = (p > 0) & (p < 1)
        found = near.copy()
        found[inside] = y[inside] * (np.log1p(-p[inside]) - np.log(p[inside]))
        return found

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        # p = nu / (w y) must be a probability; its entropy is the dual objective. No p above 1 is rounded to 1.
        p = self._rows.over(nu * y)
        if p.min(initial=0) < 0 or p.max(initial=0) > 1:
            return np.array([-np.inf])
        terms = entr(p), -(1 - p) * np.log1p(-p, where=p < 1, out=np.zeros_like(p))
        return np.concatenate([self._rows.times(part) for part in terms])

    def dual_noise(self, nu: Vector) -> float:
        # The slope of the entropy is unbounded at p = 1; over an eps it gains less than 40 eps.
        return 40.0 * fsum(self._rows.each(len(nu)))

    def room(self, nu: Vector, y: Vector) -> Vector:
        share, each = nu * y, self._rows.each(len(nu))
        return np.where((share > 0) & (share < each), share * (1 - self._rows.over(share)), 0.0)

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        return y * np.clip(nu * y, 0.0, self._rows.each(len(nu)))

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        share = nu * y
        p = self._rows.over(share)
        top = p.max(initial=0.0)
        if top <= 0:
            return 0.0
        high = min(largest, 1 / top)
        slope = np.full_like(p, 0.0)

        def derivative(t: float) -> float:
            with np.errstate(divide="ignore", invalid="ignore"):
                np.multiply(share, np.log1p(-t * p) - np.log(t * p), out=slope, where=p > 0)
            return float(slope.sum())

        if derivative(high) >= 0:
            return high
        low = 0.0
        for _ in range(200):  # D(t nu) is concave in t: bisect its derivative to the last bit
            mid = 0.5 * (low + high)
            if mid in (low, high):
                break
            low, high = (mid, high) if derivative(mid) > 0 else (low, mid)
        return low
