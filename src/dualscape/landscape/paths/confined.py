"""Lower bounds on networks whose units are confined to cones: the dual of a group lasso."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.model.architectures import TwoLayerReLU
from dualscape.model.problem import Problem
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Steps of the proximal gradient method, and steps between two looks at the bound.
STEPS, LOOK = 4000, 25
#: Times that a nu is scaled anew where rounding has left it a little too long.
TRIES = 4
#: Gaps at which a bound is good enough, as shares of the value and of what the bound is above the value compared with.
GAP, SHARE = 1e-10, 1e-3


def dual_lower_bound(
    problem: Problem, groups: Sequence[Matrix], sign_rows: Sequence[tuple[int, float]], above: float = -np.inf
) -> tuple[float, Vector, float]:
    """A proven lower bound on networks of units in cones, with the nu (n,) and the slack that prove it.

    On the cone of group g a unit computes B_g v, but for its kinks: at those (k, sign) it computes so much more or less
    than row k of B_g v that it scores no higher where sign * nu_k <= 0. The bound is D(nu), D of the loss with the free
    features in it. It holds where |B^T nu| + slack <= beta for the B of all cones, so for all groups: slack makes up
    for signs that nu has not, for rounding, and for the distance from nu to an exact point of the domain of D. nu is
    found by the proximal gradient method with momentum on min_v L(sum_g B_g v_g, y) + beta sum_g |v_g|.

    Args:
        problem: gives loss, y, beta and the slope of the units below 0.
        groups: matrices B_g (n, d), of rows no longer than those of the data.
        sign_rows: rows whose entry of nu has a sign.
        above: a value; how far the bound is above it need be right to a thousandth alone, and a bound below is of no
            use.
    """
    loss, y, beta = problem.profile, problem.target, problem.beta
    n, d = problem.X.shape
    signed = np.zeros((n, len(sign_rows)))
    for j, (row, sign) in enumerate(sign_rows):
        signed[row, j] = sign
    A = np.hstack([*groups, signed])
    split = len(groups) * d
    best, found, slack = -np.inf, np.zeros(n), np.inf
    v = np.zeros(A.shape[1])
    ahead, momentum, step = v, 1.0, 1.0 / max(float(np.linalg.norm(A, 2)) ** 2, 1e-300)
    value = _value(problem, A, v, split, d)
    for count in range(STEPS):
        if count % LOOK == 0:
            bound, nu, left = _feasible(problem, groups, sign_rows, -loss.gradient(A @ v, y))
            if bound > best:
                best, found, slack = bound, nu, left
            size = GAP * max(abs(value), abs(best))
            if (
                value - best <= max(size, SHARE * (best - above) if np.isfinite(above) else 0.0)
                or value <= above + size
            ):
                break
        gradient = A.T @ loss.gradient(A @ ahead, y)
        smooth = loss.value(A @ ahead, y)
        while True:
            new = _shrunk(ahead - step * gradient, step * beta, split, d)
            move = new - ahead
            excess = loss.value(A @ new, y) - smooth - float(gradient @ move) - 0.5 / step * float(move @ move)
            if excess <= 1e-12 * abs(smooth) or step < EPS**2:
                break
            step *= 0.5
        rises = float((ahead - new) @ (new - v)) > 0
        momentum, before = (1.0, 1.0) if rises else (0.5 * (1 + np.sqrt(1 + 4 * momentum**2)), momentum)
        ahead = new + (before - 1) / momentum * (new - v)
        v = new
        value = _value(problem, A, v, split, d)
    return best, found, slack


def slope_of(problem: Problem) -> float:
    """The slope of the neurons below 0."""
    kind = problem.architecture
    assert isinstance(kind, TwoLayerReLU)
    return kind.slope


def _value(problem: Problem, A: Matrix, v: Vector, split: int, d: int) -> float:
    lengths = np.linalg.norm(v[:split].reshape(-1, d), axis=1)
    return problem.profile.value(A @ v, problem.target) + problem.beta * float(lengths.sum())


def _shrunk(v: Vector, by: float, split: int, d: int) -> Vector:
    """Groups made shorter by so much, and the rest kept at 0 or above."""
    groups = v[:split].reshape(-1, d)
    lengths = np.linalg.norm(groups, axis=1, keepdims=True)
    kept = np.maximum(1 - by / np.maximum(lengths, 1e-300), 0.0) * groups
    return np.concatenate([kept.ravel(), np.maximum(v[split:], 0.0)])


def _feasible(
    problem: Problem, groups: Sequence[Matrix], sign_rows: Sequence[tuple[int, float]], nu: Vector
) -> tuple[float, Vector, float]:
    """The bound of nu after it was given its signs and scaled until it is feasible, and its slack."""
    loss, y, beta = problem.profile, problem.target, problem.beta
    nu = nu.copy()
    for row, sign in sign_rows:
        if sign * nu[row] > 0:
            nu[row] = 0.0
    nu = loss.nearest_dual(nu, y)
    slack = _slack(problem, sign_rows, nu)
    most = max((float(np.linalg.norm(B.T @ nu)) for B in groups), default=0.0) + slack
    if not np.isfinite(most):
        return -np.inf, nu, np.inf
    nu = loss.best_scale(nu, y, beta / most if most > 0 else 1e300) * nu
    for _ in range(TRIES):
        slack = _slack(problem, sign_rows, nu)
        most = max((float(np.linalg.norm(B.T @ nu)) for B in groups), default=0.0) + slack
        if most <= beta:
            return loss.dual_bound(nu, y, loss.drift(nu, y)), nu, slack
        nu = (1 - 8 * EPS) * (beta / most) * nu
    return -np.inf, nu, np.inf


def _slack(problem: Problem, sign_rows: Sequence[tuple[int, float]], nu: Vector) -> float:
    """How much more than |B^T nu| the unit of a cone may score at the exact point that nu stands for."""
    n, d = problem.X.shape
    lengths = np.linalg.norm(problem.X, axis=1)
    drift = problem.profile.drift(nu, problem.target)
    off = np.zeros(n) if drift is None else drift
    # max(z, a z) is above t z, t in [a, 1], by (1 - a) |z| at most.
    wrong = [lengths[row] * max(sign * nu[row] + off[row], 0.0) for row, sign in dict.fromkeys(sign_rows)]
    bent = (1 - slope_of(problem)) * sum(wrong)
    return float(bent + lengths @ (off + 4 * (n + d) * EPS * np.abs(nu)))
