"""Products of matrices of two doubles a number, against exact fractions."""

import numpy as np
import pytest

from two_floats import exact, pairs


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
