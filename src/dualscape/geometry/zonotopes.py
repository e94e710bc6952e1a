"""Zonotopes, sums of segments, in any dimension.

With A the sum of the segments [0, nu_i x_i] over nu_i > 0 and B the sum of [0, |nu_i| x_i] over nu_i < 0,
nu^T (X u)_+ = h_A(u) - h_B(u), so the maximum of |nu^T (X u)_+| over unit u is the Hausdorff distance of A
and B (THEORY section 2).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Triangles = NDArray[np.intp]
PARALLEL = 1e-10  # sine below which two generators are one line, or a generator lies in a plane


@dataclass(frozen=True, eq=False)
class Zonotope:
    """The sum of the segments [0, g_i].

    Attributes:
        generators: (q, d) the ends g_i; q may be 0, which is the point 0.
    """

    generators: Matrix

    @property
    def dimension(self) -> int:
        """d, the dimension of the space it lies in."""
        return int(self.generators.shape[1])

    @property
    def centre(self) -> Vector:
        """(d,) its centre of symmetry."""
        return np.asarray(0.5 * self.generators.sum(axis=0))

    def support(self, directions: Matrix) -> Vector:
        """h(u) = max over the zonotope of u.p for every row of (k, d), shape (k,)."""
        return np.asarray(np.maximum(directions @ self.generators.T, 0.0).sum(axis=1))

    def vertex(self, direction: Vector) -> Vector:
        """A vertex (d,) at which u.p is greatest."""
        return np.asarray(self.generators[self.generators @ direction > 0].sum(axis=0))

    def project(self, point: Vector) -> Vector:
        """The point of the zonotope nearest to `point`, shape (d,), by Wolfe's method (finite)."""
        return point + _nearest_to_origin(lambda u: self.vertex(u) - point, self.dimension, self._size(point))

    def distance(self, point: Vector) -> float:
        """Distance of `point` from the zonotope."""
        return float(np.linalg.norm(point - self.project(point)))

    def _size(self, point: Vector) -> float:
        return float(np.linalg.norm(self.generators, axis=1).sum() + np.linalg.norm(point))

    def lines(self) -> Matrix:
        """(r, d) generators with parallel and antipodal ones merged: the zonotope is centre + sum [-g/2, g/2]."""
        lengths = np.linalg.norm(self.generators, axis=1)
        kept = self.generators[lengths > PARALLEL * lengths.max(initial=0.0)]
        merged: list[Vector] = []
        while len(kept):
            first = kept[0] / np.linalg.norm(kept[0])
            along = kept @ first
            off = np.linalg.norm(kept - along[:, None] * first, axis=1)
            same = off <= PARALLEL * np.linalg.norm(kept, axis=1)
            same[0] = True
            merged.append(first * np.abs(along[same]).sum())
            kept = kept[~same]
        return np.array(merged).reshape(-1, self.dimension)


def _affine_minimiser(points: Matrix) -> Vector:
    """Weights (k,), sum one, of the point of least norm in the affine hull of the rows."""
    differences = points[1:] - points[0]
    weights, *_ = np.linalg.lstsq(differences.T, -points[0], rcond=None)
    return np.concatenate([[1.0 - weights.sum()], weights])


def _nearest_to_origin(farthest: Callable[[Vector], Vector], dimension: int, size: float) -> Vector:
    """The point of least norm of a polytope, given the vertex that is farthest in each direction (Wolfe 1976)."""
    active = np.array([farthest(np.ones(dimension))])
    weights = np.ones(1)
    nearest = active[0]
    for _ in range(100 * (dimension + 1)):
        candidate = farthest(-nearest)
        gain = nearest @ nearest - candidate @ nearest
        repeated = bool((np.abs(active - candidate).max(axis=1) <= 1e-15 * size).any())
        if gain <= 1e-14 * size * np.linalg.norm(nearest) or repeated:
            break
        active, weights = np.vstack([active, candidate]), np.append(weights, 0.0)
        active, weights = _to_affine_minimum(active, weights)
        nearest = weights @ active
    return np.asarray(nearest)


def _to_affine_minimum(active: Matrix, weights: Vector) -> tuple[Matrix, Vector]:
    """Wolfe's minor cycle: drop points until the affine minimiser is a convex combination of the rest."""
    while True:
        target = _affine_minimiser(active)
        if len(active) == 1 or target.min() > 1e-14:
            return active, np.maximum(target, 0.0) / np.maximum(target, 0.0).sum()
        falling = np.flatnonzero(target <= 1e-14)
        drop = weights[falling] - target[falling]
        ratios = np.where(drop > 0, weights[falling] / np.where(drop > 0, drop, 1.0), 0.0)
        step = float(min(1.0, ratios.min()))
        weights = weights + step * (target - weights)
        weights[falling[int(np.argmin(ratios))]] = 0.0
        keep = weights > 0
        active, weights = active[keep], weights[keep] / weights[keep].sum()


def two_zonotopes(X: Matrix, nu: Vector) -> tuple[Zonotope, Zonotope]:
    """(A, B) of the data X (n, d) and the dual variable nu (n,)."""
    scaled = np.abs(nu)[:, None] * X
    return Zonotope(scaled[nu > 0]), Zonotope(scaled[nu < 0])
