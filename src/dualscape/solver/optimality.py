"""The conditions of optimality over given pieces, linearised.

On its piece a unit stands at the maximiser u_j(nu) of its score g_j(nu), so that the dual variable alone is unknown.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from dualscape.errors import BudgetError, NotCertifiedError
from dualscape.model.architectures.pieces import Pieces, Stand
from dualscape.model.losses import Hessian
from dualscape.solver.task import Task

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]

#: Directions in which units turn and the units, at most: the linear systems are dense.
LARGEST_SYSTEM = 4000
#: The loss is flat where the root of its Hessian is below this share of the greatest.
FLAT = 1e-6


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
    def of(cls, task: Task, fit: Vector, pieces: Pieces, at: Stand, masses: Vector) -> "Linearised":
        """At a fit (n,), for units on these pieces with these masses (k,)."""
        turning = [np.zeros((len(fit), 0))]
        turning += [pieces.turns(j, at, masses[j]) for j in range(len(masses))]
        turns = np.hstack(turning)
        if min(turns.shape) + len(masses) > LARGEST_SYSTEM:
            raise BudgetError(
                f"the {len(masses)} optimal units turn in {turns.shape[1]} directions together, too many to refine at "
                "once; use fewer features or a larger beta"
            )
        return cls(task.loss.hessian(fit, task.y), at.columns.hi, turns)

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
