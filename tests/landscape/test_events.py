"""Events against closed forms, and against optima over a dense grid of directions by a conic solver."""

from dataclasses import replace
from itertools import pairwise

import cvxpy as cp
import numpy as np
import pytest

from dualscape.landscape.events import Locator, Structure, _Match
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.path_point import PathPoint
from dualscape.landscape.solution_path import solution_path
from dualscape.model.architectures import get_architecture
from dualscape.model.problem import Problem
from dualscape.solver import solve
from dualscape.units import Units
from solved import polygon


def test_without_a_bias_the_two_sides_of_a_line_enter_where_their_columns_say():
    """1-D, no bias: the units x_+ and (-x)_+ have no row in common, and enter at beta = |a . y|."""
    x, y = np.array([1.0, 2.0, -1.0, -3.0]), np.array([1.0, 1.5, 0.5, -2.0])
    path = solution_path(Problem(x[:, None], y, beta=1.0, bias="none"), [20.0, 0.1])
    truth = sorted([abs(np.maximum(x, 0) @ y), abs(np.maximum(-x, 0) @ y)], reverse=True)
    assert [event.kind for event in path.events] == ["enters", "enters"]
    for event, beta in zip(path.events, truth, strict=True):
        assert event.low <= beta <= event.high
        assert event.precision <= 1e-6
    assert [int(event.units.signs[0]) for event in path.events] == [-1, 1]


