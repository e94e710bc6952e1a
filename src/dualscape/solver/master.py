"""The finite master problem: min over c >= 0 of L(A c, y) + beta sum c, to machine precision (THEORY section 5).

Squared loss: a primal active set (Lawson-Hanson with a linear term) on QR factors. Other losses: Newton's method,
each step of which is the same problem with weighted rows. The columns with positive mass are always independent.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, qr_delete, qr_insert, solve_triangular

from dualscape.geometry.tall import shortened_system
from dualscape.model.losses import Loss
from dualscape.model.losses.line import PROMISED, is_right, least_along
from dualscape.polytopes.caratheodory import DEPENDENT, reduce_to_basic
from dualscape.solver.active_set import solve_gram

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Newton's method takes the curvature of the loss to be at least this share of the greatest, the second for a loss that
#: is flat in places.
STEEP, FLAT = 1e-14, 1e-6
#: A step that does not lower the objective is taken again with so much more curvature (Levenberg and Marquardt), up to
#: so many times the greatest; one that keeps this share of what its slope promises is followed by one with less. A
#: shorter step of the same direction would hold the columns of both its ends.
RAISE, STEEPEST, RIGHT = 10.0, 100.0, 0.4
#: Pivots without progress after which the active set is as good as rounding lets it be.
STALE = 60
#: Newton's method for other losses ends with a step that helps by no more than this share of the value, or with so many
#: in a row; or after so many in any case.
ROUGHLY, EXACTLY, IDLE, NEWTON_STEPS = 1e-12, 1e-15, 3, 100


class _Factor:
    """QR factors of the columns of the support, updated as columns come and go."""

    def __init__(self, A: Matrix, support: NDArray[np.intp]) -> None:
        self._A = A
        self.support = support
        self._begin()

    def _begin(self) -> None:
        self._Q, self._R = np.linalg.qr(self._A[:, self.support])
        self._fresh = True

    @property
    def _updates(self) -> bool:
        """Whether these are the factors of a tall matrix, the only ones that are updated."""
        return 0 < self._Q.shape[1] < self._Q.shape[0]

    def append(self, column: int) -> None:
        """One more column, the last one."""
        self.support = np.append(self.support, column)
        if self._updates and len(self.support) < len(self._A):
            try:
                self._Q, self._R = qr_insert(
                    self._Q, self._R, self._A[:, column], self._R.shape[1], which="col", check_finite=False
                )
                self._fresh = False
                return
            except LinAlgError:  # the column lies in the span of the others
                pass
        self._begin()

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Only some of the columns."""
        gone = np.flatnonzero(~kept)
        self.support = self.support[kept]
        if not self._updates or len(gone) > 3:
            self._begin()
            return
        for position in gone[::-1]:
            self._Q, self._R = qr_delete(self._Q, self._R, int(position), which="col", check_finite=False)
            self._fresh = False

    def minimum(self, target: Vector, price: Vector, *, fresh: bool = False) -> Vector | None:
        """argmin 1/2 |A c - target|^2 + price . c on the support, without signs; None when its columns are dependent.

        `fresh` factors are not what updates have left of them.
        """
        if len(self.support) > len(self._A):
            return None
        if fresh and not self._fresh:
            self._begin()
        R = self._R
        if np.abs(np.diag(R)).min() <= DEPENDENT:
            return None
        rhs = self._Q.T @ target - solve_triangular(R, price[self.support], trans="T", check_finite=False)
        return np.asarray(solve_triangular(R, rhs, check_finite=False))


def solve_quadratic(A: Matrix, target: Vector, beta: float, start: Vector, *, rough: bool = False) -> Vector:
    """argmin over c >= 0 of 1/2 |A c - target|^2 + beta sum c, from masses with independent columns.

    Args:
        A: (n, k) columns.
        target: (n,).
        beta: > 0.
        start: (k,) masses >= 0 whose columns are independent.
        rough: trust the Gram matrix, which halves the digits and takes a fraction of the time.
    """
    if A.shape[1] == 0:
        return start
    if rough:
        # Unit columns, without writing them down.
        G, pulled = A.T @ A, A.T @ target
        norms = _lengths(np.sqrt(np.diagonal(G)))
        G /= norms[:, None]
        G /= norms
        return _by_gram(G, (pulled - beta) / norms, start * norms) / norms
    A, target = shortened_system(A, target)
    norms = _lengths(np.linalg.norm(A, axis=0))
    A = A / norms  # unit columns: one tolerance for all
    price = beta / norms
    c = _found_by_gram(A, target, price, start * norms)
    factor = _Factor(A, np.flatnonzero(c > 0))
    rounding = 1e-15 * (np.linalg.norm(target) + 1e-300) * max(len(target), 4) ** 0.5
    best_value, stale = np.inf, 0
    fresh = False
    for _ in range(10 * A.shape[1] + 100):
        while len(factor.support):
            support = factor.support
            best = factor.minimum(target, price, fresh=fresh)
            if best is None:
                # The column that came last depends on the others: the fit stays, the price falls along the kernel.
                kernel = np.append(-np.linalg.lstsq(A[:, support[:-1]], A[:, support[-1]], rcond=None)[0], 1.0)
                falling = kernel < 0
                if not falling.any():
                    return c / norms
                steps = np.where(falling, c[support] / np.where(falling, -kernel, 1.0), np.inf)
                leaving = int(steps.argmin())
                c[support] = np.maximum(c[support] + steps[leaving] * kernel, 0.0)
                c[support[leaving]] = 0.0
                factor.keep(np.arange(len(support)) != leaving)
                continue
            if (best > 0).all():
                c[support] = best
                break
            shrinking = best <= 0
            steps = np.where(shrinking, c[support] / np.where(shrinking, c[support] - best, 1.0), np.inf)
            t = min(float(steps.min()), 1.0)
            c[support] = np.maximum(c[support] + t * (best - c[support]), 0.0)
            c[support[steps <= t]] = 0.0
            factor.keep(c[support] > 0)
        support = factor.support
        residual = target - A[:, support] @ c[support]
        value = 0.5 * float(residual @ residual) + float(price[support] @ c[support])
        # Below rounding a column may seem to help forever.
        stale = 0 if value < best_value else stale + 1
        best_value = min(value, best_value)
        surplus = A.T @ residual - price
        surplus[support] = -np.inf
        entering = int(surplus.argmax())
        if stale > STALE or surplus[entering] <= rounding:
            if fresh:
                break
            # Once more with factors that were not updated: the last digits of the masses.
            fresh = True
            continue
        fresh = False
        factor.append(entering)
    return c / norms


