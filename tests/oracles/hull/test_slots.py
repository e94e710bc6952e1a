"""Inner neurons in slots."""

import numpy as np

from dualscape.oracles.hull.slots import Slots, alone_in_slots, in_slots, inner_fit
from dualscape.units import Units


def test_slots_give_the_point_of_the_hull_that_they_are_made_of():
    rng = np.random.default_rng(0)
    X, u = rng.standard_normal((6, 3)), rng.standard_normal((5, 3))
    u /= np.linalg.norm(u, axis=1)[:, None]
    up, down = np.array([[0.2, 0.0, 0.1, 0.0, 0.3]]), np.array([[0.0, 0.4, 0.0, 0.0, 0.0]])
    units = Units.signed(in_slots(u, up, down, 4), np.ones(1))
    assert np.linalg.norm(units.directions) == 1.0
    assert np.allclose(inner_fit(X, units)[:, 0], np.maximum(X @ u.T, 0.0) @ (up - down)[0])
    slots = Slots.of(units.directions, 3)
    assert slots.turns.tolist() == [1, 1, 1, -1]
    assert np.allclose(np.sort(slots.lengths**2), [0.1, 0.2, 0.3, 0.4])


def test_of_too_many_inner_neurons_the_greatest_are_kept():
    units = Units.signed(in_slots(np.eye(3), np.array([[0.5, 0.1, 0.4]]), np.zeros((1, 3)), 2), np.ones(1))
    h = inner_fit(np.eye(3), units)[:, 0]
    assert np.allclose(h, [5 / 9, 0.0, 4 / 9])


def test_without_inner_neurons_there_is_no_fit():
    units = Units.signed(np.zeros((2, 12)), np.ones(2))
    assert not inner_fit(np.ones((4, 3)), units).any()
    assert not inner_fit(np.ones((4, 3)), Units.none(12)).size


def test_a_unit_of_two_layers_is_one_inner_neuron():
    units = alone_in_slots(Units.signed(np.array([[0.6, 0.8]]), np.array([-1.0])), 3)
    assert units.d == 12
    assert units.signs == [-1]
    assert np.allclose(inner_fit(np.eye(2), units)[:, 0], [0.6, 0.8])
