"""Where the Hausdorff distance of two zonotopes is attained: from a vertex of one to its projection on the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.zonotope_boundaries import boundary
from dualscape.geometry.zonotopes import Zonotope

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Segment:
    """A vertex of one zonotope and the nearest point of the other.

    Attributes:
        start: (d,) vertex of A (sign +1) or of B (sign -1).
        end: (d,) its projection on the other zonotope.
        sign: which of the two the vertex belongs to.
    """

    start: Vector
    end: Vector
    sign: int

    @property
    def length(self) -> float:
        """Distance of the vertex from the other zonotope; at most the Hausdorff distance."""
        return float(np.linalg.norm(self.start - self.end))


def attained_along(A: Zonotope, B: Zonotope, direction: Vector, sign: float) -> Segment:
    """The segment of the unit neuron (u, s).

    When s (h_A(u) - h_B(u)) is the Hausdorff distance h, then start - end = h u.
    """
    outer, inner = (A, B) if sign > 0 else (B, A)
    start = outer.vertex(direction)
    return Segment(start, inner.project(start), 1 if sign > 0 else -1)


def hausdorff(A: Zonotope, B: Zonotope) -> Segment:
    """A longest segment between the two, in the plane or in space: its length is the Hausdorff distance.

    The distance from a convex set is a convex function, so its maximum is at a vertex.
    """
    best = Segment(A.centre * 0, A.centre * 0, 1)
    for outer, inner, sign in ((A, B, 1), (B, A, -1)):
        for point in boundary(outer, limit=None).points:
            segment = Segment(point, inner.project(point), sign)
            best = segment if segment.length > best.length else best
    return best
