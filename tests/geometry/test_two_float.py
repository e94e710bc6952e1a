"""Numbers of two doubles, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.geometry.two_float import TwoFloat

NUMBERS = st.floats(0.1, 10.0).flatmap(lambda x: st.integers(-20, 20).map(lambda e: x * 2.0**e))
VECTORS = arrays(float, 6, elements=NUMBERS | NUMBERS.map(lambda x: -x))


def exact(number: TwoFloat) -> list[Fraction]:
    return [Fraction(float(h)) + Fraction(float(l)) for h, l in zip(number.hi.ravel(), number.lo.ravel(), strict=True)]


def pairs(values: np.ndarray, rng: np.random.Generator) -> TwoFloat:
    return TwoFloat.of(values) + TwoFloat.of(values * 2.0**-55 * rng.uniform(-1, 1, values.shape))


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


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 200, 2), (4, 5, 7), (0, 3, 2), (2, 0, 3)])
def test_products_of_matrices_cancel_to_the_last_digit(shape):
    m, p, q = shape
    rng = np.random.default_rng(0)
    A, B = pairs(rng.standard_normal((m, p)), rng), pairs(rng.standard_normal((p, q)), rng)
    found = np.array(exact(A @ B), dtype=object).reshape(m, q)
    left, right = np.array(exact(A), dtype=object).reshape(m, p), np.array(exact(B), dtype=object).reshape(p, q)
    for i in range(m):
        for j in range(q):
            terms = [left[i, l] * right[l, j] for l in range(p)]
            assert abs(found[i, j] - sum(terms)) <= sum(map(abs, terms)) / 2**98
