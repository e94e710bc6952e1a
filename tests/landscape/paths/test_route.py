"""Slots and the units in them."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape.landscape.paths.piece import Piece
from dualscape.landscape.paths.pool import NONE, Pool
from dualscape.landscape.paths.route import OutOfSlots, Route
from dualscape.model.network import Network
from dualscape.model.problem import Problem


def pool(width, count):
    problem = Problem(np.eye(4), np.ones(4), beta=0.1, bias="none")
    network = Network(np.eye(4)[:count], np.ones(count), np.arange(1.0, count + 1)).pad(width)
    return Pool.of(problem, network, network)


def route(width, count):
    units = pool(width, count)
    return Route(units, units.places(0, units.masses(0)), units.masses(0), None, np.full(count, NONE))


def sound(corners):
    return all(Piece(one, other).broken is None for one, other in pairwise(corners))


@pytest.mark.parametrize(("width", "pieces"), [(4, 4), (5, 3), (6, 2)])
def test_a_cycle_takes_fewer_pieces_with_more_free_slots(width, pieces):
    found = route(width, 3)
    goal = np.roll(found._places, 1)
    found.arrange(goal)
    assert len(found.corners) - 1 == pieces
    assert sound(found.corners)
    assert (found._places == goal).all()


def test_no_slot_is_free():
    found = route(3, 3)
    with pytest.raises(OutOfSlots):
        found.arrange(np.roll(found._places, 1))
    with pytest.raises(OutOfSlots):
        route(3, 3).finish(np.ones(3), None, np.array([1, 0, 2]))


def test_what_would_fill_all_slots_is_put_in_order_before():
    units = pool(3, 3)
    masses = units.masses(0)
    two = np.where(masses == masses.max(), 0.0, masses)
    found = Route(units, np.where(two > 0, units.places(0, masses), NONE), two, None, np.full(3, NONE))
    goal = np.roll(units.places(0, masses), 1)
    found.finish(masses, None, goal)
    assert sound(found.corners)
    assert (found._places == goal).all()


def test_a_step_to_the_same_masses_is_none():
    found = route(4, 3)
    found.go(found.masses.copy(), None)
    assert len(found.corners) == 1
