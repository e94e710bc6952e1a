"""The bisection oracle against projections onto all cones, dense directions and the other exact oracle."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.bisection import oracle as bisection
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from exact_values import CASES, dense, greatest_value
from questions import random_question, same


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_bounds_meet_at_h(name, seed):
    rng = np.random.default_rng(seed)
    X = CASES[name](rng)
    nu = rng.standard_normal(len(X))
    exact = greatest_value(X, nu)
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.99 * exact))
    assert answer.stopped == ""
    assert answer.lower == pytest.approx(exact, rel=1e-12)
    assert exact * (1 - 1e-12) <= answer.upper <= answer.lower * (1 + 1e-10)
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
    exact = scale * greatest_value(X, nu) if X.any() else 0.0
    answer = BisectionOracle.on(scale * X).best_units(Question(nu, above=0.999 * exact))
    assert answer.lower == pytest.approx(exact, rel=1e-12, abs=1e-12 * scale)
    assert exact * (1 - 1e-12) <= answer.upper <= exact * (1 + 1e-7) + 1e-11 * scale


@pytest.mark.parametrize("seed", range(3))
def test_lists_the_same_units_as_the_cells(seed):
    X, nu = random_question(30, 4, seed)
    h = CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
    first, second = (kind.on(X).best_units(Question(nu, above=0.3 * h)) for kind in (CellsOracle, BisectionOracle))
    assert len(first.values) > 3
    np.testing.assert_allclose(second.values, first.values, rtol=1e-10)
    np.testing.assert_allclose(second.units.directions, first.units.directions, atol=1e-7)


def test_a_threshold_that_holds_is_the_bound():
    X, nu = random_question()
    h = BisectionOracle.on(X).best_units(Question(nu, above=0.0 + dense(X, nu))).lower
    answer = BisectionOracle.on(X).best_units(Question(nu, above=1.01 * h))
    assert (answer.upper, len(answer.values)) == (1.01 * h, 0)
    assert BisectionOracle.on(X).best_units(Question(nu, above=0.999 * h)).upper <= h * (1 + 1e-11)


@pytest.mark.parametrize("far", [1e-9, 1e-3, 1.0])
@pytest.mark.parametrize("lattice", [False, True])
def test_what_was_excluded_before_is_not_looked_at_again_where_it_cannot_matter(far, lattice):
    rng = np.random.default_rng(4)
    for _ in range(20):
        X, nu = rng.standard_normal((25, 3)), rng.standard_normal(25)
        X = np.round(X) if lattice else X
        oracle = BisectionOracle.on(X)
        h = oracle.best_units(Question(nu, above=0.0)).lower
        before = oracle.best_units(Question(nu, above=0.9 * h))
        other = nu + far * rng.standard_normal(25)
        for above in (0.9 * h, 0.9 * h + 1e-6 * h, 0.95 * h, 0.95 * h):
            fresh, again = (
                BisectionOracle.on(X).best_units(Question(other, above=above)),
                oracle.best_units(Question(other, above=above)),
            )
            assert again.upper == pytest.approx(fresh.upper, rel=1e-12)
            np.testing.assert_allclose(again.values, fresh.values, rtol=1e-12)
        # The last answer rests on all that came before, and looked at little itself.
        once_more = oracle.best_units(Question(other, above=0.95 * h))
        assert again.looked_at <= once_more.looked_at < again.looked_at + before.looked_at


def test_what_is_kept_of_a_threshold_below_rounding_is_rounding():
    X, nu = random_question(8, 2)
    oracle = BisectionOracle.on(X)
    oracle.best_units(Question(nu, above=0.0))
    assert oracle._last.above >= oracle.hinges.slack(nu) > 0


def test_a_call_that_was_stopped_excludes_nothing_for_the_next():
    X, nu = random_question()
    h = dense(X, nu)
    oracle = BisectionOracle.on(X)
    assert oracle.best_units(Question(nu, above=0.5 * h, enough=0.6 * h)).stopped == "enough"
    same(
        oracle.best_units(Question(nu, above=0.8 * h)),
        BisectionOracle.on(X).best_units(Question(nu, above=0.8 * h)),
    )


def test_stops_when_enough_is_found():
    X, nu = random_question(60, 4)
    h = dense(X, nu)
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.5 * h, enough=0.5 * h))
    assert answer.lower > 0.5 * h
    assert answer.upper >= answer.lower


def test_finds_what_the_search_had_missed_on_real_data():
    """n = 442 in four dimensions: certified against directions that a million samples and climbs reach."""
    data = load_diabetes()
    X = data.data[:, [2, 3, 8]]
    X = np.column_stack([X / X.std(axis=0), np.ones(len(X))])
    nu = data.target - data.target.mean()
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.99 * dense(X, nu, 50_000)))
    assert answer.upper <= answer.lower * (1 + 1e-11)
    assert answer.upper >= dense(X, nu, 200_000)


def test_too_many_orthants_for_the_rows_are_bounded_at_once(monkeypatch):
    X, nu = random_question()
    assert not BisectionOracle.estimate(Hinges.of(X)).at_once
    monkeypatch.setattr(bisection, "MOST_BEGUN", 2**4 * len(X) - 1)
    assert BisectionOracle.estimate(Hinges.of(X)).at_once
    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.0))
    assert (answer.stopped, answer.looked_at) == ("dimension", 0)
    assert CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower <= answer.upper < np.inf


def test_a_bound_that_cannot_be_paid_is_the_trivial_one(problem):
    oracle, question = BisectionOracle.on(problem.X), Question(problem.y, above=0.0)
    true = AscentOracle.on(problem.X).best_units(question).lower
    oracle.hinges = replace(oracle.hinges, seconds=1e3)
    answer = oracle.best_units(question, effort=Effort.within(10.0))
    assert (answer.stopped, answer.upper) == ("time", oracle.reach.bound(problem.y))
    assert true < answer.upper
    # A deadline of 0 asks for what can be had at once, and no clock is held against that.
    assert true <= oracle.best_units(question, effort=Effort(deadline=0.0)).upper < answer.upper


def test_a_checkpoint_is_that_of_one_slope_below_zero(tmp_path):
    X, nu = random_question(n=20, d=3)
    checkpoint = Checkpoint(tmp_path / "proof.npz")
    for slope in (0.0, 0.5, 0.0):
        oracle = BisectionOracle(Hinges.of(X, slope))
        saved = oracle.best_units(Question(nu, above=0.0), effort=Effort(checkpoint=checkpoint))
        same(saved, BisectionOracle(Hinges.of(X, slope)).best_units(Question(nu, above=0.0)))
