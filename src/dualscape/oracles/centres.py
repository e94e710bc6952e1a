"""Units whose bias costs nothing, seen from the rows: what is left of them is a direction and the row at their kink.

For a fixed w the score nu^T (X w + b)_+ is piecewise linear in b, so that over all b it is greatest at b = -x_i.w for
some row i; there the unit computes ((X - 1 x_i^T) w)_+. So with sum(nu) = 0 the units are those of n problems without a
bias, one around each row.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.tall import row_lengths
from dualscape.oracles.climbing import climb_from
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.reach import Reach
from dualscape.tolerances import DEFAULT, EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: Of more rows all have one cheap bound.
MANY = 4000
#: Numbers that are kept of problems around rows, and the fewest of these that are.
KEPT_ENTRIES, FEWEST_KEPT = 4_000_000, 4
#: A kink is at a row when it is this near to it, relative to the spread of the rows.
AT_ROW = 1e-9
#: A climb goes on to another row where that raises the score by more than this share of it: the ends of a stretch on
#: which the score is constant must not be taken for each other because of rounding.
HIGHER = 1e-7
#: Rows that a climb goes on to, at most.
ROUNDS = 30


class Centres:
    """The rows of X (n, p) as centres of units u = (w, b) with |w| = 1, which compute (X w + one b)_+.

    Attributes:
        X: (n, p) the features.
        one: the entry that stands for the bias in every row: a power of two where X has been scaled by it.
        lifted: (n, p + 1) the features and that entry.

    >>> centres = Centres(np.array([[0.0], [2.0], [3.0]]))
    >>> centres.at(np.array([[1.0]]), np.array([1]))
    array([[ 1., -2.]])
    """

    def __init__(self, X: Matrix, one: float = 1.0) -> None:
        self.X, self.one = X, one
        self.n, self.p = X.shape
        self.lifted = np.column_stack([X, np.full(self.n, one)])
        self._hinges: OrderedDict[int, Hinges] = OrderedDict()
        self._most = max(KEPT_ENTRIES // max(X.size, 1), FEWEST_KEPT)

    @cached_property
    def middle(self) -> Vector:
        """(p,) a point in the middle of the rows."""
        return np.asarray(0.5 * (self.X.min(axis=0) + self.X.max(axis=0)))

    @cached_property
    def reach(self) -> Reach:
        """What rows can be worth: none is further from another than both are from the middle together."""
        away = row_lengths(self.X - self.middle)
        # A few roundings for those of the middle.
        lengths = (away + away.max(initial=0.0)) * (1 + 8 * EPS) + 8 * EPS * np.abs(self.middle).max(initial=0.0)
        return Reach(np.where(away.max(initial=0.0) > 0, lengths, 0.0), self.p, below=0.0)

    @cached_property
    def near(self) -> float:
        """A kink that is no further from a row than this is at the row: its bias is rounded, however near the rows."""
        rounding = 4 * (self.p + 2) * EPS * float(np.abs(self.X).max(initial=0.0))
        return AT_ROW * float(self.reach.lengths.max(initial=0.0)) + rounding

    def around(self, row: int) -> Matrix:
        """(n, p) the rows as they are seen from one."""
        return self.X - self.X[row]

    def hinges(self, row: int) -> Hinges:
        """The hyperplanes of the rows around one of them; those asked for last are kept."""
        if row in self._hinges:
            self._hinges.move_to_end(row)
        else:
            self._hinges[row] = Hinges.of(self.around(row))
            if len(self._hinges) > self._most:
                self._hinges.popitem(last=False)
        return self._hinges[row]

    # --- units ------------------------------------------------------------------------------------------------
    def at(self, w: Matrix, rows: Index) -> Matrix:
        """(k, p + 1) directions (w, b) with their kinks at rows (k,), from w (k, p)."""
        return np.column_stack([w, -(w * self.X[rows]).sum(axis=1) / self.one])

    def measured(self, units: Units) -> Units:
        """The units with the distance of their kink from the middle, in multiples of the spread, for their bias.

        So the distance of two units says how far apart they are, wherever the data lie and however large they are.
        """
        spread = float(self.reach.lengths.max(initial=0.0)) or 1.0
        w = units.directions[:, :-1]
        off = (self.one * units.directions[:, -1] + w @ self.middle) / spread
        return units.turned(np.column_stack([w, off]))

    def nearest(self, units: Units) -> Index:
        """(k,) for each unit the row that is nearest to its kink."""
        return np.asarray(np.abs(self.lifted @ units.directions.T).argmin(axis=0))

    def kinks_at(self, units: Units) -> NDArray[np.bool_]:
        """(n, k) which rows are at the kink of each unit."""
        return np.asarray(np.abs(self.lifted @ units.directions.T) <= self.near)

    def bounds(self, nu: Vector) -> Vector:
        """(n,) proven bounds on h(nu) around every row: every other row at the direction that is best for it."""
        if self.n > MANY:
            return np.full(self.n, self.reach.bound(nu))
        found = np.empty(self.n)
        for row in range(self.n):
            found[row] = Reach(row_lengths(self.around(row)) * (1 + 4 * EPS), self.p, below=0.0).bound(nu)
        return found

    # --- kinks ------------------------------------------------------------------------------------------------
    def kinks(self, nu: Vector, w: Matrix) -> tuple[Index, Matrix, Matrix]:
        """The scores nu^T ((X - 1 x_i^T) w)_+ of directions w (q, p) with their kink at every row.

        Returns:
            (n, q) the rows in the order of x_i.w, those heights, and the scores in this order.
        """
        heights = self.X @ w.T
        order = np.argsort(heights, axis=0, kind="stable")
        heights = np.take_along_axis(heights, order, axis=0)
        # From the last row down: what lies above a row grows by the gap to the next, times the nu beyond it.
        beyond = np.cumsum(nu[order][::-1], axis=0)[::-1][1:]
        scores = np.zeros_like(heights)
        scores[:-1] = np.cumsum((np.diff(heights, axis=0) * beyond)[::-1], axis=0)[::-1]
        return order, heights, scores

    def highest(self, nu: Vector, units: Units) -> Index:
        """(k,) for each unit the row at which a kink of its w gives it the greatest score."""
        order, _, scores = self.kinks(nu, units.directions[:, :-1])
        best = (scores * units.signs).argmax(axis=0)
        return np.asarray(np.take_along_axis(order, best[None], axis=0)[0])

    def _uphill(self, nu: Vector, units: Units) -> Index:
        """(k,) for each unit the row at the local maximum that its kink rises to while its w stays."""
        order, heights, scores = self.kinks(nu, units.directions[:, :-1])
        scores = scores * units.signs
        kinks = -self.one * units.directions[:, -1]
        rows = np.empty(len(units), dtype=np.intp)
        for j, kink in enumerate(kinks.tolist()):
            here = int(np.searchsorted(heights[:, j], kink))
            lower, upper = max(here - 1, 0), min(here, self.n - 1)
            gaps = abs(heights[lower, j] - kink), abs(heights[upper, j] - kink)
            if min(gaps) <= self.near:
                at = lower if gaps[0] <= gaps[1] else upper
            else:
                at = lower if scores[lower, j] >= scores[upper, j] else upper
            while True:
                beside = [i for i in (at - 1, at + 1) if 0 <= i < self.n]
                best = max(beside, key=lambda i: scores[i, j], default=at)
                if not scores[best, j] > scores[at, j] + HIGHER * abs(scores[at, j]):
                    break
                at = best
            rows[j] = order[at, j]
        return rows

    def scores(self, nu: Vector, units: Units) -> Vector:
        """(k,) s nu^T (X w + b)_+ of units with their kinks at rows, from differences of rows."""
        # Far from 0 rounding of X w is more than that of a score: it is for the middle of the rows to be 0.
        heights = (self.X - self.middle) @ units.directions[:, :-1].T
        heights -= heights[self.nearest(units), np.arange(len(units))]
        return np.asarray(units.signs * (nu @ np.maximum(heights, 0.0, out=heights)))

    def settled(self, nu: Vector, units: Units) -> NDArray[np.bool_]:
        """(k,) which units with their kinks at rows are local maximisers among all, and not only around one row."""
        kinks = self.kinks_at(units)
        found = kinks[self._uphill(nu, units), np.arange(len(units))]
        scores = self.scores(nu, units)
        corners = found & (kinks.sum(axis=0) > 1)
        for row in np.flatnonzero(kinks[:, corners].any(axis=1)).tolist():
            which = np.flatnonzero(corners & kinks[row])
            risen = self._turned(nu, units.take(which), np.full(len(which), row), lambda: False)[1]
            found[which] &= risen <= (1 + HIGHER) * scores[which]
        return found

    def once(self, found: Ranked) -> Ranked:
        """Those of positive value, once each, best first: a kink may be at several rows."""
        order = np.argsort(-found.values, kind="stable")
        return found.take(self.measured(found.units).distinct(order[found.values[order] > 0], DEFAULT.apart))

    # --- climbs -----------------------------------------------------------------------------------------------
    def climb(
        self, nu: Vector, units: Units, *, far: bool = False, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, Index]:
        """(units, rows): local maximisers that units climb to, w and bias by turns, and the rows at their kinks.

        What reaches nothing positive, or nothing in time, is the zero direction. With `far` a kink may leap to the row
        that is best of all: for searches.
        """
        kink = self.highest if far else self._uphill
        rows = kink(nu, units)
        w, scores = self._turned(nu, units, rows, expired)
        climbed = units.turned(self.at(w, rows))
        open_ = np.flatnonzero(scores > 0)
        for _ in range(ROUNDS):
            others = kink(nu, climbed.take(open_))
            moved = others != rows[open_]
            open_, others = open_[moved], others[moved]
            if len(open_) == 0 or expired():
                break
            w, risen = self._turned(nu, climbed.take(open_), others, expired)
            higher = risen > scores[open_] * (1 + HIGHER)
            open_, others = open_[higher], others[higher]
            climbed.directions[open_] = self.at(w[higher], others)
            rows[open_], scores[open_] = others, risen[higher]
        return climbed, rows

    def _turned(self, nu: Vector, units: Units, rows: Index, expired: Callable[[], bool]) -> tuple[Matrix, Vector]:
        """(w (k, p), scores (k,)) that units climb to with their kinks held at rows."""
        w, values = np.zeros((len(units), self.p)), np.zeros(len(units))
        for row in np.unique(rows).tolist():
            if expired():
                break
            own = np.flatnonzero(rows == row)
            hinges = self.hinges(row)
            if hinges.count == 0:
                continue
            climbed = climb_from(hinges, nu, Units(units.directions[own, :-1], units.outputs[own]))[0]
            w[own] = climbed.directions
            heights = np.maximum(hinges.X @ climbed.directions.T, 0.0)
            values[own] = climbed.signs * (nu @ heights)
        return w, values
