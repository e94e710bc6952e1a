"""Losses L(f, y): what the solver and the certificate need to know of them (THEORY sections 1 and 2).

A new loss is one subclass and one entry in `LOSSES`.
"""

from abc import ABC, abstractmethod
from math import fsum

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, log_expit

from dualscape.errors import InputError
from dualscape.geometry.two_float import ROUNDING, TwoFloat

Vector = NDArray[np.float64]
EPS = 2.0**-53


class Loss(ABC):
    """A convex, differentiable, strictly convex loss, summed over rows.

    `nu = -gradient(f, y)` is the dual variable, and `dual(nu, y) = -L*(-nu)`, the concave dual objective,
    is -inf outside its domain.
    """

    name: str
    #: True when L(t f, t y) = t^2 L(f, y), so that the target can be rescaled.
    quadratic: bool
    #: True when the target is one of two classes, as -1 and +1.
    takes_labels: bool = False
    #: L in words, a sum over rows.
    formula: str = "L(f(X), y), a sum over rows"

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this loss from all others, its parameters included."""
        return (self.name,)

    @abstractmethod
    def check_target(self, y: Vector) -> None:
        """Raise InputError when y is no target of this loss."""

    @abstractmethod
    def value(self, f: Vector, y: Vector) -> float:
        """L(f, y)."""

    @abstractmethod
    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        """(value, error): L(g, y) is within `error` of `value` for all g within `off` (n,) >= 0 of f in each row.

        The rounding of `value` itself is part of the error.
        """

    @abstractmethod
    def gradient(self, f: Vector, y: Vector) -> Vector:
        """Gradient of L in f, shape (n,)."""

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        """The gradient as exactly as this loss knows it, and a bound on the norm of its error."""
        rough = TwoFloat.of(self.gradient(f.hi, y))
        error = 4 * EPS * (float(np.linalg.norm(rough.hi)) + float(np.linalg.norm(self.curvature(f.hi, y) * f.hi)))
        return rough + TwoFloat.of(self.curvature(f.hi, y) * f.lo), error

    @abstractmethod
    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        """The fit f with -gradient(f, y) = nu, shape (n,); that of `near` where rounding of nu leaves none."""

    @abstractmethod
    def curvature(self, f: Vector, y: Vector) -> Vector:
        """Diagonal of the Hessian of L in f, shape (n,); the Hessian of a sum over rows is diagonal."""

    @abstractmethod
    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        """Numbers whose sum is D(nu) = -L*(-nu), each right to two units in its last place; -inf outside the domain."""

    def dual(self, nu: Vector, y: Vector) -> float:
        """D(nu) = -L*(-nu)."""
        return fsum(self.dual_terms(nu, y))

    def dual_bound(self, nu: Vector, y: Vector) -> float:
        """A proven lower bound on D(nu): its rounding taken off."""
        terms = self.dual_terms(nu, y)
        if not np.isfinite(terms).all():
            return -np.inf
        # The factor covers the rounding of a plain sum.
        size = (1 + len(terms) * EPS) * float(np.abs(terms).sum())
        return fsum(terms) - 2.0**-50 * (1.01 * size + self.dual_noise(nu))

    def dual_noise(self, nu: Vector) -> float:
        """How much D may move, in units of a few eps, when every nu_i moves by an eps of itself beyond its terms."""
        return 0.0

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        """The point of the domain of D nearest to nu."""
        return nu

    @abstractmethod
    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        """The t in [0, largest] at which D(t nu) is greatest."""


class Squared(Loss):
    """L(f, y) = 1/2 |f - y|^2."""

    name = "squared"
    quadratic = True
    formula = "1/2 sum_i (f(x_i) - y_i)^2"

    def check_target(self, y: Vector) -> None:
        pass

    def value(self, f: Vector, y: Vector) -> float:
        r = f - y
        return 0.5 * float(r @ r)

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        # Where f is near y their difference is exact; elsewhere f.lo is below its rounding.
        near = f.hi - y
        r = near + f.lo
        off = off + 3 * EPS * (np.abs(near) + np.abs(f.lo))
        value = 0.5 * fsum(r * r)
        return value, 1.01 * float(np.abs(r) @ off + 0.5 * (off @ off)) + 2 * EPS * value

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return f - y

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        return y - nu

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        return f - TwoFloat.of(y), ROUNDING * float(np.linalg.norm(np.abs(f.hi) + np.abs(y)))

    def curvature(self, f: Vector, y: Vector) -> Vector:
        return np.ones_like(f)

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        return np.concatenate([nu * y, -0.5 * nu * nu])

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        norm2 = float(nu @ nu)
        return largest if norm2 == 0 else min(max(float(nu @ y) / norm2, 0.0), largest)


class Logistic(Loss):
    """L(f, y) = sum log(1 + exp(-y f)), labels y = +-1."""

    name = "logistic"
    quadratic = False
    takes_labels = True
    formula = "sum_i log(1 + exp(-y_i f(x_i)))"

    def check_target(self, y: Vector) -> None:
        wrong = np.flatnonzero(np.abs(y) != 1)
        if wrong.size:
            raise InputError(
                f"target of the logistic loss must be +1 or -1, but row {wrong[0]} has {y[wrong[0]]:g}; "
                "recode the two classes as +1 and -1, or use loss='squared'"
            )

    def value(self, f: Vector, y: Vector) -> float:
        return float(-log_expit(y * f).sum())

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        margin, rest = y * f.hi, y * f.lo
        slope = expit(-margin)
        terms, change = -log_expit(margin), slope * rest
        # The slope of log(1 + e^-t) is below 1 and bounds its curvature; over a distance a it grows by e^a at most.
        steep = np.minimum(slope * np.exp(np.minimum(np.abs(rest) + off, 50.0)), 1.0)
        rounding = 2.0**-50 * (fsum(terms) + fsum(np.abs(change)))
        return fsum(terms) - fsum(change), 1.01 * float(steep @ (off + 0.5 * rest * rest)) + rounding

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return -y * expit(-y * f)

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        p = nu * y
        inside = (p > 0) & (p < 1)
        found = near.copy()
        found[inside] = y[inside] * (np.log1p(-p[inside]) - np.log(p[inside]))
        return found

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        # Extended precision where the machine has it; elsewhere it is double, and the error says so.
        margin = y * (f.hi.astype(np.longdouble) + f.lo)
        smaller = np.exp(-np.abs(margin))
        exact = -y * np.where(margin > 0, smaller, 1.0) / (1.0 + smaller)
        hi = exact.astype(float)
        error = 8 * float(np.finfo(np.longdouble).eps) * float(np.linalg.norm(hi * (1.0 + np.abs(f.hi))))
        return TwoFloat(hi, (exact - hi).astype(float)), error

    def curvature(self, f: Vector, y: Vector) -> Vector:
        return expit(f) * expit(-f)

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        # p = nu / y must be a probability; its entropy is the dual objective.
        p = nu * y
        if p.min(initial=0) < 0 or p.max(initial=0) > 1:
            return np.array([-np.inf])
        return np.concatenate([entr(p), -(1 - p) * np.log1p(-p, where=p < 1, out=np.zeros_like(p))])

    def dual_noise(self, nu: Vector) -> float:
        # The slope of the entropy is unbounded at p = 1; over an eps it gains less than 40 eps.
        return 40.0 * len(nu)

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        return y * np.clip(nu * y, 0.0, 1.0)

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        p = nu * y
        top = p.max(initial=0.0)
        if top <= 0:
            return 0.0
        high = min(largest, 1 / top)
        slope = np.full_like(p, 0.0)

        def derivative(t: float) -> float:
            with np.errstate(divide="ignore", invalid="ignore"):
                np.multiply(p, np.log1p(-t * p) - np.log(t * p), out=slope, where=p > 0)
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


LOSSES: dict[str, Loss] = {loss.name: loss for loss in (Squared(), Logistic())}


def get_loss(loss: "str | Loss") -> Loss:
    """The loss of that name; a Loss is returned as it is."""
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise InputError(f"unknown loss {loss!r}; known losses: {', '.join(sorted(LOSSES))}")
    return LOSSES[loss]
