"""Oracles over units whose bias costs nothing: those of plain units, asked around every row (THEORY section 10)."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, Oracle, OracleAnswer, Question, Vector
from dualscape.oracles.centres import Centres
from dualscape.oracles.penalised_bias import CHEAPEST, PenalisedBias
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.union import Member, Members, UnionOracle
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.tolerances import EPS
from dualscape.units import Units

#: Seconds around a row that hardly depend on the data.
AROUND_SECONDS = 1e-3
#: A search takes the bias for one that is penalised, in units of so many times the spread of the rows: a unit with its
#: kink among them keeps at least this share of its score.
FAR_BIAS, LESS = 4.0, 0.95


class AroundRow(Oracle):
    """An oracle over plain units on the rows as they are seen from one of them."""

    def __init__(self, kind: type[HingeOracle], centres: Centres, row: int) -> None:
        self._inner = centres.oracle(kind, centres.hinges(row))
        self.name, self.exact, self.counts = kind.name, kind.exact, kind.counts
        self.anytime, self.window, self.lists = kind.anytime, kind.window, kind.lists
        self.reach = self._inner.reach

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        answer = self._inner.best_units(question, effort=effort, progress=progress)
        # Each difference of two rows is rounded once, by a share of its length.
        return replace(answer, upper=answer.upper + 1.01 * EPS * self.reach.change(question.nu))


class AroundRows(Members):
    """The rows, each with the units that have their kink there, and an oracle of one kind for each."""

    def __init__(self, kind: type[HingeOracle], centres: Centres) -> None:
        self._kind, self._centres = kind, centres
        self.name, self.reach = kind.name, centres.reach
        self.seconds = kind.estimate(centres.hinges(0)).seconds + AROUND_SECONDS

    def __len__(self) -> int:
        return self._centres.n

    def __getitem__(self, at: int) -> Member:
        centres = self._centres

        def embed(units: Units) -> Units:
            return units.turned(centres.at(units.directions, np.full(len(units), at)))

        def own(units: Units) -> Units:
            here = units.take(centres.kinks_at(units)[at])
            return here.turned(np.ascontiguousarray(here.directions[:, :-1]))

        return Member(AroundRow(self._kind, centres, at), embed, own)

    def bounds(self, nu: Vector) -> Vector:
        return np.minimum(self._centres.bounds(nu), self._together.ceiling(nu, NO_LIMITS))

    @cached_property
    def _together(self) -> PenalisedBias:
        """Where one bound for all of them is found."""
        return PenalisedBias(self._centres, CHEAPEST)

    def maximal(self, nu: Vector, units: Units) -> NDArray[np.bool_]:
        return self._centres.settled(nu, units)

    def key(self) -> Sequence[ArrayLike]:
        return ("around rows", self._centres.lifted)

    def once(self, found: Ranked) -> Ranked:
        return self._centres.once(found)


def around_rows(kind: type[HingeOracle], centres: Centres) -> Oracle:
    """The oracle over units (w, b) with |w| = 1, for nu with sum(nu) = 0: h(nu) is the greatest around any row.

    >>> from dualscape.oracles.cells.oracle import CellsOracle
    >>> oracle = around_rows(CellsOracle, Centres(np.array([[0.0], [1.0], [3.0]])))
    >>> oracle.best_units(Question(np.array([1.0, -2.0, 1.0]), above=0.0)).lower
    2.0
    """
    return UnionOracle(AroundRows(kind, centres), centres.p + 1, centres.c)


def estimate_around_rows(kind: type[HingeOracle], centres: Centres) -> Estimate:
    """What one call of it is expected to cost."""
    one = kind.estimate(centres.hinges(0))
    seconds = centres.n * (one.seconds + AROUND_SECONDS)
    return Estimate(centres.n * one.looked_at, seconds, one.counts, one.at_once)


class CentredOracle(Oracle):
    """An oracle over units (w, b) with |w| = 1, for nu with sum(nu) = 0, that sees all rows at once."""

    def __init__(self, centres: Centres) -> None:
        self.centres, self.reach = centres, centres.reach

    @classmethod
    @abstractmethod
    def estimate(cls, centres: Centres) -> Estimate:
        """The expected cost of one call on these rows."""


class CentredAscent(CentredOracle):
    """A search: plain units on the rows with one more entry, so large that it costs little, and climbs from there."""

    name = "ascent"
    exact = False
    counts = AscentOracle.counts

    def __init__(self, centres: Centres) -> None:
        super().__init__(centres)
        spread = float(self.reach.lengths.max(initial=0.0))
        self._far = FAR_BIAS * (spread or 1.0)
        rows = np.column_stack([centres.X - centres.middle, np.full(centres.n, self._far)])
        self._inner = centres.oracle(centres.search, Hinges.of(rows))

    @classmethod
    def estimate(cls, centres: Centres) -> Estimate:
        inner = centres.search.estimate(centres.hinges(0))
        return Estimate(inner.looked_at, 2 * inner.seconds, cls.counts)

    def _inside(self, units: Units | None) -> Units | None:
        """Units as the inner search sees them."""
        if units is None:
            return None
        w, b = units.directions[:, :-1], units.directions[:, -1:]
        off = (self.centres.one * b + w @ self.centres.middle[:, None]) / self._far
        return units.turned(np.hstack([w, off])).normalised()

    def _outside(self, units: Units) -> Units:
        """The other way."""
        w, off = units.directions[:, :-1], units.directions[:, -1:]
        lengths = np.linalg.norm(w, axis=1, keepdims=True)
        some = lengths[:, 0] > 0.5
        w, off = w[some] / lengths[some], off[some] / lengths[some]
        b = (self._far * off - w @ self.centres.middle[:, None]) / self.centres.one
        return Units(np.hstack([w, b]), units.outputs[some])

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        centres, nu = self.centres, question.nu
        asked = replace(question, above=LESS * question.above, starts=self._inside(question.starts), seen=question.seen)
        answer = self._inner.best_units(asked, effort=effort, progress=progress)
        begin = self._outside(answer.units)
        if question.starts is not None:
            begin = Units.join([question.starts, begin])
        climbed = centres.climb(nu, begin, far=True, expired=effort.expired)[0]
        climbed = climbed.take(climbed.alive())
        found = centres.once(Ranked(climbed, centres.scores(nu, climbed)))
        lower = float(found.values[0]) if len(found.values) else 0.0
        return OracleAnswer(*found.above(question.above), lower, np.inf, self.name, answer.looked_at, seen=answer.seen)
