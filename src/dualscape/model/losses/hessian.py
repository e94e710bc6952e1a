"""The Hessian of a loss in the fit, as what it does to columns: the solver needs its root and never its entries.

The Hessian of a sum over rows is diagonal; with several outputs a row it has a block for each row.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy

import numpy as np
from numpy.typing import NDArray

#: A vector (n,) or columns (n, k).
Columns = NDArray[np.float64]
Vector = NDArray[np.float64]


class Hessian(ABC):
    """A symmetric W >= 0 of shape (n, n), W = R^T R with a square root R that need not be symmetric: W^1/2 below."""

    @abstractmethod
    def root(self, M: Columns, *, overwrite: bool = False) -> Columns:
        """W^1/2 M, of the shape of M; M itself where W is the identity, or written over it."""

    @abstractmethod
    def unroot(self, v: Vector, flat: Vector | None = None, share: float = 0.0) -> Vector:
        """W^-1/2 v, shape (n,).

        Args:
            v: (n,).
            flat: (n,) what takes its place where W^1/2 is flat; None where it is flat nowhere.
            share: flat is what is not above this share of the greatest eigenvalue of W^1/2.
        """

    def lift(self, v: Vector) -> Vector:
        """The least x, (n,), with (W^1/2)^T x = v; `unroot` where the root is symmetric."""
        return self.unroot(v)

    def times(self, v: Vector) -> Vector:
        """W v, (n,); here for a symmetric root."""
        return np.asarray(self.root(self.root(v)))

    @abstractmethod
    def raised(self, share: float) -> "Hessian":
        """W with its eigenvalues raised to this share of the greatest there can be."""

    def alike(self, c: int) -> Vector | None:
        """(n,) or (1,) what W^1/2 multiplies all c entries of each row by; None where it is no number for a row."""
        return None

    @property
    def inner(self) -> "Hessian":
        """That of the loss without free features, which is no less than W; W itself where there are none."""
        return self


class Identity(Hessian):
    """W = I; nothing is copied.

    >>> M = np.ones((2, 3))
    >>> Identity().root(M) is M
    True
    """

    def root(self, M: Columns, *, overwrite: bool = False) -> Columns:
        return M

    def unroot(self, v: Vector, flat: Vector | None = None, share: float = 0.0) -> Vector:
        return v

    def alike(self, c: int) -> Vector | None:
        return np.ones(1)

    def raised(self, share: float) -> Hessian:
        return self


class Diagonal(Hessian):
    """W = diag(curvature) for a loss that is a sum over rows.

    Args:
        curvature: (n,) >= 0.
        most: the greatest curvature at any fit, of all rows or of each (n,); that of this one if unsaid.

    >>> W = Diagonal(np.array([4.0, 9.0]))
    >>> W.root(np.ones((2, 2))).tolist(), W.unroot(np.array([2.0, 3.0])).tolist()
    ([[2.0, 2.0], [3.0, 3.0]], [1.0, 1.0])
    """

    def __init__(self, curvature: Vector, most: Vector | None = None) -> None:
        self._curvature, self._root = curvature, np.sqrt(curvature)
        self._most = max(curvature.max(), 1e-300) if most is None else most

    def root(self, M: Columns, *, overwrite: bool = False) -> Columns:
        root = self._root if M.ndim == 1 else self._root[:, None]
        return np.multiply(root, M, out=M if overwrite else None)

    def unroot(self, v: Vector, flat: Vector | None = None, share: float = 0.0) -> Vector:
        if flat is None:
            return v / self._root
        steep = self._root > share * self._root.max()
        return np.where(steep, v / np.where(steep, self._root, 1.0), flat)

    def alike(self, c: int) -> Vector | None:
        rows = self._root.reshape(-1, c)
        return rows[:, 0] if (rows == rows[:, :1]).all() else None

    def raised(self, share: float) -> Hessian:
        return Diagonal(np.maximum(self._curvature, share * self._most))


class Blocks(Hessian):
    """W with a positive semi-definite block (c, c) for each of n rows, for a loss that sums over rows of c outputs.

    Args:
        blocks: (n, c, c).
        most: (n,) the greatest eigenvalue at any fit of each block; the greatest of this one if unsaid.

    >>> W = Blocks(np.array([[[2.0, 1.0], [1.0, 2.0]]]))
    >>> W.times(np.array([1.0, 0.0])).round(12).tolist(), W.unroot(W.root(np.array([3.0, 5.0]))).round(12).tolist()
    ([2.0, 1.0], [3.0, 5.0])
    """

    def __init__(self, blocks: NDArray[np.float64], most: Vector | None = None) -> None:
        values, self._axes = np.linalg.eigh(blocks)
        self._values = np.maximum(values, 0.0)
        self._most = np.full(len(blocks), max(self._values.max(initial=0.0), 1e-300)) if most is None else most

    def root(self, M: Columns, *, overwrite: bool = False) -> Columns:
        return self._along(M, lambda parts: np.sqrt(self._values)[:, :, None] * parts)

    def unroot(self, v: Vector, flat: Vector | None = None, share: float = 0.0) -> Vector:
        roots = np.sqrt(self._values)[:, :, None]
        if flat is None:
            return self._along(v, lambda parts: parts / roots)
        steep = roots > share * roots.max()
        return self._along(v, lambda parts: np.where(steep, parts / np.where(steep, roots, 1.0), self._turned(flat)))

    def raised(self, share: float) -> Hessian:
        other = copy(self)
        other._values = np.maximum(self._values, share * self._most[:, None])
        return other

    def _turned(self, M: Columns) -> NDArray[np.float64]:
        """M in the axes of the blocks, (n, c, k)."""
        n, c, _ = self._axes.shape
        return np.asarray(self._axes.transpose(0, 2, 1) @ M.reshape(n, c, -1))

    def _along(self, M: Columns, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Columns:
        """M with its parts along the axes of the blocks changed, in the shape of M."""
        return np.asarray(self._axes @ change(self._turned(M))).reshape(M.shape)
