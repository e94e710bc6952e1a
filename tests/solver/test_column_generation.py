"""Certified optima: against the convex reformulation in a conic solver, across scales and degeneracies, and under
symmetries."""

import itertools
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conic import conic_optimum
from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.program import Program
from dualscape.oracles.base import OracleAnswer
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped
from dualscape.solver import column_generation as columns
from dualscape.solver import iterate as state
from dualscape.solver import solve
from exact_objectives import exact_objective

FRACTIONS = (0.9, 0.1, 1e-2, 1e-4)


def lattice(*sides):
    return np.array(list(itertools.product(*map(range, sides))), float)


DATA = {
    "gaussian 4 x 1": lambda rng: rng.standard_normal((4, 1)),
    "gaussian 12 x 2": lambda rng: rng.standard_normal((12, 2)),
    "gaussian 20 x 3": lambda rng: rng.standard_normal((20, 3)),
    "gaussian 16 x 5": lambda rng: rng.standard_normal((16, 5)),
    "grid 3 x 3": lambda rng: lattice(3, 3) - 1,
    "grid 3 x 3 x 3": lambda rng: lattice(3, 3, 3),
    "duplicates": lambda rng: np.repeat(rng.standard_normal((6, 2)), 3, axis=0),
    "antipodes": lambda rng: (lambda a: np.vstack([a, -a]))(rng.standard_normal((8, 3))),
    "one-hot": lambda rng: np.eye(4)[rng.integers(4, size=20)],
    "one-hot and a number": lambda rng: np.column_stack([np.eye(3)[rng.integers(3, size=12)], rng.standard_normal(12)]),
    "zero rows": lambda rng: np.vstack([np.zeros((3, 2)), rng.standard_normal((5, 2))]),
    "n < d": lambda rng: rng.standard_normal((3, 6)),
    "n = 1": lambda rng: np.array([[2.0, 1.0]]),
    "constant column": lambda rng: np.column_stack([rng.standard_normal(9), np.full(9, 2.0)]),
    "X 1e12": lambda rng: 1e12 * rng.standard_normal((10, 2)),
    "X 1e-12": lambda rng: 1e-12 * rng.standard_normal((10, 2)),
}


def problem_of(name, loss, bias, seed=0):
    rng = np.random.default_rng(seed)
    X = DATA[name](rng)
    y = rng.standard_normal(len(X))
    if loss == "logistic":
        y = np.where(y > np.median(y), 1.0, -1.0)
    return Problem(X, y, beta=1, loss=loss, bias=bias, classes=(-1, 1) if loss == "logistic" else None)


