"""Joint descent of all units, which takes the place of Newton's method on large data."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.solver import newton_on_faces as slide
from dualscape.solver.descent import descend_jointly
from dualscape.solver.task import Task
from dualscape.units import Units


@pytest.mark.parametrize("limit", ["LARGEST_JACOBIAN", "LARGEST_CLIMB"])
def test_descent_takes_the_place_of_newton_on_large_data(problem, monkeypatch, limit):
    whole = solve(problem, oracle="ascent").certificate.primal
    monkeypatch.setattr(slide, limit, 0)
    solution = solve(problem, oracle="ascent")
    objectives = [entry.objective for entry in solution.history]
    assert all(after <= before * (1 + 1e-12) for before, after in pairwise(objectives))
    assert solution.certificate.primal == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize(("steps", "least", "in_time"), [(1, 0.0, False), (2, 1.0, True)])
def test_descent_ends_out_of_time_or_when_a_step_helps_little(problem, steps, least, in_time):
    units = Units.signed(np.eye(4), np.array([1.0, -1.0, 1.0, -1.0])), np.ones(4)
    ended = [
        descend_jointly(Task.of(problem), *units, steps=steps, in_time=lambda: True),
        descend_jointly(Task.of(problem), *units, steps=9, least=least, in_time=lambda: in_time),
    ]
    for (units, masses), (others, mass) in [ended]:
        np.testing.assert_array_equal(units.directions, others.directions)
        np.testing.assert_array_equal(masses, mass)


def test_a_free_bias_costs_nothing():
    """One neuron with its kink far from 0: the mass that descent ends with is the best, whatever the bias."""
    x = np.arange(10.0)
    problem = Problem(x[:, None], np.maximum(x - 5.0, 0.0), beta=0.5, bias="free", free="constant")
    start = Units.signed(np.array([[1.0, -4.5]]), np.ones(1))
    units, masses = descend_jointly(Task.of(problem), start, np.ones(1), steps=300, in_time=lambda: True)
    assert np.abs(units.directions[:, 0]).tolist() == pytest.approx([1.0])
    best = solve(problem).certificate.primal
    assert problem.objective(problem.network(units, masses)) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("c", [1, 2])
def test_biases_that_cost_nothing_do_not_grow(c):
    """Beyond beta_max units shrink to nothing; their kinks stay among the rows, and the objective finite and low."""
    rng = np.random.default_rng(93)
    X, Y = 1e-5 * rng.standard_normal((7, 2)), rng.standard_normal((7, c))
    problem = Problem(X, Y, beta=1e-3, bias="free", free="affine")
    task = Task.of(problem)
    units = task.space.random(40, rng)
    found, masses = descend_jointly(task, units, np.full(40, 1e4), steps=300, in_time=lambda: True)
    heights = problem.X @ found.directions.T
    near = 1e-9 * np.abs(heights).max()
    assert len(masses) > 0
    assert (heights.min(axis=0) <= near).all()
    assert (heights.max(axis=0) >= -near).all()
