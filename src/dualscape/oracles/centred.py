"""Oracles over units whose bias costs nothing: those of plain units, asked around every row (THEORY section 10)."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, Oracle, OracleAnswer, Question
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.centres import Centres
from dualscape.oracles.ranked import Ranked
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT, EPS
from dualscape.units import Units

#: Seconds around a row that hardly depend on the data.
AROUND_SECONDS = 1e-3
#: A search takes the bias for one that is penalised, in units of so many times the spread of the rows: a unit with its
#: kink among them keeps at least this share of its score.
FAR_BIAS, LESS = 4.0, 0.95


class CentredOracle(Oracle):
    """An oracle over units (w, b) with |w| = 1, for nu with sum(nu) = 0."""

    def __init__(self, centres: Centres) -> None:
        self.centres, self.reach = centres, centres.reach

    @classmethod
    @abstractmethod
    def estimate(cls, centres: Centres) -> Estimate:
        """The expected cost of one call on these rows."""


class AroundRows(CentredOracle):
    """h(nu) as the greatest of n bounds, each of the rows seen from one of them."""

    kind: ClassVar[type[HingeOracle]]
    exact = True

    @classmethod
    def estimate(cls, centres: Centres) -> Estimate:
        one = cls.kind.estimate(centres.hinges(0))
        seconds = centres.n * (one.seconds + AROUND_SECONDS)
        return Estimate(centres.n * one.looked_at, seconds, cls.counts, one.at_once)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        centres, nu = self.centres, question.nu
        # A checkpoint is for one long proof, and these are many short ones.
        alone = replace(effort, checkpoint=None)
        parts = [Ranked(Units.none(centres.p + 1), np.zeros(0))]
        lower, upper, looked_at, stopped = 0.0, question.above, 0, Stopped.FINISHED
        for row in range(centres.n):
            ended = Stopped.ENOUGH if lower > question.enough else effort.ended()
            if not ended:
                above = question.above if question.listed else max(question.above, lower)
                own = replace(question, above=above, starts=None, seen=None)
                answer = self.kind(centres.hinges(row)).best_units(own, effort=alone)
                found = answer.units
                at = found.turned(centres.at(found.directions, np.full(len(found), row)))
                parts.append(Ranked(at, answer.values))
                lower, upper = max(lower, answer.lower), max(upper, answer.upper)
                looked_at += answer.looked_at
                progress(Event(self.name, row + 1, centres.n, f"h <= {upper:.6g} around the rows covered"))
                stopped = stopped or answer.stopped
                ended = Stopped.FINISHED if answer.stopped is Stopped.ROUNDING else answer.stopped
            if ended:
                # What was not asked is bounded by the distances of rows alone.
                stopped, upper = ended, max(upper, self.reach.bound(nu))
                break
        # Each difference of two rows is rounded once, by a share of its length.
        upper += 1.01 * EPS * self.reach.change(nu)
        every = _once(centres, Ranked.join(parts))
        every = every.take(centres.settled(nu, every.units))
        return OracleAnswer(*every, lower, upper, self.name, looked_at, stopped)


class CentredCells(AroundRows):
    """Over all activation patterns around every row."""

    name = "cells"
    kind = CellsOracle
    counts, window, lists = CellsOracle.counts, CellsOracle.window, CellsOracle.lists


class CentredBisection(AroundRows):
    """By cones around every row."""

    name = "bisection"
    kind = BisectionOracle
    counts, window, lists = BisectionOracle.counts, BisectionOracle.window, BisectionOracle.lists


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
        self._inner = AscentOracle.on(rows)

    @classmethod
    def estimate(cls, centres: Centres) -> Estimate:
        inner = AscentOracle.estimate(centres.hinges(0))
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
        found = _once(centres, Ranked(climbed, centres.scores(nu, climbed)))
        lower = float(found.values[0]) if len(found.values) else 0.0
        return OracleAnswer(*found.above(question.above), lower, np.inf, self.name, answer.looked_at, seen=answer.seen)


def _once(centres: Centres, found: Ranked) -> Ranked:
    """Those of positive value, once each, best first: a kink may be at several rows."""
    measured = Ranked(centres.measured(found.units), found.values)
    order = np.argsort(-found.values, kind="stable")
    kept = measured.units.distinct(order[found.values[order] > 0], DEFAULT.apart)
    return found.take(kept)
