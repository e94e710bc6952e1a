"""What rows can be worth in a score, against exact fractions and dense directions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dualscape.oracles.reach import Reach
from exact_values import by_hand, dense


@given(seed=st.integers(0, 10**6), n=st.integers(1, 12), d=st.integers(1, 3))
def test_the_trivial_bound_bounds(seed, n, d):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    bound = Reach.of(X).bound(nu)
    assert by_hand(X, nu) <= bound <= by_hand(X, nu) * (1 + 1e-14 * (n + d + 8))
    assert dense(X, nu, 1_000) <= bound
