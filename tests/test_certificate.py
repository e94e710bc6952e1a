"""Certificates of any network and any nu: weak duality from first principles, and honest verdicts."""

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.certificate import certificate_of, certify_dual
from dualscape.errors import ContradictionError
from dualscape.figures import convergence
from dualscape.network import Network
from dualscape.oracles.bisection import BisectionOracle
from dualscape.oracles.cells import CellsOracle
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


# --- contradictions -------------------------------------------------------------------------------------
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("factor", [0.2, 0.5, 1 - 1e-6])
def test_a_bound_that_is_too_low_is_an_error_and_no_verdict(loss, factor):
    """Clipping the dual value to the primal one would hide it behind "global, gap 0"."""
    problem = small_problem(0, loss)
    solution = solve(problem)
    answer = replace(solution.certificate.answer, upper=factor * solution.certificate.answer.upper)
    with pytest.raises(ContradictionError, match=r"the proven lower bound is \d.*above the objective .* of \d.*report"):
        certificate_of(problem, solution.network, solution.nu, answer)


@pytest.mark.parametrize("oracle", [CellsOracle, BisectionOracle])
def test_an_oracle_whose_unit_exceeds_its_bound_is_caught(oracle, monkeypatch):
    from dualscape.oracles import local

    problem = small_problem(1, "squared")
    nu = problem.dual_at_zero()
    honest = oracle(problem.X).best_units(nu, above=0.0)
    module = __import__(oracle.__module__, fromlist=["assemble"])
    half = lambda *args, upper, **rest: local.assemble(*args, upper=0.5 * upper, **rest)  # noqa: E731
    monkeypatch.setattr(module, "assemble", half)
    with pytest.raises(ContradictionError, match="the value of a unit neuron is"):
        oracle(problem.X).best_units(nu, above=0.0)
    assert honest.lower <= honest.upper <= honest.lower * (1 + 1e-12)


# --- the primal value -----------------------------------------------------------------------------------
def exact_objective(problem, network):
    """The objective in rational arithmetic; the logistic loss to 60 digits."""
    total = Fraction(problem.beta) * sum(
        Fraction(c) + Fraction(i) ** 2 / 2
        for c, i in zip(network.masses.tolist(), network.imbalance.tolist(), strict=True)
    )
    units = list(zip(network.directions.tolist(), network.signs.tolist(), network.masses.tolist(), strict=True))
    for row, target in zip(problem.X.tolist(), problem.y.tolist(), strict=True):
        fit = Fraction(0)
        for u, s, c in units:
            height = sum(Fraction(a) * Fraction(b) for a, b in zip(row, u, strict=True))
            fit += int(s) * Fraction(c) * max(height, 0)
        if problem.loss.name == "squared":
            total += (fit - Fraction(target)) ** 2 / 2
        else:
            with localcontext() as context:
                context.prec = 60
                margin = Decimal(int(target)) * Decimal(fit.numerator) / Decimal(fit.denominator)
                total += Fraction((1 + (-margin).exp()).ln())
    return total


@given(st.integers(0, 10**6), st.sampled_from(["squared", "logistic"]), st.sampled_from([0.0, 1e-6, 3e-10]))
@settings(max_examples=60)
def test_the_error_of_the_primal_value_is_bounded(seed, loss, near):
    """Rows that are nearly equal let large masses cancel in the fit."""
    rng = np.random.default_rng(seed)
    n, d, m = rng.integers(1, 7), rng.integers(1, 4), rng.integers(1, 6)
    X, U = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    if near:
        X, U = X[:1] + near * X, U[:1] + near * U
    U /= np.linalg.norm(U, axis=1)[:, None]
    size = 10 ** rng.uniform(-2, 2 if loss == "logistic" else 10)
    network = Network(U, rng.choice([-1.0, 1.0], m), size * rng.random(m))
    y = rng.standard_normal(n) if loss == "squared" else rng.choice([-1.0, 1.0], n)
    problem = Problem(X, y, beta=10 ** rng.uniform(-9, 0), bias="none", loss=loss)
    value, error = problem.objective_bounds(network)
    assert abs(Fraction(value) - exact_objective(problem, network)) <= Fraction(error)
    assert error <= 1e-9 * abs(value)


