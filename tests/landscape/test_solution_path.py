"""The path against optima of one beta, a conic solver and formulas; how it ends early, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conic import conic_optimum
from dualscape.data import catalogue
from dualscape.errors import InputError
from dualscape.landscape import solution_path as module
from dualscape.landscape.path_checks import better_elsewhere
from dualscape.landscape.solution_path import solution_path
from dualscape.model.problem import Problem
from dualscape.model.program import Program
from dualscape.report.path_json import path_to_dict
from dualscape.running.checkpoint import Checkpoint
from dualscape.solver import solve
from dualscape.solver.column_generation import solve as solve_
from solved import polygon


def random_problem(seed, n=7, d=2, **settings):
    rng = np.random.default_rng(seed)
    return Problem(rng.standard_normal((n, d)), rng.standard_normal(n), beta=1.0, **settings)


def test_points_are_those_of_a_conic_solver():
    problem = random_problem(3, n=6)
    top = problem.beta_max()
    path = solution_path(problem, top * np.array([0.9, 0.4, 0.1]), precision=None)
    assert path.certified == 3
    for point in path.points:
        found = conic_optimum(Program.of(point.solution.problem))
        assert point.objective == pytest.approx(found.value, rel=1e-6)
        masses = sum(np.linalg.norm(part, axis=1).sum() for part in found.point)
        assert point.mass == pytest.approx(masses, rel=1e-4)


@settings(max_examples=6)
@given(st.integers(0, 1000), st.sampled_from(["penalised", "none"]), st.sampled_from([1, 2]))
def test_warm_points_are_cold_ones(seed, bias, d):
    problem = random_problem(seed, n=5, d=d, bias=bias)
    path = solution_path(problem, n_betas=4, precision=None)
    assert path.certified == 4
    for point in path.points:
        cold = solve(point.solution.problem).certificate
        assert point.objective == pytest.approx(cold.primal, rel=1e-9)
    assert (np.diff(path.betas) < 0).all()
    assert (np.diff(path.objectives) <= 1e-9).all()
    assert (np.diff(path.masses) >= -1e-9).all()
    assert path.checks.shortfall <= 1e-9
    # The slope of V lies between the masses at the two ends.
    slopes = np.diff(path.objectives) / np.diff(path.betas)
    assert (slopes >= path.masses[:-1] - 1e-6).all()
    assert (slopes <= path.masses[1:] + 1e-6).all()


def test_without_betas_it_goes_from_beta_max_to_a_hundredth_in_equal_ratios():
    path = solution_path(random_problem(0), n_betas=3, precision=None)
    np.testing.assert_allclose(path.betas, path.beta_max.low * np.array([1.0, 0.1, 0.01]))
    assert path.points[0].neurons == 0
    assert path.points[0].objective == pytest.approx(0.5 * path.problem.y @ path.problem.y)


def test_betas_are_sorted_and_taken_once():
    path = solution_path(random_problem(0), [0.1, 0.3, 0.1], precision=None)
    assert path.betas.tolist() == [0.3, 0.1]


def test_above_beta_max_there_is_the_zero_network_and_no_event():
    path = solution_path(random_problem(0), [200.0, 100.0])
    assert [point.neurons for point in path.points] == [0, 0]
    assert path.events == ()
    assert [point.m_star for point in path.points] == [0, 0]


def test_a_target_of_zeros():
    problem = Problem([[1.0], [2.0]], [0.0, 0.0], beta=1.0)
    with pytest.raises(InputError, match="beta_max is 0, so it has no fractions"):
        solution_path(problem)
    path = solution_path(problem, [2.0, 1.0])
    assert path.objectives.tolist() == [0.0, 0.0]
    assert path.checks.value == 0


def test_one_point():
    path = solution_path(random_problem(0), [0.1])
    assert len(path.points) == 1
    assert path.events == ()
    assert "rise" in path.checks.explain()


@pytest.mark.parametrize(
    ("betas", "message"),
    [
        ([0.1, -1.0], r"betas\[1\] is -1; weight decays must be positive"),
        ([0.0], r"betas\[0\] is 0; weight decays must be positive"),
        ([], "betas is empty"),
        ([float("nan")], "betas"),
        ("many", "betas"),
    ],
)
def test_bad_betas_are_refused(betas, message):
    with pytest.raises(InputError, match=message):
        solution_path(random_problem(0), betas)


def test_other_bad_arguments_are_refused():
    with pytest.raises(InputError, match="loss 'interpolation' has no weight decay and so no path; use solve"):
        solution_path(Problem([[1.0], [-1.0]], [1.0, 2.0], loss="interpolation"))
    for number in (0, 2.5):
        with pytest.raises(InputError, match="n_betas must be a whole number, 1 or more"):
            solution_path(random_problem(0), n_betas=number)
    with pytest.raises(InputError, match="precision must be from 1e-10 to below 1"):
        solution_path(random_problem(0), precision=0.0)
    with pytest.raises(InputError, match="solution_path takes a Problem"):
        solution_path(catalogue.get("two-points").table())


def test_a_search_says_that_it_is_one():
    path = solution_path(random_problem(1, n=12), n_betas=4, oracle="ascent")
    assert path.certified == 0
    assert path.events == ()
    assert any("4 of 4 points are results of a search" in note for note in path.notes)
    assert any("events are located between certified points only" in note for note in path.notes)
    exact = solution_path(random_problem(1, n=12), path.betas, precision=None)
    np.testing.assert_allclose(path.objectives, exact.objectives, rtol=1e-9)


def test_a_point_whose_search_missed_something_is_searched_again(monkeypatch):
    """Of the third point the search returns the zero network; that of a neighbour is better there."""
    problem = random_problem(1, n=12)
    betas = problem.beta_max() * np.geomspace(0.5, 0.05, 4)
    calls = []

    def failing(problem, **settings):
        calls.append(problem.beta)
        found = solve_(problem, **settings)
        if problem.beta == betas[2] and calls.count(problem.beta) == 1:
            nothing = solve_(problem.with_beta(1e3), oracle="ascent").network
            certificate = replace(found.certificate, primal=problem.objective(nothing))
            return replace(found, network=nothing, certificate=certificate)
        return found

    monkeypatch.setattr(module, "solve", failing)
    path = solution_path(problem, betas, oracle="ascent")
    assert calls.count(betas[2]) == 2
    assert better_elsewhere(path.points) == []
    np.testing.assert_allclose(path.objectives, [solve(problem.with_beta(b)).certificate.primal for b in betas])


# --- early ends ---------------------------------------------------------------------------------------
def test_an_interruption_returns_the_points_so_far(monkeypatch):
    calls = []

    def interrupting(problem, **settings):
        calls.append(problem)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve_(problem, **settings)

    monkeypatch.setattr(module, "solve", interrupting)
    path = solution_path(random_problem(0), n_betas=5)
    assert len(path.points) == 2
    assert "interrupted: 2 of 5 points are here" in path.notes


def test_a_time_limit_ends_it_with_a_note():
    path = solution_path(random_problem(0, n=40, d=3), n_betas=500, time_limit=1.0)
    assert len(path.points) < 500
    assert any("the time limit ended the path" in note for note in path.notes)


def test_a_checkpoint_is_gone_on_from(tmp_path, monkeypatch):
    problem, file = random_problem(0), tmp_path / "path.npz"
    first = solution_path(problem, [0.3, 0.1], checkpoint=Checkpoint(file), precision=None)
    solved = []

    def counting(problem, **settings):
        solved.append(problem.beta)
        return solve_(problem, **settings)

    monkeypatch.setattr(module, "solve", counting)
    second = solution_path(problem, [0.3, 0.2, 0.1], checkpoint=Checkpoint(file), precision=None)
    assert solved == [0.2]
    assert second.objectives[[0, 2]].tolist() == first.objectives.tolist()
    assert second.certified == 3
    with pytest.raises(InputError, match="is a checkpoint of another problem"):
        solution_path(random_problem(1), [0.3], checkpoint=Checkpoint(file))


def test_symmetric_data_have_a_continuum_along_the_whole_path():
    """The square: nu = beta / beta_max y by symmetry, so that masses, fit and value are known at every beta."""
    problem = Problem(polygon(4), np.ones(4), beta=1.0, bias="none")
    path = solution_path(problem, n_betas=4)
    top = path.beta_max.low
    for point in path.points[1:]:
        share = point.beta / top
        assert (point.k, point.dimension, point.m_star) == (4, 1, 2)
        assert point.objective == pytest.approx(2 * share * (2 - share))
        assert point.mass == pytest.approx(4 / top * (1 - share))
    assert sorted(event.kind for event in path.events) == ["dimension", *["enters"] * 4]
    assert all(event.low <= top <= event.high * (1 + 1e-12) for event in path.events)


@pytest.mark.parametrize("activation", ["abs", "leaky:0.3", "gated:20"])
def test_paths_of_other_activations_are_certified(activation):
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=1, bias="none", activation=activation)
    top = problem.beta_max()
    path = solution_path(problem, betas=[0.8 * top, 0.4 * top, 0.2 * top])
    assert path.certified == 3
    for point in path.points:
        alone = solve(problem.with_beta(point.beta)).certificate
        assert point.solution.certificate.primal == pytest.approx(alone.primal, rel=1e-9)
        assert point.optimal_set.contains(point.solution.network)


def test_points_and_events_of_several_outputs():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((4, 1)), rng.standard_normal((4, 2)), beta=1.0)
    top = problem.beta_max()
    path = solution_path(problem, top * np.array([1.0, 0.7]), precision=1e-2)
    assert path.certified == 2
    for point in path.points:
        alone = solve(problem.with_beta(point.beta)).certificate
        assert point.objective == pytest.approx(alone.primal, rel=1e-9)
    entered = sum(event.kind == "enters" for event in path.events)
    left = sum(event.kind == "leaves" for event in path.events)
    assert entered - left == path.points[-1].k
    assert entered >= 1
    assert all(event.explain() in ("a unit enters", "a unit leaves") for event in path.events)
    found = path_to_dict(path)["path"]["events"][0]
    assert found["sign"] is None
    assert len(found["output"]) == 2
