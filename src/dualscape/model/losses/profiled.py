"""A loss with free features in it: L(f) = min over w of l(f + M w) + rho/2 |w|^2 (THEORY section 10).

The neurons then need not know of them: they are trained on a loss that does not mind what M can make up for. Its
gradient is that of l at f + M w, orthogonal to M (equal to -rho w where the weights have a decay), and its Hessian the
Schur complement.
"""

from collections import deque
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.losses.base import Loss
from dualscape.model.losses.curvature import Curvature
from dualscape.model.losses.hessian import Columns, Hessian
from dualscape.model.losses.line import is_right, least_along
from dualscape.model.losses.squared import Squared
from dualscape.running.checkpoint import fingerprint
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Most Newton steps for the weights w, and most in a row that help by no more than rounding.
STEPS, IDLE = 100, 3
#: Curvatures are raised to this share of the greatest where the loss is flat.
FLAT = 1e-12
#: Rounding, relative to the value of a loss or to the greatest entry of nu.
NOISE = 1e-13


class Profiled(Loss):
    """min over w of l(f + M w, y) + rho/2 |w|^2, as a loss of f.

    Args:
        loss: l.
        M: (n, r) the free features, independent columns unless rho > 0.
        decay: rho >= 0.

    >>> from dualscape.model.losses.squared import Squared
    >>> loss, y = Profiled(Squared(), np.ones((3, 1))), np.array([1.0, 2.0, 6.0])
    >>> loss.value(np.zeros(3), y), loss.weights_at(np.zeros(3), y).tolist()
    (7.0, [3.0])
    """

    def __init__(self, loss: Loss, M: Matrix, decay: float = 0.0) -> None:
        self.inner, self.M, self.decay = loss, M, decay
        self.name, self.target = loss.name, loss.target
        self.quadratic, self.strictly_convex, self.constraint = loss.quadratic, loss.strictly_convex, loss.constraint
        self.relative = loss.relative
        #: Where the fit is prescribed w is that which misses it least.
        self._smooth = Squared() if loss.constraint else loss
        #: The fit that weights were sought for last, its target, and those weights.
        self._last = np.zeros(0), np.zeros(0), np.zeros(M.shape[1])
        self._constant: ProfiledHessian | None = None  # that of a quadratic loss
        # The columns at lengths near one, by powers of two: what w is sought for.
        lengths = np.linalg.norm(M, axis=0)
        self._scales = np.ones(M.shape[1]) if decay > 0 else 2.0 ** -np.frexp(np.where(lengths > 0, lengths, 1.0))[1]
        self._unit = M * self._scales
        self._basis = np.zeros((len(M), 0)) if decay > 0 else Curvature.of(self._unit, 0.0).U

    @property
    def formula(self) -> str:
        return self.inner.formula

    @property
    def title(self) -> str:
        return self.inner.title

    @property
    def weights(self) -> Vector | None:
        return self.inner.weights

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.inner.key, f"free {fingerprint(self.M)} {self.decay!r}")

    def take(self, rows: NDArray[np.intp]) -> "Profiled":
        # The decay of the weights falls with the rows, as that of the neurons does.
        return Profiled(self.inner.take(rows), self.M[rows], self.decay * len(rows) / max(len(self.M), 1))

    def scaled(self, exponent: int) -> "Profiled | None":
        inner = self.inner.scaled(exponent)
        return None if inner is None else self if inner is self.inner else Profiled(inner, self.M, self.decay)

    def check_target(self, y: Vector) -> None:
        self.inner.check_target(y)

    def least(self, y: Vector) -> float:
        return self.inner.least(y)

    def probability(self, f: Vector) -> Vector | None:
        return self.inner.probability(f)

    # --- the weights -----------------------------------------------------------------------------------
    def weights_at(self, f: Vector, y: Vector) -> Vector:
        """(r,) the w at which l(f + M w, y) + rho/2 |w|^2 is least."""
        return self._scales * self._least(f, y)

    def weights_of(self, nu: Vector) -> Vector:
        """(r,) the weights M^T nu / rho that go with a dual variable, where they have a decay."""
        return np.asarray(self.M.T @ nu) / self.decay

    def making_up(self, columns: Matrix) -> Matrix:
        """(r, k) the weights w with which M w is nearest to columns (n, k), or to a fit (n,)."""
        once = self._fitted(columns)
        return ((once + self._fitted(columns - self._unit @ once)).T * self._scales).T

    def _fitted(self, columns: Matrix) -> Matrix:
        curved = Curvature.of(self._unit, 0.0)
        return np.asarray(curved.inverse_root @ (curved.U.T @ columns))

    def _least(self, f: Vector, y: Vector) -> Vector:
        """`weights_at` of the columns at lengths near one."""
        if self.quadratic:
            curved = self._curved(y, y)
            w = curved.solve(-(self._unit.T @ self._smooth.gradient(f, y)))
            # Once more from there: what rounding left.
            again = self._unit.T @ self._smooth.gradient(f + self._unit @ w, y) + self.decay * w
            return w - curved.solve(again)
        return self._newton(f, y)

    def _newton(self, f: Vector, y: Vector) -> Vector:
        # Value, gradient and Hessian are asked for at one fit after another.
        known, target, w = self._last
        if not np.isfinite(f).all() or (np.array_equal(f, known) and np.array_equal(y, target)):
            return w
        # A step so long that it overflows is no better, and comparing with what it gives says so.
        with np.errstate(over="ignore", invalid="ignore"):
            w = self._descended(f, y, w)
        self._last = f.copy(), y, w
        return w

    def _descended(self, f: Vector, y: Vector, before: Vector) -> Vector:
        """The least from the weights before, or from none where these are worse: Newton's method, to the least of the
        line where a whole step is not right.

        Such a step has met rows at which the curvature jumps. They keep the curvature that they had where it began, so
        that the next leads along them and not back.
        """
        M = self._unit
        value, w = min(((self._at(f, start, y), start) for start in (0.0 * before, before)), key=lambda one: one[0])
        slope, idle, roots = self._slope(f, w, y), 0, deque[Matrix](maxlen=len(w) + 1)
        least = float(np.linalg.norm(slope))
        for _ in range(STEPS):
            whole = f + M @ w
            roots.append(self.inner.hessian(whole, y).raised(FLAT).root(M))
            step = -Curvature.of(np.vstack(roots), self.decay).solve(slope)
            promised = -float(slope @ step)
            noise = NOISE * abs(value) + EPS * float(np.abs(self.inner.gradient(whole, y)) @ np.abs(whole))
            new = self._at(f, w + step, y)
            if promised > 10 * noise and not is_right(value - new, promised):
                step = step * least_along(
                    partial(self._rise, f, w, y, step), jumps=self.inner.jumps(whole, M @ step, y)
                )
                new = self._at(f, w + step, y)
            else:
                roots.clear()
            slope = self._slope(f, w + step, y)
            steepness = float(np.linalg.norm(slope))
            # Within rounding of the value the slope tells: where the loss is flat, steps could go anywhere.
            if not new <= value + noise or (promised <= 10 * noise and not steepness <= 0.5 * least):
                break
            idle = 0 if new < value - noise else idle + 1
            w, value, least = w + step, new, min(least, steepness)
            if idle == IDLE or least == 0:
                break
        return w

    def _rise(self, f: Vector, w: Vector, y: Vector, step: Vector, share: float) -> float:
        """The slope along a step, a share of it on the way."""
        return float(step @ self._slope(f, w + share * step, y))

    def _slope(self, f: Vector, w: Vector, y: Vector) -> Vector:
        return np.asarray(self._unit.T @ self.inner.gradient(f + self._unit @ w, y) + self.decay * w)

    def _at(self, f: Vector, w: Vector, y: Vector) -> float:
        return self.inner.value(f + self._unit @ w, y) + 0.5 * self.decay * float(w @ w)

    def _whole(self, f: Vector, y: Vector) -> Vector:
        """f + M w, (n,)."""
        return f + self._unit @ self._least(f, y)

    # --- the fit ---------------------------------------------------------------------------------------
    def seen(self, columns: Matrix) -> Matrix:
        if self.decay > 0:
            return columns
        Q = self._basis
        once = columns - Q @ (Q.T @ columns)
        return once - Q @ (Q.T @ once)

    def value(self, f: Vector, y: Vector) -> float:
        return self._at(f, self._least(f, y), y)

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        w = self._least(f.hi, y)
        whole = f + self._product(TwoFloat.of(w))
        value, error = self.inner.value_bounds(whole, off + ROUNDING * np.abs(whole.hi), y)
        # What w is off by lowers the value by the square of the slope that is left.
        slope = self._unit.T @ self.inner.gradient(whole.hi, y) + self.decay * w
        left = float(slope @ self._curved(whole.hi, y).solve(slope))
        ridge = 0.5 * self.decay * float(w @ w)
        return value + ridge, error + left + 4 * EPS * ridge

    def gradient(self, f: Vector, y: Vector) -> Vector:
        return self.inner.gradient(self._whole(f, y), y)

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        w = TwoFloat.of(self._least(f.hi, y))
        rho, transposed = TwoFloat.of(np.full(len(w.hi), self.decay)), TwoFloat.of(self._unit.T)
        whole = f.hi + self._unit @ w.hi
        W, curved = self.inner.hessian(whole, y), self._curved(whole, y)
        left = np.inf
        while True:
            gradient, error = self.inner.fine_gradient(f + self._product(w), y)
            slope = (transposed @ gradient[:, None])[:, 0] + rho * w
            # What is left of the slope moves the gradient by W M S^-1 of it.
            step = curved.solve(slope.hi)
            before, left = left, float(np.linalg.norm(W.root(W.root(self._unit @ step))))
            if not left < 0.5 * before:
                return gradient, error + left
            w = w - TwoFloat.of(step)

    def hessian(self, f: Vector, y: Vector) -> "ProfiledHessian":
        if not self.quadratic:
            return ProfiledHessian(self.inner.hessian(self._whole(f, y), y), self._unit, self.decay)
        if self._constant is None:
            self._constant = ProfiledHessian(self._smooth.hessian(y, y), self._unit, self.decay)
        return self._constant

    def _product(self, w: TwoFloat) -> TwoFloat:
        return (TwoFloat.of(self._unit) @ w[:, None])[:, 0]

    def _curved(self, whole: Vector, y: Vector) -> "Curvature":
        if self.quadratic:
            return self.hessian(y, y).curved
        return Curvature.of(self.inner.hessian(whole, y).raised(FLAT).root(self._unit), self.decay)

    # --- the dual variable -----------------------------------------------------------------------------
    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        whole = self.inner.fit_of(nu, y, self._whole(near, y))
        if self.decay > 0:
            return whole - self.M @ (self.M.T @ nu) / self.decay
        # Of all f with this f + M w the one nearest to what is known of it.
        return near + self.seen(whole - near)

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        if self.decay == 0:
            return self.inner.dual_terms(nu, y)
        pull = self.M.T @ nu
        return np.concatenate([self.inner.dual_terms(nu, y), -0.5 / self.decay * pull * pull])

    def dual_bound(self, nu: Vector, y: Vector, off: Vector | None = None) -> float:
        bound = self.inner.dual_bound(nu, y, off)
        if self.decay == 0:
            return bound
        pull = np.abs((TwoFloat.of(self.M.T) @ TwoFloat.of(nu[:, None]))[:, 0].hi)
        pull = pull if off is None else pull + np.abs(self.M).T @ off * (1 + (len(off) + 4) * EPS)
        return bound - 0.5 / self.decay * float(pull @ pull) * (1 + 1e-12)

    def dual_noise(self, nu: Vector) -> float:
        return self.inner.dual_noise(nu)

    def room(self, nu: Vector, y: Vector) -> Vector:
        return self.inner.room(nu, y)

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        inside = self.inner.nearest_dual(nu, y)
        if self.decay > 0:
            return inside
        found = self.inner.orthogonal_dual(inside, y, self._unit)
        off = self.drift(found, y)
        if off is None or (off <= self.room(found, y)).all():
            return found
        # Entries that are nothing but rounding have no room to move in, and hold up those that they are to balance.
        nothing = np.abs(inside) <= NOISE * np.abs(inside).max(initial=0.0)
        return self.inner.orthogonal_dual(self.inner.nearest_dual(np.where(nothing, 0.0, inside), y), y, self._unit)

    def drift(self, nu: Vector, y: Vector) -> Vector | None:
        # Where the weights have a decay every nu will do that did before.
        return self.inner.drift(nu, y) if self.decay > 0 else self.inner.orthogonal_drift(nu, y, self._unit)

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        high = self.inner.best_scale(nu, y, largest)
        if self.decay == 0 or high == 0:
            return high
        if self.quadratic:
            # D(t nu) = a t - b t^2.
            once, twice = self.dual(nu, y), self.dual(2 * nu, y)
            b = once - 0.5 * twice
            return min(max(0.5 * (once + b) / b, 0.0), largest) if b > 0 else 0.0
        # The penalty falls with t: the best t is below that of the loss alone, and D(t nu) is concave in t.
        low = 0.0
        for _ in range(80):
            a, b = low + 0.4 * (high - low), low + 0.6 * (high - low)
            low, high = (a, high) if self.dual(a * nu, y) < self.dual(b * nu, y) else (low, b)
        return low