def _found_by_gram(A: Matrix, target: Vector, price: Vector, start: Vector) -> Vector:
    """A better start with nearly the final support; `start` itself where rounding made that one worse."""

    def value(c: Vector) -> float:
        residual = A @ c - target
        return 0.5 * float(residual @ residual) + float(price @ c)

    c = reduce_to_basic(A, _by_gram(A.T @ A, A.T @ target - price, start))
    return c if value(c) <= value(start) else start


def _by_gram(G: Matrix, b: Vector, start: Vector) -> Vector:
    return solve_gram(G, b, start, 1e-12 * float(np.abs(b).max(initial=0.0)))


def _lengths(norms: Vector) -> Vector:
    """Lengths to divide by: 1 for columns of zeros."""
    return np.where(norms > 0, norms, 1.0)


def solve_master(A: Matrix, y: Vector, beta: float, loss: Loss, start: Vector, *, rough: bool = False) -> Vector:
    """argmin over c >= 0 of L(A c, y) + beta sum c, shape (k,); the columns of its support are independent.

    Args:
        A: (n, k) columns.
        y: (n,) targets.
        beta: weight decay > 0.
        loss: the loss.
        start: (k,) masses >= 0 to start from.
        rough: fewer digits, sooner.
    """
    if loss.quadratic:
        W = loss.hessian(y, y)
        A, y = W.root(A), W.root(y)
        if rough:
            return solve_quadratic(A, y, beta, start, rough=True)
        A, y = shortened_system(A, y)
        return solve_quadratic(A, y, beta, reduce_to_basic(A, start))
    seen = loss.seen(A)
    c = start if rough else reduce_to_basic(seen, start)
    f = A @ c
    value, least = loss.value(f, y) + beta * c.sum(), ROUGHLY if rough else EXACTLY
    least_steep = STEEP if loss.strictly_convex else FLAT
    idle, steep = 0, least_steep
    for _ in range(NEWTON_STEPS):
        gradient, W = loss.gradient(f, y), loss.hessian(f, y).raised(steep)
        trial = solve_quadratic(W.root(A), W.root(f) - W.lift(gradient), beta, c, rough=rough)
        moved = trial - c
        promised = -float(gradient @ (A @ moved) + beta * moved.sum())
        new = loss.value(A @ trial, y) + beta * trial.sum()
        if promised > ROUGHLY * abs(value) and not (loss.strictly_convex or is_right(value - new, promised)):
            rise = partial(_rise, loss, y, f, A @ moved, beta * float(moved.sum()))
            trial = np.maximum(c + least_along(rise, _room(c, moved)) * moved, 0.0)
            new = loss.value(A @ trial, y) + beta * trial.sum()
        if not new <= value - PROMISED * promised + 1e-15 * abs(value):
            if steep >= STEEPEST:
                break
            steep *= RAISE
            continue
        c = reduce_to_basic(seen, trial)
        f = A @ c
        decrease, value = value - new, new
        # Steps that are short for being bent say nothing of what is left.
        shown = decrease * max(steep / FLAT, 1.0)
        # What rounding leaves of the slope may promise a little for ever.
        idle = idle + 1 if shown <= least * abs(value) else 0
        if idle and (rough or idle == IDLE or promised <= least * abs(value)):
            break
        # A quadratic whose curvature is right keeps half of what the slope promises.
        if decrease >= RIGHT * promised:
            steep = max(steep / RAISE, least_steep)
    return c


def _rise(loss: Loss, y: Vector, f: Vector, along: Vector, price: float, share: float) -> float:
    """The slope of the objective along a step of the fit and its price, a share of it on the way."""
    return float(loss.gradient(f + share * along, y) @ along) + price


def _room(c: Vector, moved: Vector) -> float:
    """How many steps c >= 0 can take before a mass is negative."""
    falling = moved < 0
    return float((c[falling] / -moved[falling]).min(initial=np.inf))
