"""The curvature N^T N + rho I that a loss has along free features, by the singular values of N."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A singular value of N below this share of the greatest is none.
SINGULAR = 1e-13


class Curvature:
    """N^T N + rho I for N (n, r): its inverse, and the singular vectors of N."""

    def __init__(self, U: Matrix, s: Vector, V: Matrix, decay: float) -> None:
        self.U, self.s, self._V, self._decay = U, s, V, decay

    @classmethod
    def of(cls, N: Matrix, decay: float) -> "Curvature":
        Q, R = np.linalg.qr(N)
        small, s, Vt = np.linalg.svd(R)
        there = s > (0.0 if decay > 0 else SINGULAR * s.max(initial=0.0))
        return cls(Q @ small[:, : len(s)][:, there], s[there], Vt[: len(s)].T[:, there], decay)

    @property
    def inverse_root(self) -> Matrix:
        """T with T^T (N^T N) T = I."""
        return self._V / self.s

    def solve(self, right: Vector) -> Vector:
        """(N^T N + rho I)^-1 right, (r,); 0 in directions that N does not see where rho = 0."""
        inside = self._V.T @ right
        if self._decay == 0:
            # Not by the squares, which may be below all numbers.
            return np.asarray(self._V @ (inside / self.s / self.s))
        found = self._V @ (inside / (self.s * self.s + self._decay))
        if len(self.s) == len(right):
            return found
        # Rounding along V would be divided by a decay that may be far smaller than s^2: it is taken out once more.
        rest = right - self._V @ inside
        return found + (rest - self._V @ (self._V.T @ rest)) / self._decay