def test_the_gap_covers_the_error_of_the_primal_value():
    """Two neurons of mass 6e9 that nearly cancel: plain summation is off by far more than the verdict allows."""
    X = np.array([[1.0, 0.0], [1.0, 3e-10], [1.0, -3e-10]])
    U = np.array([[1.0, 1e-9], [1.0, -1e-9]])
    network = Network(U / np.linalg.norm(U, axis=1)[:, None], [1.0, -1.0], [6e9, 6e9])
    problem = Problem(X, [0.5, 1.0, 0.1], beta=1e-12, bias="none")
    certificate = certify_dual(problem, network, problem.dual_at_zero())
    exact = exact_objective(problem, network)
    assert abs(Fraction(certificate.primal) - exact) <= Fraction(certificate.primal_error)
    assert Fraction(certificate.dual) + Fraction(certificate.gap) >= exact
    assert certificate.gap == pytest.approx(certificate.primal + certificate.primal_error - certificate.dual)


# --- percentages ----------------------------------------------------------------------------------------
def test_the_percentage_in_the_verdict_is_of_the_lower_bound():
    problem = small_problem(1, "squared")
    optimum = solve(problem)
    for mass, text in ((1.1, "%) above the optimum"), (1.5, "%) above the optimum"), (1e5, "too low to be of use")):
        network = replace(optimum.network, masses=mass * optimum.network.masses)
        certificate = certify_dual(problem, network, problem.y - network.predict(problem.inputs))
        truth = certificate.primal / optimum.certificate.primal - 1
        assert certificate.excess >= truth
        if certificate.dual > 0:
            assert certificate.excess == certificate.gap / certificate.dual
        assert text in certificate.explain()
        assert "e+" not in certificate.explain().partition("(")[2].partition(")")[0]


def test_the_figure_and_the_verdict_measure_with_the_same_ratio():
    solution = solve(small_problem(1, "squared"))
    values = [float(part) for part in convergence(solution).caption.split("the objective at ")[1].split()[:1]]
    last = solution.history[-1].objective
    assert values[0] == pytest.approx(last / solution.certificate.dual - 1, abs=1e-12)


# --- loose bounds ---------------------------------------------------------------------------------------
NEARLY_PARALLEL = [
    0.9760663165830021, -0.9760663161277531, -0.9760663182238419, 0.9760663167950229, 1.9521326353957151,
    -0.9760663187862508, 0.9760663196079205, -0.9760663174689328, 1.952132635328008,
]  # fmt: skip


@pytest.mark.parametrize("oracle", ["auto", "cells", "bisection"])
def test_nearly_parallel_rows_leave_no_bound_above_the_trivial_one(oracle):
    y = np.zeros(9)
    y[1], y[6] = -0.374497324911046, 0.3318401023507607
    problem = Problem(np.array(NEARLY_PARALLEL)[:, None], y, beta=0.013591049735582469)
    solution = solve(problem, oracle=oracle)
    if oracle != "cells":
        assert solution.certificate.verdict == "global"
    weight = np.abs(solution.nu) * np.linalg.norm(problem.X, axis=1)
    trivial = max(weight[solution.nu > 0].sum(), weight[solution.nu < 0].sum())
    for name in ("cells", "bisection"):
        assert problem.oracle(name).best_units(solution.nu, above=0.0).upper <= trivial * (1 + 1e-12)


def test_where_one_exact_oracle_ends_with_a_loose_bound_another_one_is_asked():
    rng = np.random.default_rng([117, sum(map(ord, "line"))])
    n = int(rng.integers(3, 26))
    problem = Problem(rng.normal(size=(n, 1)), rng.normal(size=n), beta=1.0)
    problem = problem.at_fraction(10 ** rng.uniform(-4, 0))
    assert solve(problem, oracle="cells").certificate.verdict == "bounded"
    found = solve(problem).certificate
    assert (found.verdict, found.oracle) == ("global", "bisection")


def test_the_program_ends_with_70_on_a_contradiction(monkeypatch, tmp_path):
    """A bound that is 0.2 of what it should be, in either oracle."""
    from click.testing import CliRunner

    from dualscape.cli import commands

    for oracle in (CellsOracle, BisectionOracle):
        honest = oracle.best_units
        monkeypatch.setattr(
            oracle,
            "best_units",
            lambda *a, honest=honest, **k: replace(found := honest(*a, **k), upper=0.2 * found.upper),
        )
    path = tmp_path / "out.json"
    result = CliRunner().invoke(commands, ["analyze", "catalogue:two-points", "--json", str(path)])
    assert result.exit_code == 70
    assert "error: internal error: the proven lower bound is" in result.stderr
    assert not path.exists()
