"""Faces taken from others, units that join by Newton's method, and units of no mass that leave."""

import numpy as np

from dualscape import Problem, solve
from dualscape.architectures import Faces
from dualscape.solver.state import Scale, State


def test_faces_are_taken_with_their_columns_even_if_they_have_none():
    owner = np.array([0, 0, 2, 3, 3, 3])  # units 1 and 4 are points
    faces = Faces(np.arange(12.0).reshape(2, 6), np.arange(18.0).reshape(3, 6), owner)
    taken = faces.take(np.array([3, 1, 0, 4]))
    assert taken.owner.tolist() == [0, 0, 0, 2, 2]
    assert taken.basis[0].tolist() == [3, 4, 5, 0, 1]
    assert taken.jacobian[1].tolist() == [9, 10, 11, 6, 7]


def test_a_unit_without_mass_joins_by_newton():
    rng = np.random.default_rng(4)
    problem = Problem(rng.standard_normal((30, 3)), rng.standard_normal(30), beta=1.0, bias="none")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    network = solution.network
    state = State.empty(Scale.of(problem).apply(problem))
    state.add(network.directions[1:], network.signs[1:])
    before = state.objective
    assert state.join(network.directions[:1], network.signs[:1])
    assert state.objective < before * (1 - 1e-6)


def test_masses_that_are_rounding_leave():
    # y - f rounds to twice the change that f is worth: the network with this mass seems better than none.
    problem = Problem([[1.0]], [0.99], beta=0.9909, bias="none")
    state = State.empty(problem)
    without = state.objective
    state._become(np.ones((1, 1)), np.ones(1), np.full(1, 0.57e-16), np.ones((1, 1)))
    assert state.objective < without
    state.add(state.directions[:0], state.signs[:0])
    assert len(state.masses) == 0
