"""Sliding where units are composed of simpler ones: Newton's method on their pieces, kept on them by equations.

Over the scaled directions v_j of the simpler units, side by side in x,

    F(x) = L(J x, y) + beta sum_j |v_j|      subject to H x = 0

is convex and smooth off v_j = 0; at the optimum Newton's method converges quadratically. Its multipliers of H are those
of the rows on which the composed units bend.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, null_space

from dualscape.model.architectures.base import Composition
from dualscape.solver.task import Task
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Most steps; a part of x below this share of the total mass is left out, and one below that share where steps would
#: turn it over; a step keeps this share of each part.
STEPS, NOTHING, LITTLE, KEEP = 100, 1e-10, 1e-3, 0.05
#: What is added to the diagonal of a scaled Hessian, the first that makes a step no longer than so many times x: where
#: there are many parts, not every direction is curved.
RIDGES, LONGEST = 10.0 ** np.arange(-13, 6, 2), 4.0


def slide_composed(
    task: Task, of: Composition, precision: float, in_time: Callable[[], bool] = lambda: True
) -> tuple[Units, Vector]:
    """The composed units and their masses at the minimum over their pieces; whether that is better, the caller sees."""
    live = np.ones(len(of.x), dtype=bool)
    x, count = of.x.copy(), int(of.owner.max(initial=-1)) + 1

    def norms_of(x: Vector) -> Vector:
        return np.asarray(np.sqrt(np.bincount(of.owner, x * x, minlength=count)))

    def value_of(x: Vector) -> float:
        return task.value(of.jacobian @ x, float(norms_of(x).sum()))

    value, turning = value_of(x), np.zeros(count, dtype=bool)
    for _ in range(STEPS):
        norms = norms_of(x)
        gone = (norms <= np.where(turning, LITTLE, NOTHING) * norms.sum())[of.owner]
        if (gone & live).any():
            live &= ~gone
            x[gone] = 0.0
            value, norms = value_of(x), norms_of(x)
        if not live.any() or not in_time():
            break
        J, owner, fit = of.jacobian[:, live], of.owner[live], of.jacobian @ x
        unit = x[live] / norms[owner]
        gradient = J.T @ task.loss.gradient(fit, task.y) + task.beta * unit
        root = task.loss.hessian(fit, task.y).root(J)
        stiff = task.beta / norms[owner]
        same = owner[:, None] == owner[None, :]
        hessian = root.T @ root + np.diag(stiff) - np.where(same, stiff[:, None] * np.outer(unit, unit), 0.0)
        # Along the kernel of the equations there are none left; what x misses of them is made up for first.
        kernel = null_space(of.held[:, live]) if len(of.held) else np.eye(len(unit))
        missing = np.linalg.lstsq(of.held[:, live], of.held[:, live] @ x[live], rcond=None)[0] if len(of.held) else 0.0
        reduced = kernel.T @ (gradient - hessian @ (missing + np.zeros_like(unit)))
        if float(np.abs(reduced).max(initial=0.0)) <= precision * task.beta:
            x[live] -= missing
            break
        within = _step(kernel.T @ hessian @ kernel, reduced, LONGEST * float(np.linalg.norm(x)))
        if within is None:
            break
        move = -missing + kernel @ within
        # The whole step is shortened, so that equations stay solved; a part that would vanish becomes small first.
        along = np.bincount(owner, move * unit, minlength=count)
        turning = -along >= norms
        longest = np.where(along < 0, (1 - KEEP) * norms / np.maximum(-along, 1e-300), np.inf)
        step = np.zeros_like(x)
        t = min(1.0, float(longest.min(initial=1.0)))
        while t > 1e-12:
            step[live] = t * move
            new = value_of(x + step)
            if new <= value + 1e-14 * abs(value):
                break
            t *= 0.5
        else:
            break
        stalled = value - new <= 1e-16 * abs(value) and t == 1.0 and float(np.abs(reduced).max()) <= 1e-13 * task.beta
        x, value = x + step, new
        if stalled:
            break
    return of.units(x)


def _step(hessian: NDArray[np.float64], gradient: Vector, longest: float) -> Vector | None:
    """Newton's step, damped until it is no longer than that; None where none is."""
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(hessian), 1e-300))
    scaled = scale[:, None] * hessian * scale
    for ridge in RIDGES:
        damped = scaled + ridge * np.eye(len(scaled))
        try:
            step = -scale * cho_solve(cho_factor(damped, check_finite=False), scale * gradient, check_finite=False)
        except LinAlgError:
            continue
        if float(np.linalg.norm(step)) <= longest:
            return np.asarray(step)
    return None
