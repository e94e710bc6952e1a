"""Relaxed training: never above the optimum, better than the bound at the network's own nu."""

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.model.certificate import certificate_of, certify_dual
from dualscape.oracles import Question
from dualscape.running.effort import Effort
from dualscape.running.interruption import Interrupt, heeding
from dualscape.running.stopped import Stopped
from dualscape.solver.relaxed_training import _Rows, applies, ask_or_relax, relaxed_training


def random_problem(seed, n=12, d=3, loss="squared", share=0.2, **more):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    problem = Problem(X, np.sign(y) if loss in ("logistic", "squared-hinge") else y, beta=1.0, loss=loss, **more)
    return problem.with_beta(share * problem.beta_max())


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Of counted length, so that no test waits for a clock."""
    monkeypatch.setattr("dualscape.solver.relaxed_training.ROUNDS", 25)
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 50)


def relaxed(problem, network, seconds=None):
    nu, answer = relaxed_training(problem, network, effort=Effort.within(seconds))
    return certificate_of(problem, network, nu, answer)


@pytest.mark.parametrize("loss", ["squared", "logistic", "huber:0.5", "squared-hinge"])
def test_near_the_optimum_and_never_above_it(loss):
    """`certificate_of` refuses a bound above the objective; the optimum is known to 1e-9 here."""
    problem = random_problem(0, loss=loss)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    found = relaxed(problem, solution.network)
    assert found.dual <= solution.certificate.primal
    assert found.excess < 0.05


@pytest.mark.parametrize("activation", ["leaky:0.3", "abs"])
def test_other_activations(activation):
    problem = random_problem(3, activation=activation)
    solution = solve(problem)
    assert relaxed(problem, solution.network).excess < 0.02


def test_rows_of_one_hyperplane():
    """Duplicates, multiples, antipodes and zeros."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 3))
    X, y = np.vstack([X, X, -2 * X, np.zeros((1, 3))]), rng.standard_normal(16)
    problem = Problem(X, y, beta=0.5, bias="none")
    solution = solve(problem)
    assert relaxed(problem, solution.network).excess < 0.02
    rows, nu = _Rows(problem.space.hinges), rng.standard_normal(16)
    p, m = rng.random((2, problem.space.hinges.count))
    pulled = rows.pulled(nu)
    assert nu @ rows.fit(p, m) == pytest.approx(pulled[0] @ p + pulled[1] @ m)


def test_the_nu_of_the_relaxation_proves_more_than_that_of_the_network(monkeypatch):
    """Before units are parted."""
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.BYTES", 0.0)
    problem = random_problem(5, n=30, d=8, share=0.1)
    network = solve(problem, oracle="ascent").network
    own = certify_dual(problem, network, problem.dual_of(network), oracle="relaxation", effort=Effort())
    assert relaxed(problem, network).excess < own.excess


def test_stopped_before_its_first_proof_it_says_what_is_known_at_once():
    """A little time must not prove less than none."""
    problem = random_problem(5, n=30, d=8, share=0.1)
    network = solve(problem, oracle="ascent").network
    nu = problem.dual_of(network)
    at_once = certify_dual(problem, network, nu, oracle="relaxation", effort=Effort(deadline=0.0))
    nu, answer = relaxed_training(problem, network, effort=Effort(deadline=0.0))
    assert (answer.stopped, answer.looked_at) == (Stopped.TIME, 0)
    assert certificate_of(problem, network, nu, answer).dual >= at_once.dual * (1 - 1e-12) > 0


def test_to_what_it_does_not_apply():
    problem = random_problem(0)
    network = solve(problem).network
    assert applies(problem, network)
    free = random_problem(0, free="constant")
    assert not applies(free, solve(free).network)
    zero = problem.with_beta(2 * problem.beta_max())
    assert not applies(zero, solve(zero).network)
    sparse = random_problem(0, features_per_neuron=1)
    assert not applies(sparse, solve(sparse).network)


def test_ctrl_c_ends_it_with_what_is_proven():
    problem = random_problem(1)
    network, wish, seen = solve(problem).network, Interrupt(), []

    def stop(event):
        seen.append(event)
        wish.ask()

    with heeding(wish):
        nu, answer = relaxed_training(problem, network, effort=Effort(), progress=stop)
    assert (answer.stopped, len(seen)) == (Stopped.INTERRUPTED, 1)
    assert certificate_of(problem, network, nu, answer).dual > 0


def test_no_time_for_a_single_proof_is_a_bound_all_the_same():
    problem = random_problem(1)
    network = solve(problem).network
    assert np.isfinite(relaxed(problem, network, seconds=1e-9).dual)


def test_the_networks_own_nu_is_asked_by_parts_while_there_is_time(monkeypatch):
    """Relaxed training leaves a gap; the parts close it. Without a limit of time it is all there is."""
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 1000)
    problem = random_problem(5, n=14, d=4, share=0.05)
    network = solve(problem, time_limit=600.0).network
    question = Question(problem.dual_of(network), above=problem.beta * (1 + 1e-11))

    def excess(effort):
        found = ask_or_relax(problem, network, ["relaxation"], question, effort=effort)
        return certificate_of(problem, network, *found).excess

    assert excess(Effort()) > 1e-3
    assert excess(Effort.within(600.0)) < 1e-5
