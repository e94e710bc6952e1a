"""Walks along the edges of {c >= 0 : A c = b}: to a cheaper vertex, to a given one, and while b moves on a line.

On an edge at most rank A + 1 masses are positive, at a vertex at most rank A. That is all the room that a path of
networks needs which keeps its fit, or moves it on a straight line (THEORY section 8). The walks are the simplex method,
primal at a fixed b and dual while b moves, on a tableau of the columns' coordinates in their span.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from dualscape.errors import BudgetError
from dualscape.running.interruption import check

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: A column of length one that is no further than this from the span of others depends on them.
DEPENDENT = 1e-11
#: Entries of the tableau below this share of the greatest of their row or column are no pivots.
PIVOT = 1e-8
#: A mass that has to leave and cannot, by no more than this share of the greatest, is 0 up to rounding.
NEARLY = 1e-6
#: A price that is negative by no more than this share of the greatest is none.
PRICE = 1e-10
#: The right side has arrived when it is as near as this: masses that vanish there exactly would otherwise miss it.
ARRIVED = 1e-9
#: Pivots after which the tableau is computed afresh, and pivots without a step after which ties are broken by number.
FRESH, STUCK = 25, 50


class EdgeWalk:
    """A vertex of {c >= 0 : A c = b} that can walk.

    Args:
        A: (n, k) columns, none of them zero.
        masses: (k,) a vertex: masses >= 0 with independent columns.
        goal: (n,) another right side, to which `follow` moves; a combination of the columns with masses >= 0.

    >>> A = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> walk = EdgeWalk(A, np.array([1.0, 1.0, 0.0]))
    >>> [masses.round(12).tolist() for masses in walk.cheapen(np.ones(3))]
    [[0.0, 0.0, 1.0]]
    """

    def __init__(self, A: Matrix, masses: Vector, goal: Vector | None = None) -> None:
        norms = np.linalg.norm(A, axis=0)
        columns, start = A / norms, A @ masses
        self.k, self._norms = A.shape[1], norms
        self._basis = _completed(columns, np.flatnonzero(masses > 0))
        Q = np.linalg.qr(columns[:, self._basis])[0]
        self._system = Q.T @ np.column_stack([columns, start, start if goal is None else goal])
        self._here = self.k  # the column of the tableau that holds the present masses
        self._pivots = 0
        self._refresh()

    @property
    def rank(self) -> int:
        """Rank of A."""
        return len(self._basis)

    @property
    def masses(self) -> Vector:
        """(k,) the present vertex."""
        return self._masses(self._table[:, self._here])

    def cheapen(self, price: Vector) -> Iterator[Vector]:
        """Along edges to a vertex of least price . c, the price (k,) >= 0; gives every vertex on the way."""
        yield from self._descend(price / self._norms, np.ones(self.k, dtype=bool))

    def approach(self, vertex: Vector, price: Vector) -> Iterator[Vector]:
        """Along edges of the face of least price to a vertex (k,) of it; gives every vertex on the way."""
        wanted, shares = vertex > 0, price / self._norms
        face = wanted | (self._reduced(shares) <= 1e3 * PRICE * shares.max(initial=0.0))
        yield from self._descend(np.where(wanted, 0.0, 1.0), face)

    def follow(self, price: Vector) -> Iterator[tuple[float, Vector]]:
        """While the right side moves straight to `goal`, the vertices of least price on its way.

        Gives (t, masses) where the basis changes, t from 0 to 1; masses are linear in between. The present vertex must
        be one of least price.

        Raises:
            BudgetError: rounding has left no pivot.
        """
        shares, t, stuck = price / self._norms, 0.0, 0
        still = np.zeros(self.k, dtype=bool)
        while True:
            check()
            begin, move = self._table[:, self.k], self._table[:, self.k + 1] - self._table[:, self.k]
            greatest = max(float(np.abs(self._table[:, self.k :]).max(initial=0.0)), 1e-300)
            falling = (move < -1e-14 * greatest) & ~still[self._basis]
            until = np.maximum(np.where(falling, begin / np.where(falling, -move, 1.0), np.inf), t)
            stop = float(until.min(initial=np.inf))
            if stop >= 1 - ARRIVED:
                self._here = self.k + 1
                yield 1.0, self.masses
                return
            stuck = 0 if stop > t else stuck + 1
            if stop > t:
                yield stop, self._masses(begin + stop * move)
            ties = np.flatnonzero(until <= stop + 1e-15)
            leaving = int(ties[self._basis[ties].argmin()] if stuck > STUCK else ties[move[ties].argmin()])
            entering = self._dual_entering(leaving, shares, stuck)
            t = stop
            if entering is None and (begin + move)[leaving] > -NEARLY * greatest:
                still[self._basis[leaving]] = True  # no column could make it positive again: it falls by rounding alone
            elif entering is None:
                raise BudgetError("rounding has left no pivot; the columns are too nearly dependent")
            else:
                self._pivot(leaving, entering)

    # --- pivots ------------------------------------------------------------------------------------------
    def _descend(self, price: Vector, allowed: NDArray[np.bool_]) -> Iterator[Vector]:
        """The primal simplex method on shares, with the columns that are allowed to enter."""
        stuck, least = 0, PRICE * max(float(price.max(initial=0.0)), 1e-300)
        while True:
            check()
            reduced = np.where(allowed, self._reduced(price), 0.0)
            helping = np.flatnonzero(reduced < -least)
            if len(helping) == 0:
                return
            entering = int(helping[0] if stuck > STUCK else reduced.argmin())
            column, shares = self._table[:, entering], np.maximum(self._table[:, self._here], 0.0)
            rising = column > PIVOT * np.abs(column).max()
            if not rising.any():
                return
            steps = np.where(rising, shares / np.where(rising, column, 1.0), np.inf)
            step = float(steps.min())
            ties = np.flatnonzero(steps <= step * (1 + 1e-12))
            leaving = int(ties[self._basis[ties].argmin()] if stuck > STUCK else ties[column[ties].argmax()])
            self._pivot(leaving, entering)
            stuck = 0 if step > 0 else stuck + 1
            if step > 0:
                yield self.masses

    def _dual_entering(self, leaving: int, price: Vector, stuck: int) -> int | None:
        row = self._table[leaving, : self.k].copy()
        row[self._basis] = 0.0
        most = np.abs(row).max(initial=0.0)
        usable = np.flatnonzero(row < -PIVOT * most)
        if len(usable) == 0:
            return None
        ratios = np.maximum(self._reduced(price)[usable], 0.0) / -row[usable]
        ties = usable[ratios <= ratios.min() * (1 + 1e-12) + 1e-15]
        return int(ties[0] if stuck > STUCK else ties[row[ties].argmin()])

    def _reduced(self, price: Vector) -> Vector:
        """(k,) by how much the price changes for a unit of each share; 0 on the basis."""
        found = price - price[self._basis] @ self._table[:, : self.k]
        found[self._basis] = 0.0
        return np.asarray(found)

    def _pivot(self, leaving: int, entering: int) -> None:
        self._basis[leaving] = entering
        self._pivots += 1
        if self._pivots % FRESH == 0:
            self._refresh()
            return
        row = self._table[leaving] / self._table[leaving, entering]
        self._table -= np.outer(self._table[:, entering], row)
        self._table[leaving] = row

    def _refresh(self) -> None:
        if self.rank:
            self._table = np.linalg.solve(self._system[:, self._basis], self._system)
        else:
            self._table = np.zeros((0, self.k + 2))

    def _masses(self, shares: Vector) -> Vector:
        found = np.zeros(self.k)
        found[self._basis] = np.maximum(shares, 0.0)
        # What rounding leaves of a share that is 0.
        found[found <= 1e-14 * found.max(initial=0.0)] = 0.0
        return np.asarray(found / self._norms)


def _completed(columns: Matrix, support: Index) -> Index:
    """A basis of the columns (n, k) of length one: the support, and others until they span all."""
    Q = np.linalg.qr(columns[:, support])[0]
    rest = np.setdiff1d(np.arange(columns.shape[1]), support)
    left = columns[:, rest] - Q @ (Q.T @ columns[:, rest])
    left -= Q @ (Q.T @ left)
    if min(left.shape) == 0:
        return support
    R, pivots = qr(left, mode="r", pivoting=True)
    independent = np.abs(np.diag(R[: min(left.shape)])) > DEPENDENT * len(columns) ** 0.5
    return np.concatenate([support, rest[pivots[: len(independent)][independent]]])
