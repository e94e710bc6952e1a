"""The exact oracle over all activation patterns (THEORY section 4.1).

For each sign s, only hyperplanes across which s f is convex can separate its local maximisers: a sweep along the lines
of their arrangement visits every pattern of these, and |g| below the threshold, g a gradient of s f there, excludes it
in O(r). The few that are left are projected onto their cones, and what they could hide is bounded (`pattern_bound`).
"""

import os
import time
from math import comb
from typing import Any

import numpy as np

from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells, line_ranges
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import NO_LIMITS, Estimate, HingeOracle, Matrix, OracleAnswer, Question, Vector
from dualscape.oracles.cells.line_scan import scan_lines
from dualscape.oracles.cells.line_screening import lines_left
from dualscape.oracles.ranked import assemble, scores
from dualscape.oracles.spectral import spectral_bound
from dualscape.running.effort import Effort, run_all
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.units import Units

#: Seconds per visited pattern near an optimum, on one core: measured 0.1 microseconds for Gaussian data, 60 <= N <= 100
#: and ranks 5 and 6, 0.5 to 0.7 for N = 442 and ranks 3 and 4, at a tenth of beta_max. It is 0.1 where |g| excludes
#: nearly all of them (benchmarks/run_cells.py) and some microseconds at a hundredth of beta_max.
PATTERN_SECONDS = 5e-7
#: Lines handed to a thread at once hold at most about this many patterns, and at least.
CHUNK, LEAST = 40_000, 4_000
#: The same for a device; and the lines times hyperplanes of a level from which on it is asked.
DEVICE_CHUNK, DEVICE_LEAST = 60_000_000, 2_000_000
#: Every level is cut into at least this many ranges of lines, and this many of them are handed out at once.
SHARES, BATCH = 64, 256
#: Fewer patterns than this are visited in the calling thread.
LITTLE = 10_000
#: A form, as `scan_lines` takes it, a level and runs of lines (first, number).
Task = tuple[tuple[Any, ...], int, list[tuple[int, int]]]
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
        # About half of the hyperplanes are convex for either sign.
        patterns = min(2 * count_cells((hinges.count + 1) // 2, hinges.rank), COUNTLESS)
        return Estimate(patterns, patterns * PATTERN_SECONDS / (os.cpu_count() or 1))

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        arrangement, hinges, nu, above = self._arrangement, self.hinges, question.nu, question.above
        if hinges.count == 0:
            return OracleAnswer.nothing(hinges.X.shape[1], max(above, 0.0), self.name, 1)
        kappa, linear, slack = hinges.enclose(nu)
        # Squares must neither over- nor underflow: scan in units of a power of two, which is exact.
        size = float(np.abs(kappa).sum() + np.abs(linear).sum())
        exponent = int(np.frexp(size)[1])
        kappa, linear = np.ldexp(kappa, -exponent), np.ldexp(linear, -exponent)
        size, floor = np.ldexp([size, max(above - slack, 0.0)], -exponent).tolist()
        tasks: list[Task] = []
        streams: list[Task] = []
        # Little work is not cut: it is done before a pool of workers is there.
        little = count_cells((hinges.count + 1) // 2, hinges.rank) < LITTLE
        device = None if little else effort.device
        for sign in (1.0, -1.0):
            convex = sign * kappa > 0
            order = np.concatenate([np.flatnonzero(convex), np.flatnonzero(~convex)])
            columns, M = arrangement.columns(convex), int(convex.sum())
            # Adding 0.0 leaves no -0.0.
            signed = np.ascontiguousarray(hinges.rows[order]), sign * kappa[order] + 0.0, sign * linear + 0.0
            form = (columns, M, *signed, sign, arrangement.turn, size, floor)
            most, least, many = (max(1, patterns // max(M, 1)) for patterns in (CHUNK, LEAST, DEVICE_CHUNK))
            for level, first, lines in line_ranges(M, len(columns), most, shares=1 if little else SHARES, least=least):
                if device is None or not _worth_a_device(M, level):
                    tasks.append((form, level, [(first, lines)]))
            for level, first, lines in line_ranges(M, len(columns), many) if device else []:
                if _worth_a_device(M, level):
                    streams.append((form, level, [(first, lines)]))
        total = sum(_count(task) for task in tasks + streams)
        units, upper, failed, done, visited, told = {}, floor, 0, 0, 0, 0.0
        stopped = Stopped.FINISHED

        def ended() -> bool:
            return bool(stopped) or effort.expired()

        def tell() -> None:
            nonlocal told
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                bound = np.ldexp(upper, exponent)
                progress(Event("cells", done, total, f"h <= {bound:.6g} on what is covered"))

        with effort.workers(little=little) as pool:
            try:
                for task in streams:
                    if ended():
                        break
                    undone, excluded = _stream(task, effort.device)
                    tasks += undone
                    visited += excluded
                    done += _count(task) - sum(_count(part) for part in undone)
                    tell()
                # Lines in batches, so that millions of tasks are not queued at once.
                for begin in range(0, len(tasks), BATCH):
                    if ended():
                        break
                    for entry in run_all(pool, _scan, tasks[begin : begin + BATCH], ended):
                        if entry is not None:
                            index, (found, state) = entry
                            units[begin + index] = found
                            upper, failed = max(upper, float(state[0])), failed + int(state[3])
                            visited += int(state[4])
                            done += _count(tasks[begin + index])
                        tell()
                    if self._enough(question, units):
                        stopped = Stopped.ENOUGH
            except KeyboardInterrupt:
                stopped = Stopped.INTERRUPTED
        if failed and not stopped:
            # At some vertex more signs are open to rounding than can be tried both ways.
            stopped, bound = Stopped.ROUNDING, np.inf
        elif done == total and not failed:
            stopped, bound = Stopped.FINISHED, float(np.ldexp(upper, exponent))
        else:
            # Nothing is known of the lines that were not scanned but the bounds of any size.
            stopped, bound = stopped or effort.ended() or Stopped.TIME, np.inf

        def ceiling() -> float:
            return float(np.ldexp(spectral_bound(hinges.rows, kappa, linear, effort.overdue), exponent)) + slack

        listed = np.vstack([np.zeros((0, hinges.rank + 1)), *(units[index] for index in sorted(units))])
        return assemble(
            hinges.X,
            self.reach,
            nu,
            self._units(listed),
            above=above,
            upper=max(bound + slack, above),
            oracle=self.name,
            looked_at=visited,
            stopped=stopped,
            ceiling=ceiling,
        )

    def _units(self, found: Matrix) -> Units:
        """From directions in the coordinates of the hyperplanes and their sign, (q, r + 1)."""
        return Units(found[:, :-1] @ self.hinges.basis.T, found[:, -1:])

    def _enough(self, question: Question, units: dict[int, Matrix]) -> bool:
        if not np.isfinite(question.enough) or not units:
            return False
        values = scores(self.hinges.X, question.nu, self._units(np.vstack(list(units.values()))))
        return bool(values.max(initial=-np.inf) > question.enough)


def _count(task: Task) -> int:
    """How many lines."""
    return sum(lines for _, lines in task[2])


def _worth_a_device(M: int, level: int) -> bool:
    """Whether a level of M hyperplanes has lines enough that a device does them sooner."""
    return level > 1 and comb(M - 1, level - 1) * M >= DEVICE_LEAST


def _stream(task: Task, device: str | None) -> tuple[list[Task], int]:
    """(tasks for the lines that a device leaves, number of patterns that it has excluded)."""
    form, level, [(first, lines)] = task
    left, excluded = lines_left(form, level, first, lines, device)
    where, most = first + np.flatnonzero(left), max(1, LEAST // form[1])
    tasks: list[Task] = []
    for some in np.split(where, range(most, len(where), most)) if len(where) else []:
        ends = np.flatnonzero(np.diff(some, append=np.inf) != 1) + 1
        begins = np.concatenate([[0], ends[:-1]])
        tasks.append((form, level, [(int(some[b]), int(e - b)) for b, e in zip(begins, ends, strict=True)]))
    return tasks, excluded


def _scan(form: tuple[Any, ...], level: int, runs: list[tuple[int, int]]) -> tuple[Matrix, Vector]:
    """(units above the floor and their sign, state) of the lines of runs (first, number); see `scan_lines`."""
    columns, M, rows, kappa, linear, sign, turn, size, floor = form
    room = 4096
    while True:
        found, state = np.empty((room, rows.shape[1] + 1)), np.zeros(5)
        for first, lines in runs:
            scan_lines(columns, M, rows, kappa, linear, sign, level, first, lines, turn, size, floor, found, state)
        if state[1] <= room:
            return found[: int(state[1])].copy(), state
        room = 2 * int(state[1])