def grid_units(problem, beta, count=3000):
    """How many units the optimum over a dense grid of directions uses: neighbours on the grid are one unit."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    columns = np.maximum(problem.X @ np.array([np.cos(angles), np.sin(angles)]), 0)
    nu = cp.Variable(problem.n)
    upper, lower = columns.T @ nu <= beta, columns.T @ nu >= -beta
    cp.Problem(cp.Minimize(cp.sum_squares(nu - problem.y)), [upper, lower]).solve(solver=cp.CLARABEL)
    total = 0
    for constraint in (upper, lower):
        used = np.flatnonzero(constraint.dual_value > 1e-4 * max(constraint.dual_value.max(), 1e-9))
        if len(used):
            gaps = np.diff(used, append=used[0] + count)
            total += int((gaps > 5).sum())
    return total


@pytest.fixture(scope="module")
def path():
    """Six points on a line, with a bias."""
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((6, 1)), rng.standard_normal(6), beta=1.0)
    found = solution_path(problem, n_betas=8, precision=1e-4)
    assert len(found.events) >= 4
    assert {event.kind for event in found.events} == {"enters", "leaves"}
    return found


def test_events_of_a_line_are_those_of_a_dense_grid_of_directions(path):
    count = 0
    for event, following in zip(path.events, [*path.events[1:], None], strict=True):
        count += 1 if event.kind == "enters" else -1
        low = path.betas[-1] if following is None else following.high
        assert grid_units(path.problem, np.sqrt(event.low * low)) == count


def test_events_account_for_the_units_of_the_points(path):
    for high, low in pairwise(path.points):
        between = [event for event in path.events if low.beta <= event.low and event.high <= high.beta]
        change = sum(1 if event.kind == "enters" else -1 for event in between)
        assert change == len(low.optimal_set.active) - len(high.optimal_set.active)


def test_a_unit_enters_without_mass_and_where_it_is_seen(path):
    for event in path.events[:5]:
        there, away = (event.low, event.high) if event.kind == "enters" else (event.high, event.low)
        near, far = (optimal_set(solve(path.problem.with_beta(beta))) for beta in (there, away))
        unit = event.units.directions[0], event.units.outputs[0]
        j = near.units.find(*unit, tolerance=1e-3)
        assert near.vertices[0][j] < 1e-2 * path.masses.max()
        assert far.units.take(far.active).find(*unit, tolerance=1e-3) is None


def test_the_set_of_optima_stops_being_a_point():
    """The square with y = (1, 1, 2, 2): above sqrt 2 one unit, which the last two rows use alone; the first two have
    theirs from |(1, 1)| = sqrt 2 on, and then nu is alike in all rows and all four units are tight."""
    path = solution_path(Problem(polygon(4), [1.0, 1.0, 2.0, 2.0], beta=1.0, bias="none"), [2.9, 2.0, 1.0])
    first, *enter, change = path.events
    assert first.low <= 8**0.5 <= first.high
    assert [event.kind for event in enter] == ["enters"] * 3
    assert (change.kind, change.before, change.after) == ("dimension", 0, 1)
    assert change.low <= 2**0.5 <= change.high
    assert change.precision <= 1e-6
    assert change.explain() == "optima stop being a point: dimension 1"


def test_where_the_zero_network_is_optimal_its_optimal_set_need_not_be_seen():
    """At beta_max of the triangle rounding hides the masses of the tied units, not that they are zero."""
    angles = np.radians([90, 210, 330])
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    problem = Problem(X, [1.0, -1.0, 1.0], beta=1.0, bias="none")
    point = PathPoint(solve(problem.at_fraction(1.0)))
    assert len(Structure.at(point).used) == 0
    assert Structure.at(PathPoint(solve(problem.at_fraction(0.5)))) is None
    path = solution_path(problem, n_betas=2)
    assert sum(event.kind == "enters" for event in path.events) == 4


def test_the_square_stops_being_the_zero_network_and_a_point_at_once():
    path = solution_path(Problem(polygon(4), np.ones(4), beta=1.0, bias="none"), [2.0, 0.5])
    (event,) = (event for event in path.events if event.kind == "dimension")
    assert (event.before, event.after) == (0, 1)
    assert event.low <= 2**0.5 * (1 + 1e-12)
    assert event.high >= 2**0.5 * (1 - 1e-12)
    assert event.explain() == "optima stop being a point: dimension 1"


def test_what_the_quick_way_says_wrongly_is_asked_again_with_certificates(monkeypatch):
    """A quick way that always finds the structure of the upper end would put the event at the lower end."""
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0, bias="none")  # a unit enters at beta = 8
    asked = []

    def certified(beta, near):
        asked.append(beta)
        return optimal_set(solve(problem.with_beta(beta)))

    high, low = (Structure.of(certified(beta, None)) for beta in (9.0, 7.0))
    locator = Locator(problem, certified, 1e-3)
    monkeypatch.setattr(
        Locator, "_quick", lambda self, beta, high, low: Structure(beta, high.used, 0, high.nu, high.network)
    )
    asked.clear()
    (event,) = locator.between(high, low)
    assert event.low <= 8.0 <= event.high
    assert event.precision <= 1e-3
    assert len(asked) > 5


def test_what_the_quick_way_finds_and_no_certificate_confirms_is_solved_anew(monkeypatch):
    """A wrong nu proves nothing: the events come from certified optima all the same."""
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0, bias="none")
    quick = Locator._quick

    def wrong(self, beta, high, low):
        found = quick(self, beta, high, low)
        return replace(found, nu=found.nu * [1.1, 0.9])

    monkeypatch.setattr(Locator, "_quick", wrong)
    (event,) = solution_path(problem, [8.2, 7.9], precision=1e-4).events
    assert event.low <= 8.0 <= event.high
    assert event.precision <= 1e-4


def test_units_are_matched_with_the_least_total_way():
    one = Units.signed(np.eye(2), np.ones(2))
    turned = Units.signed(np.array([[0.02, 1.0], [1.0, 0.01]]), np.ones(2))
    match = _Match.of(one, turned, 1.0)
    assert len(match.gone) == len(match.new) == 0
    assert match.furthest == pytest.approx(0.02)
    other = _Match.of(one, Units.signed(-np.eye(2)[:1], np.ones(1)), 1.0)
    assert other.gone.tolist() == [0, 1]
    assert other.new.tolist() == [0]


def test_a_unit_that_is_listed_as_its_twin_is_still_there():
    """On its way it passes the border of the half of the sphere from which units are taken."""
    kind = get_architecture("abs")
    angle = np.arctan2(-1 / np.pi, 1 / (1 + np.pi)) + np.array([-1e-3, 1e-3])
    before, after = (kind.upright(Units.signed(np.array([[np.cos(a), np.sin(a)]]), np.ones(1))) for a in angle)
    assert float(before.gaps(after.directions, after.outputs)[0]) > 1.9
    same = _Match.of(before, after, 0.1, kind)
    assert (len(same.gone), len(same.new)) == (0, 0)
    assert same.furthest == pytest.approx(2e-3, rel=1e-3)
    other = _Match.of(before, after, 0.1)
    assert (len(other.gone), len(other.new)) == (1, 1)
