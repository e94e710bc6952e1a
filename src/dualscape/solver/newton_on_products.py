"""Sliding of units with several outputs: directions and outputs together, by Newton's method on their pieces.

With weights p_j in the coordinates of a piece and q_j, the fit is sum_j (B_j p_j) q_j^T, and

    F(p, q) = L(fit, y) + beta/2 sum_j (|p_j|^2 + |q_j|^2)

is smooth, at a neuron of no weights too: one that is not needed goes to zero as fast as the rest converges. F is not
convex; a ridge, as small as lets the Hessian pass for positive, makes every step one that goes down.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from dualscape.model.architectures.products import Products
from dualscape.solver.task import Task
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
STEPS = 60
#: Ridges that are tried, relative to the greatest entry of the diagonal: the least, and by how much they grow.
RIDGE, RAISE, STEEPEST = 1e-15, 30.0, 1e3
#: Units that end with less than this share of the mass are left out.
LEAST_SHARE = 1e-13


class _Flat:
    """The weights side by side, and what they make."""

    def __init__(self, task: Task, pieces: Products, k: int) -> None:
        self.task, self.pieces, self.k = task, pieces, k
        self.size = len(pieces.owner)

    def parts(self, x: Vector) -> tuple[Vector, Matrix]:
        return x[: self.size], x[self.size :].reshape(self.k, -1)

    def heights(self, p: Vector) -> Matrix:
        """(n, k) B_j p_j."""
        heights = np.zeros((len(self.pieces.jacobian), self.k))
        np.add.at(heights.T, self.pieces.owner, (self.pieces.jacobian * p).T)
        return heights

    def value(self, x: Vector) -> float:
        p, q = self.parts(x)
        return self.task.value((self.heights(p) @ q).ravel(), 0.5 * float(x @ x))

    def system(self, x: Vector) -> tuple[Vector, Matrix]:
        """(gradient, Hessian) at x."""
        pieces, task = self.pieces, self.task
        p, q = self.parts(x)
        B, owner, (n, c) = pieces.jacobian, pieces.owner, (len(pieces.jacobian), pieces.c)
        heights = self.heights(p)
        fit = (heights @ q).ravel()
        N = task.dual(fit).reshape(n, c)
        pulls = B.T @ N
        gradient = np.concatenate([-(pulls * q[owner]).sum(axis=1), -(heights.T @ N).ravel()]) + task.beta * x
        W = task.loss.hessian(fit, task.y)
        alike = W.alike(c)
        if alike is not None:
            H = _gram(alike[:, None] * B, alike[:, None] * heights, owner, q)
        else:
            first = (B[:, None, :] * q[owner].T[None]).reshape(n * c, -1)
            second = np.einsum("nk,ab->nakb", heights, np.eye(c)).reshape(n * c, -1)
            root = W.root(np.hstack([first, second]), overwrite=True)
            H = root.T @ root
        H[np.diag_indices_from(H)] += task.beta
        columns = self.size + c * owner[:, None] + np.arange(c)
        rows = np.arange(self.size)[:, None]
        H[rows, columns] -= pulls
        H[columns, rows] -= pulls
        return gradient, H


def _gram(B: Matrix, heights: Matrix, owner: NDArray[np.intp], q: Matrix) -> Matrix:
    """J^T J for J the derivative of the fit in (p, q), from its factors: a c-th of the work where J has n c rows.

    Args:
        B: (n, P) what the coordinates of directions give, those of unit owner_j each.
        heights: (n, k) what directions give.
        owner: (P,) rising.
        q: (k, c) outputs.
    """
    P, (k, c) = B.shape[1], q.shape
    H = np.empty((P + k * c, P + k * c))
    H[:P, :P] = (B.T @ B) * (q @ q.T)[np.ix_(owner, owner)]
    H[:P, P:] = ((B.T @ heights)[:, :, None] * q[owner][:, None, :]).reshape(P, k * c)
    H[P:, :P] = H[:P, P:].T
    H[P:, P:] = np.kron(heights.T @ heights, np.eye(c))
    return H


def newton_work(task: Task, size: int) -> float:
    """Multiplications of a step in so many coordinates."""
    space = task.space
    even = task.loss.quadratic and task.loss.hessian(task.y, task.y).alike(space.per_row) is not None
    return float(size) ** 2 * (space.n // (space.per_row if even else 1) + size / 3)


def newton_on_products(
    task: Task,
    pieces: Products,
    units: Units,
    masses: Vector,
    *,
    precision: float,
    in_time: Callable[[], bool] = lambda: True,
) -> tuple[Units, Vector]:
    """(units, masses) at a minimum of F near those given, or as far as the objective on their pieces falls.

    It ends where the gradient is at most `precision` times beta and the greatest weight, or as small as rounding lets
    it be, or out of time.
    """
    flat = _Flat(task, pieces, len(units))
    p, q = pieces.weights(units, np.maximum(masses, 1e-9 * masses.sum()))
    x = best = np.concatenate([p, q.ravel()])
    value, least, stale = flat.value(x), np.inf, 0
    for _ in range(STEPS):
        gradient, H = flat.system(x)
        residual = float(np.abs(gradient).max()) / (task.beta * float(np.abs(x).max() or 1.0))
        best, least, stale = (x, residual, 0) if residual < least else (best, least, stale + 1)
        if residual <= precision or stale > 3 or not in_time():
            break
        found = _step(flat, x, value, gradient, H)
        if found is None:
            break
        x, value = found
    found_units, found_masses = pieces.units(*flat.parts(best))
    alive = found_masses > LEAST_SHARE * found_masses.sum()
    return found_units.take(alive), found_masses[alive]


def _step(flat: _Flat, x: Vector, value: float, gradient: Vector, H: Matrix) -> tuple[Vector, float] | None:
    """The next x with its value, by the least ridge that gives a positive Hessian and a value that does not rise."""
    scale = float(np.diagonal(H).max())
    ridge = RIDGE
    while ridge <= STEEPEST:
        try:
            damped = H.copy(order="F")
            damped[np.diag_indices_from(damped)] += ridge * scale
            move = -cho_solve(cho_factor(damped, overwrite_a=True, check_finite=False), gradient, check_finite=False)
        except LinAlgError:
            ridge *= RAISE
            continue
        new = flat.value(x + move)
        if new <= value + 1e-4 * min(float(gradient @ move), 0.0) + 4e-16 * abs(value):
            return x + move, min(new, value)
        ridge = max(ridge * RAISE, 1e-6)
    return None
