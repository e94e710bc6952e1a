"""Group lassos over all sets of a few blocks, to many digits: min L(sum_i A_i x_i) + beta sum_i |x_i|.

A block is 0 in an optimum over a set exactly when the optimum without it leaves it so: |A_i^T nu| <= beta at the nu of
the set without i. So sets are gone over from the small to the large, and a program is solved only where no block is 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.model.losses import Loss

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rounds of reweighting, and of Newton's method after so many of them.
REWEIGHTED, NEWTON, EVERY = 600, 60, 8
#: A block this small, as a share of the largest, is none that Newton's method can turn.
GONE = 1e-9
#: The gradient may be so much of beta, and a block that is worth no more above its price is 0.
CONVERGED, TIGHT = 1e-9, 1e-8


class GroupLassos:
    """The optima over sets of blocks, kept for larger sets.

    Attributes:
        unresolved: how many programs did not converge.

    >>> from dualscape.model.losses import Squared
    >>> found = GroupLassos(Squared(), np.array([3.0, 4.0]), [np.eye(2), np.array([[1.0], [0.0]])], 1.0)
    >>> found.optimum((1,)), found.optimum((0,))[0].round(9)
    ([array([2.])], array([2.4, 3.2]))
    >>> found.optimum((0, 1)) is None
    True
    """

    def __init__(self, loss: Loss, y: Vector, blocks: Sequence[Matrix], beta: float) -> None:
        self.loss, self.y, self.blocks, self.beta, self.unresolved = loss, y, blocks, beta, 0
        #: nu of the optimum over a set; None where it is not known.
        self._nus: dict[tuple[int, ...], Vector | None] = {(): -loss.gradient(np.zeros(len(y)), y)}

    def optimum(self, chosen: tuple[int, ...]) -> list[Vector] | None:
        """The blocks x_i (q_i,) of the optimum over a set of blocks, given by rising number; None where one of them is
        0, or the program does not converge. All its subsets with one block less must have been asked for."""
        for i in chosen:
            nu = self._nus[tuple(j for j in chosen if j != i)]
            if nu is not None and np.linalg.norm(self.blocks[i].T @ nu) <= self.beta * (1 + TIGHT):
                self._nus[chosen] = nu
                return None
        program = _Program(self.loss, self.y, [self.blocks[i] for i in chosen], self.beta)
        x = program.solve()
        if x is None:
            self._nus[chosen], self.unresolved = None, self.unresolved + 1
            return None
        self._nus[chosen] = program.nu(x)
        return np.split(x, program.starts[1:])


class _Program:
    """The program, with its steps."""

    def __init__(self, loss: Loss, y: Vector, blocks: Sequence[Matrix], beta: float) -> None:
        self.loss, self.y, self.beta = loss, y, beta
        self.A = np.hstack(blocks)
        self.owner = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
        self.starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        self._same = self.owner[:, None] == self.owner

    def solve(self) -> Vector | None:
        """The optimum, no block of which is 0; None where it does not converge.

        Reweighted squares (|x| = min (|x|^2 / e + e) / 2) lead near it, Newton's method to the last digits.
        """
        x = self._begin()
        for step in range(REWEIGHTED):
            x = self._reweighted(x)
            if step % EVERY == EVERY - 1:
                found = self._newton(x)
                if found is not None:
                    return found
        return None

    def nu(self, x: Vector) -> Vector:
        """-grad L at the fit."""
        return -self.loss.gradient(self.A @ x, self.y)

    def _begin(self) -> Vector:
        """A step down from 0, a little aside so that no block is 0."""
        g = self.A.T @ self.loss.gradient(np.zeros(len(self.y)), self.y)
        x = -g / np.linalg.norm(self.A, axis=0).max() ** 2
        return np.asarray(x + 1e-3 * np.abs(x).max() * np.cos(1.0 + np.arange(len(x))))

    def lengths(self, x: Vector) -> Vector:
        """|x_i|."""
        return np.asarray(np.sqrt(np.add.reduceat(x * x, self.starts)))

    def value(self, x: Vector) -> float:
        """The objective."""
        return self.loss.value(self.A @ x, self.y) + self.beta * float(self.lengths(x).sum())

    def _curvature(self, x: Vector) -> Matrix:
        root = self.loss.hessian(self.A @ x, self.y).root(self.A.copy())
        return np.asarray(root.T @ root)

    def _reweighted(self, x: Vector) -> Vector:
        weights = self.beta / np.maximum(self.lengths(x)[self.owner], 1e-150)
        gradient = self.A.T @ self.loss.gradient(self.A @ x, self.y) + weights * x
        step = np.asarray(-np.linalg.solve(self._curvature(x) + np.diag(weights), gradient))
        return self._down(x, step)

    def _newton(self, x: Vector) -> Vector | None:
        for _ in range(NEWTON):
            lengths = self.lengths(x)
            if lengths.min() <= GONE * lengths.max():
                return None
            each = lengths[self.owner]
            unit = x / each
            gradient = self.A.T @ self.loss.gradient(self.A @ x, self.y) + self.beta * unit
            if np.abs(gradient).max() <= CONVERGED * self.beta:
                return x
            bend = (np.eye(len(x)) - np.where(self._same, np.outer(unit, unit), 0.0)) / each[:, None]
            step = np.asarray(-np.linalg.lstsq(self._curvature(x) + self.beta * bend, gradient, rcond=1e-12)[0])
            before, x = x, self._down(x, step)
            if (x == before).all():
                return None
        return None

    def _down(self, x: Vector, step: Vector) -> Vector:
        """x + t step with the objective no greater, up to rounding."""
        value, t = self.value(x), 1.0
        for _ in range(30):
            if self.value(x + t * step) <= value * (1 + 1e-15) + 1e-300:
                return np.asarray(x + t * step)
            t *= 0.5
        return x
