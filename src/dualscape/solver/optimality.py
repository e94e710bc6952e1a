"""The conditions of optimality over given pieces, in twice the precision: where units stand at a nu, and linearised.

On its piece a unit stands at the maximiser u_j(nu) of its score g_j(nu), so that the dual variable alone is unknown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from dualscape.architectures import Pieces
from dualscape.errors import BudgetError, NotCertifiedError
from dualscape.geometry.two_float import TwoFloat
from dualscape.losses import Hessian
from dualscape.problem import Problem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]

#: Directions in which units turn and the units, at most: the linear systems are dense.
LARGEST_SYSTEM = 4000
#: The loss is flat where the root of its Hessian is below this share of the greatest.
FLAT = 1e-6


@dataclass(frozen=True, eq=False)
class Stand:
    """Where the units of given pieces stand at a nu.

    Attributes:
        values: (k,) the scores g_j(nu).
        directions: (k, d) the units.
        columns: (n, k) their columns.
    """

    values: TwoFloat
    directions: TwoFloat
    columns: TwoFloat

    def take(self, which: Index) -> "Stand":
        """Those of some units."""
        return Stand(self.values[which], self.directions[which], self.columns[:, which])


def stand(problem: Problem, pieces: Pieces, nu: TwoFloat) -> Stand:
    """The maximiser of each piece's score at nu: the pull, off the rows that hold the unit, as a unit vector.

    A unit without pull stands nowhere: its direction is nan.
    """
    X = TwoFloat.of(problem.X)
    pulls = TwoFloat(pieces.slopes * nu.hi, pieces.slopes * nu.lo) @ X
    for j, held in enumerate(pieces.held):
        if len(held):
            normals = X[held]
            pull = pulls[j : j + 1]
            R = np.asarray(np.linalg.qr(normals.hi.T, mode="r"))
            for _ in range(3):
                along = (normals @ pull.T).hi[:, 0]
                share = np.linalg.solve(R, np.linalg.solve(R.T, along))
                pull = pull - TwoFloat.of(share[None, :]) @ normals
            pulls.hi[j], pulls.lo[j] = pull.hi[0], pull.lo[0]
    squares = pulls * pulls
    total = squares @ TwoFloat.of(np.ones((problem.d, 1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = total.sqrt()
        directions = pulls / TwoFloat(*(np.broadcast_to(part, pulls.hi.shape) for part in (values.hi, values.lo)))
    heights = X @ directions.T
    columns = TwoFloat(pieces.slopes.T * heights.hi, pieces.slopes.T * heights.lo)
    return Stand(values[:, 0], directions, columns)


def free_directions(problem: Problem, pieces: Pieces, j: int) -> tuple[Matrix, Matrix]:
    """(d, q) orthonormal directions in which unit j may turn on its piece, and (n, q) their columns."""
    held = pieces.held[j]
    free = np.linalg.qr(problem.X[held].T, mode="complete")[0][:, len(held) :]
    return free, (problem.X @ free) * pieces.slopes[j][:, None]


class Linearised:
    """The conditions linearised: what moves the fit and changes the masses so that they hold.

    With W the Hessian of the loss, A the columns and U how they turn, a change f of the fit, c of the masses obeys

        f = A c - U U^T W f - missing,        A^T W f = excess.

    In W^1/2 f = Q eta for W^1/2 (A U) = Q R it is triangular in A: no product A^T A squares how nearly dependent the
    columns are.
    """

    def __init__(self, W: Hessian, columns: Matrix, turns: Matrix) -> None:
        self._W, self._turns = W, turns
        self._lengths = np.linalg.norm(columns, axis=0)
        self._units = columns / self._lengths
        k = columns.shape[1]
        self._Q, R = np.linalg.qr(W.root(np.hstack([self._units, turns]), overwrite=True))
        self._R, self._S = R[:k, :k], R[:, k:]
        if k > len(R) or not np.abs(np.diagonal(self._R)).min(initial=1.0) > 0:
            raise NotCertifiedError(f"the columns of {k} units that should carry mass depend on each other")
        below = self._S[k:]
        self._factor = np.asarray(np.linalg.qr(np.vstack([np.eye(len(below)), below.T]), mode="r"))

    @classmethod
    def of(cls, problem: Problem, fit: Vector, pieces: Pieces, at: Stand, masses: Vector) -> "Linearised":
        """At a fit (n,), for units on these pieces with these masses (k,)."""
        turning = [np.zeros((problem.n, 0))]
        for j in range(len(masses)):
            free, jacobian = free_directions(problem, pieces, j)
            # Directions across the unit, in which it turns: more freely the more mass it has.
            across = np.linalg.qr(free.T @ at.directions.hi[j][:, None], mode="complete")[0][:, 1:]
            turning.append(jacobian @ across * np.sqrt(np.abs(masses[j]) / at.values.hi[j]))
        turns = np.hstack(turning)
        if min(turns.shape) + len(masses) > LARGEST_SYSTEM:
            raise BudgetError(
                f"the {len(masses)} optimal units turn in {turns.shape[1]} directions together, too many to refine at "
                "once; use fewer features or a larger beta"
            )
        return cls(problem.loss.hessian(fit, problem.y), at.columns.hi, turns)

    def __call__(self, missing: Vector, excess: Vector) -> tuple[Vector, Vector]:
        """(change of the fit (n,), of the masses (k,)) for fit - A c and values - beta."""
        k, W = len(self._lengths), self._W
        weighted = W.root(missing)
        inside = self._Q.T @ weighted
        first = _triangular(self._R, excess / self._lengths, "T")
        right = -(inside[k:] + self._S[k:] @ (self._S[:k].T @ first))
        eta = np.concatenate([first, _triangular(self._factor, _triangular(self._factor, right, "T"))])
        changed = _triangular(self._R, first + inside[:k] + self._S[:k] @ (self._S.T @ eta))
        moved = self._Q @ (eta + inside) - weighted
        # Where the loss is flat W^1/2 f says little of f, and the first equation gives it.
        flat = self._units @ changed - self._turns @ (self._turns.T @ W.root(moved)) - missing
        return W.unroot(moved, flat, FLAT), changed / self._lengths


def _triangular(R: Matrix, right: Vector, trans: str = "N") -> Vector:
    return np.asarray(solve_triangular(R, right, trans=trans, check_finite=False)) if len(right) else right
