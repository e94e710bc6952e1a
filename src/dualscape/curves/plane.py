"""The plane through three networks (Garipov et al. 2018): an orthonormal frame, and values on a grid in it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane through three points a, b, c of the space of weights.

    Attributes:
        origin: (N,) the point a.
        axes: (2, N) orthonormal: from a towards b, and the part of c - a across it.
        corners: (3, 2) where a, b and c lie in it.

    >>> plane = Plane.through([0.0, 0.0, 1.0], [2.0, 0.0, 1.0], [1.0, 3.0, 1.0])
    >>> plane.corners.tolist(), plane.at(1.0, 3.0).tolist()
    ([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]], [1.0, 3.0, 1.0])
    """

    origin: Vector
    axes: Matrix
    corners: Matrix

    @classmethod
    def through(cls, a: ArrayLike, b: ArrayLike, c: ArrayLike) -> "Plane":
        """The plane through three points (N,).

        Raises:
            InputError: they lie on a line, or have different numbers of weights.
        """
        points = [np.asarray(point, dtype=float).reshape(-1) for point in (a, b, c)]
        if len({len(point) for point in points}) > 1:
            raise InputError("the three networks have different numbers of weights; give three of the same width")
        along, across = points[1] - points[0], points[2] - points[0]
        length = float(np.linalg.norm(along))
        first = along / (length or 1.0)
        rest = across - (across @ first) * first
        height = float(np.linalg.norm(rest))
        if not length or height <= 1e-9 * np.linalg.norm(across):
            raise InputError("the three networks lie on a line in the space of weights, which spans no plane")
        axes = np.vstack([first, rest / height])
        return cls(points[0], axes, np.array([[0.0, 0.0], [length, 0.0], axes @ across]))

    def at(self, x: float, y: float) -> Vector:
        """(N,) the weights at (x, y)."""
        return np.asarray(self.origin + x * self.axes[0] + y * self.axes[1])

    def coordinates(self, theta: ArrayLike) -> Vector:
        """(2,) where the point of the plane lies that is nearest to weights (N,)."""
        return np.asarray(self.axes @ (np.asarray(theta, dtype=float) - self.origin))

    def grid(
        self, value: Callable[[Vector], float], count: int = 41, margin: float = 0.3
    ) -> tuple[Vector, Vector, Matrix]:
        """(xs, ys, values (count, count)) of a function of the weights around the three points."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        low, high = low - margin * (high - low), high + margin * (high - low)
        xs, ys = (np.linspace(low[i], high[i], count) for i in range(2))
        return xs, ys, np.array([[value(self.at(x, y)) for x in xs] for y in ys])
