"""The bounds of one cone: never below what samples reach, and tight where the cone is small or nothing crosses it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles.vector.cone_bounds import bound_of, lies_below, spread
from dualscape.running.compiled import kernel


@kernel(cache=False)
def judged(kappa, weights, V, B, high, values):
    """(a bound on |G| over the cone, for each value whether |G| is proven to lie below it)."""
    K, r = high.shape
    along, across, aside = np.empty(r), np.empty((r, B.shape[1])), np.empty(r)
    spread(kappa, weights, V, B, np.arange(K), high, K, np.empty((K, r)), along, across, aside)
    below = np.zeros(len(values), dtype=np.bool_)
    for i in range(len(values)):
        below[i] = lies_below(V, along, across, aside, values[i])
    return bound_of(V, along, across, aside), below


def cone(seed, r, c, K, width):
    """(kappa, V, B, hyperplanes that cross) of a random cone, a small one where the width is small."""
    rng = np.random.default_rng(seed)
    middle = rng.standard_normal(r)
    V = np.abs(middle + width * rng.standard_normal((r, r))) * np.where(middle < 0, -1.0, 1.0)
    V /= np.abs(V).sum(axis=1)[:, None]
    rows = rng.standard_normal((K, r))
    rows -= np.outer(rows @ V.mean(axis=0), V.mean(axis=0)) / (V.mean(axis=0) @ V.mean(axis=0))
    return rng.standard_normal((K, c)), V, rng.standard_normal((r, c)), rows


def greatest(kappa, V, B, rows, seed):
    """The greatest |G(u)| / |u| of many u in the cone, more of them where it is great."""
    rng = np.random.default_rng(seed)
    lam, best = np.vstack([np.eye(len(V)), rng.dirichlet(np.full(len(V), 0.5), 500)]), 0.0
    for step in range(8):
        U = lam @ V
        lengths = np.linalg.norm(np.maximum(U @ rows.T, 0.0) @ kappa + U @ B, axis=1) / np.linalg.norm(U, axis=1)
        top = lam[lengths.argmax()]
        best = max(best, lengths.max())
        lam = np.vstack([top, np.maximum(top + 0.3**step * rng.standard_normal((300, len(V))), 0.0)])
        lam = lam[lam.sum(axis=1) > 0]
    return best


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(0, 6),
    st.sampled_from([1e-3, 0.1, 1.0]),
    st.sampled_from([1e-150, 1.0, 1e150]),
)
def test_no_sample_is_above(seed, r, c, K, width, scale):
    kappa, V, B, rows = cone(seed, r, c, K, width)
    top = greatest(kappa, V, B, rows, seed)
    high = rows @ V.T
    values = top * np.array([0.5, 0.9, 1 - 1e-4, 1 - 1e-12])
    weights = np.linalg.norm(kappa, axis=1)
    bound, below = judged(kappa * scale, weights * scale, V, B * scale, high, values * scale)
    assert bound >= top * (1 - 1e-12) * scale
    assert not below.any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.01, 0.3]))
def test_what_nothing_crosses_is_known_to_half_a_per_cent(seed, r, c, width):
    """With up to four generators a copositive matrix is the sum of a definite and a positive one."""
    kappa, V, B, rows = cone(seed, r, c, 0, width)
    top = greatest(kappa, V, B, rows, seed)
    below = judged(kappa, np.zeros(0), V, B, rows, np.array([np.linalg.norm(B, 2) * (1 + 1e-9), 0.0, -1.0, np.nan]))[1]
    assert below.tolist() == [True, False, False, False]
    if width == 0.01:
        assert judged(kappa, np.zeros(0), V, B, rows, np.array([1.005 * top]))[1][0]


def test_outputs_that_turn_are_seen():
    """Generators at right angles with outputs at right angles: lengths add up to sqrt(2), the truth is 1."""
    V = B = np.eye(2)
    none = np.zeros((0, 2))
    bound, below = judged(none, np.zeros(0), V, B, none, np.array([1 + 1e-12, 1 - 1e-12]))
    assert bound == pytest.approx(2**0.5)
    assert below.tolist() == [True, False]


def test_an_output_that_changes_its_side():
    """On the positive quadrant, by hand: u_1 - u_2 is 1 at both ends, 2.7 u_1 - 2 u_2 - 0.8 (u_1 - u_2 / 2)_+ is 2."""
    none = np.zeros((0, 2))
    below = judged(np.zeros((0, 1)), np.zeros(0), np.eye(2), np.array([[1.0], [-1.0]]), none, np.array([0.99, 1.01]))[1]
    assert below.tolist() == [False, True]
    high = np.array([[1.0, -0.5]])
    slopes, values = np.array([[2.7], [-2.0]]), np.array([1.95, 2.8])
    bound, below = judged(np.array([[-0.8]]), np.array([0.8]), np.eye(2), slopes, high, values)
    assert bound >= 2.0
    assert below.tolist() == [False, True]


def test_a_definite_matrix_is_seen_where_its_part_is_not():
    """By hand: M has the least eigenvalue 0.05, and without 0.4 the value -0.13."""
    M = np.array([[1.0, -0.8, 0.4], [-0.8, 1.0, -0.8], [0.4, -0.8, 1.0]])
    B, none = np.linalg.cholesky(2.4 * np.eye(3) - M), np.zeros((0, 3))
    below = judged(none, np.zeros(0), np.eye(3), B, none, np.sqrt([2.4, 2.2]))[1]
    assert below.tolist() == [True, False]
