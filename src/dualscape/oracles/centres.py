"""Units whose bias costs nothing, seen from the rows: what is left of them is a direction and the row at their kink.

For a fixed w the score nu^T (X w + b)_+ is piecewise linear in b, so that over all b it is greatest at b = -x_i.w for
some row i; there the unit computes ((X - 1 x_i^T) w)_+. So with sum(nu) = 0 the units are those of n problems without a
bias, one around each row.

With several outputs the length |N^T (X w + b)_+| is convex in b between kinks, and where the columns of N sum to zero
it is constant beyond the last: it is greatest at a kink too, and the problems around rows are those of several outputs.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.tall import row_lengths
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.base import HingeOracle
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.climbing import climb_from
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.reach import Reach
from dualscape.oracles.relaxation.oracle import RelaxationOracle
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.effort import Effort
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
        c: number of outputs.
        exact: oracles over plain units that prove what is around a row, by name.
        bisection, relaxation, search: those that are asked for all rows at once.

    >>> centres = Centres(np.array([[0.0], [2.0], [3.0]]))
    >>> centres.at(np.array([[1.0]]), np.array([1]))
    array([[ 1., -2.]])
    """

    c: int = 1
    exact: Mapping[str, type[HingeOracle]] = MappingProxyType({"cells": CellsOracle, "bisection": BisectionOracle})
    bisection: type[HingeOracle] = BisectionOracle
    relaxation: type[HingeOracle] = RelaxationOracle
    search: type[HingeOracle] = AscentOracle

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
        return self.reaching(np.where(away.max(initial=0.0) > 0, lengths, 0.0))

    def reaching(self, lengths: Vector) -> Reach:
        """What rows of these lengths (n,) can be worth."""
        return Reach(lengths, self.p, below=0.0)

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

    def oracle(self, kind: type[HingeOracle], hinges: Hinges) -> HingeOracle:
        """The oracle of a kind over plain units, for hyperplanes."""
        return kind(hinges)

    def ceiling(self, hinges: Hinges, nu: Vector, effort: Effort) -> float:
        """A bound on h(nu) over plain units, for hyperplanes of data of any size."""
        return ScaledForm.of(hinges, nu, 0.0).ceiling(effort.overdue)

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

    def within(self, units: Units) -> Units:
        """The units with kinks beyond the last row brought back to it: there they compute the same but for a constant.

        >>> units = Units.signed(np.array([[1.0, 1e9], [1.0, -1.0]]), np.ones(2))
        >>> Centres(np.array([[0.0], [3.0]])).within(units).directions.tolist()
        [[1.0, 0.0], [1.0, -1.0]]
        """
        w, b = units.directions[:, :-1], self.one * units.directions[:, -1]
        heights = self.X @ w.T
        b = np.clip(b, -heights.max(axis=0), -heights.min(axis=0))
        return units.turned(np.column_stack([w, b / self.one + 0.0]))  # no -0.0

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
            found[row] = self.reaching(row_lengths(self.around(row)) * (1 + 4 * EPS)).bound(nu)
        return found

    # --- kinks ------------------------------------------------------------------------------------------------
    def kinks(self, nu: Vector, w: Matrix) -> tuple[Index, Matrix, Matrix]:
        """The scores nu^T ((X - 1 x_i^T) w)_+ of directions w (q, p) with their kink at every row; with several outputs
        those of the best output.

        Returns:
            (n, q) the rows in the order of x_i.w, those heights, and the scores in this order.
        """
        heights = self.X @ w.T
        order = np.argsort(heights, axis=0, kind="stable")
        heights = np.take_along_axis(heights, order, axis=0)
        # From the last row down: what lies above a row grows by the gap to the next, times the nu beyond it.
        beyond = np.cumsum(nu.reshape(self.n, self.c)[order][::-1], axis=0)[::-1][1:]
        led = np.zeros((*heights.shape, self.c))
        led[:-1] = np.cumsum((np.diff(heights, axis=0)[:, :, None] * beyond)[::-1], axis=0)[::-1]
        return order, heights, self.worth(led)

    def worth(self, led: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores of what leads to the outputs (..., c): of output +1, or of the best of several."""
        return np.asarray(led[..., 0])

    def sides(self, units: Units) -> Vector:
        """(k,) what `worth` is multiplied by for each unit: its sign."""
        return units.signs

    def highest(self, nu: Vector, units: Units) -> Index:
        """(k,) for each unit the row at which a kink of its w gives it the greatest score."""
        order, _, scores = self.kinks(nu, units.directions[:, :-1])
        best = (scores * self.sides(units)).argmax(axis=0)
        return np.asarray(np.take_along_axis(order, best[None], axis=0)[0])

    def _uphill(self, nu: Vector, units: Units) -> Index:
        """(k,) for each unit the row at the local maximum that its kink rises to while its w stays."""
        order, heights, scores = self.kinks(nu, units.directions[:, :-1])
        scores = scores * self.sides(units)
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
        return self.valued(nu, units, np.maximum(heights, 0.0, out=heights))

    def valued(self, nu: Vector, units: Units, heights: Matrix) -> Vector:
        """(k,) the scores of units with these heights (n, k) above 0."""
        return np.asarray(units.signs * (nu @ heights))

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
        turned, scores = self._turned(nu, units, rows, expired)
        climbed = Units(self.at(turned.directions, rows), turned.outputs)
        open_ = np.flatnonzero(scores > 0)
        for _ in range(ROUNDS):
            others = kink(nu, climbed.take(open_))
            moved = others != rows[open_]
            open_, others = open_[moved], others[moved]
            if len(open_) == 0 or expired():
                break
            turned, risen = self._turned(nu, climbed.take(open_), others, expired)
            higher = risen > scores[open_] * (1 + HIGHER)
            open_, others, turned = open_[higher], others[higher], turned.take(higher)
            climbed.put(open_, Units(self.at(turned.directions, others), turned.outputs))
            rows[open_], scores[open_] = others, risen[higher]
        return climbed, rows

    def _turned(self, nu: Vector, units: Units, rows: Index, expired: Callable[[], bool]) -> tuple[Units, Vector]:
        """(units of directions w (k, p), scores (k,)) that units climb to with their kinks held at rows."""
        turned, values = Units(np.zeros((len(units), self.p)), units.outputs.copy()), np.zeros(len(units))
        for row in np.unique(rows).tolist():
            if expired():
                break
            own = np.flatnonzero(rows == row)
            hinges = self.hinges(row)
            if hinges.count == 0:
                continue
            climbed = self.climbed(hinges, nu, Units(units.directions[own, :-1], units.outputs[own]))
            turned.put(own, climbed)
            values[own] = self.valued(nu, climbed, np.maximum(hinges.X @ climbed.directions.T, 0.0))
        return turned, values

    def climbed(self, hinges: Hinges, nu: Vector, units: Units) -> Units:
        """The local maximisers that plain units climb to."""
        return climb_from(hinges, nu, units)[0]
