"""Arithmetic to about 32 digits: every number is the sum of two doubles (Dekker 1971; Hida, Li and Bailey 2001).

Used where double precision cannot tell zero from positive: on few numbers, never in a search.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.error_free import two_product, two_sum

Array = NDArray[np.float64]
#: Relative rounding of one operation (a few of the last bits are lost).
ROUNDING = 2.0**-100


@cache
def _kernel() -> Any:
    """The compiled product of matrices; numba is imported only when it is needed."""
    from dualscape.geometry._two_float_product import multiply

    return multiply


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
        s, e = two_sum(self.hi, other.hi)
        return _renormalised(s, e + (self.lo + other.lo))

    def __sub__(self, other: "TwoFloat") -> "TwoFloat":
        return self + TwoFloat(-other.hi, -other.lo)

    def __mul__(self, other: "TwoFloat") -> "TwoFloat":
        p, e = two_product(self.hi, other.hi)
        return _renormalised(p, e + (self.hi * other.lo + self.lo * other.hi))

    def __truediv__(self, other: "TwoFloat") -> "TwoFloat":
        first = self.hi / other.hi
        rest = self - TwoFloat.of(first) * other
        return _renormalised(first, rest.hi / other.hi)

    def __matmul__(self, other: "TwoFloat") -> "TwoFloat":
        """The product of two matrices."""
        hi, lo = np.zeros((2, self.hi.shape[0], other.hi.shape[1]))
        parts = (self.hi, self.lo, other.hi, other.lo)
        a, b, c, d = (np.array(part, order="C") for part in parts)  # copies: read-only ones are compiled for apart
        _kernel()(a, b, c, d, hi, lo)
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
        rest = self - TwoFloat(*two_product(root, root))
        return _renormalised(root, rest.hi / (2.0 * root))


def _renormalised(s: Array, e: Array) -> TwoFloat:
    hi = s + e
    return TwoFloat(hi, e - (hi - s))
