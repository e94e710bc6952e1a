"""Faces of units, Newton's method on them, units that join by it, and units of no mass that leave."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.solver import newton_on_faces as slide
from dualscape.solver.iterate import Iterate
from dualscape.solver.newton_on_faces import FINER, ROUGH, newton_on_faces
from dualscape.solver.task import Scale, Task
from dualscape.units import Units


def test_faces_of_some_units_are_those_of_all():
    state = rough_state()
    _, dimensions, faces_of = state.task.space.faces(state.nu, state.units)
    every = faces_of(np.arange(len(dimensions)))
    assert np.bincount(every.owner, minlength=len(dimensions)).tolist() == dimensions.tolist()
    assert len(set(dimensions)) > 2
    chosen = np.array([3, 1, 0, 5])
    some = faces_of(chosen)
    for place, unit in enumerate(chosen):
        np.testing.assert_allclose(some.basis[:, some.owner == place], every.basis[:, every.owner == unit], atol=1e-12)
        np.testing.assert_allclose(
            some.jacobian[:, some.owner == place], every.jacobian[:, every.owner == unit], atol=1e-12
        )
    assert faces_of(chosen[:0]).jacobian.shape == (state.task.space.n, 0)


def test_faces_are_the_linear_pieces_of_the_columns():
    state = rough_state()
    space = state.task.space
    climbed, _, faces_of = space.faces(state.nu, state.units)
    which = np.flatnonzero(climbed.alive())
    units, faces = climbed.take(which), faces_of(which)
    rng = np.random.default_rng(0)
    move = 1e-9 * rng.standard_normal(len(faces.owner))
    w = units.directions.copy()
    np.add.at(w, faces.owner, (faces.basis * move).T)
    moved = space.columns(units.turned(w))
    v = move + (faces.basis * units.directions[faces.owner].T).sum(axis=0)
    for j in range(len(units)):
        mine = faces.owner == j
        np.testing.assert_allclose(faces.jacobian[:, mine] @ v[mine], moved[:, j], atol=1e-12)


def test_a_unit_without_mass_joins_by_newton():
    rng = np.random.default_rng(4)
    problem = Problem(rng.standard_normal((30, 3)), rng.standard_normal(30), beta=1.0, bias="none")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    network = solution.network
    state = Iterate.empty(scaled(problem))
    state.add(network.units.take(slice(1, None)))
    before = state.objective
    assert state.join(network.units.take(slice(1)))
    assert state.objective < before * (1 - 1e-6)


def test_masses_that_are_rounding_leave():
    # y - f rounds to twice the change that f is worth: the network with this mass seems better than none.
    problem = Problem([[1.0]], [0.99], beta=0.9909, bias="none")
    state = Iterate.empty(Task.of(problem))
    without = state.objective
    state._become(Units(np.ones((1, 1)), np.ones((1, 1))), np.full(1, 0.57e-16), np.ones((1, 1)))
    assert state.objective < without
    state.master()
    assert len(state.masses) == 0


def scaled(problem):
    """Its task in the solver's units of length."""
    task = Task.of(problem)
    return Scale.of(task).task(task)


def rough_state(loss="squared", n=120, d=6):
    """A state between two searches, in the solver's units of length."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, d))
    y = np.maximum(X @ rng.standard_normal((d, 5)), 0) @ np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    y += 0.1 * rng.standard_normal(n)
    y = y if loss == "squared" else np.where(y > 0, 1.0, -1.0)
    problem = Problem(X, y, beta=5.0 if loss == "squared" else 1.0, loss=loss, bias="none")
    state = Iterate.empty(scaled(problem))
    state.begin_wide(60, 40, lambda: True)
    return state


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_newton_goes_back_to_an_optimum(loss):
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    y = y if loss == "squared" else np.where(y > 0, 1.0, -1.0)
    problem = Problem(X, y, beta=2.0 if loss == "squared" else 1.0, loss=loss, bias="none")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    network, nu = solution.network, solution.nu
    climbed, _, faces_of = problem.space.faces(nu, network.units)
    faces = faces_of(np.arange(network.width))
    best = network.masses[faces.owner] * (faces.basis * climbed.directions[faces.owner].T).sum(axis=0)
    away = best * (1 + 0.05 * rng.standard_normal(len(best)))
    norms = np.sqrt(np.bincount(faces.owner, best * best))[faces.owner]

    def residual(x):
        gradient = faces.jacobian.T @ problem.loss.gradient(faces.jacobian @ x, y) + problem.beta * x / norms
        return np.abs(gradient).max() / problem.beta

    assert residual(best) < 1e-8
    assert residual(away) > 1e-2
    x = newton_on_faces(faces, away, y, problem.beta, problem.loss, precision=1e-12)
    np.testing.assert_allclose(x, best, atol=1e-7 * norms.max())


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_rough_slide_of_many_coordinates_only_climbs(loss, monkeypatch):
    state, called = rough_state(loss), []

    def newton(*args, precision, **options):
        called.append(precision)
        return newton_on_faces(*args, precision=precision, **options)

    monkeypatch.setattr(slide, "newton_on_faces", newton)
    monkeypatch.setattr(slide, "LARGEST_ROUGH_SYSTEM", 0)
    objectives = [state.objective]
    for _ in range(4):
        state.slide(lambda: True, rough=ROUGH)
        objectives.append(state.objective)
    assert called == []
    assert all(after < before for before, after in pairwise(objectives))
    state.slide(lambda: True, rough=FINER)
    assert called == [FINER]
    monkeypatch.setattr(slide, "LARGEST_ROUGH_SYSTEM", 10_000)
    state.slide(lambda: True, rough=ROUGH)
    assert called == [FINER, ROUGH]


def test_units_at_hand_are_tight_after_a_rough_slide():
    """A search compares with beta: what Newton's method leaves of its residual must not pass for violations."""
    state = rough_state()
    for _ in range(4):
        state.slide(lambda: True, rough=ROUGH)
        slack = state.columns.T @ state.nu / state.task.beta - 1
        assert np.abs(slack).max() <= 1e-7
