"""Units with a free bias seen from the rows: their scores at kinks, and climbs in direction and bias together."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.oracles.centres import Centres
from dualscape.units import Units
from free_biases import KINDS, apart, balanced, scores_at_kinks


def some_units(rng, p, count=20):
    w = rng.standard_normal((count, p))
    w /= np.linalg.norm(w, axis=1)[:, None]
    signs = np.where(np.arange(count) % 2, 1.0, -1.0)
    return Units.signed(np.column_stack([w, rng.standard_normal(count)]), signs)


def scores(X, nu, units):
    heights = X @ units.directions[:, :-1].T + units.directions[:, -1]
    return units.signs * (nu @ np.maximum(heights, 0.0))


@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from(KINDS))
def test_scores_at_kinks_are_those_of_the_columns(seed, p, kind):
    rng = np.random.default_rng(seed)
    X, nu, w = apart(rng, 7, p, kind), balanced(rng, 7), rng.standard_normal(p)
    order, heights, found = Centres(X).kinks(nu, w[None])
    assert np.array_equal(heights[:, 0], np.sort(X @ w[:, None], axis=0)[:, 0])
    size = np.abs(nu).sum() * np.ptp(heights)
    np.testing.assert_allclose(found[:, 0], scores_at_kinks(X, nu, w)[order[:, 0]], atol=1e-11 * (size + 1e-3))


@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans(), st.sampled_from(["general", "lattice"]))
def test_climbs_end_at_rows_and_never_lower(seed, p, far, kind):
    rng = np.random.default_rng(seed)
    X, nu = apart(rng, 9, p, kind), balanced(rng, 9)
    units = some_units(rng, p)
    climbed, rows = Centres(X).climb(nu, units, far=far)
    alive = climbed.directions.any(axis=1)
    before, after = scores(X, nu, units), scores(X, nu, climbed)
    assert (after[alive] >= before[alive] - 1e-6 * (1 + abs(before[alive]))).all()
    # What died had nothing to gain around the row at which its kink was.
    assert (before[~alive] <= 1e-9 + (np.inf if far else 0.0) + before[~alive].clip(0.0)).all()
    w, b = climbed.directions[alive, :-1], climbed.directions[alive, -1]
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose((w * X[rows[alive]]).sum(axis=1) + b, 0.0, atol=1e-12)


def test_no_small_change_of_direction_and_bias_is_higher_than_the_best_climb():
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((12, 2)), balanced(rng, 12)
    climbed = Centres(X).climb(nu, some_units(rng, 2, 200), far=True)[0]
    best = int(scores(X, nu, climbed).argmax())
    value, direction, sign = scores(X, nu, climbed)[best], climbed.directions[best], climbed.signs[best]
    for _ in range(500):
        other = direction + rng.standard_normal(3) * 10.0 ** rng.uniform(-5, -1)
        other /= np.linalg.norm(other[:2])
        assert scores(X, nu, Units.signed(other[None], np.array([sign])))[0] <= value * (1 + 1e-12)


def test_a_climb_stays_at_its_end_of_a_level_stretch():
    """On it nu of the active rows sums to nothing but rounding: neither end is better."""
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    nu = np.array([1.0, -1.0, -1.0, 1.0 + 1e-12])
    ends = Units.signed(np.array([[1.0, -1.0], [1.0, -2.0]]), np.array([1.0, 1.0]))
    climbed, rows = Centres(X).climb(nu, ends)
    assert climbed.directions.tolist() == ends.directions.tolist()
    assert rows.tolist() == [1, 2]


@pytest.mark.parametrize("one", [1.0, 2.0**-20, 2.0**30])
def test_scaled_rows_have_the_same_units(one):
    rng = np.random.default_rng(2)
    X, nu = rng.standard_normal((8, 2)), balanced(rng, 8)
    units = some_units(rng, 2)
    plain, scaled = Centres(X), Centres(X * one, one)
    same = plain.climb(nu, units), scaled.climb(nu, units)
    assert np.array_equal(same[0][1], same[1][1])
    np.testing.assert_allclose(same[0][0].directions, same[1][0].directions, atol=1e-12)
    np.testing.assert_allclose(
        plain.measured(units).directions, scaled.measured(units).directions, rtol=1e-12, atol=1e-12
    )


def test_units_are_as_far_apart_wherever_the_data_lie():
    """Two kinks a tenth of the data apart, of data of size 1e-6, and far from 0."""
    w = np.ones((2, 1))
    for shift, size in ((0.0, 1.0), (0.0, 1e-6), (1e6, 1e6), (100.0, 1.0)):
        X = shift + size * np.array([[0.0], [1.0], [0.4]])
        kinks = shift + size * np.array([0.5, 0.6])
        places = Centres(X).measured(Units.signed(np.column_stack([w, -kinks]), np.ones(2)))
        assert abs(places.directions[1] - places.directions[0]).max() == pytest.approx(0.1, rel=1e-9)


@given(st.integers(0, 10**6), st.sampled_from(KINDS))
def test_no_row_is_further_from_another_than_it_is_said_to_reach(seed, kind):
    X = apart(np.random.default_rng(seed), 8, 3, kind)
    apart_at_most = np.linalg.norm(X[:, None] - X, axis=2).max(axis=1)
    assert (Centres(X).reach.lengths >= apart_at_most).all()


@pytest.mark.parametrize("seed", range(5))
def test_far_from_zero_scores_round_no_more_than_is_allowed_for(seed):
    """A proof takes a score beyond a bound by more than that for a contradiction."""
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((5, 2)) + 1e5, balanced(rng, 5)
    centres, w = Centres(X), rng.standard_normal((5, 2))
    w /= np.linalg.norm(w, axis=1)[:, None]
    units = Units.signed(centres.at(w, np.arange(5)), np.ones(5))
    kinks, found = centres.nearest(units), centres.scores(nu, units)
    for j, at in enumerate(kinks.tolist()):
        heights = [sum(Fraction(w[j, k]) * (Fraction(x[k]) - Fraction(X[at, k])) for k in range(2)) for x in X]
        exact = sum((Fraction(nu[i]) * max(z, Fraction(0)) for i, z in enumerate(heights)), Fraction(0))
        assert abs(Fraction(found[j]) - exact) <= Fraction(centres.reach.rounding(nu))
