"""The reduced form is the function, within its slack."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.vector.reduced import ReducedVector


@pytest.mark.parametrize("degenerate", [False, True])
def test_values_and_pulls(degenerate):
    rng = np.random.default_rng(1)
    X = rng.integers(-2, 3, (9, 3)).astype(float) if degenerate else rng.standard_normal((9, 3))
    N = rng.standard_normal((9, 2))
    G = ReducedVector.of(Hinges.of(X), N)
    places = rng.standard_normal((50, G.hinges.rank))
    places /= np.linalg.norm(places, axis=1)[:, None]
    wanted = np.maximum(places @ G.hinges.basis.T @ X.T, 0) @ N
    assert np.abs(G.values(places) - wanted).max() <= G.slack + 1e-13
    maps = G.pulls(places @ G.hinges.rows.T > 0)
    np.testing.assert_allclose(np.einsum("prc,pr->pc", maps, places), wanted, atol=1e-12)
    assert np.linalg.norm(wanted, axis=1).max() <= G.size


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 4), st.integers(1, 5))
def test_the_ceiling_is_above_every_value(seed, n, d, c):
    """And exact without a hyperplane that bends, where it is a singular value."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float)
    N = rng.integers(-2, 3, (n, c)).astype(float)
    hinges = Hinges.of(X)
    if hinges.count == 0:
        return
    G = ReducedVector.of(hinges, N)
    u = rng.standard_normal((500, d))
    u /= np.linalg.norm(u, axis=1)[:, None]
    values = np.linalg.norm(np.maximum(u @ X.T, 0) @ N, axis=1)
    assert values.max() <= G.ceiling()
    flat = ReducedVector.of(Hinges.of(np.vstack([X, -X])), np.vstack([N, -N]))
    greatest = np.linalg.norm(N.T @ X, 2)
    assert greatest * (1 - 1e-12) <= flat.ceiling() <= greatest * (1 + 1e-6) + 1e-9


def test_the_ceiling_of_one_row_is_its_value():
    for d in (1, 3):
        G = ReducedVector.of(Hinges.of(np.eye(d)[:1]), np.array([[3.0, 4.0]]))
        assert 5.0 <= G.ceiling() <= 5.0 * (1 + 1e-5)