class ProfiledHessian(Hessian):
    """W - W M (M^T W M + rho I)^-1 M^T W = R^T R with R = K W^1/2; K takes the span of W^1/2 M out, or shrinks it."""

    def __init__(self, W: Hessian, M: Matrix, decay: float) -> None:
        self._W, self._M, self._decay = W, M, decay

    @property
    def inner(self) -> Hessian:
        return self._W

    @cached_property
    def curved(self) -> Curvature:
        """The curvature along M; found when it is first needed, since many are only raised."""
        return Curvature.of(self._W.root(self._M), self._decay)

    @cached_property
    def _kept(self) -> Vector:
        s = self.curved.s
        return np.sqrt(self._decay / (s**2 + self._decay)) if self._decay > 0 else np.zeros(len(s))

    def _shrunk(self, B: Columns, by: Vector) -> Columns:
        U = self.curved.U
        inside = U.T @ B
        return np.asarray(B - U @ (((1 - by) * inside.T).T))

    def _across(self, B: Columns) -> Columns:
        once = self._shrunk(B, self._kept)
        return once if self._decay > 0 else self._shrunk(once, self._kept)

    def root(self, M: Columns, *, overwrite: bool = False) -> Columns:
        return self._across(self._W.root(M, overwrite=overwrite))

    def times(self, v: Vector) -> Vector:
        return np.asarray(self._W.root(self._across(self.root(v))))

    def _back(self, v: Vector) -> Vector:
        return self._shrunk(v, 1 / self._kept) if self._decay > 0 else v

    def unroot(self, v: Vector, flat: Vector | None = None, share: float = 0.0) -> Vector:
        v = self._back(v)
        if flat is None or self._decay > 0:
            return self._W.unroot(v, flat, share)
        U = self.curved.U
        # Solutions differ by M z; the one that is nearest to what flat rows will get.
        return self._W.unroot(self._across(v) + U @ (U.T @ self._W.root(flat)), flat, share)

    def lift(self, v: Vector) -> Vector:
        lifted = self._W.lift(v)
        return self._back(lifted) if self._decay > 0 else self._across(lifted)

    def raised(self, share: float) -> "ProfiledHessian":
        return ProfiledHessian(self._W.raised(share), self._M, self._decay)
