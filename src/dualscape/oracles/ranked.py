"""Units with their scores, once each and best first: what oracles list."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.leaky import EVEN, leaky
from dualscape.geometry.tall import blocks
from dualscape.oracles.base import Matrix, OracleAnswer, Vector
from dualscape.oracles.proof import agreed, capped
from dualscape.oracles.reach import Reach
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

#: Heights that are scored at a time, which stay in the cache, and the directions that are in any case.
SCORED_ENTRIES, FEWEST_SCORED = 64_000, 64
#: Decimals of a value after which others decide which unit comes first.
DECIMALS = 12


def scores(X: Matrix, nu: Vector, units: Units, slope: float = 0.0) -> Vector:
    """s_j nu^T max(X u_j, slope X u_j) in plain NumPy, shape (q,)."""
    values = np.zeros(len(units))
    for some in blocks(len(units), max(SCORED_ENTRIES // max(len(X), 1), FEWEST_SCORED)):
        for part in blocks(len(X)):
            heights = X[part] @ units.directions[some].T
            values[some] += nu[part] @ leaky(heights, slope)
    return units.signs * values


class Ranked(NamedTuple):
    """Units with their values (q,), best first."""

    units: Units
    values: Vector

    @classmethod
    def of(cls, X: Matrix, nu: Vector, units: Units, same: float = DEFAULT.direction, slope: float = 0.0) -> "Ranked":
        """From units in any order and more than once, of which only those of positive value are kept.

        Args:
            X: (n, d) data.
            nu: (n,) dual variable.
            units: zero directions among them are left out.
            same: units as near as this are one.
            slope: of the activation below 0; where u and -u compute the same, one of them is kept.
        """
        alive = units.take(units.alive()).normalised()
        alive = alive.upright() if slope == EVEN else alive
        return cls(alive, scores(X, nu, alive, slope)).once(same)

    @classmethod
    def join(cls, parts: "Iterable[Ranked]") -> "Ranked":
        """One after the other."""
        units, values = zip(*parts, strict=True)
        return cls(Units.join(units), np.concatenate(values))

    def once(self, same: float = DEFAULT.direction) -> "Ranked":
        """Those of positive value, once each, best first."""
        rounded = -self.values.round(DECIMALS)
        order = np.argsort(rounded, kind="stable")
        if (np.diff(rounded[order]) == 0).any():
            # Ties are broken by the coordinates, so that the answer does not depend on the order of discovery.
            canonical = self.units.order()
            order = canonical[np.argsort(rounded[canonical], kind="stable")]
        kept = self.units.distinct(order[self.values[order] > 0], same)
        return self.take(kept[np.argsort(-self.values[kept], kind="stable")])

    def take(self, which: slice | NDArray[np.intp] | NDArray[np.bool_]) -> "Ranked":
        """Some of them."""
        return Ranked(self.units.take(which), self.values[which])

    def above(self, value: float) -> "Ranked":
        """Those of a greater value."""
        return self.take(slice(int((self.values > value).sum())))

    def joined(self, others: "Ranked") -> "Ranked":
        """These and others, once each."""
        return Ranked.join([self, others]).once()


def assemble(
    X: Matrix,
    reach: Reach,
    nu: Vector,
    units: Units,
    *,
    above: float,
    upper: float,
    oracle: str,
    looked_at: int,
    stopped: Stopped = Stopped.FINISHED,
    ceiling: Callable[[], float] = lambda: np.inf,
    slope: float = 0.0,
) -> OracleAnswer:
    """The answer that lists these units once each, best first, with values recomputed from the data.

    The upper bound is capped by `trivial_bound` and by `ceiling`, another proven bound, where it is loose.

    Raises:
        ContradictionError: a unit has a value above the upper bound by more than the rounding of the value.
    """
    ranked = Ranked.of(X, nu, units, DEFAULT.apart, slope)
    lower = float(ranked.values[0]) if len(ranked.values) else 0.0
    upper = agreed(reach, nu, lower, capped(reach, nu, lower, upper, above, ceiling), oracle)
    return OracleAnswer(*ranked.above(above), lower, upper, oracle, looked_at, stopped)
