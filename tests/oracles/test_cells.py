"""The exact oracle against projections onto the cones of all patterns, dense directions and planted maxima."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells
from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.cells.oracle import CellsOracle
from exact_values import CASES, dense, greatest_value


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_bounds_meet_at_h(name, seed):
    rng = np.random.default_rng(seed)
    X = CASES[name](rng)
    nu = rng.standard_normal(len(X))
    answer = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    exact = greatest_value(X, nu)
    assert answer.exact
    assert answer.lower == pytest.approx(exact, rel=1e-8)
    assert exact * (1 - 1e-8) <= answer.upper <= answer.lower * (1 + 1e-10)
    assert dense(X, nu, 20_000) <= answer.upper
    np.testing.assert_allclose(
        answer.units.signs * (nu @ np.maximum(X @ answer.units.directions.T, 0)), answer.values, rtol=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 4), st.sampled_from([1e-12, 1.0, 1e12]))
def test_integer_data_at_any_scale(seed, n, d, scale):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n, d)).astype(float)
    nu = rng.standard_normal(n)
    answer = CellsOracle.on(scale * X).best_units(Question(nu, above=0.0))
    if not X.any():
        assert answer.upper == 0.0
        return
    exact = scale * greatest_value(X, nu)
    assert answer.lower == pytest.approx(exact, rel=1e-7, abs=1e-12 * scale)
    assert answer.upper >= exact * (1 - 1e-7)
    assert answer.upper <= answer.lower * (1 + 1e-9) + 1e-11 * scale


def test_threshold_changes_neither_bound_nor_units():
    rng = np.random.default_rng(5)
    X, nu = rng.standard_normal((25, 3)), rng.standard_normal(25)
    oracle = CellsOracle.on(X)
    everything = oracle.best_units(Question(nu, above=0.0))
    few = oracle.best_units(Question(nu, above=0.8 * everything.lower))
    assert few.upper == pytest.approx(everything.upper, rel=1e-12)
    np.testing.assert_array_equal(few.values, everything.values[everything.values > 0.8 * everything.lower])
    above = oracle.best_units(Question(nu, above=2 * everything.lower))
    assert len(above.values) == 0
    assert above.upper == 2 * everything.lower


def test_all_units_are_listed():
    """Every maximiser that a dense search climbs to is in the list."""
    rng = np.random.default_rng(8)
    X, nu = rng.standard_normal((15, 3)), rng.standard_normal(15)
    listed = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    found = AscentOracle.on(X, starts=5000).best_units(Question(nu, above=0.0))
    assert len(found.values) >= 5
    for direction, sign in zip(found.units.directions, found.units.signs, strict=True):
        distances = np.linalg.norm(listed.units.directions - direction, axis=1) + 4 * (listed.units.signs != sign)
        assert distances.min() < 1e-8


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("which", ["all", "none", "one", "half"])
def test_only_convex_hyperplanes_are_swept(name, which):
    """Whichever side of 0 the entries of nu are on, and whatever rank those on one side have."""
    rng = np.random.default_rng(7)
    X = CASES[name](rng)
    nu = rng.random(len(X)) + 0.1
    if which == "none":
        nu = -nu
    elif which == "one":
        nu[1:] *= -1
    elif which == "half":
        nu *= np.where(X[:, 0] > np.median(X[:, 0]), 1.0, -1.0)
    answer = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    exact = greatest_value(X, nu)
    assert answer.lower == pytest.approx(exact, rel=1e-8)
    assert exact * (1 - 1e-8) <= answer.upper
    # Between rows that are parallel up to less than the turn, where nu has one sign, the bound is true but loose.
    if name != "nearly parallel" or which == "half":
        assert answer.upper <= answer.lower * (1 + 1e-10)


def test_a_sweep_visits_few_of_the_patterns():
    rng = np.random.default_rng(9)
    X, nu = rng.standard_normal((40, 4)), rng.standard_normal(40)
    visited = CellsOracle.on(X).best_units(Question(nu, above=0.0)).looked_at
    convex = int((nu > 0).sum())
    assert visited == count_cells(convex, 4) + count_cells(40 - convex, 4) < count_cells(40, 4) / 3


def test_what_is_listed_is_a_maximum_where_many_hyperplanes_meet():
    """At a point on several convex hyperplanes the function rises into some cone around it."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.integers(0, 4, size=(20, 2)), np.ones(20)]).astype(float)
    nu = rng.standard_normal(20)
    answer = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    for direction, sign, value in zip(answer.units.directions, answer.units.signs, answer.values, strict=True):
        near = direction + 1e-3 * rng.standard_normal((20_000, 3))
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        assert (sign * np.maximum(near @ X.T, 0) @ nu).max() <= value


