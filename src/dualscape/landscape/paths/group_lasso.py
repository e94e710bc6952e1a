"""Lower bounds on networks whose units are confined to cones: the dual of a group lasso."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.model.problem import Problem
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Steps of the proximal gradient method, and steps between two looks at the bound.
STEPS, LOOK = 4000, 25
#: Gaps at which a bound is good enough, as shares of the value and of what the bound is above the value compared with.
GAP, SHARE = 1e-10, 1e-3


def dual_lower_bound(
    problem: Problem, groups: Sequence[Matrix], sign_rows: Sequence[tuple[int, float]], above: float = -np.inf
) -> tuple[float, Vector]:
    """A proven lower bound on min_v L(sum_g B_g v_g, y) + beta sum_g |v_g|, and its nu (n,).

    nu has |B_g^T nu| <= beta for all groups, and sign * nu_k <= 0 for all `sign_rows` (k, sign); the bound is D(nu). It
    holds however well nu was found; here by the proximal gradient method with momentum on the primal problem.

    Args:
        problem: gives loss, y and beta.
        groups: matrices B_g (n, d).
        sign_rows: rows whose entry of nu has a sign.
        above: a value; how far the bound is above it need be right to a thousandth alone, and a bound below is of no
            use.
    """
    loss, y, beta = problem.loss, problem.y, problem.beta
    n, d = problem.X.shape
    signed = np.zeros((n, len(sign_rows)))
    for j, (row, sign) in enumerate(sign_rows):
        signed[row, j] = sign
    A = np.hstack([*groups, signed])
    split = len(groups) * d
    best, found = -np.inf, np.zeros(n)
    v = np.zeros(A.shape[1])
    ahead, momentum, step = v, 1.0, 1.0 / max(float(np.linalg.norm(A, 2)) ** 2, 1e-300)
    value = _value(problem, A, v, split, d)
    for count in range(STEPS):
        if count % LOOK == 0:
            bound, nu = _feasible(problem, groups, sign_rows, -loss.gradient(A @ v, y))
            if bound > best:
                best, found = bound, nu
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
    return best, found


def _value(problem: Problem, A: Matrix, v: Vector, split: int, d: int) -> float:
    lengths = np.linalg.norm(v[:split].reshape(-1, d), axis=1)
    return problem.loss.value(A @ v, problem.y) + problem.beta * float(lengths.sum())


def _shrunk(v: Vector, by: float, split: int, d: int) -> Vector:
    """Groups made shorter by so much, and the rest kept at 0 or above."""
    groups = v[:split].reshape(-1, d)
    lengths = np.linalg.norm(groups, axis=1, keepdims=True)
    kept = np.maximum(1 - by / np.maximum(lengths, 1e-300), 0.0) * groups
    return np.concatenate([kept.ravel(), np.maximum(v[split:], 0.0)])


def _feasible(
    problem: Problem, groups: Sequence[Matrix], sign_rows: Sequence[tuple[int, float]], nu: Vector
) -> tuple[float, Vector]:
    """The bound of nu after it was given its signs and scaled until it is feasible, rounding included."""
    nu = problem.loss.nearest_dual(nu, problem.y).copy()
    for row, sign in sign_rows:
        if sign * nu[row] > 0:
            nu[row] = 0.0
    n, d = problem.X.shape
    off = 4 * (n + d) * EPS
    lengths = [float(np.linalg.norm(B.T @ nu)) + off * float(np.linalg.norm(np.abs(B).T @ np.abs(nu))) for B in groups]
    most = max(lengths, default=0.0)
    scale = problem.loss.best_scale(nu, problem.y, problem.beta / most if most > 0 else 1e300)
    nu = (1 - off) * scale * nu
    return problem.loss.dual_bound(nu, problem.y), nu
