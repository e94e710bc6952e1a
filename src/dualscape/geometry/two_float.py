"""Arithmetic to about 32 digits: every number is the sum of two doubles (Dekker 1971; Hida, Li and Bailey 2001).

Used where double precision cannot tell zero from positive: on few numbers, never in a search.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Relative rounding of one operation (a few of the last bits are lost).
ROUNDING = 2.0**-100
SPLITTER = 2.0**27 + 1.0


@njit(cache=True, nogil=True, inline="always")
def _sum_of(a, b):
    """(s, e) with s + e = a + b exactly and s = fl(a + b)."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


@njit(cache=True, nogil=True, inline="always")
def _product_of(a, b):
    """(p, e) with p + e = a b exactly and p = fl(a b)."""
    p = a * b
    t = SPLITTER * a
    a1 = t - (t - a)
    a2 = a - a1
    t = SPLITTER * b
    b1 = t - (t - b)
    b2 = b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


@njit(cache=True, nogil=True)
def _multiply(ah, al, bh, bl, ch, cl):
    """c = a b for matrices (m, p) and (p, q)."""
    for i in range(ah.shape[0]):
        for l in range(ah.shape[1]):
            x, y = ah[i, l], al[i, l]
            if x == 0.0 and y == 0.0:
                continue
            for j in range(bh.shape[1]):
                p, e = _product_of(x, bh[l, j])
                s, t = _sum_of(ch[i, j], p)
                t += e + x * bl[l, j] + y * bh[l, j] + cl[i, j]
                ch[i, j] = s + t
                cl[i, j] = t - (ch[i, j] - s)


@dataclass(frozen=True, eq=False)
class TwoFloat:
    """An array of numbers hi + lo, |lo| at most half a unit in the last place of hi.

    Attributes:
        hi: the numbers rounded to double precision.
        lo: what the rounding left.

    >>> third = TwoFloat.of(np.array([1.0])) / TwoFloat.of(np.array([3.0]))
    >>> bool(abs((third * TwoFloat.of(np.array([3.0])) - TwoFloat.of(np.array([1.0]))).hi[0]) < 1e-30)
    True
    """

    hi: Array
    lo: Array

    @classmethod
    def of(cls, values: Array) -> "TwoFloat":
        """Doubles as they are."""
        hi = np.asarray(values, dtype=np.float64)
        return cls(hi, np.zeros_like(hi))

    def __add__(self, other: "TwoFloat") -> "TwoFloat":
        s, e = _two_sum(self.hi, other.hi)
        return _renormalised(s, e + (self.lo + other.lo))

    def __sub__(self, other: "TwoFloat") -> "TwoFloat":
        return self + TwoFloat(-other.hi, -other.lo)

    def __mul__(self, other: "TwoFloat") -> "TwoFloat":
        p, e = _two_product(self.hi, other.hi)
        return _renormalised(p, e + (self.hi * other.lo + self.lo * other.hi))

    def __truediv__(self, other: "TwoFloat") -> "TwoFloat":
        first = self.hi / other.hi
        rest = self - TwoFloat.of(first) * other
        return _renormalised(first, rest.hi / other.hi)

    def __matmul__(self, other: "TwoFloat") -> "TwoFloat":
        """The product of two matrices."""
        hi, lo = np.zeros((2, self.hi.shape[0], other.hi.shape[1]))
        parts = (self.hi, self.lo, other.hi, other.lo)
        a, b, c, d = (np.ascontiguousarray(part) for part in parts)
        _multiply(a, b, c, d, hi, lo)
        return TwoFloat(hi, lo)

    def __getitem__(self, key: Any) -> "TwoFloat":
        return TwoFloat(self.hi[key], self.lo[key])

    @property
    def T(self) -> "TwoFloat":
        """The transposed matrix."""
        return TwoFloat(self.hi.T, self.lo.T)

    def sqrt(self) -> "TwoFloat":
        """Square roots of positive numbers."""
        root = np.sqrt(self.hi)
        rest = self - TwoFloat(*_two_product(root, root))
        return _renormalised(root, rest.hi / (2.0 * root))


# The same on arrays.
_two_sum, _two_product = _sum_of.py_func, _product_of.py_func


def _renormalised(s: Array, e: Array) -> TwoFloat:
    hi = s + e
    return TwoFloat(hi, e - (hi - s))