def test_same_answer_from_another_turn():
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.integers(0, 4, size=(20, 2)), np.ones(20)]).astype(float)
    nu = rng.standard_normal(20)
    oracle = CellsOracle.on(X)
    first = oracle.best_units(Question(nu, above=0.0))
    oracle._arrangement = Arrangement.of(X, seed=99, turn=2.0**-20)
    second = oracle.best_units(Question(nu, above=0.0))
    np.testing.assert_allclose(first.values, second.values, rtol=1e-10)
    assert second.upper == pytest.approx(first.upper, rel=1e-10)


def test_search_finds_a_lower_bound_and_proves_nothing():
    rng = np.random.default_rng(4)
    X, nu = rng.standard_normal((30, 4)), rng.standard_normal(30)
    search, exact = (
        AscentOracle.on(X).best_units(Question(nu, above=0.0)),
        CellsOracle.on(X).best_units(Question(nu, above=0.0)),
    )
    assert not search.exact
    assert search.upper == np.inf
    assert search.lower == pytest.approx(exact.lower, rel=1e-9)


def test_automatic_choice_follows_the_cost():
    rng = np.random.default_rng(0)
    assert ReLUSpace(rng.standard_normal((12, 5))).choice().prover == "cells"
    many = ReLUSpace(rng.standard_normal((442, 4))).choice()
    assert (many.prover, many.complete, many.name) == ("bisection", True, "bisection")
    wide = ReLUSpace(rng.standard_normal((442, 10))).choice()
    assert (wide.prover, wide.complete, wide.name) == ("bisection", False, "ascent")
    assert ReLUSpace(rng.standard_normal((442, 10))).choice(time_limit=1e9).complete
    assert ReLUSpace(rng.standard_normal((12, 5))).choice("ascent").prover is None
    assert CellsOracle.estimate(Hinges.of(rng.standard_normal((20, 5)))).looked_at == 2 * 512


def test_more_patterns_than_a_float_holds_are_refused_and_not_a_traceback():
    X = np.random.default_rng(0).standard_normal((3000, 300))
    assert count_cells(3000, 300) > 10**308
    choice = ReLUSpace(X).choice()
    assert (choice.prover, choice.complete, choice.name) == ("bisection", False, "ascent")
    assert choice.estimates["cells"].seconds > 1e200


def test_bound_holds_across_a_truncated_row_space():
    """Antipodal rows whose nu cancel still pull in the direction that the rank leaves out."""
    e = 1e-12
    X = np.array([[1, e], [1, -e], [-1, -e], [-1, e]])
    nu = np.array([1.0, -1, -1, 1])
    across = abs(nu @ np.maximum(X @ np.array([0.0, 1.0]), 0))
    assert across == pytest.approx(2e-12)
    assert CellsOracle.on(X).best_units(Question(nu, above=0.0)).upper >= across


@pytest.mark.parametrize("scale", [1e-82, 1e-60, 1e60])
def test_bound_holds_where_squares_leave_the_floating_range(scale):
    X, nu = np.array([[1.0, 2], [3, -1], [-1, 1]]), np.array([1.0, -1, 2])
    answer = CellsOracle.on(scale * X).best_units(Question(scale * nu, above=0.0))
    assert answer.upper / scale / scale >= dense(X, nu, 20_000)
    assert answer.upper / scale / scale <= 4.1232


@pytest.mark.parametrize("share", [0.0, 0.9, 0.95, 0.99])
def test_hyperplanes_parallel_to_a_line_keep_their_side(share):
    """A concave one that a line never meets was subtracted where it is not: its share of the slope left [0, 1]."""
    X = np.array(
        [[0, -1.0, 0, 0], [0, 0, 0, -8], [2, 0, 0, 0], [0, 0, 0, 0.5], [0, 0, -4, 0], [8, 0, 0, 0], [0, 0.125, 0, 0]]
    )
    nu = np.array([3.7e-4, -0.25, 0.25, 2.0, -7.6e-6, 0.1875, 1.9e-3])
    truth = greatest_value(X, nu)
    for signs in itertools.product([1.0, -1.0], repeat=4):
        answer = CellsOracle.on(X * signs).best_units(Question(nu, above=share * truth))
        assert greatest_value(X * signs, nu) <= answer.upper * (1 + 1e-12)
    assert truth > 2
