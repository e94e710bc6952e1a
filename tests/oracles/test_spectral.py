"""The bound of any size against dense directions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.spectral import spectral_bound
from exact_values import CASES, dense


def bound(X, nu):
    hinges = Hinges.of(X)
    return spectral_bound(hinges.rows, *hinges.reduce(nu)) + hinges.slack(nu)


@pytest.mark.parametrize("name", CASES)
def test_bounds_all_directions(name):
    rng = np.random.default_rng(0)
    X = CASES[name](rng)
    nu = rng.standard_normal(len(X))
    h = dense(X, nu, 20_000)
    assert h <= bound(X, nu) <= np.abs(nu) @ np.linalg.norm(X, axis=1) * 1.01


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 6))
def test_any_data(seed, n, d):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    assert dense(X, nu, 2_000) <= bound(X, nu)


def test_is_worth_having_where_nothing_else_is():
    """Far below the sum of all lengths in fifty dimensions."""
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((400, 50)), rng.standard_normal(400)
    assert bound(X, nu) < 0.3 * np.abs(nu) @ np.linalg.norm(X, axis=1)
