"""Rows on which a bias that costs a little stands for one that costs nothing (THEORY section 10).

Of a unit (w, b) with |w| = 1 and its kink at a row, the kink is no further than R from the middle m of the rows, where
R is the distance of the row that is furthest. On rows (x_i - m, t R) it is a direction of length sqrt(1 + 1/t^2) or
less, so that for every t > 0

    h(nu) <= sqrt(1 + 1/t^2) max over |u| <= 1 of |nu^T (L_t u)_+|,     L_t the rows (x_i - m, t R).

The right-hand side is a problem without a bias that any oracle bounds. Where nu sums to 0 it is no more than
sqrt(1 + 1/t^2) h(nu), since a unit of L_t is one of length |w| <= 1: a large t loses little. But relaxations of it grow
with t.
"""

import numpy as np

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.tall import row_lengths
from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.centres import Centres
from dualscape.running.effort import Effort
from dualscape.tolerances import EPS

#: The t of the cheapest bound, which loses more by a larger one than it gains.
CHEAPEST = 1.0


class PenalisedBias:
    """The rows L_t of one t.

    >>> rows = PenalisedBias(Centres(np.array([[0.0], [1.0], [3.0]])), 100.0)
    >>> round(rows.factor, 6), rows.hinges.count
    (1.00005, 3)

    Attributes:
        factor: what a bound on them is worth: sqrt(1 + 1/t^2), rounded up.
    """

    def __init__(self, centres: Centres, t: float) -> None:
        away = centres.X - centres.middle
        # A few roundings for those of the middle and of the lengths.
        furthest = float(row_lengths(away).max(initial=0.0)) or 1.0
        self._rounding = 1.01 * (centres.p + 4) * EPS * row_lengths(away)
        self.factor = float(np.sqrt(1 + 1 / t**2)) * (1 + 8 * (centres.p + 4) * EPS)
        self._centres, self._far = centres, t * furthest
        self.hinges = Hinges.of(np.column_stack([away, np.full(centres.n, self._far)]))

    def seen(self, directions: Matrix) -> Matrix:
        """(k, p + 1) the directions (w, b) as these rows see them: the middle of the rows is their origin."""
        w, b = directions[:, :-1], directions[:, -1]
        return np.column_stack([w, (self._centres.one * b + w @ self._centres.middle) / self._far])

    def units(self, directions: Matrix) -> Matrix:
        """(k, p + 1) units (w, b) with |w| = 1, where the rows see these directions; those without a w are left out."""
        lengths = np.linalg.norm(directions[:, :-1], axis=1)
        w, off = directions[:, :-1], self._far * directions[:, -1]
        found = np.column_stack([w, (off - w @ self._centres.middle) / self._centres.one])
        return np.asarray(found[lengths > 0] / lengths[lengths > 0, None])

    def worth(self, bound: float, nu: Vector) -> float:
        """What a bound on these rows is worth for the units; each difference of two rows is rounded once."""
        sizes = np.abs(nu).reshape(self._centres.n, -1).sum(axis=1)
        return self.factor * (bound + float(sizes @ self._rounding)) * (1 + 4 * EPS)

    def ceiling(self, nu: Vector, effort: Effort) -> float:
        """The bound of any size."""
        return self.worth(self._centres.ceiling(self.hinges, nu, effort), nu)
