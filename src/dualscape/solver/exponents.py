"""Units of length that are powers of two: a change to them rounds nothing."""

from dataclasses import dataclass

import numpy as np

from dualscape.problem import Problem


@dataclass(frozen=True)
class Exponents:
    """Powers of two that bring X and y near one; scaling by them is exact."""

    x: int
    y: int

    @classmethod
    def of(cls, problem: Problem) -> "Exponents":
        """Those in which the greatest numbers of the problem are near one."""
        size = float(np.abs(problem.y).max(initial=0.0)) if problem.loss.quadratic else 1.0
        return cls(int(np.frexp(np.abs(problem.X).max(initial=0.0))[1]), int(np.frexp(size)[1]) - 1)

    def apply(self, problem: Problem) -> Problem:
        """The same problem in these units."""
        return Problem(
            np.ldexp(problem.X, -self.x),
            np.ldexp(problem.y, -self.y) if problem.loss.quadratic else problem.y,
            beta=float(np.ldexp(problem.beta, -self.x - self.y)),
            loss=problem.loss,
            bias="none",
            architecture=problem.architecture,
            classes=problem.classes,
        )
