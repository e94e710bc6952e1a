"""Numbers of two doubles, against rational arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.geometry.two_float import TwoFloat
from two_floats import exact, pairs

NUMBERS = st.floats(0.1, 10.0).flatmap(lambda x: st.integers(-20, 20).map(lambda e: x * 2.0**e))
VECTORS = arrays(float, 6, elements=NUMBERS | NUMBERS.map(lambda x: -x))


@given(VECTORS, VECTORS, st.integers(0, 2**32 - 1))
def test_operations_keep_thirty_digits(a, b, seed):
    rng = np.random.default_rng(seed)
    x, y = pairs(a, rng), pairs(b, rng)
    for p, q, total, difference, product, quotient in zip(
        exact(x), exact(y), exact(x + y), exact(x - y), exact(x * y), exact(x / y), strict=True
    ):
        size = abs(p) + abs(q)
        assert abs(total - (p + q)) <= size / 2**100
        assert abs(difference - (p - q)) <= size / 2**100
        assert abs(product - p * q) <= abs(p * q) / 2**100
        assert abs(quotient - p / q) <= abs(p / q) / 2**98


@given(VECTORS)
def test_the_square_of_a_root_is_the_number(a):
    root = TwoFloat.of(np.abs(a)).sqrt()
    for value, number in zip(exact(root * root), np.abs(a).tolist(), strict=True):
        assert abs(value - Fraction(number)) <= Fraction(number) / 2**98
