"""What the solver minimises, and the units of length in which its numbers are near one."""

import numpy as np
import pytest

from dualscape.model.losses import Logistic, Squared
from dualscape.model.problem import Problem
from dualscape.solver import solve
from dualscape.solver.task import Scale, Task
from dualscape.units import Units


def problem_of(loss, x=1.0, y=1.0, n=12):
    rng = np.random.default_rng(0)
    X, target = x * rng.standard_normal((n, 3)), rng.standard_normal(n)
    target = y * target if loss == "squared" else np.where(target > 0, 1.0, -1.0)
    return Problem(X, target, beta=0.1 * x * y, loss=loss, bias="none")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_task_is_that_of_the_problem(loss):
    """Its value at a network is the objective, its dual variable minus the slope."""
    problem = problem_of(loss)
    task, network = Task.of(problem), solve(problem).network
    fit = np.maximum(problem.X @ network.directions.T, 0.0) @ (network.signs * network.masses)
    np.testing.assert_allclose(task.columns(network.units) @ network.masses, fit, atol=1e-12)
    assert task.value(fit, network.masses.sum()) == pytest.approx(problem.objective(network), rel=1e-12)
    steps = 1e-6 * np.eye(12)
    slope = [(task.value(fit + e, 0.0) - task.value(fit - e, 0.0)) / 2e-6 for e in steps]
    np.testing.assert_allclose(task.dual(fit), -np.array(slope), atol=1e-8)


@pytest.mark.parametrize("weights", [None, np.arange(1.0, 13.0)])
def test_some_rows_have_their_share_of_everything(weights):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((12, 3)), rng.standard_normal(12)
    problem = Problem(X, y, beta=0.6, loss=Squared(weights=weights), bias="none")
    which = np.array([7, 2, 3, 11])
    some = Task.of(problem).rows(which)
    assert some.beta == pytest.approx(0.2)
    np.testing.assert_array_equal(some.y, y[which])
    units = Units.signed(np.eye(3), np.ones(3))
    np.testing.assert_array_equal(some.columns(units), np.maximum(X[which], 0.0))
    each = np.ones(12) if weights is None else weights
    fit = rng.standard_normal(4)
    assert some.value(fit, 2.0) == pytest.approx(0.5 * each[which] @ (fit - y[which]) ** 2 + 0.4)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize(("x", "y"), [(1.0, 1.0), (3e7, 2e-9), (7e-12, 5e10)])
def test_a_task_in_its_own_units_of_length_is_the_same_task(loss, x, y):
    problem = problem_of(loss, x, y if loss == "squared" else 1.0)
    task = Task.of(problem)
    scale = Scale.of(task)
    small = scale.task(task)
    assert 1.0 <= small.space.reach.lengths.max() < 2.0
    if loss == "squared":
        assert 1.0 <= np.linalg.norm(small.y) / 12**0.5 < 2.0
    else:
        assert scale.y == 0
        np.testing.assert_array_equal(small.y, task.y)
    # Masses, dual variable and objective come back to the bit: only exponents change.
    units, masses = Units.signed(np.eye(3), np.array([1.0, -1.0, 1.0])), np.array([0.3, 0.2, 0.1])
    there = small.columns(units) @ masses
    here = task.columns(units) @ scale.masses(masses)
    np.testing.assert_allclose(scale.dual(there), here, rtol=1e-15)
    np.testing.assert_array_equal(scale.dual(small.dual(there)), task.dual(scale.dual(there)))
    if loss == "squared":
        value = task.value(here, scale.masses(masses).sum())
        assert scale.objective(small.value(there, masses.sum())) == pytest.approx(value, rel=1e-14)


def test_data_without_length_keep_their_units():
    task = Task.of(Problem(np.zeros((2, 2)), [0.0, 0.0], beta=1.0, bias="none"))
    assert Scale.of(task) == Scale(0, 0)
    labels = Problem(8 * np.eye(2), [1.0, -1.0], beta=1.0, bias="none", loss=Logistic())
    assert Scale.of(Task.of(labels)) == Scale(3, 0)
