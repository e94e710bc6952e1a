"""Relaxed training with several outputs: never above the optimum, better than the bound at the network's own nu."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degenerate_rows import degenerate
from dualscape import Problem, solve
from dualscape.model.certificate import certificate_of, certify_dual
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.interruption import Interrupt, heeding
from dualscape.running.stopped import Stopped
from dualscape.solver.relaxed_training import applies, relaxed_training


@pytest.fixture(autouse=True, scope="module")
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 15)
        patch.setattr("dualscape.oracles.vector.relaxation.ROUNDS", 15)
        yield


def random_problem(seed, n=10, d=3, c=3, loss="squared", share=0.2, **more):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    Y = rng.standard_normal((n, c)) if loss == "squared" else np.resize(np.arange(c), n)
    problem = Problem(X, Y, beta=1.0, loss=loss, **more)
    return problem.with_beta(share * problem.beta_max())


def relaxed(problem, network, seconds=None):
    nu, answer = relaxed_training(problem, network, effort=Effort.within(seconds))
    return certificate_of(problem, network, nu, answer)


@pytest.mark.parametrize("loss", ["squared", "multinomial"])
def test_near_the_optimum_and_never_above_it(loss):
    problem = random_problem(0, loss=loss)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    found = relaxed(problem, solution.network)
    assert found.dual <= solution.certificate.primal
    assert found.excess < 0.05


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(2, 7), st.integers(1, 3), st.integers(2, 3),
    st.sampled_from(["gaussian", "whole numbers", "duplicates", "zero rows", "uneven"]),
    st.sampled_from([1e-6, 1.0, 1e6]), st.floats(0.05, 0.9), st.booleans(),
)  # fmt: skip
def test_never_above_the_optimum(seed, n, d, c, kind, scale, share, weighted):
    rng = np.random.default_rng(seed)
    X, Y = degenerate(rng, n, d, kind, scale), rng.choice([1.0, 0.0, rng.standard_normal()], (n, c))
    weights = rng.integers(1, 4, n) if weighted else None
    problem = Problem(X, Y, beta=1.0, bias="none", sample_weight=weights)
    most = problem.beta_max()
    if most == 0:
        return
    problem = problem.with_beta(share * most)
    solution = solve(problem)
    if applies(problem, solution.network):
        assert relaxed(problem, solution.network).dual <= solution.certificate.primal * (1 + 1e-12)


@pytest.mark.parametrize("loss", ["squared", "multinomial"])
def test_beside_free_features(loss):
    problem = random_problem(3, n=7, d=2, loss=loss, free="constant")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    found = relaxed(problem, solution.network)
    assert found.dual <= solution.certificate.primal
    assert found.excess < 0.1


def test_a_checkpoint_is_gone_on_from(tmp_path, monkeypatch):
    problem = random_problem(4)
    network = solve(problem).network
    whole = relaxed_training(problem, network, effort=Effort())[1]
    effort = Effort(checkpoint=Checkpoint(tmp_path / "saved"))
    with monkeypatch.context() as patch:
        patch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 5)
        early = relaxed_training(problem, network, effort=effort)[1]
    late = relaxed_training(problem, network, effort=effort)[1]
    assert (late.looked_at, late.upper) == (whole.looked_at, whole.upper)
    assert early.looked_at < late.looked_at


def test_better_than_the_bound_at_the_nu_of_the_network():
    problem = random_problem(5, n=20, d=8, share=0.1)
    network = solve(problem, oracle="ascent").network
    own = certify_dual(problem, network, problem.dual_of(network), oracle="relaxation", effort=Effort())
    assert relaxed(problem, network).excess < own.excess


def test_the_solver_asks_it():
    problem = random_problem(6, n=25, d=9, share=0.2)
    certificate = solve(problem, oracle="relaxation").certificate
    assert (certificate.oracle, certificate.verdict) == ("relaxation", "bounded")
    assert certificate.excess < 0.1


def test_no_time_and_ctrl_c():
    problem = random_problem(1)
    network = solve(problem).network
    assert np.isfinite(relaxed(problem, network, seconds=1e-9).dual)
    wish = Interrupt()
    with heeding(wish):
        _, answer = relaxed_training(
            problem, network, effort=Effort(), progress=lambda event: wish.ask() if event.done else None
        )
    assert answer.stopped is Stopped.INTERRUPTED
