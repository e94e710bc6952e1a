"""Cheap bounds over many subspaces against what is found there."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles.subspaces import subspace_bounds
from dualscape.oracles.vector.subspaces import vector_subspace_bounds
from dualscape.running.interruption import until

WHICH = np.array(list(combinations(range(4), 2)))
ANGLES = np.linspace(0, 2 * np.pi, 500)
CIRCLE = np.array([np.cos(ANGLES), np.sin(ANGLES)])


def lengths_of(X):
    return np.max([np.hypot(*X[:, some].T) for some in WHICH], axis=0)


@settings(max_examples=30)
@given(
    st.integers(0, 10**6),
    st.floats(-140, 140),
    st.integers(1, 4),
    st.sampled_from(["gaussian", "one row", "zeros", "one direction"]),
    st.sampled_from([0.0, 0.3, -0.5, -1.0]),
)
def test_bounds_hold(seed, exponent, c, kind, slope):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((1 if kind == "one row" else 15, 4)) * 10.0**exponent
    N = rng.standard_normal((len(X), c))
    if kind == "zeros":
        X[::3], X[:, 1], N[::4] = 0.0, 0.0, 0.0
    if kind == "one direction":
        X = np.abs(N[:, :1]) * X[:1]
    bounds = vector_subspace_bounds(X, N, WHICH, lengths_of(X), slope)
    for bound, some in zip(bounds, WHICH, strict=True):
        heights = X[:, some] @ CIRCLE
        values = np.linalg.norm(N.T @ np.maximum(heights, slope * heights), axis=0)
        assert values.max() <= bound


def test_they_say_more_than_lengths_do():
    rng = np.random.default_rng(0)
    X, N = rng.standard_normal((200, 4)), rng.standard_normal((200, 3))
    lengths = lengths_of(X)
    assert (vector_subspace_bounds(X, N, WHICH, lengths) < 0.4 * np.linalg.norm(N, axis=1) @ lengths).all()


def test_outputs_that_are_multiples_of_one_are_one():
    """Turned to its axis the dual variable has one output, whose bound is that of one output."""
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((30, 4)), rng.standard_normal(30)
    lengths, v = lengths_of(X), np.array([0.6, 0.0, -0.8])
    alone = subspace_bounds(X, nu, WHICH, lengths)
    np.testing.assert_allclose(vector_subspace_bounds(X, nu[:, None] * v, WHICH, lengths), alone, rtol=1e-6)


def test_nothing_and_an_interruption():
    X, N = np.ones((3, 4)), np.ones((3, 2))
    assert (vector_subspace_bounds(X, 0 * N, WHICH, lengths_of(X)) == 0).all()
    with until(0.0):
        assert np.isinf(vector_subspace_bounds(X, N, WHICH, lengths_of(X))).all()
