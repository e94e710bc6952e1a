"""Masses on independent columns: the same point of the cone for no higher price."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dualscape.polytopes.caratheodory import reduce_to_basic


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 15))
def test_reduction_keeps_the_fit_and_does_not_raise_the_price(seed, n, k):
    rng = np.random.default_rng(seed)
    A = rng.integers(-2, 3, size=(n, k)).astype(float)
    c = rng.exponential(size=k) * (rng.random(k) < 0.8)
    reduced = reduce_to_basic(A, c)
    np.testing.assert_allclose(A @ reduced, A @ c, atol=1e-9)
    assert reduced.sum() <= c.sum() + 1e-9
    assert (reduced >= 0).all()
    assert np.linalg.matrix_rank(A[:, reduced > 0]) == (reduced > 0).sum()
