"""The relaxation as an oracle: against exact ones, in time, interrupted, resumed, with great and small numbers."""

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.geometry.hinges import Hinges
from dualscape.model.certificate import certify_dual
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.relaxation.oracle import RelaxationOracle
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.interruption import Interrupt, heeding
from dualscape.running.stopped import Stopped
from exact_values import CASES
from questions import random_question, same


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """What is tested here is there soon."""
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 60)


def upper(X, nu, above=0.0):
    return RelaxationOracle.on(X).best_units(Question(nu, above=above)).upper


@pytest.mark.parametrize("name", CASES)
def test_never_below_h_and_not_far_above_it(name):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = CASES[name](rng)
        nu = rng.standard_normal(len(X))
        h = CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
        assert h <= upper(X, nu) <= 1.02 * h


@pytest.mark.parametrize("exponent", [-300, -150, 150, 300])
def test_units_of_length_do_not_matter(exponent):
    X, nu = random_question(8, 3)
    assert upper(X * 2.0**exponent, nu) == upper(X, nu) * 2.0**exponent


def test_nothing_to_bound():
    assert upper(np.zeros((3, 2)), np.ones(3), above=0.5) == 0.5
    assert upper(np.ones((3, 2)), np.zeros(3)) == 0.0


@pytest.mark.parametrize("slope", [0.3, -1.0])
def test_other_activations(slope):
    X, nu = random_question(10, 3)
    hinges = Hinges.of(X, slope)
    h = CellsOracle(hinges).best_units(Question(nu, above=0.0)).lower
    assert h <= RelaxationOracle(hinges).best_units(Question(nu, above=0.0)).upper <= 1.02 * h


def test_ends_with_the_threshold_once_that_is_proven():
    X, nu = random_question(12, 3)
    h = CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
    answer = RelaxationOracle.on(X).best_units(Question(nu, above=1.1 * h))
    assert (answer.upper, answer.stopped) == (1.1 * h, Stopped.FINISHED)
    assert RelaxationOracle.on(X).best_units(Question(nu, above=0.5 * h)).stopped is Stopped.RELAXED


def test_proves_more_than_parabolas_in_many_dimensions_and_the_same_again():
    X, nu = random_question(25, 9)
    oracle = RelaxationOracle.on(X)
    question = Question(nu, above=0.0)
    at_once = oracle.best_units(question, effort=Effort(deadline=0.0))
    assert at_once.looked_at == 0
    found = oracle.best_units(question)
    assert found.upper < 0.95 * at_once.upper
    same(found, RelaxationOracle.on(X).best_units(question))


def test_ctrl_c_and_a_checkpoint(tmp_path):
    """What was interrupted gives its bound, and goes on to the one that it would have had."""
    X, nu = random_question(20, 5)
    question = Question(nu, above=0.0)
    straight = RelaxationOracle.on(X).best_units(question)
    wish, seen = Interrupt(), []

    def stop(event):
        seen.append(event)
        if len(seen) == 3:
            wish.ask()

    path = tmp_path / "saved"
    checkpoint = Checkpoint(path)
    checkpoint.claim("problem", "key")
    with heeding(wish):
        ended = RelaxationOracle.on(X).best_units(question, effort=Effort(checkpoint=checkpoint), progress=stop)
    assert ended.stopped is Stopped.INTERRUPTED
    assert straight.upper < ended.upper < np.inf
    again = RelaxationOracle.on(X).best_units(question, effort=Effort(checkpoint=Checkpoint(path)))
    same(again, straight)
    assert again.looked_at == straight.looked_at


def test_too_large_a_problem_has_the_bound_at_once(monkeypatch):
    monkeypatch.setattr("dualscape.oracles.relaxation.oracle.MOST", 10)
    X, nu = random_question(12, 3)
    answer = RelaxationOracle.on(X).best_units(Question(nu, above=0.0))
    assert (answer.stopped, answer.looked_at) == (Stopped.DIMENSION, 0)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_certificate_rests_on_it_where_nothing_exact_will_finish(loss, monkeypatch):
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 3)
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((60, 12)), rng.standard_normal(60)
    problem = Problem(X, np.sign(y) if loss == "logistic" else y, beta=1.0, loss=loss)
    problem = problem.with_beta(0.2 * problem.beta_max("ascent"))
    assert problem.space.choice("auto", 60.0).prover == "relaxation"
    solution = solve(problem, oracle="relaxation", time_limit=600.0)
    found = solution.certificate
    assert (found.verdict, found.oracle) == ("bounded", "relaxation")
    otherwise = certify_dual(problem, solution.network, solution.nu, oracle="bisection", effort=Effort.within(0.3))
    assert found.excess < 0.8 * otherwise.excess
