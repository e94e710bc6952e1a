"""The exact oracle over all activation patterns (THEORY section 4.1).

Every pattern is visited by a sweep along the lines of the arrangement; |g| below the threshold, g = s X^T D nu,
excludes it in O(r). The few that are left are projected onto their cones, and what they could hide is bounded
(`bounds`).
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dualscape.geometry.arrangement import Arrangement, check_resolved, count_cells
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import Estimate, Matrix, Oracle, OracleAnswer, Vector
from dualscape.oracles.local import assemble
from dualscape.oracles.scan import scan_lines
from dualscape.progress import Event, Progress, silent

#: Seconds per pattern pair near an optimum, on one core: measured 3 to 8 microseconds for 20 <= N <= 442 and 3 <=
#: rank <= 6, nearly all of it in the projections (benchmarks/cells.py).
PAIR_SECONDS = 6e-6
#: Lines handed to a thread at once hold at most about this many patterns.
CHUNK = 40_000


class CellsOracle(Oracle):
    """h(nu) over all activation patterns, to rounding; lists every local maximiser above a threshold."""

    name = "cells"
    exact = True

    def __init__(self, X: Matrix) -> None:
        self._X = X
        self._arrangement = Arrangement.of(X)

    @classmethod
    def estimate(cls, X: Matrix) -> Estimate:
        hinges = Hinges.of(X)
        patterns = count_cells(hinges.count, hinges.rank)
        return Estimate(patterns, 0.5 * patterns * PAIR_SECONDS / (os.cpu_count() or 1))

    def _tasks(self) -> Iterator[tuple[int, int, int]]:
        """(level, first line, number of lines), together all lines."""
        most = max(1, CHUNK // max(self._arrangement.hinges.count, 1))
        for level, lines in self._arrangement.lines():
            size = min(most, 1 + lines // (8 * (os.cpu_count() or 1)))
            for first in range(0, lines, size):
                yield level, first, min(size, lines - first)

    def best_units(
        self,
        nu: Vector,
        *,
        above: float,
        starts: Matrix | None = None,
        attempt: int = 0,
        progress: Progress = silent,
    ) -> OracleAnswer:
        arrangement = self._arrangement
        hinges = arrangement.hinges
        if hinges.count == 0:
            empty = np.zeros((0, self._X.shape[1]))
            return OracleAnswer(empty, np.zeros(0), np.zeros(0), 0.0, max(above, 0.0), self.name, 1)
        kappa, linear = hinges.reduce(nu)
        slack = hinges.slack(nu)
        # Squares must neither over- nor underflow: scan in units of a power of two, which is exact.
        size = float(np.abs(kappa).sum() + np.abs(linear).sum())
        exponent = int(np.frexp(size)[1])
        kappa, linear = np.ldexp(kappa, -exponent), np.ldexp(linear, -exponent)
        size, floor = np.ldexp([size, max(above - slack, 0.0)], -exponent).tolist()

        def scan(task: tuple[int, int, int], room: int = 4096) -> tuple[Matrix, Vector]:
            while True:
                found, state = np.empty((room, hinges.rank + 1)), np.zeros(4)
                turned, turn = arrangement.turned, arrangement.turn
                scan_lines(turned, hinges.rows, kappa, linear, *task, turn, size, floor, found, state)
                if state[1] <= room:
                    return found[: int(state[1])], state
                room = 2 * int(state[1])

        found, upper, failed, done, told = [], floor, 0, 0, time.monotonic()
        tasks = list(self._tasks())
        total = sum(lines for _, _, lines in tasks)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            try:
                for task, (units, state) in zip(tasks, pool.map(scan, tasks), strict=True):
                    found.append(units)
                    upper = max(upper, float(state[0]))
                    failed += int(state[3])
                    done += task[2]
                    if time.monotonic() - told > 0.2:
                        told = time.monotonic()
                        progress(
                            Event("cells", done, total, f"h <= {np.ldexp(upper, exponent):.6g} on what is covered")
                        )
            except KeyboardInterrupt:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        check_resolved(failed)
        upper = float(np.ldexp(upper, exponent))
        units = np.vstack(found)
        return assemble(
            self._X,
            nu,
            units[:, :-1] @ hinges.basis.T,
            units[:, -1],
            above=above,
            upper=max(upper + slack, above),
            oracle=self.name,
            patterns=arrangement.count,
        )
