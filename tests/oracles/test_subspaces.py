"""Cheap bounds over many subspaces against what is found there."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles import Question, subspaces
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.reach import Reach
from dualscape.oracles.subspaces import MOST_ROWS, subspace_bounds, subspace_scores
from dualscape.running.interruption import until


def lengths_of(X, which):
    return np.max([np.hypot(*X[:, some].T) for some in which], axis=0)


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.floats(-140, 140),
    st.sampled_from(["gaussian", "one sign", "few rows", "zeros"]),
    st.sampled_from([0.0, 0.0, 0.3, -0.5, -1.0]),
)
def test_bounds_hold(seed, exponent, kind, slope):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 if kind == "few rows" else 15, 4)) * 10.0**exponent
    nu = rng.standard_normal(len(X))
    if kind == "one sign":
        nu = np.abs(nu)
    if kind == "zeros":
        X[::3], X[:, 1], nu[::4] = 0.0, 0.0, 0.0
    which = np.array(list(combinations(range(4), 2)))
    bounds = subspace_bounds(X, nu, which, lengths_of(X, which), slope)
    for bound, some in zip(bounds, which, strict=True):
        part = np.ascontiguousarray(X[:, some])
        if slope == 0:
            assert CellsOracle.on(part).best_units(Question(nu, 0.0)).lower <= bound
        angles = np.linspace(0, 2 * np.pi, 500)
        circle = np.array([np.cos(angles), np.sin(angles)])
        heights = part @ circle
        assert np.abs(nu @ np.maximum(heights, slope * heights)).max() <= bound


def test_they_say_more_than_lengths_do():
    """With rows of all directions and both signs most of the lengths cancel."""
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((400, 6)), rng.standard_normal(400)
    which = np.array(list(combinations(range(6), 2)))
    bounds = subspace_bounds(X, nu, which, lengths_of(X, which))
    trivial = [Reach.of(np.ascontiguousarray(X[:, some])).bound(nu) for some in which]
    assert (bounds < 0.6 * np.array(trivial)).all()


def test_nothing_is_worth_nothing_and_an_interruption_bounds_nothing():
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((30, 5)), rng.standard_normal(30)
    which = np.array(list(combinations(range(5), 2)))
    lengths = lengths_of(X, which)
    assert (subspace_bounds(X, np.zeros(30), which, lengths) == 0).all()
    with until(0.0):
        assert (subspace_bounds(X, nu, which, lengths) == np.inf).all()


def test_of_many_subspaces_some_are_scored(monkeypatch):
    monkeypatch.setattr(subspaces, "MOST_SCORED", 4)
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((30, 5)), rng.standard_normal(30)
    which = np.array(list(combinations(range(5), 2)))
    found = [np.flatnonzero(subspace_scores(X, nu, which, np.random.default_rng(seed))) for seed in range(20)]
    assert all(len(some) == 4 for some in found)
    assert set(np.concatenate(found)) == set(range(10))


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_scores_are_those_of_units_and_near_the_highest(seed):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((40, 5)), rng.standard_normal(40)
    X[::5], X[:, 4] = 0.0, rng.integers(2) * X[:, 4]
    which = np.array(list(combinations(range(5), 2)))
    scores = subspace_scores(X, nu, which, np.random.default_rng(0))
    tops = []
    for some in which:
        tops.append(CellsOracle.on(np.ascontiguousarray(X[:, some])).best_units(Question(nu, 0.0)).lower)
    # They are in other units of length: the greatest entry of X and that of nu.
    scores *= np.abs(X).max() * np.abs(nu).max()
    assert (scores <= np.array(tops) * (1 + 1e-12)).all()
    assert np.median(scores / tops) > 0.95


def test_many_rows_are_looked_at_in_part():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((20 * MOST_ROWS, 4))
    nu = np.maximum(X[:, 0], 0.0)
    which = np.array(list(combinations(range(4), 2)))
    scores = subspace_scores(X, nu, which, np.random.default_rng(0))
    assert sorted(np.argsort(-scores)[:3]) == [0, 1, 2]  # those that see feature 0
    assert scores[:3] == pytest.approx(scores[0], rel=0.2)
    assert scores[0] > 1.2 * scores[3:].max()


@pytest.mark.parametrize("exponent", [-900, 900])
def test_great_rows_and_small_weights_are_the_same_as_others(exponent):
    rng = np.random.default_rng(3)
    X, nu = rng.standard_normal((30, 4)), rng.standard_normal(30)
    which = np.array(list(combinations(range(4), 2)))
    far, weights = np.ldexp(X, exponent), np.ldexp(nu, -exponent)
    here = subspace_bounds(X, nu, which, lengths_of(X, which))
    np.testing.assert_allclose(subspace_bounds(far, weights, which, lengths_of(far, which)), here, rtol=1e-12)
    # Where their products leave the floating range nothing is claimed.
    beyond = subspace_bounds(far, np.ldexp(nu, exponent // 2), which, lengths_of(far, which))
    assert (beyond == np.inf).all()
