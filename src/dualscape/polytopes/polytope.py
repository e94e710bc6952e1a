"""The polytope {c >= 0 : A c = b}: affine hull, dimension, extremes. Pure geometry.

All decisions are made on x_j = c_j |a_j| / |b|, the share of column j in b, so that rescaling A, b or a column
changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.polytopes.linear_program import Maximiser, SparsestBound, maximisers, sparsest, widest_support

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
AFFORDABLE = 20_000  # entries of Q up to which every coordinate gets a linear program of its own for its bound
FEASIBLE = 1e-6  # |A c - b| / |b| above this is no rounding
ROUNDING = 2.0**-46  # relative errors of A and b when the caller knows nothing better


@dataclass(frozen=True)
class Margin:
    """The evidence of decisions "zero or positive": all values lie outside (largest_zero, smallest_positive).

    Attributes:
        smallest_positive: the smallest value called positive, inf when there was none.
        largest_zero: the largest value called zero, 0 when there was none.
        breaks: the least relative change of what the values depend on that could turn a positive one into zero.
        needed: the greatest relative change that a value called zero may stand for.
    """

    smallest_positive: float = np.inf
    largest_zero: float = 0.0
    breaks: float = np.inf
    needed: float = 0.0

    @classmethod
    def of(cls, values: Vector, errors: Vector, zero: NDArray[np.bool_]) -> "Margin":
        """Of values with errors per relative change, those that are called zero marked."""
        change = np.abs(values) / np.where(errors > 0, errors, 1.0)
        return cls(
            float(values[~zero].min(initial=np.inf)),
            float(np.abs(values[zero]).max(initial=0.0)),
            float(change[~zero].min(initial=np.inf)),
            float(change[zero].max(initial=0.0)),
        )

    def and_(self, other: "Margin") -> "Margin":
        """The margin of both decisions."""
        return Margin(
            min(self.smallest_positive, other.smallest_positive),
            max(self.largest_zero, other.largest_zero),
            min(self.breaks, other.breaks),
            max(self.needed, other.needed),
        )

    def scaled(self, factor: float) -> "Margin":
        """The same decisions with the relative changes of something else, as multiples of those here."""
        return Margin(self.smallest_positive, self.largest_zero, self.breaks * factor, self.needed * factor)


@dataclass(frozen=True, eq=False)
class Polytope:
    """{c >= 0 : A c = b} with its affine hull known.

    Attributes:
        k: number of coordinates.
        active: (q,) the coordinates that are positive somewhere; the others are 0 on the whole polytope.
        unit: (k,) c = unit * x turns shares into masses.
        Q, rhs: (r, q), (r,) orthonormal equations Q x = rhs of the active shares.
        singular: (r,) singular values of the normalised active columns; rhs is off by an error of b divided by them.
        inner: (k,) a point at which every active coordinate is positive.
        rank: rank of A.
        active_rank: rank of the active columns; no vertex has more positive coordinates.
        dimension: len(active) - active_rank.
        residual: |A c - b| / |b| at `inner`.
        error: relative error of b.
        margin: of the shares that were called zero or positive.
        rank_margin: of the singular values of the normalised columns, relative to the largest.
    """

    k: int
    active: NDArray[np.intp]
    unit: Vector
    Q: Matrix
    rhs: Vector
    singular: Vector
    inner: Vector
    rank: int
    active_rank: int
    dimension: int
    residual: float
    error: float
    margin: Margin
    rank_margin: Margin

    @property
    def sensitivity(self) -> Vector:
        """(q,) how far the least-norm solution moves in a coordinate for a relative error of b of 1."""
        return np.asarray(np.linalg.norm(self.Q.T / self.singular, axis=1))

    @property
    def tolerance(self) -> Vector:
        """(q,) active shares up to this are zero."""
        return self.error * self.sensitivity

    def kernel(self) -> Matrix:
        """Orthonormal directions (q, dimension) of active shares that stay in the affine hull."""
        return _kernel(self.Q, len(self.active))

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


def polytope(
    A: Matrix, b: Vector, *, start: Vector | None = None, error: float = ROUNDING, column_error: float = ROUNDING
) -> Polytope:
    """The polytope {c >= 0 : A c = b}.

    Args:
        A: (n, k) columns.
        b: (n,) right side.
        start: (k,) a point of it whose positive coordinates have independent columns; found when not given.
        error: relative error of b: a coordinate that it can explain is zero.
        column_error: relative error of the columns: singular values that it can explain are zero.

    Raises:
        InputError: it is empty or unbounded.

    >>> P = polytope(np.array([[1.0, 1.0, 2.0]]), np.array([2.0]))
    >>> P.rank, P.dimension, P.upper().round(12).tolist()
    (1, 2, [2.0, 2.0, 1.0])
    """
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)
    norms, size = _norms(A), float(_norms(b[:, None])[0])
    k = len(norms)
    if (norms == 0).any():
        raise InputError(f"column {int(np.argmin(norms))} of A is zero, so its mass is unbounded; leave it out")
    if k == 0 and size > 0:
        raise InputError("{c >= 0 : A c = b} is empty: there are no columns but b is not 0")
    X, target, unit = A / norms, b / size if size > 0 else b, size / norms
    if start is None:
        first = _basic_point(*_equations(X, target, column_error)[:2], size > 0)
    else:
        first = start / np.where(unit > 0, unit, 1.0)
    residual = float(np.linalg.norm(X @ first - target))
    if residual > FEASIBLE:
        raise InputError(f"{{c >= 0 : A c = b}} is empty: b is off the columns' cone by {residual:.1e} of its size")
    point, margin = _without_rounding(X, target, first, error)
    # The columns of a basic point are independent, however nearly they depend on each other.
    least = int((point > 0).sum())
    Q, rhs, _, rank_margin = _equations(X, target, column_error, least)
    rank = len(rhs)
    moving = widest_support(_kernel(Q, k), point > 0) if len(rhs) < k and size > 0 else np.zeros(k)
    active = np.flatnonzero((point > 0) | (moving > 0))
    Q, rhs, singular, active_margin = _equations(X[:, active], X[:, active] @ point[active], column_error, least)
    inner = np.zeros(k)
    inner[active] = _inside(point[active], moving[active], _kernel(Q, len(active)))
    return Polytope(
        k,
        active,
        unit,
        Q,
        rhs,
        singular,
        inner * unit,
        rank,
        len(rhs),
        len(active) - len(rhs),
        float(np.linalg.norm(X @ inner - target)),
        error,
        margin,
        rank_margin.and_(active_margin),
    )


def _norms(A: Matrix) -> Vector:
    """Euclidean norms of the columns, safe from under- and overflow."""
    largest = np.abs(A).max(axis=0, initial=0.0)
    return np.asarray(largest * np.linalg.norm(A / np.where(largest > 0, largest, 1.0), axis=0))


def _equations(X: Matrix, target: Vector, column_error: float, least: int = 0) -> tuple[Matrix, Vector, Vector, Margin]:
    """Orthonormal equations Q x = rhs equivalent to X x = target, their singular values, and how clear the rank is.

    The rank is known to be at least `least`.
    """
    if X.shape[1] == 0:
        return np.zeros((0, 0)), np.zeros(0), np.zeros(0), Margin()
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    zero = s <= column_error * X.shape[1] ** 0.5 * s[0]
    zero[:least] = False
    r = int((~zero).sum())
    margin = Margin.of(s / s[0], np.full(len(s), X.shape[1] ** 0.5), zero)
    return Vt[:r], (U[:, :r].T @ target) / s[:r], s[:r], margin


def _kernel(Q: Matrix, k: int) -> Matrix:
    """Orthonormal directions (k, k - r) with Q x = 0."""
    return np.asarray(np.linalg.svd(Q)[2][len(Q) :].T) if len(Q) else np.eye(k)


def _basic_point(Q: Matrix, rhs: Vector, nonzero: bool) -> Vector:
    """Shares of a vertex, found by a linear program, which also tells that the polytope is bounded and not empty."""
    ones = np.ones(Q.shape[1])
    if len(ones) == 0:
        return ones
    try:
        found = Maximiser(Q, rhs)(ones)[1]
    except InputError:
        found = Maximiser(Q, rhs, tolerance=FEASIBLE / 10)(ones)[1]
    return found if nonzero else np.zeros_like(found)


def _without_rounding(X: Matrix, target: Vector, point: Vector, error: float) -> tuple[Vector, Margin]:
    """The point without coordinates that an error of the target can explain, and the margin of those decisions."""
    dropped = Margin()
    while True:
        support = np.flatnonzero(point > 0)
        if len(support) == 0:
            return point, dropped
        moves = np.linalg.norm(np.linalg.pinv(np.linalg.qr(X[:, support], mode="r")), axis=1)
        change = point[support] / moves
        margin = Margin.of(point[support], moves, np.zeros(len(support), dtype=bool)).and_(dropped)
        small = np.flatnonzero(change <= error)
        # All at once, since one alone may leave others a little below 0; then the least one alone.
        for some in (small, small[np.argsort(change[small])[:1]]):
            x = _solved_without(X, target, support, some, error * moves)
            if len(some) and x is not None and np.linalg.norm(X @ x - target) <= 2 * error:
                break
        else:
            # Shares that are nothing beside the error need no others in their place.
            x = np.where(np.isin(np.arange(len(point)), support[small]), 0.0, point)
            if len(small) == 0 or np.linalg.norm(X @ x - target) > 2 * error:
                return point, margin
        gone = np.flatnonzero(x[support] == 0)
        zero = Margin(largest_zero=float(point[support[gone]].max()), needed=float(change[gone].max()))
        dropped, point = dropped.and_(zero), x


def _solved_without(
    X: Matrix, target: Vector, support: NDArray[np.intp], gone: NDArray[np.intp], allowed: Vector
) -> Vector | None:
    """Masses on the rest of the support; what falls below 0 by no more than `allowed` is left out, None if by more."""
    out = np.zeros(len(support), dtype=bool)
    out[gone] = True
    while True:
        rest = support[~out]
        x = np.linalg.lstsq(X[:, rest], target, rcond=None)[0]
        if (x < -allowed[~out]).any():
            return None
        if (x > 0).all():
            found = np.zeros(X.shape[1])
            found[rest] = x
            return found
        out[np.flatnonzero(~out)[x <= 0]] = True


def _inside(point: Vector, moving: Vector, kernel: Matrix) -> Vector:
    """A point at which all coordinates are positive: half of the way along `moving`, laid into the kernel."""
    step = kernel @ (kernel.T @ moving)
    if not (step < 0).any():
        return point
    most = float((point[step < 0] / -step[step < 0]).min())
    return np.asarray(point + 0.5 * most * step)
