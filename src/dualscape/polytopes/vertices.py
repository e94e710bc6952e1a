"""Vertices of {c >= 0 : A c = b}: all of them within a budget, or a sample.

A vertex is the only point of its support, so every vertex is re-solved from its support alone, and its columns are
checked to be independent. Supports come from the double description method, or from linear programs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import NotCertifiedError
from dualscape.polytopes.double_description import extreme_rays
from dualscape.polytopes.linear_program import Maximiser
from dualscape.polytopes.polytope import FEASIBLE, Margin, Polytope
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interrupted, until

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
INDEPENDENT = 1e-12  # columns whose R has a smaller diagonal entry depend on each other
RAY_ZEROS = (
    1e-14,
    1e-12,
    1e-10,
)  # a coordinate of a ray below this share of its greatest is zero: the first that is clear
ARITHMETIC = 1e-13  # what rounding of the least squares problems leaves of b
LISTING = 0.5  # of the time that is left, for listing vertices and then for sampling them
SAMPLES = (30, 300)  # fewest and most random functionals when there are too many vertices to list
CLEAR = 1e2  # coordinates of rays that are not zero stand out from those that are by this factor


@dataclass(frozen=True, eq=False)
class Vertices:
    """Vertices, one per row, in a canonical order.

    Attributes:
        points: (V, k) masses; exact zeros off the support.
        complete: True when these are all the vertices.
        unsound: how many supports were found that hold no vertex after all; a sign of rounding.
        margin: of the shares called positive and zero, over all vertices.
        residual: largest |A c - b| / |b|.
        independence: how far the columns of any one vertex are from dependent (least diagonal of R in a QR).
    """

    points: Matrix
    complete: bool
    unsound: int
    margin: Margin
    residual: float
    independence: float

    @classmethod
    def unknown(cls, P: Polytope) -> "Vertices":
        """None of the vertices of P."""
        return cls(np.zeros((0, P.k)), False, 0, Margin(), P.residual, np.inf)


def vertices(P: Polytope, *, budget: int = 20_000) -> Vertices:
    """All vertices of P, or none and `complete=False` when they, or the steps towards them, exceed the budget.

    >>> from dualscape.polytopes.polytope import polytope
    >>> vertices(polytope(np.array([[1.0, 1.0, 2.0]]), np.array([2.0]))).points.round(12).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if len(P.active) == 0:
        return Vertices(np.zeros((1, P.k)), True, 0, Margin(), P.residual, np.inf)
    if P.dimension == 0:
        supports = np.ones((1, len(P.active)), dtype=bool)
        return _solve_supports(P, supports, True, Margin())
    inner = P.shares(P.inner)
    N = np.column_stack([inner / np.linalg.norm(inner), P.kernel()])
    for zero in RAY_ZEROS:
        rays = extreme_rays(N, budget=2 * budget + 1000, tolerance=zero)
        # A polytope has a vertex: where no ray is left, rounding has lost them.
        complete = rays.complete and 0 < len(rays.supports) <= budget
        supports = rays.supports if complete else rays.supports[:0]
        # Rounding of the rays decides which supports are tried; where zeros and others are not far apart, that counts.
        blurred = complete and rays.smallest_nonzero < CLEAR * rays.largest_zero
        seen = Margin(needed=rays.largest_zero if blurred else 0.0)
        found = _solve_supports(P, supports, complete, seen)
        if not blurred and (found.complete or not complete):
            break
    return found


def sampled_vertices(P: Polytope, count: int, rng: np.random.Generator) -> Vertices:
    """Some vertices: the maximisers of `count` random functionals, or of fewer if it is to stop, without duplicates."""
    solve = Maximiser(P.Q, P.rhs)
    found: list[NDArray[np.bool_]] = []
    for w in rng.standard_normal((count, len(P.active))):
        if found and interrupted():
            break
        found.append(solve(w)[1] > P.tolerance)
    return _solve_supports(P, np.unique(found, axis=0), False, Margin())


def known_vertices(P: Polytope, budget: int, effort: Effort) -> tuple[Vertices, Vertices | None]:
    """The vertices, and a sample of them where they cannot all be listed.

    Args:
        P: the polytope.
        budget: most vertices.
        effort: a share of the time that is left goes into listing, and one of what is left then into sampling.

    Raises:
        NotCertifiedError: there are some, and rounding hides all that were sampled.
    """
    listed = Vertices.unknown(P)
    try:
        with until(effort.first(LISTING).deadline):
            listed = vertices(P, budget=budget)
    except KeyboardInterrupt:
        check()  # it was the time
    if listed.complete:
        return listed, None
    affordable = 3_000_000 // max(P.Q.size, 1)
    with until(effort.first(LISTING).deadline):
        sampled = sampled_vertices(P, int(np.clip(affordable, *SAMPLES)), np.random.default_rng(0))
    check()
    if len(sampled.points) == 0 or P.dimension == 0:
        raise NotCertifiedError("rounding hides the optimal masses of the tight units; try a slightly different beta")
    return listed, sampled