# Beside a penalised bias, features of size 1e-12 are below what the arrangement resolves; `bounds` then says so.
CASES = [(name, bias) for name in DATA for bias in ("none", "penalised") if (name, bias) != ("X 1e-12", "penalised")]


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize(("name", "bias"), CASES)
def test_global_at_every_beta(name, loss, bias):
    # Beside features of size 1e12 the penalised bias is near rounding: the bound is looser.
    looser = 10.0 if (name, bias) == ("X 1e12", "penalised") else 1.0
    base = problem_of(name, loss, bias)
    top = base.beta_max()
    for fraction in FRACTIONS:
        problem = base.with_beta(fraction * top)
        solution = solve(problem)
        certificate = solution.certificate
        assert certificate.verdict == "global"
        assert certificate.relative_gap <= 1e-9
        assert certificate.violation <= 1e-10 * looser
        exact = exact_objective(problem, solution.network)
        assert Fraction(certificate.dual) <= exact
        assert abs(Fraction(certificate.primal) - exact) <= Fraction(certificate.primal_error)
    for fraction in (1.0, 1.5):
        solution = solve(base.with_beta(fraction * top * (1 + 1e-12)))
        assert solution.network.width == 0
        assert solution.certificate.verdict == "global"


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("name", ["gaussian 12 x 2", "grid 3 x 3", "duplicates", "one-hot and a number", "n < d"])
@pytest.mark.parametrize("fraction", [0.3, 0.02])
def test_value_of_the_convex_program(name, loss, fraction):
    problem = problem_of(name, loss, "none", seed=1).at_fraction(fraction)
    found = conic_optimum(Program.of(problem))
    assert solve(problem).certificate.primal == pytest.approx(found.value, rel=2e-6 if found.accurate else 1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_random_generic_data(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 41)), int(rng.integers(1, 5))
    base = Problem(rng.standard_normal((n, d)), rng.standard_normal(n), beta=1, bias=["none", "penalised"][seed % 2])
    top = base.beta_max()
    for fraction in FRACTIONS:
        certificate = solve(base.with_beta(fraction * top)).certificate
        assert certificate.verdict == "global"
        assert certificate.violation <= 1e-10


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.05]))
def test_value_is_invariant(seed, fraction):
    """Rotated inputs, permuted rows, added zero columns and split examples leave the optimum where it is."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((8, 3)), rng.standard_normal(8)
    problem = Problem(X, y, beta=1, bias="none").at_fraction(fraction)
    value = solve(problem).certificate.primal
    rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    order = rng.permutation(8)
    for inputs, target in (
        (X @ rotation, y),
        (X[order], y[order]),
        (np.column_stack([X, np.zeros(8)]), y),
        (-X, y),
        (np.vstack([X, X]) / 2**0.5, np.concatenate([y, y]) / 2**0.5),
    ):
        other = solve(Problem(inputs, target, beta=problem.beta, bias="none")).certificate
        assert other.verdict == "global"
        assert other.primal == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("x_scale,y_scale", [(1e-6, 1e6), (1e6, 1e-12), (1e9, 1e12), (1e-12, 1e-12)])
def test_value_scales(x_scale, y_scale):
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((12, 3)), rng.standard_normal(12)
    reference = Problem(X, y, beta=1, bias="none").at_fraction(0.05)
    scaled = Problem(x_scale * X, y_scale * y, beta=reference.beta * x_scale * y_scale, bias="none")
    first, second = solve(reference), solve(scaled)
    assert second.certificate.verdict == "global"
    assert second.certificate.primal / y_scale**2 == pytest.approx(first.certificate.primal, rel=1e-9)
    np.testing.assert_allclose(second.network.directions, first.network.directions, atol=1e-6)


def test_same_input_same_output():
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((30, 4)), rng.standard_normal(30)
    runs = [solve(Problem(X, y, beta=0.2)) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].network.directions, runs[1].network.directions)
    np.testing.assert_array_equal(runs[0].network.masses, runs[1].network.masses)
    np.testing.assert_array_equal(runs[0].nu, runs[1].nu)


def test_the_talks_two_points():
    solution = solve(Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none"))
    assert solution.certificate.primal == pytest.approx(0.0975, abs=1e-15)
    np.testing.assert_allclose(solution.network.predict([[-(3**0.5), 1], [3**0.5, 1]]), [0.95, 0.95], atol=1e-14)


def test_search_is_never_called_global_and_agrees():
    rng = np.random.default_rng(11)
    problem = Problem(rng.standard_normal((30, 4)), rng.standard_normal(30), beta=0.3, bias="none")
    searched, proven = solve(problem, oracle="ascent"), solve(problem, oracle="cells")
    assert searched.certificate.verdict == "none"
    assert searched.certificate.dual == -np.inf
    assert proven.certificate.verdict == "global"
    assert searched.certificate.primal == pytest.approx(proven.certificate.primal, rel=1e-9)


def test_objective_never_rises():
    rng = np.random.default_rng(12)
    history = solve(Problem(rng.standard_normal((60, 6)), rng.standard_normal(60), beta=0.2), oracle="ascent").history
    objectives = [entry.objective for entry in history]
    assert all(b <= a * (1 + 1e-14) for a, b in itertools.pairwise(objectives))


def test_interruption_returns_the_best_so_far():
    rng = np.random.default_rng(13)
    problem = Problem(rng.standard_normal((60, 6)), rng.standard_normal(60), beta=0.2)

    def interrupt(event):
        if event.stage == "solve" and event.done == 2:
            raise KeyboardInterrupt

    solution = solve(problem, oracle="ascent", progress=interrupt)
    assert solution.stopped == "interrupted"
    assert solution.certificate.primal < problem.loss.value(np.zeros(60), problem.y)
    assert solution.certificate.verdict == "none"


def test_time_limit_and_start():
    rng = np.random.default_rng(14)
    problem = Problem(rng.standard_normal((200, 8)), rng.standard_normal(200), beta=0.05)
    solution = solve(problem, oracle="ascent", time_limit=0.2)
    assert solution.stopped == "time"
    again = solve(problem, oracle="ascent", start=solution.network, time_limit=0.2)
    assert again.certificate.primal <= solution.certificate.primal * (1 + 1e-9)
    with pytest.raises(InputError, match="the time limit must be positive"):
        solve(problem, time_limit=0)
    with pytest.raises(InputError, match="coordinates per neuron"):
        solve(problem, start=Network([[1.0, 0.0]], [1.0], [1.0]))


@pytest.mark.parametrize("beta", [1e-17, 1e-18, 1e-300])
def test_a_beta_below_rounding_is_no_accident(beta):
    problem = Problem([[1.0, 2], [2, 1], [0, 1], [-1, 3]], [1.0, 0, 1, 0], beta=beta)
    solution = solve(problem)
    certificate = solution.certificate
    assert certificate.verdict in ("bounded", "global")
    assert Fraction(certificate.dual) <= exact_objective(problem, solution.network) <= 1


def test_what_is_too_large_to_prove_is_bounded(monkeypatch):
    """Twenty dimensions: no exact oracle finishes, and still there is a true bound."""
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 4)
    rng = np.random.default_rng(15)
    X = rng.standard_normal((100, 20))
    problem = Problem(X, np.maximum(X[:, 0], 0) + 0.1 * rng.standard_normal(100), beta=5.0, bias="none")
    certificate = solve(problem).certificate
    assert certificate.verdict == "bounded"
    assert 0 < certificate.dual < certificate.primal
    for width in (1, 3):
        other = solve(problem, oracle="ascent", start=None, time_limit=0.1 * width).certificate
        assert other.primal >= certificate.dual


def test_time_limit_gives_the_bound_that_there_was_time_for():
    rng = np.random.default_rng(16)
    X = rng.standard_normal((300, 7))
    problem = Problem(X, rng.standard_normal(300), beta=3.0)
    short, longer = (solve(problem, time_limit=seconds).certificate for seconds in (0.5, 2.5))
    assert short.verdict == longer.verdict == "bounded"
    assert 0 < max(short.dual, longer.dual) < min(short.primal, longer.primal)
    assert longer.looked_at > short.looked_at >= 0


@pytest.mark.parametrize("limit", [0.05, 0.2, 0.5])
def test_no_more_neurons_than_rank_when_time_runs_out(limit):
    rng = np.random.default_rng(17)
    X = rng.standard_normal((60, 8))
    problem = Problem(X, rng.standard_normal(60), beta=0.5, bias="none")
    network = solve(problem, oracle="ascent", time_limit=limit).network
    columns = np.maximum(X @ network.directions.T, 0) * network.signs
    assert np.linalg.matrix_rank(columns) == network.width <= 60


def test_checkpoint_of_a_killed_run(tmp_path):
    """A process is killed in the middle of a proof; the next one goes on and ends where an undisturbed one does."""
    path = tmp_path / "proof.npz"
    code = f"""
