"""Certificates of any network and any nu: weak duality from first principles, and honest verdicts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.certificate import certify_dual
from dualscape.network import Network
from dualscape.problem import Problem
from dualscape.solver import solve


def small_problem(seed, loss):
    rng = np.random.default_rng(seed)
    y = rng.choice([-1.0, 1.0], size=9) if loss == "logistic" else rng.standard_normal(9)
    return Problem(rng.standard_normal((9, 2)), y, beta=0.3, loss=loss)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["squared", "logistic"]))
def test_any_nu_bounds_every_network(seed, loss):
    rng = np.random.default_rng(seed)
    problem = small_problem(seed % 5, loss)
    network = Network.from_weights(rng.standard_normal((3, 3)), rng.standard_normal(3), bias="penalised")
    nu = problem.y * rng.random(9) if loss == "logistic" else rng.standard_normal(9)
    certificate = certify_dual(problem, network, nu)
    optimum = solve(problem).certificate.primal
    assert certificate.dual <= optimum * (1 + 1e-12)
    assert certificate.primal == pytest.approx(problem.objective(network))
    assert certificate.primal >= optimum * (1 - 1e-12)
    assert certificate.verdict in ("bounded", "global")
    assert certificate.gap == pytest.approx(certificate.primal - certificate.dual)


def test_bound_is_the_dual_objective_at_a_feasible_point():
    problem = small_problem(0, "squared")
    solution = solve(problem)
    rng = np.random.default_rng(0)
    u = rng.standard_normal((100_000, 3))
    u /= np.linalg.norm(u, axis=1)[:, None]
    feasible = solution.nu / (1 + max(solution.certificate.violation, 0))
    assert np.abs(feasible @ np.maximum(problem.X @ u.T, 0)).max() <= problem.beta * (1 + 1e-12)
    by_hand = feasible @ problem.y - feasible @ feasible / 2
    assert solution.certificate.dual == pytest.approx(by_hand, rel=1e-12)


def test_a_slightly_worse_network_is_bounded_not_global():
    problem = small_problem(1, "squared")
    solution = solve(problem)
    worse = Network(solution.network.directions, solution.network.signs, 1.001 * solution.network.masses, problem.bias)
    certificate = certify_dual(problem, worse, solution.nu)
    assert certificate.verdict == "bounded"
    assert certificate.gap == pytest.approx(certificate.primal - solution.certificate.primal, rel=1e-3)
    assert "Bounded" in certificate.explain()
    assert "not claimed" in certificate.explain()


def test_imbalance_is_paid_for():
    problem = small_problem(2, "squared")
    U, alpha = solve(problem).network.weights()
    unbalanced = Network.from_weights(2 * U, alpha / 2, bias=problem.bias)
    certificate = certify_dual(problem, unbalanced, -problem.loss.gradient(unbalanced.fit(problem.X), problem.y))
    assert certificate.verdict == "bounded"


def test_a_search_is_no_certificate():
    problem = small_problem(3, "squared")
    solution = solve(problem)
    certificate = certify_dual(problem, solution.network, solution.nu, oracle="ascent")
    assert certificate.verdict == "none"
    assert certificate.dual == -np.inf
    assert "No certificate" in certificate.explain()
    assert "Globally optimal" in solution.certificate.explain()


def test_zero_target_is_solved_by_the_zero_network():
    certificate = solve(Problem([[1.0], [2.0]], [0.0, 0.0], beta=0.1)).certificate
    assert (certificate.verdict, certificate.primal, certificate.gap) == ("global", 0.0, 0.0)
