"""The structure of {c >= 0 : A c = y*} by brute force: vertices, widths and components (THEORY section 7)."""

from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial

import numpy as np
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from .arithmetic import (
    Number,
    Row,
    Rows,
    dot,
    eliminate,
    floats,
    is_exact,
    is_zero,
    number,
    rank,
    rational,
    real,
    solved,
)

#: Choices of zero masses that are tried, at most; more is too much for this program.
CHOICES = 13_000
VERTICES = 4_000
SMALL = 60  # up to this many choices none is worth avoiding


class TooMany(Exception):
    """The polytope has more vertices than this program lists."""


@dataclass(frozen=True)
class Stairs:
    """Widths: m*, M*, the width from which on all is connected, and (components, single points, of C*) per width."""

    m_star: int
    M_star: int
    connected_from: int
    rows: dict[int, tuple[int, int, int]]


@dataclass(frozen=True)
class Truth:
    """What is known of an optimal set.

    Attributes:
        directions, signs: (k, d), (k,) the tight units.
        columns: (n, k) their columns.
        masses: (k,) the masses of an optimal network.
        rank: rank of the columns.
        dimension: of the polytope of masses; None when there are too many vertices to list.
        vertices: supports of all vertices, or None.
        stairs: the widths, or None.
        slack: the least relative slack of a local maximum that is not tight.
        margin: the least relative change of y* that makes a positive mass of a vertex zero.
        singular: the least singular value of the columns at length 1 that is not zero, relative to the largest.
        fine: how small nu is beside y, where it is smallest: what rounding of y costs.
    """

    directions: np.ndarray
    signs: np.ndarray
    columns: np.ndarray
    masses: np.ndarray
    rank: int
    dimension: int | None
    vertices: frozenset[frozenset[int]] | None
    stairs: Stairs | None
    slack: float
    margin: float
    singular: float
    fine: float

    @property
    def k(self) -> int:
        """Number of tight units."""
        return len(self.signs)

    @property
    def well_posed(self) -> bool:
        """Whether all decisions are far from rounding."""
        shares = self.margin, self.singular, self.fine
        return not any(share < 2.0**-38 for share in shares) and self.slack >= 1e-10


def truth(
    directions: np.ndarray, signs: np.ndarray, A: Rows, y: Row, *, masses: np.ndarray | None, slack: float, fine: float
) -> Truth:
    """The structure, from the columns A (n, k) up to positive factors that make them those of unit neurons."""
    columns, r = floats(A), rank(A)
    values = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), compute_uv=False)
    singular = float(values[r - 1] / values[0])
    try:
        supports, points = vertices(A, y)
    except TooMany:
        if masses is None:
            raise
        return Truth(directions, signs, columns, masses, r, None, None, None, slack, float("nan"), singular, fine)
    active = sorted(set().union(*supports))
    dimension = len(active) - (rank([[row[j] for j in active] for row in A]) if active else 0)
    target = np.linalg.norm([number(x) for x in y])
    margin = min(_margin(columns, support, point) for support, point in zip(supports, points, strict=True)) / target
    return Truth(
        directions, signs, columns, points[0] if masses is None else masses, r, dimension, frozenset(supports),
        stairs(supports, len(signs)), slack, float(margin), singular, fine,
    )  # fmt: skip


def vertices(A: Rows, y: Row) -> tuple[list[frozenset[int]], list[np.ndarray]]:
    """Supports and masses of all vertices of {c >= 0 : A c = y}."""
    k = len(A[0])
    used = _usable(A, y)
    if len(used) < k:
        supports, points = vertices([[row[j] for j in used] for row in A], y)
        wide = [np.zeros(k) for _ in points]
        for full, point in zip(wide, points, strict=True):
            full[used] = point
        return [frozenset(used[j] for j in support) for support in supports], wide
    pivots, table = eliminate([[*row, target] for row, target in zip(A, y, strict=True)], k)
    r = len(pivots)
    size = max(abs(number(x)) for x in y)
    for row in table[r:]:
        if not is_zero(row[k], size):
            raise ValueError("y* is no combination of the columns")
    free = [j for j in range(k) if j not in pivots]
    if comb(k, len(free)) > CHOICES:
        raise TooMany
    zero, one = y[0] * 0, y[0] * 0 + 1
    # c_j = base_j + slopes_j . t with t the masses of the free units.
    base, slopes = [zero] * k, [[zero] * len(free) for _ in range(k)]
    for place, j in enumerate(free):
        slopes[j][place] = one
    for row, j in zip(table, pivots, strict=False):
        base[j], slopes[j] = row[k], [-row[i] for i in free]
    found: dict[frozenset[int], np.ndarray] = {}
    largest = 1e30 * size / min(max(abs(number(row[j])) for row in A) for j in range(k))
    for zeros in combinations(range(k), len(free)):
        t = solved([slopes[j] for j in zeros], [-base[j] for j in zeros]) if free else []
        if t is None:
            continue
        c = [_affine(b, slope, t) for b, slope in zip(base, slopes, strict=True)]
        scale = max(abs(number(x)) for x in c)
        if not is_exact(y[0]) and scale > largest:
            continue  # the choice is singular, but for the last digits
        if any(not is_zero(x, 1e5 * scale) and x < 0 for x in c):
            continue
        support = frozenset(j for j, x in enumerate(c) if not is_zero(x, 1e5 * scale))
        if support not in found and _independent(A, support):
            found[support] = np.array([number(x) if j in support else 0.0 for j, x in enumerate(c)])
            if len(found) > VERTICES:
                raise TooMany
    if not found:
        raise ValueError("no masses >= 0 reproduce y*")
    return list(found), list(found.values())