def _solve_supports(P: Polytope, supports: NDArray[np.bool_], complete: bool, seen: Margin) -> Vertices:
    """The vertices with these supports, each solved anew; what is no vertex is left out, and `complete` then fails."""
    x, moves = np.zeros(supports.shape), np.ones(supports.shape)
    diagonal = np.full(len(supports), np.inf)
    sizes = supports.sum(axis=1)
    solve = _from_zeros if 0 < P.dimension < P.active_rank else _from_support
    for size in np.unique(sizes[sizes > 0]):
        group = np.flatnonzero(sizes == size)
        for part in np.array_split(group, -(-len(group) // 512)):
            x[part], diagonal[part], moves[part] = solve(P, supports[part], int(size))
    residual = np.linalg.norm((x @ P.Q.T - P.rhs) * P.singular, axis=1)
    tolerance = np.where(supports, P.error * moves, np.inf)
    sound = (x >= -tolerance).all(axis=1) & (residual <= FEASIBLE) & (diagonal > INDEPENDENT)
    # A share that its error could explain but that is large is not zero: its column is hard to tell from others.
    zero = (x <= np.minimum(tolerance, FEASIBLE))[sound]
    points = np.where(zero, 0.0, x[sound])
    on = supports[sound]
    off = float(np.linalg.norm((points @ P.Q.T - P.rhs) * P.singular, axis=1).max(initial=0.0))
    margin = Margin.of(x[sound][on], moves[sound][on], zero[on]).and_(seen)
    # A vertex that misses b by more than arithmetic does is one of another b.
    margin = margin.and_(Margin(needed=off if off > 4 * max(ARITHMETIC, P.error) else 0.0))
    order = np.lexsort((points > 0).T[::-1])[::-1]
    order = order[_first_of_each(points[order] > 0)]
    worst, independence = float(residual[sound].max(initial=0.0)), float(diagonal[sound].min(initial=np.inf))
    unsound = int((~sound).sum())
    return Vertices(P.masses(points[order]), complete and not unsound, unsound, margin, worst, independence)


def _first_of_each(rows: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of the rows that differ from the one before."""
    if len(rows) == 0:
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]).any(axis=1)))


def _from_support(P: Polytope, supports: NDArray[np.bool_], size: int) -> tuple[Matrix, Vector, Matrix]:
    """Points x (v, q) from Q_S x_S = rhs, how independent the columns of each support S are, and how far each share
    moves for a relative error of b of 1."""
    columns = np.nonzero(supports)[1].reshape(-1, size)
    x, moves = np.zeros(supports.shape), np.ones(supports.shape)
    if size > len(P.rhs):  # more columns than equations: never independent
        return x, np.zeros(len(x)), moves
    inverse, diagonal = _pseudo_inverses(P.Q.T[columns].transpose(0, 2, 1))
    np.put_along_axis(x, columns, inverse @ P.rhs, axis=1)
    np.put_along_axis(moves, columns, np.linalg.norm(inverse / P.singular, axis=2), axis=1)
    return x, diagonal, moves


def _from_zeros(P: Polytope, supports: NDArray[np.bool_], size: int) -> tuple[Matrix, Vector, Matrix]:
    """The same points from the other side, x = inner + Z z with x = 0 off S: cheaper when the dimension is small.

    The columns of S are independent exactly when the rows of Z off S have full rank.
    """
    zeros = np.nonzero(~supports)[1].reshape(len(supports), -1)
    if zeros.shape[1] < P.dimension:
        return np.zeros(supports.shape), np.zeros(len(supports)), np.ones(supports.shape)
    Z, inner, single = P.kernel(), P.shares(P.inner), P.sensitivity
    inverse, diagonal = _pseudo_inverses(Z[zeros])
    z = -(inverse @ inner[zeros][..., None])[..., 0]
    # An error of b moves the inner point, and with it what has to be taken back at the zeros.
    moves = single + np.einsum("vjl,vl->vj", np.abs(Z @ inverse), single[zeros])
    return np.where(supports, inner + z @ Z.T, 0.0), diagonal, moves


def _pseudo_inverses(M: Matrix) -> tuple[Matrix, Vector]:
    """Pseudo-inverses (v, s, r) of stacked matrices M (v, r, s), and the least |diagonal| of R in each M = Q R."""
    left, R = np.linalg.qr(M)
    diagonal = np.abs(np.diagonal(R, axis1=1, axis2=2)).min(axis=1)
    R[diagonal == 0] = np.eye(R.shape[1])
    return np.linalg.solve(R, left.transpose(0, 2, 1)), diagonal
