"""Sums and products whose rounding is kept, in fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry.error_free import two_product, two_sum

NUMBERS = st.floats(-1e100, 1e100, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-100)


@given(NUMBERS, NUMBERS)
def test_a_sum_and_its_rounding_are_the_sum(a, b):
    total, rest = two_sum(a, b)
    assert total == a + b
    assert Fraction(total) + Fraction(rest) == Fraction(a) + Fraction(b)


@given(NUMBERS, NUMBERS)
def test_a_product_and_its_rounding_are_the_product(a, b):
    product, rest = two_product(a, b)
    assert product == a * b
    assert Fraction(product) + Fraction(rest) == Fraction(a) * Fraction(b)


def test_arrays_are_done_number_by_number():
    a, b = np.array([1.0, 2.0**53, 0.1]), np.array([2.0**-60, 1.0, 0.2])
    for operation in (two_sum, two_product):
        whole = operation(a, b)
        for i in range(3):
            assert tuple(part[i] for part in whole) == operation(a[i], b[i])
    assert two_sum(1.0, 2.0**-60)[1] == 2.0**-60
