"""One piece: linear masses, linear fits."""

import numpy as np

from dualscape.landscape.paths.piece import Piece, slots
from dualscape.model.network import Network
from landscape_networks import anything, made


def test_fits_and_masses_are_linear():
    problem = made(2)
    a = anything(problem, 5, 4)
    b = a._select(np.arange(5), a.masses[::-1].copy())
    piece = Piece(a, b)
    assert piece.broken is None
    for t in (0.0, 0.3, 1.0):
        found = piece.at(t)
        np.testing.assert_allclose(found.masses, (1 - t) * a.masses + t * b.masses)
        np.testing.assert_allclose(
            problem.fit_of(found), (1 - t) * problem.fit_of(a) + t * problem.fit_of(b), atol=1e-12
        )


def test_weights_without_mass_shrink_evenly():
    a = Network.from_weights([[3.0, 4.0], [0.0, 0.0]], [0.0, -2.0])
    U, alpha = Piece(a, Network(np.zeros((2, 2)), [1, 1], [0.0, 0.0])).at(0.25).weights()
    np.testing.assert_allclose(U, [[2.25, 3.0], [0.0, 0.0]])
    np.testing.assert_allclose(alpha, [0.0, -1.5])


def test_slots_of_weight_zero_have_no_direction():
    padded = slots(Network([[1.0, 0.0], [0.0, 1.0]], [-1.0, 1.0], [0.0, 2.0]), 3)
    assert padded.directions.tolist() == [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    assert padded.signs.tolist() == [1.0, 1.0, 1.0]


def test_a_slot_turns_while_its_outer_weight_stays():
    first = Network.from_weights([[1.0, 0.0], [1.0, 1.0]], [2.0, 1.0])
    turned = Piece(first, Network.from_weights([[0.0, 3.0], [1.0, 1.0]], [2.0, 1.0]))
    assert turned.broken is None
    assert turned.turning.tolist() == [True, False]
    for t in (0.0, 0.25, 0.5, 1.0):
        U, alpha = turned.limit(t).weights()
        np.testing.assert_allclose(U, [[1 - t, 3 * t], [1.0, 1.0]], atol=1e-15)
        np.testing.assert_allclose(alpha, [2.0, 1.0], rtol=1e-15)
    other = Piece(first, Network.from_weights([[0.0, 3.0], [1.0, 1.0]], [2.1, 1.0]))
    assert (other.broken, other.turning.any()) == (0, False)


def test_a_slot_leads_elsewhere_while_its_inner_weights_stay():
    first = Network.from_weights([[1.0, 2.0], [1.0, 1.0]], [[2.0, 0.0], [0.0, 1.0]])
    led = Piece(first, Network.from_weights([[1.0, 2.0], [1.0, 1.0]], [[0.0, 4.0], [0.0, 1.0]]))
    assert led.broken is None
    assert led.turning.tolist() == [True, False]
    for t in (0.0, 0.25, 0.5, 1.0):
        U, alpha = led.limit(t).weights()
        np.testing.assert_allclose(U, [[1.0, 2.0], [1.0, 1.0]], rtol=1e-14)
        np.testing.assert_allclose(alpha, [[2 - 2 * t, 4 * t], [0.0, 1.0]], atol=1e-14)
    other = Piece(first, Network.from_weights([[1.0, 2.1], [1.0, 1.0]], [[0.0, 4.0], [0.0, 1.0]]))
    assert (other.broken, other.turning.any()) == (0, False)


def test_a_sign_does_not_turn():
    first = Network.from_weights([[1.0]], [2.0])
    assert Piece(first, Network.from_weights([[1.0]], [-2.0])).broken == 0
