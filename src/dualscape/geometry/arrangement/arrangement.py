"""All activation patterns of a data matrix, in closed form (THEORY section 3).

The cells of a simple central arrangement of N hyperplanes of rank r, up to u -> -u, are in bijection with the subsets
of at most r - 1 of the hyperplanes 1..N-1. Subsets that share all but one element lie on a line; along a line each next
cell differs in one hyperplane, so that a sweep costs O(log N + r^2) a cell instead of O(N r).

Degenerate rows (ties, lattice points, one-hot columns) are made general by a tiny random turn of each normal, by at
most `Arrangement.turn`. Every unit u lies in a cell of the turned arrangement; with respect to the true rows it then
lies in that pattern's cone up to |z_g.u| <= turn, which is what the oracle's bound accounts for. Where rounding leaves
a sign of the turned arrangement open, both signs are listed: an extra pattern is harmless, a missing one is not.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from math import comb

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import BudgetError
from dualscape.geometry.arrangement.sweep import line_patterns
from dualscape.geometry.hinges import RANK_TOLERANCE, Hinges
from dualscape.running.threads import Threads

Matrix = NDArray[np.float64]

#: How far each normal is turned, in radians.
TURN = 2.0**-22


def count_cells(n: int, rank: int) -> int:
    """Number of cells of n hyperplanes through 0 in general position: 2 sum_{k < rank} C(n - 1, k).

    >>> count_cells(20, 5)
    10072
    """
    return 2 * sum(comb(n - 1, k) for k in range(rank)) if n and rank else 1


def check_resolved(failed: int) -> None:
    """Raise ArithmeticError when at some vertex more signs were open to rounding than can be listed both ways."""
    if failed:
        raise ArithmeticError("the arrangement is not resolved in double precision; build it with a larger `turn`")


def line_ranges(N: int, rank: int, most: int, *, shares: int = 1, least: int = 1) -> list[tuple[int, int, int]]:
    """(level, first line, number of lines), together all lines of the sweep of N hyperplanes of that rank.

    Level j has the subsets of size j, a line those that contain one of size j - 1 and are its own. No range has
    more lines than `most`; a level is cut into about `shares` ranges or more, but not into ones of less than `least`.
    """
    ranges = []
    for level in range(max(1, min(rank, N))):
        lines = comb(N - 1, level - 1) if level else 1
        size = max(1, min(most, max(lines // shares, least)))
        ranges += [(level, first, min(size, lines - first)) for first in range(0, lines, size)]
    return ranges


def _list_lines(columns: Matrix, task: tuple[int, int, int]) -> NDArray[np.bool_]:
    """The patterns (cells, N) with hyperplane 0 positive of the lines (level, first, number)."""
    level, first, lines = task
    blocks = []
    for line in range(first, first + lines):
        bits, failed = line_patterns(columns, level, line)
        check_resolved(failed)
        blocks.append(bits)
    return np.vstack(blocks)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The hyperplanes {u : x_i.u = 0} of a data matrix, in general position after a tiny turn.

    Attributes:
        hinges: the distinct hyperplanes of the data.
        turned: (N, r) their normals after the turn, in the coordinates of `hinges.rows`.
        frame: (r, r) a generic basis, the same for every part of the arrangement.
        turn: no normal was turned by more than this.
    """

    hinges: Hinges
    turned: Matrix
    frame: Matrix
    turn: float

    @classmethod
    def of(cls, X: Matrix, *, seed: int = 0, turn: float = TURN) -> "Arrangement":
        """The arrangement of the rows of X (n, d)."""
        return cls.of_hinges(Hinges.of(X), seed=seed, turn=turn)

    @classmethod
    def of_hinges(cls, hinges: Hinges, *, seed: int = 0, turn: float = TURN) -> "Arrangement":
        """The arrangement of hyperplanes that are known already."""
        N, r = hinges.rows.shape
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((N, r))
        noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-300)
        turned = hinges.rows + 0.5 * turn * noise
        turned /= np.linalg.norm(turned, axis=1, keepdims=True) if N else 1.0
        return cls(hinges, turned, rng.standard_normal((r, r)), turn)

    def columns(self, part: NDArray[np.bool_]) -> Matrix:
        """Normals (rank of the part, N), those of the hyperplanes in `part` (N,) first, as `geometry.sweep` reads them.

        Coordinates are those of a generic basis of the part's row space that ends with its first normal. Of the other
        normals only what lies in that space is kept: they ride along.
        """
        rows = self.hinges.rows
        own, others = self.turned[part], rows[~part]
        if len(own) == 0:
            return np.zeros((0, len(rows)))
        _, singular, right = np.linalg.svd(rows[part], full_matrices=False)
        rank = int((singular > RANK_TOLERANCE * singular[0]).sum())
        basis = right[:rank].T
        own = own @ basis
        own /= np.linalg.norm(own, axis=1, keepdims=True)
        flag, _ = np.linalg.qr(np.column_stack([own[0], self.frame[:rank, : rank - 1]]))
        flag = np.column_stack([flag[:, 1:], own[0]])
        columns = np.vstack([own, others @ basis]) @ flag
        columns[0] = 0.0
        columns[0, -1] = 1.0
        return np.ascontiguousarray(columns.T)

    @property
    def count(self) -> int:
        """Number of patterns listed, of which half are the negatives of the others."""
        return count_cells(self.hinges.count, self.hinges.rank)

    def patterns(
        self, *, chunk: int = 65_536, budget: int = 10_000_000, executor: Executor | None = None
    ) -> Iterator[NDArray[np.bool_]]:
        """All activation patterns 1[X h >= 0] of the rows of X, streamed as boolean arrays (about chunk, n).

        Every true cell of the arrangement is listed once; on degenerate data some listed patterns have an empty
        interior. Zero rows count as active. The lines of the arrangement are listed by `executor`, by default a pool
        of threads; the order is the same whoever does it.

        Raises:
            BudgetError: there are more patterns than `budget`; use `sample`.

        >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> sum(len(block) for block in Arrangement.of(X).patterns())
        6
        """
        if self.count > budget:
            raise BudgetError(
                f"{self.count:,} activation patterns exceed the budget of {budget:,}; sample them or raise the budget"
            )
        N = self.hinges.count
        if N == 0:
            yield np.ones((1, len(self.hinges.group)), dtype=bool)
            return
        size = max(1, chunk // (2 * N))
        tasks = line_ranges(N, self.hinges.rank, size)
        columns = self.columns(np.ones(N, dtype=bool))
        with nullcontext(executor) if executor else Threads() as pool:
            ahead = 2 * (os.cpu_count() or 1)
            for position in range(0, len(tasks), ahead):
                for bits in pool.map(partial(_list_lines, columns), tasks[position : position + ahead]):
                    yield self.hinges.patterns(np.vstack([bits, ~bits]))

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Distinct activation patterns of `count` random directions, (<= count, n): for what is too large to list."""
        directions = rng.standard_normal((count, self.hinges.rank))
        return np.unique(self.hinges.patterns(directions @ self.hinges.rows.T > 0), axis=0)
