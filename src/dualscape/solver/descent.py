"""Joint descent of directions and masses by L-BFGS, as one trains a wide network: quick at first, never the last word.

With w_j = c_j u_j and w_j = theta_j |theta_j|, the objective

    F(theta) = L(sum_j a_j(w_j), y) + beta sum_j |theta_j|^2

is smooth off the kinks of the units, and theta_j is the balanced weight vector of neuron j. Lengths are those that
weight decay sees.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from dualscape.solver.task import Task
from dualscape.units import Units

Vector = NDArray[np.float64]
MEMORY = 20
#: Units that end with less than this share of the mass are left out.
LEAST_SHARE = 1e-7


def descend_jointly(
    task: Task, units: Units, masses: Vector, *, steps: int, least: float = 0.0, in_time: Callable[[], bool]
) -> tuple[Units, Vector]:
    """(units, masses) after at most `steps` steps of L-BFGS; the objective does not rise.

    Args:
        task: the task, in units of length in which its numbers are near one.
        units: k units.
        masses: (k,) > 0.
        steps: iterations.
        least: ends with a step that lowers the objective by less than this share of it.
        in_time: whether to go on.
    """
    space, beta, priced = task.space, task.beta, task.space.priced
    k, d = units.directions.shape
    if space.turning_outputs:
        return _with_outputs(task, units, masses, steps, least, in_time)

    def value_and_gradient(flat: Vector) -> tuple[float, Vector]:
        theta = flat.reshape(k, d)
        seen = theta * priced
        norms = np.sqrt((seen * seen).sum(axis=1) + 1e-300)
        moved = units.turned(theta * norms[:, None])
        f = space.together(moved)
        slope = -space.pull(task.dual(f), moved)
        along = (theta * slope).sum(axis=1) / norms
        gradient = norms[:, None] * slope + along[:, None] * seen + 2 * beta * seen
        return task.value(f, float(norms @ norms)), gradient.ravel()

    start = units.directions * np.sqrt(masses)[:, None]
    theta = _minimised(value_and_gradient, start.ravel(), steps, least, in_time).reshape(k, d)
    norms = np.linalg.norm(theta * priced, axis=1)
    alive = norms**2 > LEAST_SHARE * float(norms @ norms)
    turned = units.turned(theta / np.where(alive, norms, 1.0)[:, None]).take(alive)
    # A unit that shrinks keeps a bias that costs nothing, of any size beside its direction.
    return space.within(turned), norms[alive] ** 2


def _minimised(
    value_and_gradient: Callable[[Vector], tuple[float, Vector]],
    start: Vector,
    steps: int,
    least: float,
    in_time: Callable[[], bool],
) -> Vector:
    """Where L-BFGS comes to from `start`; see `descend_jointly`."""
    before = np.inf

    def is_over(intermediate_result: OptimizeResult) -> None:
        nonlocal before
        value = intermediate_result.fun
        if before - value < least * value or not in_time():
            raise StopIteration
        before = value

    options = {"maxiter": steps, "maxcor": MEMORY, "ftol": 1e-15, "gtol": 0.0}
    found = minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options, callback=is_over)
    return np.asarray(found.x)


def _with_outputs(
    task: Task, units: Units, masses: Vector, steps: int, least: float, in_time: Callable[[], bool]
) -> tuple[Units, Vector]:
    """The same where outputs turn as well, in the balanced weights of both layers."""
    space, (k, d) = task.space, units.directions.shape
    count, (gates, outputs) = space.c // space.per_row, units.opened(space.per_row)
    costs = np.append(space.priced, np.ones(space.per_row))

    def value_and_gradient(flat: Vector) -> tuple[float, Vector]:
        theta = flat.reshape(k, -1)
        moved, seen = Units.gated(theta[:, :d], theta[:, d:], gates, count), theta * costs
        f = space.together(moved)
        slopes = np.hstack(space.pulls(task.dual(f), moved))
        return task.value(f, 0.5 * float((seen * seen).sum())), (task.beta * seen - slopes).ravel()

    start = np.hstack([units.directions, outputs]) * np.sqrt(masses)[:, None]
    theta = _minimised(value_and_gradient, start.ravel(), steps, least, in_time).reshape(k, -1)
    inner, outer = np.linalg.norm(theta[:, :d] * space.priced, axis=1), np.linalg.norm(theta[:, d:], axis=1)
    found = inner * outer
    alive = found > LEAST_SHARE * found.sum()
    directions, outputs = theta[alive, :d] / inner[alive, None], theta[alive, d:] / outer[alive, None]
    return space.within(Units.gated(directions, outputs, gates[alive], count)), found[alive]
