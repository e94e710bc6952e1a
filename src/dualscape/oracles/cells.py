"""The exact oracle over all activation patterns (THEORY section 4.1).

Every pattern is visited by a sweep along the lines of the arrangement; |g| below the threshold, g = s X^T D nu, excludes it
in O(r). The few that are left are projected onto their cones, and what they could hide is bounded (`bounds`).
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from dualscape.geometry.arrangement import MOST_OPEN, Arrangement, count_cells, next_subset, unrank
from dualscape.geometry.cones import climb, crossings
from dualscape.geometry.hinges import Hinges
from dualscape.geometry.sweep import make_work, start_line, vertex_signs
from dualscape.oracles.base import Estimate, Matrix, Oracle, OracleAnswer, Vector
from dualscape.oracles.bounds import EPS, make_scratch, pattern_bound
from dualscape.oracles.local import assemble
from dualscape.progress import Event, Progress, silent

#: Seconds per pattern pair: a fixed part and a part per hyperplane and coordinate (median of two cores, benchmarks/cells.py).
PAIR_SECONDS = 2.5e-7
#: Lines handed to a thread at once hold about this many patterns.
CHUNK = 40_000


@njit(cache=True, nogil=True)
def _consider(rows, kappa, linear, bits, flip, turn, size, floor, scratch, flips, found, state):
    """Bound one pattern (complemented when `flip`) for both signs; record local maximisers above the floor.

    state = (upper, number found, patterns projected)."""
    N, r = rows.shape
    u, active, lam = scratch[1], scratch[2], scratch[3]
    pattern = np.empty(N, dtype=np.bool_)
    best = np.empty(r)
    for sign in (1.0, -1.0):
        for k in range(N):
            pattern[k] = bits[k] != flip
        bound, m, interesting = pattern_bound(rows, kappa, linear, sign, pattern, turn, size, floor, scratch)
        state[2] += 1
        if bound > state[0]:
            state[0] = bound
        if not interesting:
            continue
        norm = 0.0
        for a in range(r):
            best[a] = u[a]
            norm += u[a] * u[a]
        norm = np.sqrt(norm)
        if crossings(rows, kappa, sign, best, flips) > 0:
            # A kink across which s f rises: the local maximum is in another cone, which may be thinner than the turn.
            norm, m = climb(rows, kappa, linear, sign, best, pattern, active, lam)
            if norm <= floor:
                continue
        filled = int(state[1])
        known = False
        for j in range(filled):
            same = found[j, r] == sign
            for a in range(r):
                same = same and abs(found[j, a] - best[a] / norm) <= 1e-12
            known = known or same
        if known:
            continue
        if filled < found.shape[0]:
            for a in range(r):
                found[filled, a] = best[a] / norm
            found[filled, r] = sign
        state[1] += 1


@njit(cache=True, nogil=True)
def _scan(turned, rows, kappa, linear, level, first, lines, turn, size, floor, found, state):
    """Bound all patterns of `lines` lines of one level from `first` on. state[3] counts unresolved lines."""
    N, r = rows.shape
    work = make_work(N, r)
    order, slope = work[0], work[2]
    scratch = make_scratch(N, r)
    flips = np.empty(N, dtype=np.bool_)
    bits = np.zeros(N, dtype=np.bool_)
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    subset = np.zeros(max(level, 1), dtype=np.int64)
    g = np.empty(r)
    whole = 2.0 * linear
    pull_sum = 0.0
    for k in range(N):
        pull_sum += abs(kappa[k])
        for a in range(r):
            whole[a] += kappa[k] * rows[k, a]
    # What a wrong side may add to |g| with lam = 0, and the rounding of a gradient carried along a line of N steps.
    margin = 1.01 * turn * pull_sum + (3 * N + 4 * r + 16) * EPS * size
    prune = max(floor - margin, 0.0)
    prune2 = prune * prune
    if level == 0:
        bits[0] = True
        for k in range(1, N):
            bits[k] = turned[k, 0] > 0
        for flip in (False, True):
            _consider(rows, kappa, linear, bits, flip, turn, size, floor, scratch, flips, found, state)
        return
    unrank(first, N - 1, level - 1, subset)
    here = np.empty(r)
    for step in range(lines):
        if step:
            next_subset(subset, N - 1, level - 1)
        last = subset[level - 2] if level > 1 else 0
        if last == N - 1:
            continue
        count = start_line(turned, level, subset, work)
        if count < 0:
            state[3] += 1
            continue
        bits[:] = False
        bits[0] = True
        for c in range(count):
            bits[order[c]] = slope[order[c]] < 0
        for a in range(r):
            g[a] = linear[a]
        for k in range(N):
            if bits[k]:
                for a in range(r):
                    g[a] += kappa[k] * rows[k, a]
        for position in range(count):
            i = order[position]
            after = slope[i] > 0
            if i > last:
                doubts = vertex_signs(turned, level, subset, position, count, work, bits, doubtful)
                if doubts < 0:
                    state[3] += 1
                    bits[i] = after
                    continue
                # g knows hyperplane i as it was before the vertex and the subset's rows as absent.
                for a in range(r):
                    here[a] = g[a]
                if bits[i] == after:
                    change = kappa[i] if after else -kappa[i]
                    for a in range(r):
                        here[a] += change * rows[i, a]
                for l in range(level - 1):
                    if bits[subset[l]]:
                        for a in range(r):
                            here[a] += kappa[subset[l]] * rows[subset[l], a]
                for choice in range(1 << doubts):
                    for b in range(doubts):
                        if choice >> b & 1:
                            k = doubtful[b]
                            bits[k] = not bits[k]
                    norm2, other2 = 0.0, 0.0
                    for a in range(r):
                        value = here[a]
                        for b in range(doubts):
                            if choice >> b & 1:
                                k = doubtful[b]
                                value += kappa[k] * (1.0 if bits[k] else -1.0) * rows[k, a]
                        norm2 += value * value
                        other2 += (whole[a] - value) * (whole[a] - value)
                    if norm2 > prune2:
                        _consider(rows, kappa, linear, bits, False, turn, size, floor, scratch, flips, found, state)
                    if other2 > prune2:
                        _consider(rows, kappa, linear, bits, True, turn, size, floor, scratch, flips, found, state)
                    for b in range(doubts):
                        if choice >> b & 1:
                            k = doubtful[b]
                            bits[k] = not bits[k]
                for l in range(level - 1):
                    bits[subset[l]] = False
            bits[i] = after
            change = kappa[i] if after else -kappa[i]
            for a in range(r):
                g[a] += change * rows[i, a]


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
        return Estimate(patterns, 0.5 * patterns * PAIR_SECONDS * max(hinges.rank, 1) / min(os.cpu_count() or 1, 2))

    def _tasks(self) -> Iterator[tuple[int, int, int]]:
        """(level, first line, number of lines), together all lines."""
        size = max(1, CHUNK // max(self._arrangement.hinges.count, 1))
        for level, lines in self._arrangement.lines():
            for first in range(0, lines, size):
                yield level, first, min(size, lines - first)

    def best_units(
        self,
        nu: Vector,
        *,
        above: float,
        starts: Matrix | None = None,
        progress: Progress = silent,
    ) -> OracleAnswer:
        arrangement = self._arrangement
        hinges = arrangement.hinges
        if hinges.count == 0:
            empty = np.zeros((0, self._X.shape[1]))
            return OracleAnswer(empty, np.zeros(0), np.zeros(0), 0.0, max(above, 0.0), self.name, 1)
        kappa, linear = hinges.reduce(nu)
        slack = hinges.slack(nu)
        size = float(np.abs(kappa).sum() + np.linalg.norm(linear))
        floor = max(above - slack, 0.0)

        def scan(task: tuple[int, int, int], room: int = 4096) -> tuple[Matrix, Vector]:
            while True:
                found, state = np.empty((room, hinges.rank + 1)), np.zeros(4)
                _scan(
                    arrangement.turned, hinges.rows, kappa, linear, *task, arrangement.turn, size, floor, found, state
                )
                if state[1] <= room:
                    return found[: int(state[1])], state
                room = 2 * int(state[1])

        found, upper, projected, failed = [], floor, 0, 0
        done, told = 0, time.monotonic()
        tasks = list(self._tasks())
        lines_total = sum(lines for _, _, lines in tasks)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            try:
                for task, (units, state) in zip(tasks, pool.map(scan, tasks), strict=True):
                    found.append(units)
                    upper = max(upper, float(state[0]))
                    projected += int(state[2])
                    failed += int(state[3])
                    done += task[2]
                    if time.monotonic() - told > 0.2:
                        told = time.monotonic()
                        progress(Event("cells", done, lines_total, f"h <= {upper:.6g} so far"))
            except KeyboardInterrupt:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        if failed:
            raise ArithmeticError("the turned arrangement is not resolved in double precision; turn it further")
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
