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

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dualscape.errors import BudgetError
from dualscape.geometry.hinges import Hinges

Matrix = NDArray[np.float64]

#: How far each normal is turned, in radians.
TURN = 2.0**-22
#: At most this many open signs are resolved by listing both at one vertex.
MOST_OPEN = 10


def count_cells(n: int, rank: int) -> int:
    """Number of cells of n hyperplanes through 0 in general position: 2 sum_{k < rank} C(n - 1, k).

    >>> count_cells(20, 5)
    10072
    """
    return 2 * sum(comb(n - 1, k) for k in range(rank)) if n and rank else 1


@njit(cache=True, nogil=True)
def unrank(position, n, size, subset):
    """The subset of {1..n} of that size at that position in lexicographic order, written to `subset`."""
    low = 1
    for slot in range(size):
        for value in range(low, n + 1):
            # combinations that have `value` in this slot: C(n - value, size - slot - 1)
            ways = 1.0
            for k in range(size - slot - 1):
                ways = ways * (n - value - k) / (k + 1)
            block = np.int64(round(ways))
            if position < block:
                subset[slot] = value
                low = value + 1
                break
            position -= block


@njit(cache=True, nogil=True)
def next_subset(subset, n, size):
    """The lexicographically next subset of {1..n}, in place."""
    slot = size - 1
    while slot >= 0 and subset[slot] == n - size + 1 + slot:
        slot -= 1
    if slot < 0:
        return
    subset[slot] += 1
    for later in range(slot + 1, size):
        subset[later] = subset[later - 1] + 1


@njit(cache=True, nogil=True)
def line_of(turned, subset, size, p, q, Q, R):
    """The line {p + t q} on which the `size` rows of `subset` vanish, in the first size + 2 coordinates.

    The last coordinate is positive along p (`p[-1]`, the height) and zero along q. Writes Q, R: rows of the subset without their last
    coordinate are R^T Q. Returns a bound on the error of the plane of p and q, or inf when it is not determined; within the
    plane p and q are known up to a rotation by that error / height.
    """
    dim = size + 2
    # Gram-Schmidt of the full rows, then the two unit vectors orthogonal to them.
    basis = np.empty((dim, dim))
    smallest = 1.0
    for l in range(size):
        row = turned[subset[l]]
        norm0 = 0.0
        for a in range(dim):
            basis[l, a] = row[a]
            norm0 += row[a] * row[a]
        for _ in range(2):
            for i in range(l):
                dot = 0.0
                for a in range(dim):
                    dot += basis[i, a] * basis[l, a]
                for a in range(dim):
                    basis[l, a] -= dot * basis[i, a]
        norm = 0.0
        for a in range(dim):
            norm += basis[l, a] * basis[l, a]
        if norm <= 0.0:
            return np.inf
        smallest = min(smallest, np.sqrt(norm / norm0))
        for a in range(dim):
            basis[l, a] /= np.sqrt(norm)
    for extra in range(size, dim):
        best, best_norm = -1, -1.0
        # the unit vector that the chosen ones cover least
        for e in range(dim):
            norm = 1.0
            for i in range(extra):
                norm -= basis[i, e] * basis[i, e]
            if norm > best_norm:
                best, best_norm = e, norm
        for a in range(dim):
            basis[extra, a] = 0.0
        basis[extra, best] = 1.0
        for _ in range(2):
            for i in range(extra):
                dot = 0.0
                for a in range(dim):
                    dot += basis[i, a] * basis[extra, a]
                for a in range(dim):
                    basis[extra, a] -= dot * basis[i, a]
        norm = 0.0
        for a in range(dim):
            norm += basis[extra, a] * basis[extra, a]
        for a in range(dim):
            basis[extra, a] /= np.sqrt(norm)
    x, y = basis[size, dim - 1], basis[size + 1, dim - 1]
    height = np.hypot(x, y)
    if height <= 0.0:
        return np.inf
    for a in range(dim):
        p[a] = (x * basis[size, a] + y * basis[size + 1, a]) / height
        q[a] = (y * basis[size, a] - x * basis[size + 1, a]) / height
    q[dim - 1] = 0.0
    # The same rows without their last coordinate: the objective is decomposed over them.
    for l in range(size):
        row = turned[subset[l]]
        for a in range(dim - 1):
            Q[l, a] = row[a]
        for i in range(l):
            R[i, l] = 0.0
        for _ in range(2):
            for i in range(l):
                dot = 0.0
                for a in range(dim - 1):
                    dot += Q[i, a] * Q[l, a]
                R[i, l] += dot
                for a in range(dim - 1):
                    Q[l, a] -= dot * Q[i, a]
        norm = 0.0
        for a in range(dim - 1):
            norm += Q[l, a] * Q[l, a]
        R[l, l] = np.sqrt(norm)
        if R[l, l] <= 0.0:
            return np.inf
        for a in range(dim - 1):
            Q[l, a] /= R[l, l]
    return 1e-15 * dim / smallest


@njit(cache=True, nogil=True)
def decompose(Q, R, vector, size, mu):
    """mu with sum_l mu_l row_l = vector, for vector in the span of the rows R^T Q."""
    for l in range(size):
        mu[l] = 0.0
        for a in range(size + 1):
            mu[l] += Q[l, a] * vector[a]
    for l in range(size - 1, -1, -1):
        for i in range(l + 1, size):
            mu[l] -= R[l, i] * mu[i]
        mu[l] /= R[l, l]


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
        from dualscape.geometry.sweep import list_line

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
                bits = list_line(self.turned, level, line)
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
