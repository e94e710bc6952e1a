"""All activation patterns of a data matrix, in closed form (THEORY section 3).

The cells of a simple central arrangement of N hyperplanes of rank r, up to u -> -u, are in bijection with the subsets of at
most r - 1 of the hyperplanes 1..N-1. Subsets that share all but their last element lie on a line; along a line each next
cell differs in one hyperplane, so that a sweep costs O(log N + r^2) a cell instead of O(N r).

Degenerate rows (ties, lattice points, one-hot columns) are made general by a tiny random turn of each normal, by at most
`Arrangement.turn`. Every unit u lies in a cell of the turned arrangement; with respect to the true rows it then lies in
that pattern's cone up to |z_g.u| <= turn, which is what the oracle's bound accounts for. Where rounding leaves a sign of
the turned arrangement open, both signs are listed: an extra pattern is harmless, a missing one is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import BudgetError
from dualscape.geometry.hinges import Hinges
from dualscape.geometry.sweep import line_patterns

Matrix = NDArray[np.float64]

#: How far each normal is turned, in radians.
TURN = 2.0**-22


def count_cells(n: int, rank: int) -> int:
    """Number of cells of n hyperplanes through 0 in general position: 2 sum_{k < rank} C(n - 1, k).

    >>> count_cells(20, 5)
    10072
    """
    return 2 * sum(comb(n - 1, k) for k in range(rank)) if n and rank else 1


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The hyperplanes {u : x_i.u = 0} of a data matrix, in general position after a tiny turn.

    Attributes:
        hinges: the distinct hyperplanes of the data.
        turned: (N, r) turned normals in a generic flag of bases: row 0 is the last basis vector.
        turn: no normal was turned by more than this.
    """

    hinges: Hinges
    turned: Matrix
    turn: float

    @classmethod
    def of(cls, X: Matrix, *, seed: int = 0, turn: float = TURN) -> "Arrangement":
        """The arrangement of the rows of X (n, d)."""
        hinges = Hinges.of(X)
        N, r = hinges.rows.shape
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((N, r))
        noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-300)
        turned = hinges.rows + 0.5 * turn * noise
        turned /= np.linalg.norm(turned, axis=1, keepdims=True) if N else 1.0
        if N:
            frame = np.column_stack([turned[0], rng.standard_normal((r, r - 1))])
            flag, _ = np.linalg.qr(frame)
            flag = np.column_stack([flag[:, 1:], turned[0]])
            turned = turned @ flag
            turned[0] = 0.0
            turned[0, -1] = 1.0
        return cls(hinges, np.ascontiguousarray(turned), turn)

    @property
    def count(self) -> int:
        """Number of patterns listed, of which half are the negatives of the others."""
        return count_cells(self.hinges.count, self.hinges.rank)

    @staticmethod
    def resolved(value: Any, failed: int) -> Any:
        """The value, if no line was left unresolved in double precision.

        Raises:
            ArithmeticError: more signs than can be listed both ways were open at one vertex.
        """
        if failed:
            raise ArithmeticError("the arrangement is not resolved in double precision; build it with a larger `turn`")
        return value

    def lines(self) -> list[tuple[int, int]]:
        """(level, number of lines) for the sweep; level j has the subsets of size j, one line per subset of size j - 1."""
        N, r = self.hinges.rows.shape
        return [(j, 1 if j == 0 else comb(N - 1, j - 1)) for j in range(min(r, N))]

    def patterns(self, *, chunk: int = 4096, budget: int = 10_000_000) -> Iterator[NDArray[np.bool_]]:
        """All activation patterns 1[X h >= 0] of the rows of X, streamed as boolean arrays (<= about 2 chunk, n).

        Every true cell of the arrangement is listed once; on degenerate data some listed patterns have an empty
        interior. Zero rows count as active.

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
        waiting: list[NDArray[np.bool_]] = []
        for level, lines in self.lines():
            for line in range(lines):
                bits = self.resolved(*line_patterns(self.turned, level, line))
                waiting += [bits, ~bits]
                if sum(map(len, waiting)) >= chunk:
                    yield self.hinges.patterns(np.vstack(waiting))
                    waiting = []
        if waiting:
            yield self.hinges.patterns(np.vstack(waiting))

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Distinct activation patterns of `count` random directions, for arrangements too large to list: (<= count, n)."""
        directions = rng.standard_normal((count, self.hinges.rank))
        return np.unique(self.hinges.patterns(directions @ self.hinges.rows.T > 0), axis=0)
