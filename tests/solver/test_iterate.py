"""The network that the solver improves: how it begins, what joins it and what leaves it."""

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.solver import iterate as state
from dualscape.solver.iterate import Iterate
from dualscape.solver.newton_on_faces import ROUGH
from dualscape.solver.task import Task
from dualscape.units import Units
from rough_states import rough_state, scaled


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_begin_from_a_share_of_the_rows_ends_at_the_same_objective(problem, monkeypatch, loss):
    if loss == "logistic":
        problem = Problem(problem.X, np.where(problem.y > 0, 1.0, -1.0), beta=2.0, loss=loss, bias="none")
    whole = solve(problem, oracle="ascent").certificate.primal
    monkeypatch.setattr(state, "BEGIN_ROWS", 60)
    begun = state.Iterate.empty(Task.of(problem))
    zero = begun.objective
    begun.begin_wide(50, 30, lambda: True)
    assert begun.objective < 0.95 * zero
    assert solve(problem, oracle="ascent").certificate.primal == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("room", [3, 1000])
def test_only_the_heaviest_units_go_on_to_all_rows_where_there_is_no_room_for_more(problem, monkeypatch, room):
    monkeypatch.setattr(state, "BEGIN_ROWS", 60)
    seen, plain = [], state.Iterate.add

    def add(self, units, masses=None, **rest):
        seen.append(len(units))
        plain(self, units, masses, **rest)

    monkeypatch.setattr(state.Iterate, "add", add)
    begun = state.Iterate.empty(Task.of(problem))
    begun.begin_wide(50, 30, lambda: True, room=lambda: room)
    of_share, taken = seen
    assert taken == 3 if room == 3 else 3 < taken <= of_share
    assert 0 < len(begun.masses) <= taken


def test_a_share_of_rows_without_a_network_begins_with_none(problem, monkeypatch):
    monkeypatch.setattr(state, "BEGIN_ROWS", 60)
    zero = Problem(problem.X, np.zeros(300), beta=5.0, bias="none")
    begun = state.Iterate.empty(Task.of(zero))
    begun.begin_wide(20, 10, lambda: True)
    assert len(begun.masses) == 0


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


def test_units_at_hand_are_tight_after_a_rough_slide():
    """A search compares with beta: what Newton's method leaves of its residual must not pass for violations."""
    state = rough_state()
    for _ in range(4):
        state.slide(lambda: True, rough=ROUGH)
        slack = state.columns.T @ state.nu / state.task.beta - 1
        assert np.abs(slack).max() <= 1e-7


@pytest.mark.parametrize("most", [0, 300 * 12])
def test_columns_that_are_not_kept_are_the_same(problem, monkeypatch, most):
    plain = solve(problem, oracle="ascent")
    monkeypatch.setattr(state, "KEPT", most)
    assert solve(problem, oracle="ascent").certificate.primal == pytest.approx(plain.certificate.primal, rel=1e-9)
    at = Iterate.empty(Task.of(problem))
    for some in (plain.network.units, problem.space.random(40, np.random.default_rng(0))):
        at.add(some)
        assert at.kept is None or at.kept.size <= most
        np.testing.assert_allclose(at.columns, problem.space.columns(at.units), rtol=0, atol=1e-14)
        assert (at.masses > 0).all()
        assert at.objective == pytest.approx(at._value(at.columns, at.masses), rel=1e-14)


def test_columns_that_are_not_kept_come_back_from_a_file(problem, monkeypatch):
    monkeypatch.setattr(state, "KEPT", 0)
    one, other = (Iterate.empty(Task.of(problem)) for _ in range(2))
    one.add(problem.space.random(5, np.random.default_rng(0)))
    other.restore(one.arrays(one.nu))
    for at in (one, other):
        assert at.kept is None
        at.master()
    assert one.objective == other.objective


def test_units_that_climb_above_the_constraint_join(problem):
    """And lower the objective; at the optimum none does."""
    at = Iterate.empty(Task.of(problem))
    starts = at.task.space.random(30, np.random.default_rng(0))
    zero = at.objective
    at.climb_from(starts, 1e-9, lambda: True)
    assert at.objective < zero
    best = solve(problem, oracle="ascent")
    at = Iterate.empty(Task.of(problem))
    at.add(best.network.units, best.network.masses)
    least, width = at.objective, len(at.masses)
    at.climb_from(starts, 1e-6, lambda: True)
    assert (at.objective, len(at.masses)) == (least, width)
