"""Faces taken from others, Newton's method on them, units that join by it, and units of no mass that leave."""

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.architectures import Faces
from dualscape.solver.slide import SINGLE, newton_on_faces
from dualscape.solver.state import ROUGH, Scale, State


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


def rough_state(loss="squared", n=120, d=6):
    """A state between two searches, in the solver's units of length."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, d))
    y = np.maximum(X @ rng.standard_normal((d, 5)), 0) @ np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    y += 0.1 * rng.standard_normal(n)
    y = y if loss == "squared" else np.where(y > 0, 1.0, -1.0)
    problem = Problem(X, y, beta=5.0 if loss == "squared" else 1.0, loss=loss, bias="none")
    state = State.empty(Scale.of(problem).apply(problem))
    state.begin_wide(60, 40, lambda: True)
    return state


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_newton_in_single_precision_ends_where_it_says(loss):
    state = rough_state(loss)
    for _ in range(4):
        state.slide(lambda: True, rough=ROUGH)
    problem = state.problem
    directions, faces = problem.architecture.faces(problem.X, state.nu, state.directions, state.signs)
    masses = np.maximum(state.masses, 1e-9)
    x = masses[faces.owner] * (faces.basis * directions[faces.owner].T).sum(axis=0)

    def residual(x):
        norms = np.sqrt(np.bincount(faces.owner, x * x))[faces.owner]
        slope = faces.jacobian.T @ problem.loss.gradient(faces.jacobian @ x, problem.y)
        gradient = slope + problem.beta * x / np.where(norms > 0, norms, 1.0)
        return np.abs(gradient[norms > 1e-9]).max() / problem.beta

    ends = [
        newton_on_faces(faces, x, problem.y, problem.beta, problem.loss, precision=precision, steps=60)
        for precision in (1e-3, 1e-12)
    ]
    assert 1e-3 >= SINGLE
    assert residual(x) > 1e-2
    assert residual(ends[0]) <= 1e-3
    assert residual(ends[1]) <= 1e-9
    np.testing.assert_allclose(faces.jacobian @ ends[0], faces.jacobian @ ends[1], atol=1e-2)


def test_units_at_hand_are_tight_after_a_rough_slide():
    """A search compares with beta: what Newton's method leaves of its residual must not pass for violations."""
    state = rough_state()
    for _ in range(4):
        state.slide(lambda: True, rough=ROUGH)
        slack = state.columns.T @ state.nu / state.problem.beta - 1
        assert np.abs(slack).max() <= 1e-7
