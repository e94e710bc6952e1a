"""What the solver does where the data are large, brought about on small data by lowering the limits."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.certificate import certify_dual
from dualscape.effort import Effort
from dualscape.network import Network
from dualscape.oracles.ascent import AscentOracle
from dualscape.solver import columns, slide, state
from dualscape.solver.descent import descend_jointly
from dualscape.solver.task import Task
from dualscape.units import Units


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
    begun = state.State.empty(Task.of(problem))
    zero = begun.objective
    begun.begin_wide(50, 30, lambda: True)
    assert begun.objective < 0.95 * zero
    assert solve(problem, oracle="ascent").certificate.primal == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("limit", ["LARGEST_JACOBIAN", "LARGEST_CLIMB"])
def test_descent_takes_the_place_of_newton_on_large_data(problem, monkeypatch, limit):
    whole = solve(problem, oracle="ascent").certificate.primal
    monkeypatch.setattr(slide, limit, 0)
    solution = solve(problem, oracle="ascent")
    objectives = [entry.objective for entry in solution.history]
    assert all(after <= before * (1 + 1e-12) for before, after in pairwise(objectives))
    assert solution.certificate.primal == pytest.approx(whole, rel=1e-4)


def test_a_share_of_rows_without_a_network_begins_with_none(problem, monkeypatch):
    monkeypatch.setattr(state, "BEGIN_ROWS", 60)
    zero = Problem(problem.X, np.zeros(300), beta=5.0, bias="none")
    begun = state.State.empty(Task.of(zero))
    begun.begin_wide(20, 10, lambda: True)
    assert len(begun.masses) == 0


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


def test_the_search_before_a_certificate_leaves_time_for_the_proof(problem, monkeypatch):
    deadlines = []

    def without_answer(oracle, question, *, effort, **rest):
        deadlines.append(effort.deadline)
        raise KeyboardInterrupt

    monkeypatch.setattr(AscentOracle, "best_units", without_answer)
    effort, nothing = Effort.within(1000.0), Network(np.zeros((0, 4)), np.zeros(0), np.zeros(0), "none")
    with pytest.raises(KeyboardInterrupt):
        certify_dual(problem, nothing, problem.y, oracle="cells", effort=effort)
    assert effort.deadline is not None
    assert effort.deadline - 600 < deadlines[0] < effort.deadline - 400


@pytest.mark.parametrize(("d", "share"), [(4, 0.5), (20, 0.9)])
def test_time_is_kept_for_a_proof_that_time_improves(d, share):
    X = np.random.default_rng(0).standard_normal((1000, d))
    run = columns._Run(
        Problem(X, X[:, 0], beta=1.0, bias="none"), "bisection", Effort.within(1000.0), columns.DEFAULT, columns.silent
    )
    assert run._search_until - run.log.began == pytest.approx(1000 * share, abs=20)


def test_a_slide_out_of_time_is_what_was_given(problem):
    units = Units.signed(np.eye(4), np.array([1.0, -1.0, 1.0, -1.0])), np.ones(4)
    nu = problem.dual_at_zero()
    moved = slide.slide(Task.of(problem), *units, nu, 1e-8)
    assert np.abs(moved[1][:1] - 1.0).max() > 1e-3
    assert slide.slide(Task.of(problem), *units, nu, 1e-8, lambda: False) == units
