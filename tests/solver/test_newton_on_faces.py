"""Newton's method on the faces of units."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.model.losses import get_loss
from dualscape.solver import newton_on_faces as slide
from dualscape.solver.newton_on_faces import FINER, ROUGH, newton_on_faces
from dualscape.solver.task import Task
from dualscape.units import Units
from rough_states import rough_state


def test_a_slide_out_of_time_is_what_was_given(problem):
    units = Units.signed(np.eye(4), np.array([1.0, -1.0, 1.0, -1.0])), np.ones(4)
    nu = problem.dual_at_zero()
    moved = slide.slide(Task.of(problem), *units, nu, 1e-8)
    assert np.abs(moved[1][:1] - 1.0).max() > 1e-3
    assert slide.slide(Task.of(problem), *units, nu, 1e-8, lambda: False) == units


@pytest.mark.parametrize("loss", ["squared", "logistic", "huber:0.5", "squared-hinge"])
def test_newton_goes_back_to_an_optimum(loss):
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    y = y if get_loss(loss).target == "numbers" else np.where(y > 0, 1.0, -1.0)
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


def test_pieces_without_borders_are_slid_to_the_optimum_over_all_of_them(monkeypatch):
    """All gates at once, by Newton's method or, where that is too large, by descent."""
    rng = np.random.default_rng(0)
    problem = Problem(
        rng.standard_normal((30, 3)), rng.standard_normal(30), beta=0.5, bias="none", activation="gated:12"
    )
    task, optimum = Task.of(problem), solve(problem).certificate.primal
    for largest, rel in ((slide.LARGEST_GRAM, 1e-12), (0.0, 1e-4)):
        monkeypatch.setattr(slide, "LARGEST_GRAM", largest)
        found, masses = task.space.random(24, rng), np.full(24, 0.1)
        for _ in range(3):
            found, masses = slide.slide(task, found, masses, problem.y, ROUGH)
        value = task.value(task.columns(found) @ masses, float(masses.sum()))
        assert optimum * (1 - 1e-12) <= value <= optimum * (1 + rel)
        assert len(set(found.gates.tolist())) == len(found)


@pytest.mark.parametrize("size", [1e-8, 1.0])
def test_kinks_of_small_data_are_not_taken_for_each_other(size):
    """With a free bias two units of one direction differ by their kinks alone, which are as near as the rows."""
    x, nu = np.arange(4.0), np.array([1.0, -1.0, -1.0, 1.0])
    target = np.array([0.0, 0.0, 1.0, 3.0]) + 0.1 * nu
    problem = Problem(size * x[:, None], target, beta=0.1 * size, bias="free", free="constant")
    units = Units.signed(np.array([[1.0, -size], [1.0, -2 * size]]), np.ones(2))
    found, masses = slide.slide(Task.of(problem), units, np.ones(2) / size, 0.1 * nu, 1e-12)
    assert found.directions.tolist() == units.directions.tolist()
    np.testing.assert_allclose(masses * size, 1.0, rtol=1e-9)
