"""A group lasso of a few blocks to many digits: min L(sum_i A_i x_i) + beta sum_i |x_i|, all x_i other than 0."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.model.losses import Loss

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rounds of reweighting, and of Newton's method after them.
REWEIGHTED, NEWTON = 400, 60
#: A block this small, as a share of the largest, is on its way to 0.
GONE = 1e-7
#: The gradient may be so much of beta.
CONVERGED = 1e-9


def group_lasso(loss: Loss, y: Vector, blocks: Sequence[Matrix], beta: float) -> list[Vector] | None:
    """The blocks x_i of the optimum, none of them 0.

    Reweighted squares (|x| = min (|x|^2 / e + e) / 2) lead near it, Newton's method to the last digits.

    Args:
        loss: the loss.
        y: (n,) the target.
        blocks: A_i (n, q_i).
        beta: weight > 0 of the lengths.

    Returns:
        (q_i,) for each block; an empty list where a block is 0 in the optimum; None where nothing converged.

    >>> from dualscape.model.losses import Squared
    >>> group_lasso(Squared(), np.array([3.0, 4.0]), [np.eye(2)], 1.0)[0].round(9)
    array([2.4, 3.2])
    >>> group_lasso(Squared(), np.array([0.3, 0.4]), [np.eye(2)], 1.0)
    []
    """
    A = np.hstack(blocks)
    owner = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    program = _Program(loss, y, A, owner, starts, beta)
    # Where a block is worth less than its price even alone in the gradient at 0, others can only lower it: no test,
    # since blocks may help each other; the reweighting decides.
    x = program.begin()
    for step in range(REWEIGHTED):
        x, moved = program.reweighted(x)
        lengths = program.lengths(x)
        if lengths.min() <= GONE * max(lengths.max(), 1e-300) or lengths.max() <= GONE:
            return []
        if moved <= 1e-4 or step % 20 == 19:
            found = program.newton(x)
            if found is not None:
                return np.split(found, starts[1:])
    # A block that shrinks ever more slowly is 0 if the others do without it.
    return [] if program.lengths(x).min() <= 1e-3 * program.lengths(x).max() else None


class _Program:
    """The program, with its steps."""

    def __init__(
        self, loss: Loss, y: Vector, A: Matrix, owner: NDArray[np.intp], starts: NDArray[np.intp], beta: float
    ) -> None:
        self.loss, self.y, self.A, self.owner, self.starts, self.beta = loss, y, A, owner, starts, beta
        self._same = owner[:, None] == owner

    def begin(self) -> Vector:
        """A small step down from 0, in every block."""
        g = self.A.T @ self.loss.gradient(np.zeros(len(self.y)), self.y)
        scale = np.linalg.norm(self.A, axis=0).max() ** 2
        x = -g / scale
        return x + 1e-3 * (np.abs(x).max() + 1e-9) * np.cos(1.0 + np.arange(len(x)))

    def lengths(self, x: Vector) -> Vector:
        """|x_i|."""
        return np.asarray(np.sqrt(np.add.reduceat(x * x, self.starts)))

    def value(self, x: Vector) -> float:
        """The objective."""
        return self.loss.value(self.A @ x, self.y) + self.beta * float(self.lengths(x).sum())

    def _curvature(self, x: Vector) -> Matrix:
        root = self.loss.hessian(self.A @ x, self.y).root(self.A.copy())
        return np.asarray(root.T @ root)

    def reweighted(self, x: Vector) -> tuple[Vector, float]:
        """(the next x, how far it moved as a share)."""
        weights = self.beta / self.lengths(x)[self.owner]
        gradient = self.A.T @ self.loss.gradient(self.A @ x, self.y) + weights * x
        step = -np.linalg.solve(self._curvature(x) + np.diag(weights), gradient)
        return self._down(x, step), float(np.linalg.norm(step) / np.linalg.norm(x))

    def newton(self, x: Vector) -> Vector | None:
        """The optimum near x, or None."""
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
            step = -np.linalg.lstsq(self._curvature(x) + self.beta * bend, gradient, rcond=1e-12)[0]
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
