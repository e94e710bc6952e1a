"""What the solver minimises: the gauge form (G) over the units of a space, and no more than that of a problem."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import UnitSpace
from dualscape.model.losses import Loss
from dualscape.model.problem import Problem
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """min over masses c >= 0 of units of a space of L(sum_j c_j a_j, y) + beta sum_j c_j.

    Attributes:
        space: the unit neurons.
        loss: the loss.
        y: (n,) the target.
        beta: weight decay > 0.
        apart: (n,) what was taken off the target as given, since free features make up for it; None for nothing.
    """

    space: UnitSpace
    loss: Loss
    y: Vector
    beta: float
    apart: Vector | None = None

    @classmethod
    def of(cls, problem: Problem) -> "Task":
        """That of a problem: its free features are a part of the loss."""
        apart = None if problem.target is problem.y else problem.y - problem.target
        return cls(problem.space, problem.profile, problem.target, problem.beta, apart)

    def rows(self, which: NDArray[np.intp]) -> "Task":
        """The task on some of the rows, with their share of the weight decay."""
        entries = (which[:, None] * self.space.per_row + np.arange(self.space.per_row)).ravel()
        share = len(entries) / len(self.y)
        apart = None if self.apart is None else self.apart[entries]
        return Task(self.space.rows(which), self.loss.take(entries), self.y[entries], self.beta * share, apart)

    def with_target(self, change: Callable[[Vector], Vector]) -> "Task":
        """The task with a change made to the target as it was given."""
        if self.apart is None:
            return replace(self, y=change(self.y))
        return replace(self, y=change(self.y + self.apart) - self.apart)

    def columns(self, units: Units) -> Matrix:
        """The columns a_j, (n, k)."""
        return self.space.columns(units)

    def dual(self, fit: Vector) -> Vector:
        """nu = -grad L at a fit, (n,)."""
        return -self.loss.gradient(fit, self.y)

    def fine_dual(self, fit: TwoFloat) -> tuple[TwoFloat, float]:
        """(nu in twice the precision at a fit (n,), what its entries may be off by)."""
        gradient, noise = self.loss.fine_gradient(fit, self.y)
        return TwoFloat(-gradient.hi, -gradient.lo), noise

    def value(self, fit: Vector, mass: float) -> float:
        """L(fit, y) + beta times the total mass."""
        return self.loss.value(fit, self.y) + self.beta * mass


@dataclass(frozen=True)
class Scale:
    """Units of length in which the numbers of a task are near one: powers of two, so that a change rounds nothing.

    Attributes:
        x, y: exponents; data and target are multiples of 2^x and 2^y.
    """

    x: int
    y: int

    @classmethod
    def of(cls, task: Task) -> "Scale":
        """Those of the longest row and of the target's root mean square; labels have no length."""
        size = float(np.linalg.norm(task.y)) / len(task.y) ** 0.5 if task.loss.scaled(0) else 1.0
        return cls(_exponent(float(task.space.reach.lengths.max(initial=0.0))), _exponent(size))

    def task(self, task: Task) -> Task:
        """The task in these units of length."""
        scaled = task.loss.scaled(-self.y)
        loss, y, apart = scaled or task.loss, task.y, task.apart
        if scaled is not None:
            y = np.ldexp(y, -self.y)
            apart = None if apart is None else np.ldexp(apart, -self.y)
        return Task(task.space.scaled(-self.x), loss, y, float(np.ldexp(task.beta, -self.x - self.y)), apart)

    def masses(self, masses: Vector) -> Vector:
        """Masses of the task in these units, in those of the original."""
        return np.asarray(np.ldexp(masses, self.y - self.x))

    def dual(self, nu: Vector) -> Vector:
        """The same of a dual variable."""
        return np.asarray(np.ldexp(nu, self.y))

    def objective(self, value: float) -> float:
        """The same of an objective."""
        return float(np.ldexp(value, 2 * self.y))


def _exponent(length: float) -> int:
    """That of the greatest power of two that is no longer; 0 for no length."""
    return int(np.frexp(length)[1]) - 1 if length > 0 else 0
