"""Curves in the space of weights with fixed ends: polygonal chains and Bezier curves (Garipov et al. 2018).

Both are theta(t) = sum_k b_k(t) p_k of control points p_k with shares b_k(t) >= 0 that add up to 1, so that what is
learned, drawn or averaged needs only the shares.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
KINDS = ("chain", "bezier")


@dataclass(frozen=True, eq=False)
class Curve:
    """theta(t), 0 <= t <= 1, from the first control point to the last.

    Attributes:
        points: (K + 1, N) control points, K >= 1; the first and the last are the ends.
        kind: "chain", straight from one point to the next, or "bezier", of degree K.

    Raises:
        InputError: another kind, fewer than two points, or numbers that are not finite.

    >>> Curve([[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]], "bezier").at(0.5).tolist()
    [1.0, 1.0]
    >>> Curve([[0.0, 0.0], [1.0, 2.0], [2.0, 0.0]], "chain").at(0.5).tolist()
    [1.0, 2.0]
    """

    points: Matrix
    kind: str = "bezier"

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=float)
        if self.kind not in KINDS:
            raise InputError(f"a curve is of the kind 'chain' or 'bezier', got {self.kind!r}")
        if points.ndim != 2 or len(points) < 2:
            raise InputError("a curve needs two points at least, each a row of as many numbers")
        if not np.isfinite(points).all():
            raise InputError("the points of a curve contain NaN or inf; check how the networks were trained or read")
        points.setflags(write=False)
        object.__setattr__(self, "points", points)

    @classmethod
    def straight(cls, a: ArrayLike, b: ArrayLike, *, bends: int = 0, kind: str = "chain") -> "Curve":
        """The straight line from a to b (N,), with control points to bend it by."""
        a, b = np.asarray(a, dtype=float).reshape(-1), np.asarray(b, dtype=float).reshape(-1)
        if len(a) != len(b):
            raise InputError(f"the ends of a curve have {len(a)} and {len(b)} weights; give two of the same network")
        t = np.linspace(0.0, 1.0, bends + 2)[:, None]
        return cls(np.vstack([a, ((1 - t) * a + t * b)[1:-1], b]), kind)

    def shares(self, t: float) -> Vector:
        """(K + 1,) the shares b_k(t) of the control points.

        Raises:
            InputError: t is not in [0, 1].
        """
        if not 0 <= t <= 1:
            raise InputError(f"a curve runs from t = 0 to t = 1, got t = {t:g}")
        K = len(self.points) - 1
        if self.kind == "bezier":
            return np.array([comb(K, k) * t**k * (1 - t) ** (K - k) for k in range(K + 1)])
        return np.maximum(1 - np.abs(K * t - np.arange(K + 1)), 0.0)

    def at(self, t: float) -> Vector:
        """(N,) the weights at t."""
        return np.asarray(self.shares(t) @ self.points)
