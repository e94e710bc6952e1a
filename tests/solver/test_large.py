"""What the solver does where the data are large, brought about on small data by lowering the limits."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.solver import slide, state


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((300, 4))
    y = np.maximum(X @ rng.standard_normal((4, 3)), 0.0) @ np.array([1.0, -1.0, 1.0]) + 0.1 * rng.standard_normal(300)
    return Problem(X, y, beta=5.0, bias="none")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_begin_from_a_share_of_the_rows_ends_at_the_same_objective(problem, monkeypatch, loss):
    if loss == "logistic":
        problem = Problem(problem.X, np.where(problem.y > 0, 1.0, -1.0), beta=2.0, loss=loss, bias="none")
    whole = solve(problem, oracle="ascent").certificate.primal
    monkeypatch.setattr(state, "BEGIN_ROWS", 60)
    begun = state.State.empty(state.Scale.of(problem).apply(problem))
    zero = begun.objective
    begun.begin_wide(50, 30)
    assert begun.objective < 0.95 * zero
    assert solve(problem, oracle="ascent").certificate.primal == pytest.approx(whole, rel=1e-6)


def test_descent_takes_the_place_of_newton_where_jacobians_are_too_large(problem, monkeypatch):
    whole = solve(problem, oracle="ascent").certificate.primal
    monkeypatch.setattr(slide, "LARGEST_JACOBIAN", 0)
    solution = solve(problem, oracle="ascent")
    objectives = [entry.objective for entry in solution.history]
    assert all(after <= before * (1 + 1e-12) for before, after in pairwise(objectives))
    assert solution.certificate.primal == pytest.approx(whole, rel=1e-4)


def test_a_share_of_rows_without_a_network_begins_with_none(problem, monkeypatch):
    monkeypatch.setattr(state, "BEGIN_ROWS", 60)
    zero = Problem(problem.X, np.zeros(300), beta=5.0, bias="none")
    begun = state.State.empty(zero)
    begun.begin_wide(20, 10)
    assert len(begun.masses) == 0
