"""Certificates of any network and any nu: weak duality from first principles, and honest verdicts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.errors import ContradictionError
from dualscape.model.certificate import _down, _up, certificate_of, certify_dual, percent
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import Question
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
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
    with pytest.raises(
        ContradictionError, match=r"the proven lower bound is \d.*above the objective of a network, which is \d.*report"
    ):
        certificate_of(problem, solution.network, solution.nu, answer)


@pytest.mark.parametrize("oracle", [CellsOracle, BisectionOracle])
def test_an_oracle_whose_unit_exceeds_its_bound_is_caught(oracle, monkeypatch):
    from dualscape.oracles import ranked

    problem = small_problem(1, "squared")
    nu = problem.dual_at_zero()
    honest = oracle.on(problem.X).best_units(Question(nu, above=0.0))
    module = __import__(oracle.__module__, fromlist=["assemble"])
    half = lambda *args, upper, **rest: ranked.assemble(*args, upper=0.5 * upper, **rest)  # noqa: E731
    monkeypatch.setattr(module, "assemble", half)
    with pytest.raises(ContradictionError, match="the value of a unit neuron is"):
        oracle.on(problem.X).best_units(Question(nu, above=0.0))
    assert honest.lower <= honest.upper <= honest.lower * (1 + 1e-12)


# --- percentages ----------------------------------------------------------------------------------------
def test_the_percentage_in_the_verdict_is_of_the_lower_bound():
    problem = small_problem(1, "squared")
    optimum = solve(problem)
    for mass, text in ((1.1, "%) above the optimum"), (1.5, "%) above the optimum"), (1e5, "no useful bound")):
        network = replace(optimum.network, masses=mass * optimum.network.masses)
        certificate = certify_dual(problem, network, problem.y - network.predict(problem.inputs))
        truth = certificate.primal / optimum.certificate.primal - 1
        assert certificate.excess >= truth
        if certificate.dual > 0:
            assert certificate.excess == certificate.gap / certificate.dual
        assert text in certificate.explain()
        assert "e+" not in certificate.explain().partition("(")[2].partition(")")[0]


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
        assert problem.oracle(name).best_units(Question(solution.nu, above=0.0)).upper <= trivial * (1 + 1e-12)


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
    assert "error: internal error: the value of a unit neuron is" in result.stderr
    assert not path.exists()


# --- never called global -----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [CellsOracle, BisectionOracle])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_bound_that_is_too_low_is_never_called_global(monkeypatch, kind, loss):
    """The oracle's bound times 0.2: the lower bound exceeds the objective, and both numbers are named."""
    problem = small_problem(0, loss)
    honest = solve(problem, oracle=kind.name)
    original = kind.best_units
    monkeypatch.setattr(
        kind,
        "best_units",
        lambda *a, **k: replace(answer := original(*a, **k), upper=0.2 * answer.upper, lower=0.2 * answer.lower),
    )
    with pytest.raises(ContradictionError, match="Please report this"):
        solve(problem, oracle=kind.name)
    answer = replace(honest.certificate.answer, upper=0.2 * honest.certificate.answer.upper)
    with pytest.raises(ContradictionError) as caught:
        certificate_of(problem, honest.network, honest.nu, answer)
    primal = honest.certificate.primal
    assert repr(primal) in str(caught.value)
    low, high = caught.value.args[1::2]
    assert low > high == primal


def test_within_rounding_the_bounds_may_cross():
    """Eighty optima certified: the lower bound stays within the objective, whose rounding the gap covers."""
    for seed in range(40):
        for loss in ("squared", "logistic"):
            certificate = solve(small_problem(seed, loss)).certificate
            assert certificate.verdict == "global"
            assert certificate.dual <= certificate.primal
            assert certificate.gap >= certificate.primal_error >= 0


# --- how far above the optimum ------------------------------------------------------------------------
def certificate_like(primal, dual):
    found = solve(small_problem(0, "squared")).certificate
    gap, verdict = primal - dual, "bounded"
    return replace(
        found, verdict=verdict, primal=primal, primal_error=0.0, dual=dual, gap=gap, relative_gap=gap / primal
    )


@pytest.mark.parametrize(
    ("primal", "dual", "words"),
    [
        (2.0, 1.0, "at most 1 (100 %) above the optimum"),
        (231.0, 100.0, "at most 131 (131 %) above the optimum"),
        (1.0 + 1e-8, 1.0, "at most 1e-08 (1e-06 %) above the optimum"),
        (1.10401, 1.0, "at most 0.105 (10.5 %) above the optimum"),
        (513.556, 1.0, "at most 513 (51,300 %) above the optimum"),
        (1002.0, 1.0, "open: no useful bound"),
        (1.0, 0.0, "open: no useful bound"),
    ],
)
def test_the_percentage_is_that_of_the_lower_bound(primal, dual, words):
    certificate = certificate_like(primal, dual)
    assert words in certificate.explain()
    assert "e+" not in certificate.explain()
    assert certificate.useful == ("%" in words)


def test_a_bad_network_is_not_said_to_be_good():
    """Its objective is 51,256 times the optimum; a share of the objective would say 100 %."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 2))
    problem = Problem(X, np.maximum(X[:, 0], 0), beta=1.0)
    optimum = solve(problem).certificate.primal
    network = Network.from_weights([[1.0, 2, 3]], [-40.0], bias="penalised")
    found = certify_dual(problem, network, problem.y - network.predict(X))
    assert found.excess >= found.primal / optimum - 1
    assert found.relative_gap < 1 < found.excess
    assert ("no useful bound" in found.explain()) == (found.excess > 1e3)


@given(st.floats(1e-12, 1e12))
def test_at_most_is_rounded_up_and_at_least_down(value):
    assert float(_up(value, 3)) >= value
    assert float(_down(value, 12)) <= value
    shown = float(percent(value).removesuffix(" %").replace(",", ""))
    assert 100 * value <= shown * (1 + 1e-12) <= 101 * value * (1 + 1e-9)
    assert "e+" not in percent(value)
