"""The polytope {c >= 0 : A c = b}: affine hull, dimension, extremes. Pure geometry.

All decisions are made on x_j = c_j |a_j| / |b|, the share of column j in b, so that rescaling A, b or a column
changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.geometry.linear_program import Maximiser, SparsestBound, maximisers, sparsest

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
AFFORDABLE = 20_000  # entries of Q up to which every coordinate gets a linear program of its own for its bound
FEASIBLE = 1e-6  # |A c - b| / |b| above this is no rounding


@dataclass(frozen=True)
class Margin:
    """The evidence of a decision "zero or not": all values lie outside (largest_zero, smallest_positive).

    Attributes:
        smallest_positive: the smallest value called positive, inf when there was none.
        largest_zero: the largest value called zero, 0 when there was none.
    """

    smallest_positive: float
    largest_zero: float

    def and_(self, other: "Margin") -> "Margin":
        """The margin of both decisions."""
        return Margin(min(self.smallest_positive, other.smallest_positive), max(self.largest_zero, other.largest_zero))

    @property
    def ratio(self) -> float:
        """smallest_positive / largest_zero: the larger, the safer."""
        return self.smallest_positive / self.largest_zero if self.largest_zero > 0 else np.inf


@dataclass(frozen=True, eq=False)
class Polytope:
    """{c >= 0 : A c = b} with its affine hull known.

    Attributes:
        k: number of coordinates.
        active: (q,) the coordinates that are positive somewhere; the others are 0 on the whole polytope.
        unit: (k,) c = unit * x turns shares into masses.
        Q, rhs: (r, q), (r,) orthonormal equations Q x = rhs of the active shares.
        inner: (k,) a point at which every active coordinate is positive.
        rank: rank of A.
        active_rank: rank of the active columns; no vertex has more positive coordinates.
        dimension: len(active) - active_rank.
        residual: |A c - b| / |b| at `inner`.
        tolerance: shares up to this are zero.
        rank_margin: singular values of the normalised columns, relative to the largest.
        hull_margin: largest shares over the polytope, of the coordinates tried.
    """

    k: int
    active: NDArray[np.intp]
    unit: Vector
    Q: Matrix
    rhs: Vector
    inner: Vector
    rank: int
    active_rank: int
    dimension: int
    residual: float
    tolerance: float
    rank_margin: Margin
    hull_margin: Margin

    def kernel(self) -> Matrix:
        """Orthonormal directions (q, dimension) of active shares that stay in the affine hull."""
        return np.asarray(np.linalg.svd(self.Q)[2][len(self.rhs) :].T)

    def masses(self, shares: Matrix) -> Matrix:
        """Masses c (..., k) of active shares x (..., q)."""
        c = np.zeros((*shares.shape[:-1], self.k))
        c[..., self.active] = shares * self.unit[self.active]
        return c

    def shares(self, c: Matrix) -> Matrix:
        """Active shares x (..., q) of masses c (..., k)."""
        return np.asarray(c[..., self.active] / self.unit[self.active])

    def maximise(self, functionals: Iterable[Vector]) -> list[tuple[float, Vector]]:
        """(max w.c, a vertex that attains it) for each w (k,)."""
        if len(self.active) == 0:
            return [(0.0, np.zeros(self.k)) for _ in functionals]
        scaled = (np.asarray(w, dtype=float)[self.active] * self.unit[self.active] for w in functionals)
        return [(value, self.masses(x)) for value, x in maximisers(self.Q, self.rhs, scaled)]

    def upper(self) -> Vector:
        """(k,) the greatest value of each coordinate."""
        top = np.zeros(self.k)
        for j, (value, _) in zip(self.active, self.maximise(np.eye(self.k)[self.active]), strict=True):
            top[j] = value
        return top

    def sparsest(self, *, nodes: int = 2000, seconds: float = 30.0) -> SparsestBound:
        """Bounds on the least number of positive coordinates of a vertex, by a MILP, and a vertex."""
        if len(self.active) == 0:
            return SparsestBound(0, 0, np.zeros(self.k))
        if self.Q.size <= AFFORDABLE:
            top = self.shares(self.upper())
        else:
            top = np.full(len(self.active), Maximiser(self.Q, self.rhs)(np.ones(len(self.active)))[0])
        top = top * (1 + 1e-9)
        found = sparsest(self.Q, self.rhs, top, tolerance=self.tolerance, nodes=nodes, seconds=seconds)
        return SparsestBound(found.low, found.high, self.masses(found.point))


def polytope(A: Matrix, b: Vector, *, tolerance: float = 1e-8, rank_tolerance: float = 1e-9) -> Polytope:
    """The polytope {c >= 0 : A c = b}.

    Args:
        A: (n, k) columns.
        b: (n,) right side.
        tolerance: a share c_j |a_j| / |b| up to this is zero.
        rank_tolerance: singular values of the normalised columns below this fraction of the largest are zero.

    Raises:
        InputError: it is empty or unbounded.

    >>> P = polytope(np.array([[1.0, 1.0, 2.0]]), np.array([2.0]))
    >>> P.rank, P.dimension, P.upper().round(12).tolist()
    (1, 2, [2.0, 2.0, 1.0])
    """
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)
    norms, size = _norms(A), float(_norms(b[:, None])[0])
    if (norms == 0).any():
        raise InputError(f"column {int(np.argmin(norms))} of A is zero, so its mass is unbounded; leave it out")
    X, target = A / norms, b / size if size > 0 else b
    Q, rhs, rank_margin = _equations(X, target, rank_tolerance)
    found, hull_margin = _positive_somewhere(Q, rhs, size > 0, tolerance)
    positive = found.max(axis=0, initial=0.0) > tolerance
    inner = np.where(positive, found.mean(axis=0), 0.0) if len(found) else np.zeros(A.shape[1])
    residual = float(np.linalg.norm(X @ inner - target))
    if residual > FEASIBLE:
        raise InputError(f"{{c >= 0 : A c = b}} is empty: b is off the columns' cone by {residual:.1e} of its size")
    active, unit, rank = np.flatnonzero(positive), size / norms, len(rhs)
    # From here on b is what the inner point makes of it, so that rounding in b cannot empty the polytope.
    Q, rhs, active_margin = _equations(X[:, active], X @ inner, rank_tolerance)
    return Polytope(
        A.shape[1],
        active,
        unit,
        Q,
        rhs,
        inner * unit,
        rank,
        len(rhs),
        len(active) - len(rhs),
        residual,
        tolerance,
        rank_margin.and_(active_margin),
        hull_margin,
    )


def _norms(A: Matrix) -> Vector:
    """Euclidean norms of the columns, safe from under- and overflow."""
    largest = np.abs(A).max(axis=0, initial=0.0)
    return np.asarray(largest * np.linalg.norm(A / np.where(largest > 0, largest, 1.0), axis=0))


def _equations(X: Matrix, target: Vector, rank_tolerance: float) -> tuple[Matrix, Vector, Margin]:
    """Orthonormal equations Q x = rhs equivalent to X x = target, and how clear the rank is."""
    if X.shape[1] == 0:
        return np.zeros((0, 0)), np.zeros(0), Margin(np.inf, 0.0)
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    r = int((s > rank_tolerance * s[0]).sum())
    relative = s / s[0]
    margin = Margin(float(relative[:r].min(initial=np.inf)), float(relative[r:].max(initial=0.0)))
    return Vt[:r], (U[:, :r].T @ target) / s[:r], margin


def _feasible(Q: Matrix, rhs: Vector) -> tuple[Maximiser, Vector]:
    """A maximiser and its first point, which also tells that the polytope is bounded and not empty up to rounding."""
    ones = np.ones(Q.shape[1])
    try:
        solve = Maximiser(Q, rhs)
        return solve, solve(ones)[1]
    except InputError:
        solve = Maximiser(Q, rhs, tolerance=FEASIBLE / 10)
        return solve, solve(ones)[1]


def _positive_somewhere(Q: Matrix, rhs: Vector, nonzero: bool, tolerance: float) -> tuple[Matrix, Margin]:
    """Vertices that together are positive wherever the polytope is, and the margin of those called zero."""
    k = Q.shape[1]
    if k == 0:
        if nonzero:
            raise InputError("{c >= 0 : A c = b} is empty: there are no columns but b is not 0")
        return np.zeros((0, 0)), Margin(np.inf, 0.0)
    solve, first = _feasible(Q, rhs)
    top, found = np.zeros(k), [first]
    if not nonzero:
        return np.zeros((1, k)), Margin(np.inf, 0.0)
    np.maximum(top, found[0], out=top)
    for j in range(k):
        if top[j] <= tolerance:
            found.append(solve(np.eye(k)[j])[1])
            np.maximum(top, found[-1], out=top)
    positive = top > tolerance
    return np.array(found), Margin(float(top[positive].min(initial=np.inf)), float(top[~positive].max(initial=0.0)))
