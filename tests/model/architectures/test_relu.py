"""Columns of ReLU units by hand, in doubles and in twice as many digits."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.model.architectures.relu import TwoLayerReLU
from dualscape.units import Units
from exact_values import exactly


def test_columns_are_the_rectified_heights_with_their_sign():
    units = Units.signed(np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]), np.array([1.0, -1.0, 1.0]))
    inputs = np.array([[2.0, 1.0], [-1.0, 3.0], [0.0, -5.0]])
    expected = [[2.0, -2.0, 0.0], [0.0, -1.8, 1.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(TwoLayerReLU().columns(inputs, units), expected, atol=1e-15)
    assert inputs[0].tolist() == [2.0, 1.0]


def test_fine_columns_have_thirty_digits():
    rng = np.random.default_rng(0)
    units = Units.signed(rng.standard_normal((4, 3)), np.array([1.0, -1.0, 1.0, -1.0])).normalised()
    inputs = rng.standard_normal((6, 3))
    found = TwoLayerReLU().fine_columns(inputs, units)
    for i, x in enumerate(inputs):
        for j, u in enumerate(units.directions):
            height = max(sum(a * b for a, b in zip(exactly(x), exactly(u), strict=True)), Fraction(0))
            exact = int(units.signs[j]) * height
            assert abs(Fraction(float(found.hi[i, j])) + Fraction(float(found.lo[i, j])) - exact) <= Fraction(1, 10**29)


def test_units_and_columns_on_data_are_those_of_any_inputs():
    rng = np.random.default_rng(1)
    inputs, architecture = rng.standard_normal((7, 3)), TwoLayerReLU()
    units = Units.signed(rng.standard_normal((5, 3)), np.ones(5)).normalised()
    np.testing.assert_array_equal(architecture.on(inputs).columns(units), architecture.columns(inputs, units))


@pytest.mark.parametrize("slope", [0.3, -0.4, -1.0])
def test_leaky_columns_by_hand_and_in_thirty_digits(slope):
    rng = np.random.default_rng(2)
    units = Units.signed(rng.standard_normal((4, 3)), np.array([1.0, -1.0, 1.0, -1.0])).normalised()
    inputs, architecture = rng.standard_normal((6, 3)), TwoLayerReLU(slope)
    fine, plain = architecture.fine_columns(inputs, units), architecture.columns(inputs, units)
    np.testing.assert_allclose(fine.hi, plain, atol=1e-15)
    np.testing.assert_array_equal(architecture.on(inputs).columns(units), plain)
    for i, x in enumerate(inputs):
        for j, u in enumerate(units.directions):
            height = sum(a * b for a, b in zip(exactly(x), exactly(u), strict=True))
            exact = int(units.signs[j]) * max(height, Fraction(slope) * height)
            assert abs(Fraction(float(fine.hi[i, j])) + Fraction(float(fine.lo[i, j])) - exact) <= Fraction(1, 10**29)


def test_the_twin_computes_the_same():
    rng = np.random.default_rng(3)
    units, inputs = Units.signed(rng.standard_normal((5, 3)), np.ones(5)), rng.standard_normal((7, 3))
    even, leaky = TwoLayerReLU(-1.0), TwoLayerReLU(0.5)
    assert (even.twins, leaky.twins) == (2, 1)
    assert leaky.twin(units) is units
    np.testing.assert_array_equal(even.twin(units).directions, -units.directions)
    np.testing.assert_array_equal(even.columns(inputs, even.twin(units)), even.columns(inputs, units))
