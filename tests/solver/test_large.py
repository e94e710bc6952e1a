"""What the solver does where the data are large, brought about on small data by lowering the limits."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.geometry.hinges import Hinges
from dualscape.model.certificate import certify_dual
from dualscape.model.network import Network
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.spectral import spectral_bound
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped
from dualscape.solver import column_generation as columns
from dualscape.solver import iterate, master
from dualscape.solver import newton_on_faces as slide
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
    monkeypatch.setattr(iterate, "BEGIN_ROWS", 60)
    begun = iterate.Iterate.empty(Task.of(problem))
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
    monkeypatch.setattr(iterate, "BEGIN_ROWS", 60)
    zero = Problem(problem.X, np.zeros(300), beta=5.0, bias="none")
    begun = iterate.Iterate.empty(Task.of(zero))
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


def late_run(problem, seconds, passes):
    """A run with so much time left, on data whose passes have taken so long."""
    run = columns._Run(problem, "bisection", Effort.within(seconds), columns.DEFAULT, columns.silent)
    run._passes = passes
    return run


def test_what_cannot_be_paid_is_not_begun(problem):
    run = late_run(problem, 10.0, 100.0)
    run.begin(None)
    assert len(run.iterate.masses) == 0
    run = late_run(problem, 10.0, 1.0)
    run.begin(None)
    assert len(run.iterate.masses) > 0


@pytest.mark.parametrize(("passes", "masters"), [(1e-3, 1), (1e3, 0)])
def test_the_last_master_is_solved_where_there_is_time(problem, monkeypatch, passes, masters):
    run = late_run(problem, 0.5, 1e-3)
    run.begin(None)
    run._passes = passes
    monkeypatch.setattr(columns, "AT_ONCE", 0)
    added = []
    plain = iterate.Iterate.add
    monkeypatch.setattr(iterate.Iterate, "add", lambda *a, **k: added.append(1) or plain(*a, **k))
    solution = run.finish(Stopped.TIME)
    assert len(added) == masters
    assert solution.certificate.dual <= solution.certificate.primal


def test_time_is_kept_for_what_passes_over_the_data_will_take(problem):
    run = late_run(problem, 100.0, 20.0)
    run._share_time()
    left = run._search_until - run.log.began
    assert left == pytest.approx(min(0.5 * 100, 100 - columns.LAST_TIMES * 20), abs=1)
    run._passes = 1e3
    run._share_time()
    assert run._search_until - run.log.began == pytest.approx(50, abs=1)


def test_a_bound_that_cannot_be_paid_is_the_trivial_one(problem):
    oracle, question = BisectionOracle.on(problem.X), Question(problem.y, above=0.0)
    true = AscentOracle.on(problem.X).best_units(question).lower
    oracle.hinges = replace(oracle.hinges, seconds=1e3)
    answer = oracle.best_units(question, effort=Effort.within(10.0))
    assert (answer.stopped, answer.upper) == ("time", oracle.reach.bound(problem.y))
    assert true < answer.upper
    # A deadline of 0 asks for what can be had at once, and no clock is held against that.
    assert true <= oracle.best_units(question, effort=Effort(deadline=0.0)).upper < answer.upper


def peak(work):
    """The greatest memory of what is allocated meanwhile, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_data_are_worked_on_a_block_of_rows_at_a_time():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60_000, 20))
    large = Problem(X, X[:, 0], beta=1.0, bias="none")
    X = large.X
    # The hyperplanes themselves, what they are found from, and vectors.
    assert peak(lambda: Hinges.of(X)) < 2.8 * X.nbytes
    directions = rng.standard_normal((40, 20))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    units = Units.signed(directions, np.where(np.arange(40) % 2, 1.0, -1.0))
    network, space = Network.of(units, np.full(40, 0.01), "none"), large.space
    assert peak(lambda: network.fit(X)) < 0.4 * X.nbytes
    assert peak(lambda: space.scores(large.y, units)) < 0.4 * X.nbytes
    task = Task.of(large)
    assert peak(lambda: descend_jointly(task, units, np.ones(40), steps=2, in_time=lambda: True)) < X.nbytes
    A = space.columns(units)
    assert peak(lambda: master.solve_master(A, large.y, 1.0, large.loss, np.zeros(40))) < 0.5 * A.nbytes
    form = space.hinges.reduce(large.y)
    assert peak(lambda: spectral_bound(space.hinges.rows, *form)) < 1.2 * X.nbytes
