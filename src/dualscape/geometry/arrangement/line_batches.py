"""The lines of `lines`, many at a time, by whole arrays of a library: for devices with their own memory."""

from math import comb
from typing import Any, NamedTuple

import numpy as np

from dualscape.geometry.arrangement.lines import features, is_chosen
from dualscape.running.devices import Arrays

#: No more subsets than this are counted.
COUNTLESS = 2**63 - 1


class Frames(NamedTuple):
    """What `lines.frame_line` finds, with a column for each line.

    Attributes:
        p: (level + 1, lines); a line is {p + t q}.
        q: (level + 1, lines).
        D: (level - 1, level, lines), from a vector to its coefficients in the rows of the subset.
        error: (lines,) of an offset or slope.
        clear: (lines,) how far from 0 a coefficient is whose sign is known, in units of 1 + |that of the crossing|; not
            finite where the line is not determined.
        lost: (lines,) relative error of coefficients.
    """

    p: Any
    q: Any
    D: Any
    error: Any
    clear: Any
    lost: Any


class LineArrays:
    """Lines of one level: subsets of `size` = level - 1 >= 1 of the hyperplanes 1..M - 1.

    Args:
        there: the library, and where it computes.
        columns: (r, N) normals, those of the arrangement first.
        M: how many these are.
        level: of the lines.
    """

    def __init__(self, there: Arrays, columns: Any, M: int, level: int) -> None:
        move = there.move
        self._xp, self._move, self._size, self._last = there.xp, move, level - 1, M - 1
        self._columns = move(columns[: level + 1])
        counts = [[min(comb(m, k), COUNTLESS) for m in range(M)] for k in range(level)]
        self._counts = move(np.array(counts, dtype=np.int64))
        # Triples need sums of 4^(k mod 3) as shifts of a long word; of the other features only the low bits matter.
        kind = np.int64 if level == 4 else np.int8
        table = np.array([features.py_func(k) for k in range(M)], dtype=np.int64).astype(kind)
        self._features = [move(feature) for feature in table.T]
        self._numbers, self._axes = move(np.arange(M)[:, None]), move(np.arange(level + 1)[:, None])

    def swept(self, first: int, lines: int) -> tuple[Any, Any]:
        """(positions (m,) of those to sweep among `lines` from `first` on, their subsets (size, m))."""
        positions = self._move(np.arange(lines))
        # In lexicographic order, with so many subsets from each on: of k of the last m hyperplanes, when it has these.
        rest, subsets = self._counts[self._size, self._last] - first - positions, []
        for k in range(self._size, 0, -1):
            m = self._xp.searchsorted(self._counts[k], rest)
            subsets.append(self._last + 1 - m)
            rest = rest - self._counts[k][m - 1]
        found = self._xp.stack(subsets)
        swept = is_chosen.py_func(self._size, *self._summary(found, self._size))
        return positions[swept], found[:, swept]

    def owned(self, subsets: Any) -> Any:
        """(M, lines), which vertices belong to the lines of these subsets (size, lines); see `lines.mark_owned`."""
        owned = (self._numbers > 0) & (subsets[:1] > 0)
        for l, hyperplane in enumerate(subsets):
            odd, thirds, ones, others = self._summary(subsets, l)
            mine = [feature[:, None] for feature in self._features]
            after = (odd + mine[0], thirds + mine[1], ones ^ mine[2], others ^ mine[3])
            owned &= ~((self._numbers < hyperplane) & is_chosen.py_func(self._size, *after))
            owned &= self._numbers != hyperplane
        return owned

    def _summary(self, subsets: Any, without: int) -> tuple[Any, Any, Any, Any]:
        """`lines.summary` of subsets (size, lines) without the row of that index."""
        odd, thirds, ones, others = (0 * self._features[0][subsets[0]] for _ in range(4))
        for l, hyperplane in enumerate(subsets):
            if l != without:
                mine = [feature[hyperplane] for feature in self._features]
                odd, thirds, ones, others = odd + mine[0], thirds + mine[1], ones ^ mine[2], others ^ mine[3]
        return odd, thirds, ones, others

    def frames(self, subsets: Any) -> Frames:
        """The lines of subsets (size, lines). What cannot be divided by gives numbers that are not finite."""
        xp, size = self._xp, self._size
        level = size + 1
        normals = [self._columns[:, hyperplane] for hyperplane in subsets]
        basis, factor = _triangular(normals)
        relative = 4e-16 * (level + 1) * _inverse_norm(factor)
        for _ in range(2):
            covered = sum(vector * vector for vector in basis)
            # The unit vector that they cover least comes next.
            least = self._axes == covered.argmin(0)
            basis = _triangular([xp.where(least, xp.ones_like(covered), xp.zeros_like(covered))], basis)[0]
        one, other = basis[size:]
        x, y = one[-1], other[-1]
        height = (x * x + y * y) ** 0.5
        p, q = (x * one + y * other) / height, (y * one - x * other) / height
        q[-1] = 0.0
        Q, R = _triangular([normal[:-1] for normal in normals])
        D: list[Any] = [None] * size
        for l in range(size - 1, -1, -1):
            rest = Q[l]
            for i in range(l + 1, size):
                rest = rest - R[i][l] * D[i]
            D[l] = rest / R[l][l]
        stacked = xp.stack(D)
        squares = (stacked * stacked).sum(0).sum(0)
        lost = xp.maximum(relative / p[-1], 4e-16 * level * squares**0.5)
        return Frames(p, q, stacked, 2.0 * relative, 2.0 * xp.maximum(lost, 4e-16 * level * level * squares), lost)


def _triangular(vectors: list[Any], basis: Any = ()) -> tuple[list[Any], list[list[Any]]]:
    """Gram-Schmidt, twice: (orthonormal vectors (., lines) after those of `basis`, coefficients of each in these)."""
    basis, factors = list(basis), []
    for vector in vectors:
        factor = [0.0 * vector[0]] * len(basis)
        for _ in range(2):
            for i, known in enumerate(basis):
                dot = (known * vector).sum(0)
                factor[i] = factor[i] + dot
                vector = vector - dot * known
        norm = (vector * vector).sum(0) ** 0.5
        basis.append(vector / norm)
        factors.append([*factor, norm])
    return basis, factors


def _inverse_norm(factors: list[list[Any]]) -> Any:
    """`lines.inverse_norm`: factors[j][i] is the entry (i, j) of an upper triangle."""
    total: Any = 0.0
    for j in range(len(factors)):
        column: list[Any] = [None] * (j + 1)
        for i in range(j, -1, -1):
            value = 1.0 if i == j else 0.0
            for k in range(i + 1, j + 1):
                value = value - factors[k][i] * column[k]
            column[i] = value / factors[i][i]
            total = total + column[i] * column[i]
    return total**0.5
