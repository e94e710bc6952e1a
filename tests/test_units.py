"""Units side by side: which are the same, in what order, and that nothing depends on how they came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.tolerances import DEFAULT
from dualscape.units import Units


def random_units(seed, k=12, d=3, c=1):
    """Some of them the same, or nearly."""
    rng = np.random.default_rng(seed)
    directions, outputs = rng.standard_normal((k, d)), rng.standard_normal((k, c))
    units = Units(directions, outputs).normalised()
    if c == 1:
        units = Units(units.directions, np.sign(units.outputs))
    again = units.take(rng.integers(k, size=k))
    near = again.turned(again.directions + 10.0 ** rng.uniform(-9, -3, size=(k, 1)) * rng.standard_normal((k, d)))
    return Units.join([units, near])


def by_hand(units, order, tolerance):
    """The definition, pair by pair."""
    kept = []
    for j in order:
        apart = [
            np.hypot(
                np.linalg.norm(units.directions[i] - units.directions[j]),
                np.linalg.norm(units.outputs[i] - units.outputs[j]),
            )
            for i in kept
        ]
        if all(gap > tolerance for gap in apart):
            kept.append(j)
    return kept


@given(st.integers(0, 10**6), st.sampled_from([1e-12, 1e-6, 1e-4, 0.5]), st.integers(1, 3))
def test_distinct_units_are_those_of_the_definition(seed, tolerance, c):
    units = random_units(seed, c=c)
    order = np.random.default_rng(seed).permutation(len(units))
    assert units.distinct(order, tolerance).tolist() == by_hand(units, order, tolerance)
    assert units.distinct(tolerance=tolerance).tolist() == by_hand(units, range(len(units)), tolerance)


def test_opposite_outputs_are_never_the_same():
    units = Units.signed(np.ones((2, 1)), np.array([1.0, -1.0]))
    assert len(units.distinct(tolerance=1.99)) == 2
    assert len(units.distinct(tolerance=2.01)) == 1


@given(st.integers(0, 10**6), st.integers(1, 2))
def test_merged_masses_add_up_on_distinct_units(seed, c):
    units = random_units(seed, c=c)
    masses = np.random.default_rng(seed).uniform(0, 1, len(units))
    zero = Units.join([units, Units(np.zeros((1, units.d)), np.ones((1, c)))])
    leaders, total = zero.merged(np.append(masses, 7.0))
    assert leaders.tolist() == by_hand(units, range(len(units)), DEFAULT.direction)
    assert total.sum() == pytest.approx(masses.sum())
    expected = np.zeros(len(leaders))
    for j in range(len(units)):
        gaps = [units.take(np.array([i])).gaps(units.directions[j], units.outputs[j])[0] for i in leaders]
        expected[int(np.argmin(gaps))] += masses[j]
    np.testing.assert_allclose(total, expected)


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_the_order_does_not_depend_on_how_units_came(seed, c):
    units = random_units(seed, c=c)
    shuffled = units.take(np.random.default_rng(seed).permutation(len(units)))
    first, second = units.take(units.order()), shuffled.take(shuffled.order())
    np.testing.assert_array_equal(first.directions, second.directions)
    np.testing.assert_array_equal(first.outputs, second.outputs)
    if c == 1:
        assert (np.diff(first.signs) <= 0).all()


def test_rounding_does_not_decide_the_order():
    directions = np.array([[0.5 + 1e-15, 0.1], [0.5, 0.9], [0.5 - 1e-15, 0.5]])
    assert Units.signed(directions, np.ones(3)).order().tolist() == [0, 2, 1]


def test_rounding_of_outputs_does_not_decide_the_order():
    outputs = np.array([[0.6, 0.8], [0.6 + 1e-16, 0.8]])
    for rows in ([0, 1], [1, 0]):
        assert Units(np.array([[1.0, 0.0], [0.0, 1.0]]), outputs[rows]).order().tolist() == [1, 0]


def test_a_unit_is_found_by_direction_and_output():
    units = random_units(3, c=2)
    for j in range(12):
        near = units.directions[j] + 3e-10
        assert units.find(near, units.outputs[j], 1e-8) in np.flatnonzero(units.gaps(near, units.outputs[j]) <= 1e-8)
        assert units.find(units.directions[j], -units.outputs[j]) is None
    assert Units.none(3).find(np.ones(3), np.ones(1)) is None


def test_what_has_several_outputs_has_no_signs():
    with pytest.raises(AssertionError, match="2 outputs"):
        _ = random_units(0, c=2).signs
    assert repr(Units.none(3, 2)) == "Units(0 units, 3 coordinates, 2 outputs)"


def test_a_unit_just_beyond_the_tolerance_is_another():
    units = Units.signed(np.eye(2), np.ones(2))
    for share, found in ((0.9, 0), (1.1, None), (5.0, None)):
        assert units.find(np.array([1.0, share * 1e-8]), np.ones(1), 1e-8) == found


def test_what_is_hardly_longer_than_zero_is_dead():
    units = Units.signed(np.array([[1e-9, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.ones(3))
    assert units.alive().tolist() == [False, True, False]
    assert units.normalised().directions.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_units_are_put_in_the_place_of_others():
    units = Units(np.zeros((3, 2)), np.ones((3, 2)))
    units.put(np.array([2, 0]), Units(np.eye(2), 2 * np.eye(2)))
    assert units.directions.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert units.outputs.tolist() == [[0, 2], [1, 1], [2, 0]]
