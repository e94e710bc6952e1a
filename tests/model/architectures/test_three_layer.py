"""What three-layer units compute on any rows, and which are taken."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.architectures import ThreeLayerReLU, get_architecture
from dualscape.units import Units

KIND = ThreeLayerReLU(3)


def some_units(rng, count=5, d=2, kind=KIND):
    return kind.on(np.ones((1, d))).random(count, rng)


def test_columns_are_those_of_three_layers_written_out():
    rng = np.random.default_rng(0)
    units, X = some_units(rng), rng.standard_normal((7, 2))
    columns = KIND.columns(X, units)
    for k in range(len(units)):
        theta = units.directions[k].reshape(6, 2)
        second = np.linalg.norm(theta, axis=1) * np.array([1, 1, 1, -1, -1, -1])
        assert np.allclose(columns[:, k], units.signs[k] * np.maximum(np.maximum(X @ theta.T, 0) @ second, 0))
    assert np.allclose(KIND.columns(X, units.turned(2 * units.directions)), 2 * columns)


def test_twice_the_precision_agrees_where_numbers_are_exact():
    rng = np.random.default_rng(1)
    units, X = some_units(rng), rng.standard_normal((7, 2))
    fine = KIND.fine_columns(X, units)
    assert np.abs(fine.hi - KIND.columns(X, units)).max() <= 1e-15
    # 3, 4, 5: |theta| = 0.6 and 0.8 exactly to 1e-32 once their rounding is taken into account.
    exact = KIND.fine_columns(np.array([[1.0, 0.0]]), Units.signed(np.eye(12)[:1], np.ones(1)))
    assert (exact.hi, exact.lo) == (1.0, 0.0)


def test_titles_are_read_back():
    assert get_architecture("three-layer:5").key == ("three-layer", "5")
    assert get_architecture("three-layer").fitted(4).inner == 4
    assert get_architecture("three-layer").fitted(400).inner == 16
    assert KIND.fitted(100) is KIND
    assert (KIND.seen(12), KIND.words) == (2, "three-layer, at most 3 inner neurons a subnetwork")


@pytest.mark.parametrize("inner", [0, -1, 1.5, True, "3"])
def test_an_inner_width_is_a_positive_whole_number(inner):
    with pytest.raises(InputError, match="1 or more inner neurons"):
        ThreeLayerReLU(inner)


def test_units_with_too_many_inner_neurons_are_refused():
    crowded = Units.signed(np.full((1, 12), 12**-0.5), np.ones(1))
    with pytest.raises(InputError, match="subnetwork 0 has 6 inner neurons, 'three-layer:3' allows 3"):
        KIND.check(crowded)
    with pytest.raises(InputError, match="6 slots of equal length"):
        KIND.check(Units.signed(np.ones((1, 7)), np.ones(1)))
    with pytest.raises(InputError, match="say so"):
        get_architecture("three-layer").seen(12)
    assert len(KIND.borders(crowded)) == 6


def test_a_unit_of_direction_0_computes_0_in_twice_the_precision_too():
    fine = ThreeLayerReLU(1).fine_columns(np.ones((2, 2)), Units.signed(np.zeros((1, 4)), np.ones(1)))
    assert np.array_equal(fine.hi, np.zeros((2, 1)))
    assert np.array_equal(fine.lo, np.zeros((2, 1)))
