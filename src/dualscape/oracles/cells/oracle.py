"""The exact oracle over all activation patterns (THEORY section 4.1).

For each sign s, only hyperplanes across which s f is convex can separate its local maximisers: a sweep along the lines
of their arrangement visits every pattern of these, and |g| below the threshold, g a gradient of s f there, excludes it
in O(r). The few that are left are projected onto their cones, and what they could hide is bounded (`pattern_bound`).
"""

import os
import time
from collections.abc import Callable

import numpy as np

from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, Matrix, OracleAnswer, Question
from dualscape.oracles.cells.tasks import Task, Work, scan, screen
from dualscape.oracles.ranked import assemble, scores
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.effort import Effort, run_all
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped

#: Seconds per visited pattern near an optimum, on one core: measured 0.1 microseconds for Gaussian data, 60 <= N <= 100
#: and ranks 5 and 6, 0.5 to 0.7 for N = 442 and ranks 3 and 4, at a tenth of beta_max. It is 0.1 where |g| excludes
#: nearly all of them (benchmarks/run_cells.py) and some microseconds at a hundredth of beta_max.
PATTERN_SECONDS = 5e-7
#: So many tasks are handed out at once, so that millions of them are not queued.
BATCH = 256
#: Fewer patterns than this are visited in the calling thread.
LITTLE = 10_000
#: More patterns than a float holds are only said to be this many.
COUNTLESS = 10**300


class CellsOracle(HingeOracle):
    """h(nu) over all activation patterns, to rounding; lists every local maximiser above a threshold."""

    name = "cells"
    exact = True

    def __init__(self, hinges: Hinges) -> None:
        super().__init__(hinges)
        self._arrangement = Arrangement.of_hinges(hinges)

    @classmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        # The signs of nu say how many hyperplanes are convex for either sign. In many dimensions an uneven half costs
        # many times an even one, and on tables a third to two thirds is as usual as a half.
        more = (2 * hinges.count + 2) // 3
        both = sum(count_cells(count, hinges.rank) for count in (more, hinges.count - more))
        patterns = min(both, COUNTLESS)
        return Estimate(patterns, patterns * PATTERN_SECONDS / (os.cpu_count() or 1))

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        hinges, nu, above = self.hinges, question.nu, question.above
        if hinges.count == 0:
            return OracleAnswer.nothing(hinges.X.shape[1], max(above, 0.0), self.name, 1)
        form = ScaledForm.of(hinges, nu, above)
        # Little work is not cut: it is done before a pool of workers is there.
        little = count_cells((hinges.count + 1) // 2, hinges.rank) < LITTLE
        device = None if little else effort.device
        work = Work.of(self._arrangement, form, little=little, device=device is not None)

        def found_enough(found: Matrix) -> bool:
            return bool(scores(hinges.X, nu, self.units_of(found), hinges.slope).max(initial=-np.inf) > question.enough)

        sweep = _Sweep(work, form, effort, progress)
        sweep.run(found_enough if np.isfinite(question.enough) else None, little=little)
        stopped, bound = sweep.ended()
        return assemble(
            hinges.X,
            self.reach,
            nu,
            self.units_of(sweep.found(hinges.rank)),
            above=above,
            upper=max(form.proven(bound), above),
            oracle=self.name,
            looked_at=sweep.visited,
            stopped=stopped,
            ceiling=lambda: form.ceiling(effort.overdue),
            slope=hinges.slope,
        )


class _Sweep:
    """All lines until they are done, time is up, enough is found or Ctrl-C is pressed; what they gave.

    Attributes:
        upper: F does not exceed this on the lines that are done.
        visited: number of patterns that were bounded.
        failed: number of lines and vertices that rounding left unresolved.
        done: number of lines that are done.
    """

    def __init__(self, work: Work, form: ScaledForm, effort: Effort, progress: Progress) -> None:
        self.upper, self.visited, self.failed, self.done = form.floor, 0, 0, 0
        self._work, self._form, self._effort, self._progress = work, form, effort, progress
        self._lines = work.lines
        self._units: dict[int, Matrix] = {}
        self._stopped = Stopped.FINISHED
        self._told = 0.0

    def run(self, enough: Callable[[Matrix], bool] | None, *, little: bool) -> None:
        """Work, which ends early where `enough` says so of what has been found so far, (q, r + 1)."""
        with self._effort.workers(little=little) as pool:
            try:
                tasks = self._work.scans + self._screened()
                for begin in range(0, len(tasks), BATCH):
                    if self._over():
                        break
                    some = tasks[begin : begin + BATCH]
                    for entry in run_all(pool, scan, some, self._over):
                        if entry is not None:
                            index, (found, state) = entry
                            self._units[begin + index] = found
                            self.upper, self.failed = max(self.upper, float(state[0])), self.failed + int(state[3])
                            self.visited += int(state[4])
                            self.done += some[index].lines
                        self._tell()
                    if enough is not None and self._units and enough(np.vstack(list(self._units.values()))):
                        self._stopped = Stopped.ENOUGH
            except KeyboardInterrupt:
                self._stopped = Stopped.INTERRUPTED

    def _screened(self) -> list[Task]:
        """Tasks for the lines that the device leaves."""
        left: list[Task] = []
        for task in self._work.screenings:
            if self._over():
                break
            undone, excluded = screen(task, self._effort.device)
            left += undone
            self.visited += excluded
            self.done += task.lines - sum(part.lines for part in undone)
            self._tell()
        return left

    def _over(self) -> bool:
        return bool(self._stopped) or self._effort.expired()

    def _tell(self) -> None:
        if time.monotonic() - self._told > 0.2:
            self._told = time.monotonic()
            note = f"h <= {self._form.value(self.upper):.6g} on what is covered"
            self._progress(Event("cells", self.done, self._lines, note))

    def ended(self) -> tuple[Stopped, float]:
        """(why, what F does not exceed anywhere); inf where not all lines are known: the bounds of any size are."""
        if self.failed and not self._stopped:
            # At some vertex more signs are open to rounding than can be tried both ways.
            return Stopped.ROUNDING, np.inf
        if self.done == self._lines and not self.failed:
            return Stopped.FINISHED, self.upper
        return self._stopped or self._effort.ended() or Stopped.TIME, np.inf

    def found(self, rank: int) -> Matrix:
        """(q, rank + 1) the maximisers above the floor and their sign, in the order of the lines."""
        return np.vstack([np.zeros((0, rank + 1)), *(self._units[index] for index in sorted(self._units))])
