"""The linear pieces that unit neurons lie on, where their columns are linear in the rows of the data.

On its piece a unit j has the column slopes_j * (X u), and stands at the maximiser of its score there: the pull of nu
along the hyperplanes that hold it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.two_float import TwoFloat

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Stand:
    """Where the units of given pieces stand at a nu.

    Attributes:
        values: (k,) the scores g_j(nu).
        directions: (k, d) the units.
        columns: (n, k) their columns; (n c, k) where there are several outputs.
        outputs: (k, c) their outputs, where these turn as well; otherwise None.
        pulls: (k, d, c) the pulls of nu for every output there; otherwise None.
    """

    values: TwoFloat
    directions: TwoFloat
    columns: TwoFloat
    outputs: Matrix | None = None
    pulls: NDArray[np.float64] | None = None

    def take(self, which: Index) -> "Stand":
        """Those of some units."""
        outputs, pulls = (None if part is None else part[which] for part in (self.outputs, self.pulls))
        return Stand(self.values[which], self.directions[which], self.columns[:, which], outputs, pulls)


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of k unit neurons.

    Attributes:
        X: (n, d) the data.
        slopes: (k, n) the column of unit j is slopes_j * (X u_j) on its piece; 0 on the rows that hold it.
        active: (k, n) whether x_i.u_j >= 0 on the piece of unit j; not on the rows that hold it.
        held: for each unit the rows that hold it, x_i.u = 0, one of each hyperplane.
        seen: (k, d) the coordinates that the direction of unit j may have; None: all.
        low: (n, d) what rounding to double precision has left of the data; None: nothing.
    """

    X: Matrix
    slopes: Matrix
    active: NDArray[np.bool_]
    held: tuple[Index, ...]
    seen: NDArray[np.bool_] | None = None
    low: Matrix | None = None

    def take(self, which: Index) -> "Pieces":
        """Those of some units."""
        held = tuple(self.held[j] for j in which)
        seen = None if self.seen is None else self.seen[which]
        return replace(self, slopes=self.slopes[which], active=self.active[which], held=held, seen=seen)

    def replaced(self, which: Index, others: "Pieces") -> "Pieces":
        """These, with other pieces for some units."""
        slopes, active, held = self.slopes.copy(), self.active.copy(), list(self.held)
        slopes[which], active[which] = others.slopes, others.active
        for place, unit in enumerate(which.tolist()):
            held[unit] = others.held[place]
        seen = self.seen
        if seen is not None:
            seen = seen.copy()
            seen[which] = others.seen
        return replace(self, slopes=slopes, active=active, held=tuple(held), seen=seen)

    def changed(self, change: Callable[[Matrix], Matrix]) -> "Pieces":
        """The same pieces on data that are changed a little."""
        return replace(self, X=change(self.X))

    @property
    def rows(self) -> TwoFloat:
        """(n, d) the data with all their digits."""
        return TwoFloat.of(self.X) if self.low is None else TwoFloat(self.X, self.low)

    def stand(self, nu: TwoFloat) -> Stand:
        """The maximiser of each piece's score at nu: the pull, off the rows that hold the unit, as a unit vector.

        A unit without pull stands nowhere: its direction is nan.
        """
        X = self.rows
        pulls = times(self.slopes, nu) @ X
        if self.seen is not None:
            pulls = TwoFloat(pulls.hi * self.seen, pulls.lo * self.seen)
        for j, held in enumerate(self.held):
            if len(held):
                normals = X[held]
                if self.seen is not None:
                    normals = TwoFloat(normals.hi * self.seen[j], normals.lo * self.seen[j])
                pull = pulls[j : j + 1]
                R = np.asarray(np.linalg.qr(normals.hi.T, mode="r"))
                for _ in range(3):
                    along = (normals @ pull.T).hi[:, 0]
                    share = np.linalg.solve(R, np.linalg.solve(R.T, along))
                    pull = pull - TwoFloat.of(share[None, :]) @ normals
                pulls.hi[j], pulls.lo[j] = pull.hi[0], pull.lo[0]
        squares = pulls * pulls
        total = squares @ TwoFloat.of(np.ones((self.X.shape[1], 1)))
        with np.errstate(invalid="ignore", divide="ignore"):
            values = total.sqrt()
            directions = pulls / TwoFloat(*(np.broadcast_to(part, pulls.hi.shape) for part in (values.hi, values.lo)))
        heights = X @ directions.T
        columns = times(self.slopes.T, heights)
        return Stand(values[:, 0], directions, columns)

    def turning(self, j: int) -> tuple[Matrix, Matrix]:
        """(d, q) orthonormal directions in which unit j may turn on its piece, and (n, q) their columns."""
        held = self.held[j]
        seen = np.flatnonzero(np.ones(self.X.shape[1], dtype=bool) if self.seen is None else self.seen[j])
        free = np.zeros((self.X.shape[1], len(seen) - len(held)))
        free[seen] = np.linalg.qr(self.X[np.ix_(held, seen)].T, mode="complete")[0][:, len(held) :]
        return free, (self.X @ free) * self.slopes[j][:, None]

    def turns(self, j: int, at: Stand, mass: float) -> Matrix:
        """(n, q) the ways T in which a column turns with nu: T T^T is mass times the Hessian of the score."""
        free, jacobian = self.turning(j)
        # Directions across the unit, in which it turns: more freely the more mass it has.
        across = np.linalg.qr(free.T @ at.directions.hi[j][:, None], mode="complete")[0][:, 1:]
        return np.asarray(jacobian @ across * np.sqrt(abs(mass) / at.values.hi[j]))

    def gap(self, j: int, at: Stand) -> float:
        """How far, relatively, the greatest eigenvalue is from the next on the piece of unit j; 1 without a next."""
        return 1.0

    def turned(self, j: int, at: Stand, nu: Vector) -> tuple[Vector, Vector | None]:
        """How unit j moves for a change of nu (n,), to first order: (d,) its direction, (c,) its output or None.

        It is the pull of that change, across the unit, within the piece.
        """
        free, jacobian = self.turning(j)
        pull, unit = free @ (jacobian.T @ nu), at.directions.hi[j]
        return (pull - (pull @ unit) * unit) / at.values.hi[j], None

    def left(self, directions: Matrix, tolerance: float) -> Index:
        """The units that are off their piece: some row is on its other side by more than `tolerance` of its length.

        Args:
            directions: (k, d) where the units are.
            tolerance: how far beyond a boundary is still on it.
        """
        heights = self.X @ directions.T
        off = np.where(self.active.T, -heights, heights) > tolerance * np.linalg.norm(self.X, axis=1)[:, None]
        for j, held in enumerate(self.held):
            off[held, j] = False
        return np.flatnonzero(off.any(axis=0))


def times(slopes: Matrix, values: TwoFloat) -> TwoFloat:
    """The product with each slope; those of ReLU units, -1, 0 and 1, round nothing and take no care."""
    if (np.abs(slopes) == slopes * slopes).all():
        return TwoFloat(slopes * values.hi, slopes * values.lo)
    return TwoFloat.of(slopes) * values