import numpy as np
import dualscape.oracles.bisection.oracle as bisection
from dualscape import Problem, solve
from dualscape.running.checkpoint import Checkpoint
bisection.SAVE_EVERY = 0.05
rng = np.random.default_rng(17)
problem = Problem(rng.standard_normal((80, 4)), rng.standard_normal(80), beta=2.0)
solution = solve(problem, oracle="bisection", checkpoint=Checkpoint({str(path)!r}))
print(repr((solution.certificate.dual, solution.certificate.primal, solution.certificate.looked_at)))
"""
    run = [sys.executable, "-c", code]
    killed = subprocess.Popen(run, stdout=subprocess.PIPE)
    while not (path.exists() and any("bisection" in name for name in np.load(path).files)):
        assert killed.poll() is None
        time.sleep(0.002)
    killed.kill()
    assert killed.communicate()[0] == b""
    resumed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    path.unlink()
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == resumed


@pytest.mark.parametrize(("d", "share"), [(4, 0.5), (20, 0.9)])
def test_time_is_kept_for_a_proof_that_time_improves(d, share):
    X = np.random.default_rng(0).standard_normal((1000, d))
    problem = Problem(X, X[:, 0], beta=1.0, bias="none")
    run = columns._Run(problem, "bisection", Effort.within(1000.0), columns.DEFAULT, columns.SEARCHES, columns.silent)
    assert run._search_until - run.log.began == pytest.approx(1000 * share, abs=20)


def late_run(problem, seconds, passes):
    """A run with so much time left, on data whose passes have taken so long."""
    run = columns._Run(problem, "bisection", Effort.within(seconds), columns.DEFAULT, columns.SEARCHES, columns.silent)
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
    plain = state.Iterate.add
    monkeypatch.setattr(state.Iterate, "add", lambda *a, **k: added.append(1) or plain(*a, **k))
    solution = run.finish(Stopped.TIME)
    assert len(added) == masters
    optimum = solve(problem, oracle="ascent").certificate.primal
    assert solution.certificate.dual <= optimum <= solution.certificate.primal * (1 + 1e-9)


def test_time_is_kept_for_what_passes_over_the_data_will_take(problem):
    run = late_run(problem, 100.0, 20.0)
    run._share_time()
    left = run._search_until - run.log.began
    assert left == pytest.approx(min(0.5 * 100, 100 - columns.LAST_TIMES * 20), abs=1)
    run._passes = 1e3
    run._share_time()
    assert run._search_until - run.log.began == pytest.approx(50, abs=1)


def test_few_rounds_follow_once_hardly_a_unit_is_missing():
    """Rough slides would gain a digit or less in each of ten rounds: units at hand, moved a little, found again."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((150, 4))
        y = np.maximum(X @ rng.standard_normal((4, 5)), 0) @ [1, -1, 1, -1, 1] + 0.2 * rng.standard_normal(150)
        history = solve(Problem(X, y, beta=3.0, bias="none"), oracle="ascent").history
        late = next(at for at, entry in enumerate(history) if entry.violation <= 1e-4)
        assert sum(entry.violation > 1e-13 for entry in history[late:]) <= 2


def test_what_was_enough_and_does_not_help_is_asked_again(monkeypatch):
    """An oracle may stop at a value that is a rounding above the threshold, with what matters still unseen."""

    def stopping(problem, network, provers, question, **how):
        nu, answer = asked(problem, network, provers, question, **how)
        if question.enough < np.inf and len(answer.values):
            answer = OracleAnswer.nothing(2, answer.upper, "cells", 1, Stopped.ENOUGH)
        return nu, answer

    asked = columns.ask_or_relax
    monkeypatch.setattr(columns, "ask_or_relax", stopping)
    monkeypatch.setattr(columns._Run, "_search_round", lambda self, attempts: self.iterate.slide(self.in_time))
    problem = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    assert solve(problem, oracle="cells").certificate.verdict == "global"
