"""The multinomial logistic loss of K classes, with an output for each class."""

from copy import copy
from math import fsum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, logsumexp, softmax

from dualscape.errors import InputError
from dualscape.geometry.error_free import two_sum
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses.hessian import Blocks, Hessian
from dualscape.model.losses.null_space import distance, projected
from dualscape.model.losses.row_sum import RowSum
from dualscape.model.losses.separation import check_inseparable
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


class Multinomial(RowSum):
    """L(F, Y) = sum_i w_i (log sum_k exp(F_ik) - F_i,y_i), Y with a 1 for the class of each row and 0 elsewhere.

    F and Y are tables (n, K) as vectors of n K numbers, row by row; so is w, the same for all entries of a row. With P
    the probabilities of the classes, nu = w (Y - P), whose rows sum to 0, and D(nu) = sum_i w_i entropy(P_i).

    L does not change where a number is added to all outputs of a row. Best neurons have outputs that sum to 0, as the
    rows of nu do, and there L is strictly convex.

    Args:
        classes: K, which `repeated` says.
        weights: (n K,) w > 0, what each row counts; None: every row counts once.

    Raises:
        InputError: the weights are not positive finite numbers.

    >>> round(Multinomial(classes=3).value(np.zeros(6), np.array([1.0, 0, 0, 0, 0, 1])), 12)  # 2 log 3
    2.197224577336
    """

    name = "multinomial"
    target = "classes"
    quadratic = False
    strictly_convex = True
    relative = True

    def __init__(self, *, classes: int = 2, weights: ArrayLike | None = None) -> None:
        super().__init__(weights=weights)
        self._K = classes

    @property
    def formula(self) -> str:
        return f"sum_i {self._rows.symbol}(log sum_k exp(f_k(x_i)) - f_y_i(x_i))"

    def repeated(self, c: int) -> Self:
        other = copy(super().repeated(c))
        other._K = c
        return other

    def check_target(self, y: Vector) -> None:
        super().check_target(y)
        Y = self._table(y)
        wrong = np.flatnonzero((np.abs(Y).sum(axis=1) != 1) | (Y.max(axis=1) != 1))
        if wrong.size:
            raise InputError(
                f"a target of the multinomial loss with a column for each class has one 1 a row and 0 elsewhere, but "
                f"not in row {wrong[0]}; give labels in one column"
            )

    def check_free(self, M: Matrix, y: Vector, decay: float) -> None:
        if decay == 0:
            check_inseparable(-self._wrong_alone(np.zeros(len(y)), y, M)[0], "the classes", self.name)

    def least(self, y: Vector) -> float:
        return 0.0

    def probability(self, f: Vector) -> Vector:
        return np.asarray(softmax(f, axis=-1))

    def _table(self, values: Vector) -> Matrix:
        return values.reshape(-1, self._K)

    def _row_weights(self, n: int) -> Vector:
        """(n,) the weight of each row."""
        return self._table(self._rows.each(n * self._K))[:, 0]

    # --- the fit ---------------------------------------------------------------------------------------
    def value(self, f: Vector, y: Vector) -> float:
        F, Y = self._table(f), self._table(y)
        return float(self._row_weights(len(F)) @ _losses(F - F[Y > 0][:, None], Y))

    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        Y, w = self._table(y), self._row_weights(len(y) // self._K)
        hi, lo, off = self._table(f.hi), self._table(f.lo), self._table(off)
        # Outputs over that of the right class: the loss is log(1 + sum of exp(margin) over the wrong ones).
        own = Y > 0
        margin, rest = two_sum(hi, -hi[own][:, None])
        rest = rest + (lo - lo[own][:, None])
        away = np.where(own, 0.0, off + off[own][:, None])
        wrong = np.where(own, 0.0, softmax(margin, axis=1))
        terms, change = w * _losses(margin, Y), w * (wrong * rest).sum(axis=1)
        # No probability grows by more than the factor e^2a where no margin moves by more than a, and wrong ones sum to
        # 1 at most; the curvature along a move is at most the mean of its square over the wrong classes.
        far = (np.abs(rest) + away).max(axis=1)
        grown = wrong * np.exp(np.minimum(2 * far, 100.0))[:, None]
        slope = np.minimum((grown * away).sum(axis=1), away.max(axis=1))
        bend = 0.5 * np.minimum((grown * rest * rest).sum(axis=1), (rest * rest).max(axis=1))
        rounding = (4 * self._K + 16) * EPS * (fsum(terms) + float(w @ (wrong * np.abs(rest)).sum(axis=1)))
        return fsum(terms) + fsum(change), 1.01 * float(w @ (slope + bend)) + rounding

    def gradient(self, f: Vector, y: Vector) -> Vector:
        F, Y = self._table(f), self._table(y)
        P = np.where(Y > 0, 0.0, softmax(F, axis=1))
        # The entry of the right class is the sum of the others, which 1 - p would lose where p is near 1.
        return self._rows.times((P - Y * P.sum(axis=1, keepdims=True)).ravel())

    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        # Extended precision where the machine has it; elsewhere it is double, and the error says so.
        Y = self._table(y)
        F = (f.hi.astype(np.longdouble) + f.lo).reshape(-1, self._K)
        size = 1.0 + np.abs(f.hi) + np.repeat(np.abs(self._table(f.hi)).max(axis=1), self._K)
        P = np.exp(F - F.max(axis=1, keepdims=True))
        P = np.where(Y > 0, 0.0, P / P.sum(axis=1, keepdims=True))
        exact = self._rows.times((P - Y * P.sum(axis=1, keepdims=True)).ravel())
        hi = exact.astype(float)
        eps = float(np.finfo(np.longdouble).eps)
        return TwoFloat(hi, (exact - hi).astype(float)), 8 * (self._K + 1) * eps * float(np.linalg.norm(hi * size))

    def hessian(self, f: Vector, y: Vector) -> Hessian:
        P = softmax(self._table(f), axis=1)
        W = P[:, :, None] * (np.eye(self._K) - P[:, None, :])
        # Along equal outputs, where L is flat and nothing ever moves, it bends like elsewhere on average.
        W += (np.trace(W, axis1=1, axis2=2) / (self._K * self._K))[:, None, None]
        w = self._row_weights(len(P))
        return Blocks(w[:, None, None] * W, 0.5 * w)

    # --- the dual variable -----------------------------------------------------------------------------
    def _shares(self, nu: Vector, y: Vector) -> Matrix:
        """P = Y - nu / w, (n, K): where nu is in the domain of D, probabilities."""
        return self._table(y - self._rows.over(nu))

    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        P, found = self._shares(nu, y), self._table(near).copy()
        Y = self._table(y)
        # The wrong classes are known to all digits, and what is left of 1 is the right one.
        P = np.where(Y > 0, 1.0 - np.where(Y > 0, 0.0, P).sum(axis=1, keepdims=True), P)
        inside = P.min(axis=1) > 0
        logs = np.log(P[inside])
        found[inside] = logs - logs.mean(axis=1, keepdims=True)
        return found.ravel()

    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        # The rows of an exact nu sum to 0; what rounding leaves of that is `drift`.
        P = self._shares(nu, y)
        if P.min(initial=0.0) < 0:
            return np.array([-np.inf])
        return self._rows.times(_entropies(P).ravel())

    def dual_bound(self, nu: Vector, y: Vector, off: Vector | None = None) -> float:
        P = self._shares(nu, y).ravel()
        off = self._rows.over(np.zeros(len(nu)) if off is None else off) * (1 + 4 * EPS) + 2 * EPS * y
        if P.min(initial=0.0) < 0:
            return -np.inf
        # Entropies are concave, least at an end of what is within [0, 1], and right to a few units in the last place.
        ends = np.maximum(P * (1 - 2 * EPS) - off, 0.0), np.minimum(P * (1 + 2 * EPS) + off, 1.0)
        least = self._rows.times(np.minimum(*(_entropies(end) for end in ends)))
        return fsum(least) - 16 * EPS * fsum(np.abs(least))

    def drift(self, nu: Vector, y: Vector) -> Vector | None:
        # P over the sum of its row is exact: the shares are 0 or more, and sum to 1 up to rounding.
        P = self._shares(nu, y)
        total = P.sum(axis=1, keepdims=True)
        if P.min(initial=0.0) < 0 or total.min(initial=1.0) <= 0:
            return np.full(len(nu), np.inf)
        rounding = (self._K + 4) * EPS
        off = P * (np.abs(1.0 - total) + 2 * rounding) / total + 2 * EPS * self._table(y)
        return self._rows.times(off.ravel()) * (1 + rounding)

    def room(self, nu: Vector, y: Vector) -> Vector:
        P = self._shares(nu, y)
        inside = (P > 0) & (P < 1)
        return self._rows.times(np.where(inside, P * (1 - P), 0.0).ravel())

    def _wrong_alone(self, nu: Vector, y: Vector, M: Matrix) -> tuple[Matrix, Vector, Vector]:
        """(A (n (K - 1), r), mu, room (n (K - 1),)): M^T nu = A^T mu with mu the entries of nu for wrong classes, which
        leave that of the right one no choice."""
        right = self._table(y) > 0
        columns = M.reshape(*right.shape, -1)
        P = self._shares(nu, y)
        room = self._table(self._rows.each(len(nu))) * np.maximum(P, 0.0) * np.maximum(P[right], 0.0)[:, None]
        return (columns - columns[right][:, None, :])[~right], self._table(nu)[~right], room[~right]

    def orthogonal_dual(self, nu: Vector, y: Vector, M: Matrix) -> Vector:
        right, found = self._table(y) > 0, np.zeros((len(y) // self._K, self._K))
        found[~right] = projected(*self._wrong_alone(nu, y, M))
        found[right] = -found.sum(axis=1)
        return found.ravel()

    def orthogonal_drift(self, nu: Vector, y: Vector, M: Matrix) -> Vector:
        right, N = self._table(y) > 0, self._table(nu)
        off, wrong = np.zeros(right.shape), np.where(right, 0.0, N)
        off[~right] = distance(*self._wrong_alone(nu, y, M))
        # The right class has what the others leave; shares of these must stay 0 or more, and sum to 1 at most.
        off[right] = off.sum(axis=1) + np.abs(N.sum(axis=1)) + (self._K + 4) * EPS * np.abs(N).sum(axis=1)
        total = (np.abs(wrong) + np.where(right, 0.0, off)).sum(axis=1) * (1 + (self._K + 4) * EPS)
        inside = (wrong + np.where(right, 0.0, off) <= 0) | right
        if not (inside.all() and (total <= self._row_weights(len(N))).all()):
            return np.full(len(nu), np.inf)
        return off.ravel()

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        # The nearest probabilities are max(p - t, 0) with the t that makes them sum to 1.
        P = self._shares(nu, y)
        falling = -np.sort(-P, axis=1)
        levels = (np.cumsum(falling, axis=1) - 1.0) / np.arange(1, self._K + 1)
        last = (falling > levels).sum(axis=1) - 1
        P = np.maximum(P - np.take_along_axis(levels, last[:, None], axis=1), 0.0)
        P = np.where(self._table(y) > 0, 0.0, P)
        near = self._table(y) * P.sum(axis=1, keepdims=True) - P
        return self._rows.times(near.ravel())

    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        own = y > 0
        share = self._rows.over(nu)
        right, wrong, w = share[own], -share[~own], self._rows.each(len(nu))
        top = right.max(initial=0.0)
        if top <= 0 or wrong.min() < 0:
            return 0.0
        high = min(largest, 1 / top)
        seen = wrong > 0
        wrong, weights = wrong[seen], w[~own][seen]

        def derivative(t: float) -> float:
            with np.errstate(divide="ignore"):
                return float((w[own] * right) @ np.log1p(-t * right) - (weights * wrong) @ np.log(t * wrong))

        if derivative(high) >= 0:
            return high
        low = 0.0
        for _ in range(200):  # D(t nu) is concave in t: bisect its derivative to the last bit
            mid = 0.5 * (low + high)
            if mid in (low, high):
                break
            low, high = (mid, high) if derivative(mid) > 0 else (low, mid)
        return low


def _losses(margins: Matrix, Y: Matrix) -> Vector:
    """(n,) log sum_k exp(margin) of outputs over that of the right class, to all digits where they are far below 0."""
    wrong = np.where(Y > 0, -np.inf, margins)
    return np.asarray(np.logaddexp(0.0, logsumexp(wrong, axis=1)))


def _entropies(P: NDArray[np.float64]) -> NDArray[np.float64]:
    """-p log p, without the loss of digits that the logarithm of a p near 1 has."""
    near = P > 0.5
    return np.where(near, -P * np.log1p(np.where(near, P, 1.0) - 1.0), entr(P))
