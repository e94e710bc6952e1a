"""Units once each and best first, with values recomputed from the data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.errors import ContradictionError
from dualscape.oracles import ranked
from dualscape.oracles.ranked import Ranked, assemble
from dualscape.oracles.reach import Reach
from dualscape.units import Units


def test_scores_of_many_directions_are_those_of_each():
    rng = np.random.default_rng(1)
    X, nu, U = rng.standard_normal((700, 3)), rng.standard_normal(700), rng.standard_normal((500, 3))
    signs = np.where(rng.random(500) < 0.5, -1.0, 1.0)
    assert ranked.SCORED_ENTRIES // 700 < 250
    each = [sign * sum(nu * np.maximum(X @ u, 0.0)) for u, sign in zip(U, signs, strict=True)]
    np.testing.assert_allclose(ranked.scores(X, nu, Units.signed(U, signs)), each, rtol=1e-10, atol=1e-10)
    assert ranked.scores(X, nu, Units.none(3)).shape == (0,)


def random_units(rng, q=12, d=3):
    return Units.signed(rng.standard_normal((q, d)), rng.choice([-1.0, 1.0], q)).normalised()


@given(st.integers(0, 10**6))
def test_units_are_listed_once_best_first_and_above_zero_only(seed):
    """Against the definition, with every unit given twice, in another order, and directions of any length."""
    rng = np.random.default_rng(seed)
    X, nu, units = rng.standard_normal((6, 3)), rng.standard_normal(6), random_units(rng)
    order = rng.permutation(24) % 12
    given_units = Units(3.0 * units.directions[order], units.outputs[order])
    ranked = Ranked.of(X, nu, Units.join([given_units, Units(np.zeros((1, 3)), np.ones((1, 1)))]))
    values = units.signs * np.array([nu @ np.maximum(X @ u, 0.0) for u in units.directions])
    best = np.argsort(-values)[: (values > 0).sum()]
    np.testing.assert_allclose(ranked.values, values[best], rtol=1e-12)
    np.testing.assert_allclose(ranked.units.directions, units.directions[best], rtol=1e-12)
    np.testing.assert_array_equal(ranked.units.signs, units.signs[best])


def test_ties_do_not_depend_on_who_came_first():
    X, nu = np.eye(2), np.ones(2)
    units = Units.signed(np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.ones(3))
    first, second = Ranked.of(X, nu, units), Ranked.of(X, nu, units.take(np.array([2, 1, 0])))
    np.testing.assert_array_equal(first.units.directions, second.units.directions)
    assert first.values.tolist() == [1.4, 1.0, 1.0]


def answer_of(X, nu, units, **options):
    return assemble(X, Reach.of(X), nu, units, oracle="cells", looked_at=1, **options)


def test_what_is_not_above_the_threshold_is_not_listed_but_counts():
    X, nu = np.diag([1.0, 2.0, 3.0]), np.ones(3)
    units = Units.signed(np.eye(3), np.ones(3))
    answer = answer_of(X, nu, units, above=2.0, upper=14**0.5)
    assert answer.values.tolist() == [3.0]
    assert (answer.lower, answer.upper) == (3.0, 14**0.5)
    none = answer_of(X, nu, units.take(slice(0)), above=2.0, upper=14**0.5)
    assert (none.lower, len(none.units)) == (0.0, 0)
    negative = answer_of(X, nu, Units.signed(np.eye(3), -np.ones(3)), above=0.5, upper=14**0.5)
    assert (negative.lower, len(negative.units)) == (0.0, 0)


@pytest.mark.parametrize("apart", [1e-9, 1e-13])
def test_units_are_told_apart_where_rounding_does_not_hide_them(apart):
    """Rows of great size tell them apart; an exact oracle lists both."""
    X, nu = np.eye(2), np.ones(2)
    units = Units.signed(np.array([[0.6, 0.8], [0.6 + apart, 0.8]]), np.ones(2))
    assert len(answer_of(X, nu, units, above=0.0, upper=2.0).units) == (2 if apart > 1e-12 else 1)


def test_the_bound_is_capped_by_what_is_cheap_and_by_nothing_when_it_is_tight():
    X, nu = np.diag([1.0, 2.0]), np.array([1.0, -1.0])
    units = Units.signed(np.array([[0.0, 1.0]]), -np.ones(1))
    assert answer_of(X, nu, units, above=0.0, upper=5.0).upper == pytest.approx(2.0, rel=1e-14)
    assert answer_of(X, nu, units, above=0.0, upper=5.0, ceiling=lambda: 2.0 + 1e-8).upper == pytest.approx(2.0)
    assert answer_of(X, nu, units, above=3.0, upper=5.0).upper == 3.0
    assert answer_of(X, nu, units, above=6.0, upper=6.0).upper == 6.0
    with pytest.raises(ContradictionError):
        answer_of(X, nu, units, above=0.0, upper=1.9)
