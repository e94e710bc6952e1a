"""Losses whose slope is that of the squared loss, kept within bounds: the squared, Huber and squared hinge losses."""

from abc import abstractmethod
from math import fsum

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.losses.hessian import Diagonal, Hessian
from dualscape.model.losses.row_sum import RowSum
from dualscape.tolerances import EPS

Vector = NDArray[np.float64]
#: A scale of nu ends this far before the edge of the domain, so that rounding leaves nu inside.
SHORT = 1.0 - 1e-15


class Clipped(RowSum):
    """L(f, y) = sum_i w_i s_i (r_i - s_i / 2), r = f - y and s_i = r_i clipped to [low_i, high_i].

    The bounds hold 0 between them and depend on y alone. The gradient is w s. The dual objective is that of the squared
    loss, nu . y - 1/2 sum_i nu_i^2 / w_i, where -nu_i lies in w_i [low_i, high_i]; it is strictly concave, so that
    the optimal nu is unique, and with it the fit of every row in which nu lies inside.
    """

    @abstractmethod
    def bounds(self, y: Vector) -> tuple[Vector | float, Vector | float]:
        """(low, high), each one number or (n,): what the slope of a row of weight 1 is clipped to."""

    def _edges(self, y: Vector) -> tuple[Vector | float, Vector | float]:
        """The bounds of the gradient, w low and w high: the doubles next to them towards 0."""
        low, high = self.bounds(y)
        return self._rows.times_short(low), self._rows.times_short(high)

    def least(self, y: Vector) -> float:
        return 0.0

    # --- the fit ---------------------------------------------------------------------------------------
    def value(self, f: Vector, y: Vector) -> float:
        r = f - y
        s = np.clip(r, *self.bounds(y))
        return float((r - 0.5 * s) @ self._rows.times(s))

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        # Where f is near y their difference is exact; elsewhere f.lo is below its rounding. A third rounding is that of
        # r - s / 2 where s is clipped; elsewhere this is r / 2.
        near = f.hi - y
        r = near + f.lo
        off = 1.01 * (off + 3 * EPS * (np.abs(near) + np.abs(f.lo)))
        low, high = self.bounds(y)
        s = np.clip(r, low, high)
        value = fsum((r - 0.5 * s) * self._rows.times(s))
        # The slope is s: within `off` of r it is steepest at an end, and where s stays 0 nothing changes.
        steepest = np.maximum(np.abs(np.clip(r - off, low, high)), np.abs(np.clip(r + off, low, high)))
        change = float(self._rows.times(steepest) @ off)
        return value, 1.01 * change + (2 if self._rows.even else 3) * EPS * value

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return np.clip(self._rows.times(f - y), *self._edges(y))

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        s = _clipped(f - TwoFloat.of(y), *self.bounds(y))
        error = ROUNDING * float(np.linalg.norm(self._rows.times(np.abs(f.hi) + np.abs(y))))
        if self._rows.even:
            return s, error
        # The product rounds once more.
        return s * TwoFloat.of(self._rows.each(len(y))), 3 * error

    def hessian(self, f: Vector, y: Vector) -> Hessian:
        r = f - y
        low, high = self.bounds(y)
        each = self._rows.each(len(y))
        return Diagonal(np.where((r >= low) & (r <= high), each, 0.0), most=each)

    def jumps(self, f: Vector, along: Vector, y: Vector) -> Vector:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            shares = np.concatenate([(bound - (f - y)) / along for bound in self.bounds(y)])
        return np.asarray(shares[np.isfinite(shares)])

    # --- the dual variable -----------------------------------------------------------------------------
    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        low, high = self._edges(y)
        # At an end the fit may be any beyond it.
        return np.where((-nu > low) & (-nu < high), y - self._rows.over(nu), near)

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        low, high = self._edges(y)
        if (-nu < low).any() or (-nu > high).any():
            return np.array([-np.inf])
        return np.concatenate([nu * y, -0.5 * nu * self._rows.over(nu)])

    def room(self, nu: Vector, y: Vector) -> Vector:
        low, high = self._edges(y)
        room = np.minimum(-nu - low, high + nu)
        return np.where(np.isinf(room), 1.0, np.maximum(room, 0.0))

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        return -np.clip(-nu, *self._edges(y))

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        low, high = self._edges(y)
        ends = np.where(nu > 0, -low, -high)
        room = np.divide(ends, nu, where=nu != 0, out=np.full(len(nu), np.inf))
        largest = min(largest, SHORT * float(room.min(initial=np.inf)))
        norm2 = float(nu @ self._rows.over(nu))
        return largest if norm2 == 0 else min(max(float(nu @ y) / norm2, 0.0), largest)


def _clipped(r: TwoFloat, low: Vector | float, high: Vector | float) -> TwoFloat:
    beyond = (r.hi < low) | ((r.hi == low) & (r.lo < 0)) | (r.hi > high) | ((r.hi == high) & (r.lo > 0))
    return TwoFloat(np.clip(r.hi, low, high), np.where(beyond, 0.0, r.lo))