def _usable(A: Rows, y: Row) -> list[int]:
    """Units that may have a positive mass: not those with z.a_j > 0 for a z with z.a >= 0 for all units and z.y* = 0.

    A linear program proposes z; it is then made exact, and only what it proves exactly is left out.
    """
    k, r = len(A[0]), rank(A)
    everything = list(range(k))
    if comb(k, r) <= SMALL:
        return everything
    columns, target = floats(A), np.array([number(x) for x in y])
    columns = columns / np.linalg.norm(columns, axis=0)
    n = len(target)
    found = linprog(
        np.append(np.zeros(n), -np.ones(k)),
        A_ub=np.hstack([-columns.T, np.eye(k)]),
        b_ub=np.zeros(k),
        A_eq=np.append(target / np.linalg.norm(target), np.zeros(k))[None],
        b_eq=[0.0],
        bounds=[(-1e4, 1e4)] * n + [(0.0, 1.0)] * k,
    )
    if found.status != 0:
        return everything
    kept = [j for j in everything if found.x[n + j] < 1e-6]
    if len(kept) in (0, k):
        return everything
    z = _orthogonal([y[0] * 0 + (rational(x) if is_exact(y[0]) else real(x)) for x in found.x[:n].tolist()],
                    [[row[j] for row in A] for j in kept])  # fmt: skip
    proven = is_zero(dot(z, y), float(np.linalg.norm(target)) * 1e10) and all(
        number(dot(z, [row[j] for row in A])) > 1e-20 for j in everything if j not in kept
    )
    return kept if proven else everything


def _orthogonal(z: Row, rows: Rows) -> Row:
    """The part of z that is orthogonal to these rows."""
    pivots, table = eliminate(rows, len(z))
    basis = table[: len(pivots)]
    gram = [[dot(a, b) for b in basis] for a in basis]
    weights = solved(gram, [dot(a, z) for a in basis])
    assert weights is not None
    for weight, row in zip(weights, basis, strict=True):
        z = [x - weight * v if is_exact(x) else (x - weight * v).mid() for x, v in zip(z, row, strict=True)]
    return z


def _affine(base: Number, slope: Row, t: Row) -> Number:
    for a, x in zip(slope, t, strict=True):
        base = base + a * x
    return base if is_exact(base) else base.mid()


def _independent(A: Rows, support: frozenset[int]) -> bool:
    chosen = sorted(support)
    return is_exact(A[0][0]) or rank([[row[j] for j in chosen] for row in A]) == len(chosen)


def _margin(columns: np.ndarray, support: frozenset[int], c: np.ndarray) -> float:
    """The least |change of y*| that makes a mass of this vertex zero."""
    chosen = sorted(support)
    if not chosen:
        return float("inf")
    part = columns[:, chosen]
    lengths = np.linalg.norm(part, axis=0)
    inverse = np.linalg.pinv(part / lengths, rcond=1e-15)
    return float((c[chosen] * lengths / np.linalg.norm(inverse, axis=1)).min())


def stairs(supports: list[frozenset[int]], k: int) -> Stairs:
    """Components of the optimal networks, width by width."""
    table = np.zeros((len(supports), k), dtype=int)
    for i, support in enumerate(supports):
        table[i, sorted(support)] = 1
    sizes = table.sum(axis=1)
    union = sizes[:, None] + sizes[None, :] - table @ table.T
    m_star, M_star = int(sizes.min()), int(sizes.max())
    rows: dict[int, tuple[int, int, int]] = {}
    for m in range(m_star, max(m_star + M_star, M_star + 1) + 1):
        smaller = np.flatnonzero(sizes < m)
        joined = int(connected_components(union[np.ix_(smaller, smaller)] <= m)[0]) if len(smaller) else 0
        full = int((sizes == m).sum())
        rows[m] = (joined + factorial(m) * full, factorial(m) * full, joined + full)
    assert rows[max(rows)][0] == 1
    connected = min(m for m in rows if all(rows[w][0] == 1 for w in rows if w >= m))
    return Stairs(m_star, M_star, connected, {m: row for m, row in rows.items() if m <= connected})
