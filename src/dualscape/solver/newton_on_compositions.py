"""Sliding where units are composed of simpler ones: Newton's method on their pieces, kept on them by their borders.

Over the scaled directions v_j of the simpler units, side by side in x,

    F(x) = L(J x, y) + beta sum_j |v_j|      subject to H x = 0 and G x >= 0

is convex and smooth off v_j = 0. Each step is a quadratic program; once it touches the same borders as at the optimum,
the steps are Newton's on these and converge quadratically. The multipliers of H and of the borders touched are those of
the rows on which the composed units bend.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from dualscape.model.architectures.base import Composition
from dualscape.polytopes.quadratic_program import least_quadratic
from dualscape.solver.task import Task
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Most steps; a part of x below this share of the total mass is left out, and one below that share where steps would
#: turn it over; a step keeps this share of each part.
STEPS, NOTHING, LITTLE, KEEP = 100, 1e-10, 1e-3, 0.05
#: Steps whose walls times the square of their unknowns are more are left out: they take seconds each, and walls of many
#: rows let them go a little way alone. What is composed stays composed.
DEAREST = 4e8
#: What is added to the diagonal of a scaled Hessian, the first that makes a step no longer than so many times x: where
#: there are many parts, not every direction is curved.
RIDGES, LONGEST = 10.0 ** np.arange(-13, 6, 2), 4.0
#: Between walls rounding asks for a greater one.
WALLED = RIDGES[3:]
#: Curvature below this share of the greatest is none.
FLATTEST = 1e-30
#: A wall is passed where x is beyond it by more than this share; steps may end where x is off its walls by less than
#: that.
TOUCHED, NEAR = 1e-12, 1e-8


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
    affordable = len(of.borders) * len(x) ** 2 <= DEAREST
    for _ in range(STEPS if affordable else 0):
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
        step = _Step(hessian, gradient, x[live], LONGEST * float(np.linalg.norm(x)))
        borders = of.borders[:, live]
        borders = borders[borders.any(axis=1)]
        blocks = np.unique(owner)
        # No part may vanish in one step: it becomes small first.
        walls = np.vstack([borders, np.where(owner == blocks[:, None], unit, 0.0)])
        room = np.append(borders @ x[live], (1 - KEEP) * norms[blocks])
        # Where what has gone held others within their borders, the way back may cost something.
        outside = bool((room < -NEAR * norms.sum()).any())
        found = step.within(of.held[:, live], walls, room)
        if found is None:
            break
        move, pressing = found
        turning = np.zeros(count, dtype=bool)
        turning[blocks] = pressing[len(borders) :] > 0
        on = np.vstack([of.held[:, live], borders[pressing[: len(borders)] > 0]])
        last = step.along(on)
        if not turning.any() and last is not None:
            back, residual, newton = last
            if residual <= precision * task.beta and float(np.linalg.norm(back)) <= NEAR * float(np.linalg.norm(x)):
                x[live] += back
                break
            # The same step with all digits, where the same walls let it pass.
            if (walls @ newton >= -room - TOUCHED * np.abs(walls) @ np.abs(x[live])).all():
                move = newton
        else:
            residual = np.inf
        whole = np.zeros_like(x)
        t = 1.0
        while t > 1e-12:
            whole[live] = t * move
            new = value_of(x + whole)
            if new <= value + 1e-14 * abs(value) or outside:
                break
            t *= 0.5
        else:
            break
        stalled = value - new <= 1e-16 * abs(value) and t == 1.0 and residual <= 1e-13 * task.beta
        x, value = x + whole, new
        if stalled:
            break
    return of.units(x)


class _Step:
    """The quadratic model of F around x, the parts of it that are left."""

    def __init__(self, hessian: Matrix, gradient: Vector, x: Vector, longest: float) -> None:
        self._hessian, self._gradient, self._x, self._longest = hessian, gradient, x, longest

    def _reduced(self, equations: Matrix) -> tuple[Vector, Matrix, Vector, Matrix]:
        """(what makes up for what x misses of the equations, their kernel, and the model along that kernel)."""
        x = self._x
        kernel, back = np.eye(len(x)), np.zeros_like(x)
        if len(equations):
            kernel, missing = null_space(equations), np.linalg.lstsq(equations, equations @ x, rcond=None)[0]
            back -= missing
        gradient = kernel.T @ (self._gradient + self._hessian @ back)
        return back, kernel, gradient, kernel.T @ self._hessian @ kernel

    def within(self, equations: Matrix, walls: Matrix, room: Vector) -> tuple[Vector, Vector] | None:
        """(the step that solves the equations and passes no wall, the pressure on each wall); None where none is.

        It is damped until it is no longer than allowed.
        """
        back, kernel, gradient, hessian = self._reduced(equations)
        diagonal = np.diagonal(hessian)
        scale = 1.0 / np.sqrt(np.maximum(diagonal, FLATTEST * float(diagonal.max(initial=0.0)) + 1e-300))
        scaled = scale[:, None] * hessian * scale
        for ridge in WALLED if len(walls) else RIDGES:
            found = least_quadratic(
                scaled + ridge * np.eye(len(scaled)),
                scale * gradient,
                (walls @ kernel) * scale,
                room + walls @ back,
            )
            if found is not None and float(np.linalg.norm(move := scale * found[0])) <= self._longest:
                return back + kernel @ move, found[1]
        return None

    def along(self, equations: Matrix) -> tuple[Vector, float, Vector] | None:
        """(what makes up for what x misses, the gradient that is left then, the whole step) without walls."""
        found = self.within(equations, np.zeros((0, len(self._x))), np.zeros(0))
        if found is None:
            return None
        back, _, gradient, _ = self._reduced(equations)
        return back, float(np.abs(gradient).max(initial=0.0)), found[0]
