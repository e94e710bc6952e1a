"""The work of the oracle over patterns: the signed forms that are swept, and their lines cut into tasks."""

from math import comb
from typing import NamedTuple

import numpy as np

from dualscape.geometry.arrangement.arrangement import Arrangement, line_ranges
from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.cells.line_scan import scan_lines
from dualscape.oracles.cells.line_screening import lines_left
from dualscape.oracles.cells.signed_form import SignedForm
from dualscape.oracles.scaled import ScaledForm

#: Lines handed to a thread at once hold at most about this many patterns, and at least.
CHUNK, LEAST = 40_000, 4_000
#: The same for a device; and the lines times hyperplanes of a level from which on it is asked.
DEVICE_CHUNK, DEVICE_LEAST = 60_000_000, 2_000_000
#: Every level is cut into at least this many ranges of lines.
SHARES = 64
#: Room for so many units to begin with.
ROOM = 4096


class Task(NamedTuple):
    """Runs of lines (first, number) of one level."""

    form: SignedForm
    level: int
    runs: list[tuple[int, int]]

    @property
    def lines(self) -> int:
        """How many lines."""
        return sum(lines for _, lines in self.runs)


class Work(NamedTuple):
    """All lines of both signs.

    Attributes:
        scans: tasks for threads, processes or machines.
        screenings: tasks of one run each, for a device: it leaves some of their lines to be scanned.
    """

    scans: list[Task]
    screenings: list[Task]

    @classmethod
    def of(cls, arrangement: Arrangement, form: ScaledForm, *, little: bool, device: bool) -> "Work":
        """Little work is not cut; levels with many lines are for a device where there is one."""
        scans: list[Task] = []
        screenings: list[Task] = []
        for sign in (1.0, -1.0):
            signed = SignedForm.of(arrangement, form, sign)
            M, rank = signed.M, len(signed.columns)
            most, least, many = (max(1, patterns // max(M, 1)) for patterns in (CHUNK, LEAST, DEVICE_CHUNK))
            for level, first, lines in line_ranges(M, rank, most, shares=1 if little else SHARES, least=least):
                if not (device and _worth_a_device(M, level)):
                    scans.append(Task(signed, level, [(first, lines)]))
            for level, first, lines in line_ranges(M, rank, many) if device else []:
                if _worth_a_device(M, level):
                    screenings.append(Task(signed, level, [(first, lines)]))
        return cls(scans, screenings)

    @property
    def lines(self) -> int:
        """How many lines."""
        return sum(task.lines for task in self.scans + self.screenings)


def _worth_a_device(M: int, level: int) -> bool:
    """Whether a level of M hyperplanes has lines enough that a device does them sooner."""
    return level > 1 and comb(M - 1, level - 1) * M >= DEVICE_LEAST


def screen(task: Task, device: str | None) -> tuple[list[Task], int]:
    """(tasks for the lines that a device leaves, number of patterns that it has excluded)."""
    form, level, [(first, lines)] = task
    left, excluded = lines_left(form, level, first, lines, device)
    where, most = first + np.flatnonzero(left), max(1, LEAST // form.M)
    tasks: list[Task] = []
    for some in np.split(where, range(most, len(where), most)) if len(where) else []:
        ends = np.flatnonzero(np.diff(some, append=np.inf) != 1) + 1
        begins = np.concatenate([[0], ends[:-1]])
        tasks.append(Task(form, level, [(int(some[b]), int(e - b)) for b, e in zip(begins, ends, strict=True)]))
    return tasks, excluded


def scan(form: SignedForm, level: int, runs: list[tuple[int, int]]) -> tuple[Matrix, Vector]:
    """(units above the floor and their sign, state) of the lines of a task; see `scan_lines`."""
    columns, M, rows, kappa, linear, sign, turn, size, floor = form
    room = ROOM
    while True:
        found, state = np.empty((room, rows.shape[1] + 1)), np.zeros(5)
        for first, lines in runs:
            scan_lines(columns, M, rows, kappa, linear, sign, level, first, lines, turn, size, floor, found, state)
        if state[1] <= room:
            return found[: int(state[1])].copy(), state
        room = 2 * int(state[1])
