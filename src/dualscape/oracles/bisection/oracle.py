"""The exact oracle for many rows in few dimensions: branch and bound over simplicial cones (THEORY section 4.2).

Its work grows about tenfold a dimension and hardly with n, where the number of activation patterns grows like
n^(r - 1). It can stop at any time with what is proven by then, saves itself to a checkpoint, and takes any executor.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from dualscape.geometry.arrangement.arrangement import count_cells
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, Matrix, OracleAnswer, Question, Vector
from dualscape.oracles.bisection.frontier import Frontier, HingeSum, Region
from dualscape.oracles.proof import capped
from dualscape.oracles.ranked import assemble, scores
from dualscape.oracles.reach import Reach
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.checkpoint import Checkpoint, fingerprint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped

#: Cones for a proof at beta = 0.1 beta_max, as a multiple of 10^r, and seconds a cone on one core: constant, and per
#: entry of the (N, r) data. From one data set, 442 rows with 3 <= r <= 7; other N are extrapolated.
CONES, CONE_SECONDS, ENTRY_SECONDS = 1.0, 3e-6, 1.5e-9
#: More orthants than 2^this are not begun with, and no more orthants times rows than this (a second or two).
MOST_RANK, MOST_BEGUN = 14, 30_000_000
#: Seconds for each of these products, which cannot be stopped.
BEGIN_SECONDS = 1e-7
#: A bound that is worth having takes this part of the seconds that the hyperplanes took to find, or up to twice as much
#: on few rows; when there is less left, and so many seconds would not do either, the trivial one must.
BOUND_TIMES, GRACE = 0.5, 0.2
#: Seconds between two saves to the checkpoint.
SAVE_EVERY = 10.0


class BisectionOracle(HingeOracle):
    """h(nu) by bisection of cones that cover the sphere, to rounding; lists every local maximiser above a threshold."""

    name = "bisection"
    exact = True
    anytime: bool = True
    counts: str = "cones"
    #: With many rows and a wide window thousands of maximisers are in it, each of which has to be climbed to.
    window: float = 1e-8
    lists: bool = True

    def __init__(self, hinges: Hinges) -> None:
        super().__init__(hinges)
        #: The last answer that was complete.
        self._last: _Known | None = None

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        N, r = hinges.rows.shape
        cones = min(CONES * 10.0 ** min(r, 300), 40.0 * min(count_cells(N, r), 10**300))
        seconds = cones * (CONE_SECONDS + ENTRY_SECONDS * N * r) / (os.cpu_count() or 1)
        return Estimate(int(cones), seconds, cls.counts, at_once=_too_large(hinges))

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, X, nu, above = self.hinges, self.hinges.X, question.nu, question.above
        if hinges.count == 0:
            return OracleAnswer.nothing(X.shape[1], max(above, 0.0), self.name, 1)
        if effort.deadline and effort.remaining() + GRACE < BOUND_TIMES * hinges.seconds:
            upper = max(self.reach.bound(nu), above)
            return OracleAnswer.nothing(X.shape[1], upper, self.name, 0, effort.ended() or Stopped.TIME)
        form = ScaledForm.of(hinges, nu, above)
        ceiling = partial(form.ceiling, effort.overdue)
        stopped = Stopped.INTERRUPTED if interrupted() else Stopped.FINISHED
        if _too_large(hinges):
            stopped = Stopped.DIMENSION
        elif effort.deadline and effort.remaining() < BEGIN_SECONDS * 2**hinges.rank * hinges.count:
            stopped = Stopped.TIME
        if stopped:
            # Too many orthants to begin with, or no time for them: the bounds of any size are all there is.
            upper = capped(self.reach, nu, 0.0, np.inf, above, ceiling)
            return OracleAnswer.nothing(X.shape[1], upper, self.name, 0, stopped)
        frontier, stopped, cones = self._searched(form, question, effort, progress)
        return assemble(
            X,
            self.reach,
            nu,
            self.units_of(frontier.found),
            above=above,
            upper=max(form.proven(frontier.bound), above),
            oracle=self.name,
            looked_at=cones,
            stopped=stopped,
            ceiling=ceiling,
            slope=hinges.slope,
        )

    def _searched(
        self, form: ScaledForm, question: Question, effort: Effort, progress: Progress
    ) -> tuple[Frontier, Stopped, int]:
        """The frontier where the waves end, why they do, and the number of cones that the bound rests on."""
        X, nu, above, slope = self.hinges.X, question.nu, question.above, self.hinges.slope
        region = None if self._last is None else self._last.region(self.reach, nu, above)
        search = _Search(form, region, effort, progress)
        if effort.checkpoint is not None:
            kind = f"{type(self).__module__}.{type(self).__qualname__}"
            search.keep_in(effort.checkpoint, fingerprint(kind, X, slope, nu, above))

        def found_enough(found: Matrix) -> bool:
            return bool(scores(X, nu, self.units_of(found), slope).max(initial=-np.inf) > question.enough)

        stopped = search.run(found_enough if np.isfinite(question.enough) else None)
        frontier = search.frontier
        # The bound rests on what was excluded before, too.
        cones = frontier.treated + (self._last.count if self._last is not None and region is not None else 0)
        if not stopped:
            # Where the threshold is below the slack, no more than that is proven outside.
            self._last = _Known(nu.copy(), max(above, form.slack), Region.of(frontier.above, self.hinges.rank), cones)
        return frontier, stopped, cones


@dataclass(frozen=True)
class _Known:
    """What a complete answer leaves behind: outside of the cones s f(u) <= above at nu, by so many cones."""

    nu: Vector
    above: float
    cones: Region
    count: int

    def region(self, reach: Reach, nu: Vector, above: float) -> Region | None:
        """The cones that hold all that exceeds `above` at another nu; None where that may be anywhere.

        |s f(u)| moves by at most sum_i |change of nu_i| |x_i|, rows of one sign at a time.
        """
        return self.cones if self.above + reach.bound(nu - self.nu) <= above else None


def _too_large(hinges: Hinges) -> bool:
    """Whether the orthants are too many to begin with."""
    return hinges.rank > MOST_RANK or 2**hinges.rank * hinges.count > MOST_BEGUN


class _Search:
    """Waves until the frontier is empty, time is up, enough is found or Ctrl-C is pressed."""

    def __init__(self, form: ScaledForm, region: Region | None, effort: Effort, progress: Progress) -> None:
        self.frontier = Frontier.start(HingeSum.of(form.rows, form.kappa, form.linear, form.floor), region)
        self._form, self._effort, self._progress = form, effort, progress
        self._checkpoint: Checkpoint | None = None
        self._fingerprint = ""

    def keep_in(self, checkpoint: Checkpoint, fingerprint: str) -> None:
        """Go on from the checkpoint if it has this search, and save there from now on."""
        self._checkpoint, self._fingerprint = checkpoint, fingerprint
        saved = checkpoint.load(self._section, fingerprint)
        if saved is not None and "above" in saved:
            frontier = self.frontier
            frontier.records, frontier.found = saved["records"].astype(float), saved["found"].astype(float)
            frontier.above = saved["above"].astype(float)
            frontier.closed = float(saved["closed"])
            frontier.treated, frontier.waves = int(saved["treated"]), int(saved["waves"])

    @property
    def _section(self) -> str:
        return f"bisection-{self._fingerprint}"

    def _save(self) -> None:
        if self._checkpoint is not None:
            frontier = self.frontier
            arrays: dict[str, ArrayLike] = {
                "records": frontier.records,
                "found": frontier.found,
                "above": frontier.above,
                "closed": frontier.closed,
                "treated": frontier.treated,
                "waves": frontier.waves,
            }
            self._checkpoint.save(self._section, self._fingerprint, arrays)

    def run(self, enough: Callable[[Matrix], bool] | None) -> Stopped:
        """Why it stopped; it has finished when the frontier is empty."""
        try:
            stopped = self._waves(enough)
        except KeyboardInterrupt:
            stopped = Stopped.INTERRUPTED
        self._save()
        return stopped

    def _waves(self, enough: Callable[[Matrix], bool] | None) -> Stopped:
        frontier, told, saved, seen = self.frontier, 0.0, time.monotonic(), 0
        with self._effort.workers() as pool:
            while not frontier.done:
                if enough is not None and len(frontier.found) > seen:
                    seen = len(frontier.found)
                    if enough(frontier.found):
                        return Stopped.ENOUGH
                if self._effort.expired():
                    return self._effort.ended() or Stopped.TIME
                for _ in frontier.wave(pool, self._effort.expired):
                    if time.monotonic() - told > 0.2:
                        told = time.monotonic()
                        self._tell()
                if time.monotonic() - saved > SAVE_EVERY:
                    self._save()
                    saved = time.monotonic()
        return Stopped.FINISHED

    def _tell(self) -> None:
        frontier = self.frontier
        bound = self._form.value(frontier.bound)
        note = f"h <= {bound:.6g} proven, {frontier.treated:,} cones, {len(frontier.records):,} open"
        self._progress(Event("bisection", round(100 * frontier.covered()), 100, note))
