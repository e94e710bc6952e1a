"""Joint descent of directions and masses by L-BFGS, as one trains a wide network: quick at first, never the last word.

With w_j = c_j u_j and w_j = theta_j |theta_j|, the objective

    F(theta) = L(sum_j a_j(w_j), y) + beta sum_j |theta_j|^2

is smooth off the kinks of the units, and theta_j is the balanced weight vector of neuron j.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from dualscape.geometry.tall import blocks
from dualscape.problem import Problem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
MEMORY = 20
#: Units that end with less than this share of the mass are left out.
LEAST_SHARE = 1e-7


def descend_jointly(
    problem: Problem,
    directions: Matrix,
    signs: Vector,
    masses: Vector,
    *,
    steps: int,
    least: float = 0.0,
    in_time: Callable[[], bool],
) -> tuple[Matrix, Vector, Vector]:
    """(directions, signs, masses) after at most `steps` steps of L-BFGS; the objective does not rise.

    Args:
        problem: the problem, in units of length in which its numbers are near one.
        directions: (k, d) unit vectors.
        signs: (k,).
        masses: (k,) > 0.
        steps: iterations.
        least: ends with a step that lowers the objective by less than this share of it.
        in_time: whether to go on.
    """
    X, y, beta, loss, units = problem.X, problem.y, problem.beta, problem.loss, problem.architecture
    k, d = directions.shape
    f = np.empty(problem.n)

    def value_and_gradient(flat: Vector) -> tuple[float, Vector]:
        theta = flat.reshape(k, d)
        norms = np.sqrt((theta * theta).sum(axis=1) + 1e-300)
        w = theta * norms[:, None]
        for part in blocks(len(X)):
            f[part] = units.columns(X[part], w, signs).sum(axis=1)
        nu, slope = -loss.gradient(f, y), np.zeros_like(w)
        for part in blocks(len(X)):
            slope -= units.pull(X[part], nu[part], w, signs)
        along = (theta * slope).sum(axis=1) / norms
        gradient = norms[:, None] * slope + along[:, None] * theta + 2 * beta * theta
        return loss.value(f, y) + beta * float(norms @ norms), gradient.ravel()

    before = np.inf

    def is_over(intermediate_result: OptimizeResult) -> None:
        nonlocal before
        value = intermediate_result.fun
        if before - value < least * value or not in_time():
            raise StopIteration
        before = value

    start = directions * np.sqrt(masses)[:, None]
    options = {"maxiter": steps, "maxcor": MEMORY, "ftol": 1e-15, "gtol": 0.0}
    found = minimize(value_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options=options, callback=is_over)
    theta = found.x.reshape(k, d)
    norms = np.linalg.norm(theta, axis=1)
    alive = norms**2 > LEAST_SHARE * float(norms @ norms)
    return theta[alive] / norms[alive, None], signs[alive], norms[alive] ** 2
