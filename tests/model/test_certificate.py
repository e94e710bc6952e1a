"""Certificates of any network and any nu: weak duality from first principles, and honest verdicts."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.errors import ContradictionError
from dualscape.model.certificate import _down, _up, certificate_of, certify_dual, lower_bound, percent
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer, Question
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.solver import solve
from exact_objectives import cancelling, exact_objective


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
    exact = exact_objective(problem, network)
    assert Fraction(certificate.dual) + Fraction(certificate.gap) >= exact
    assert certificate.gap <= float(exact - Fraction(certificate.dual)) * (1 + 1e-9)


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
            assert (1 + certificate.excess) * certificate.dual == pytest.approx(certificate.primal, rel=1e-12)
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
            solution = solve(small_problem(seed, loss))
            certificate = solution.certificate
            assert certificate.verdict == "global"
            # What is proven of every network holds for this one, whose objective is known without rounding.
            exact = exact_objective(solution.problem, solution.network)
            assert Fraction(certificate.dual) <= exact <= Fraction(certificate.dual) + Fraction(certificate.gap)
            assert abs(exact - Fraction(certificate.primal)) <= Fraction(certificate.primal_error)


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


# --- the lower bound, in exact arithmetic ----------------------------------------------------------------
def answer_with(upper):
    """An answer of an exact oracle that proves this much of h."""
    return replace(OracleAnswer.nothing(2, upper, "cells", 1), upper=upper)


@pytest.mark.parametrize("beta", [1e-3, 1.0, 1e6])
def test_the_lower_bound_is_below_the_best_multiple_of_nu(beta):
    """D(t nu) at the best t <= beta / upper, as a fraction; and hardly below it."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        problem = Problem(rng.standard_normal((9, 2)), rng.standard_normal(9), beta=beta, bias="none")
        nu, upper = rng.standard_normal(9), float(rng.uniform(0.1, 3.0))
        along = sum(Fraction(a) * Fraction(b) for a, b in zip(nu.tolist(), problem.y.tolist(), strict=True))
        square = sum(Fraction(a) ** 2 for a in nu.tolist())
        t = min(max(along / square, Fraction(0)), Fraction(beta) / Fraction(upper))
        exact = t * along - t * t * square / 2
        found = lower_bound(problem, nu, answer_with(upper))
        assert Fraction(found) <= exact
        assert found >= float(exact) - 1e-13 * (1 + float(t) * np.abs(nu) @ np.abs(problem.y))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_no_bound_is_below_what_the_loss_is_worth_alone(loss):
    """nu = 0 is dual feasible, so that a nu that points away from the target proves no less than that."""
    problem = small_problem(0, loss)
    for nu in (-problem.y, np.zeros(9), 1e-3 * problem.y):
        assert lower_bound(problem, nu, answer_with(1.0)) >= 0.0
    assert lower_bound(problem, -problem.y, answer_with(1.0)) == 0.0
    assert lower_bound(problem, problem.y, replace(answer_with(1.0), upper=np.inf)) == -np.inf


def test_a_bound_between_the_objective_and_its_error_is_lowered_to_the_objective(monkeypatch):
    problem = small_problem(0, "squared")
    solution = solve(problem)
    primal = solution.certificate.primal
    bounds = Problem.objective_bounds
    monkeypatch.setattr(Problem, "objective_bounds", lambda *a, **k: (bounds(*a, **k)[0] * (1 - 1e-4), 1e-3 * primal))
    found = certificate_of(problem, solution.network, solution.nu, solution.certificate.answer)
    assert found.dual == found.primal < solution.certificate.dual
    assert found.gap == pytest.approx(1e-3 * primal)


@pytest.mark.parametrize(("more", "verdict"), [(1e-10, "global"), (3e-9, "bounded"), (9e-8, "bounded")])
def test_the_verdict_turns_where_the_tolerance_is(more, verdict, monkeypatch):
    """The objective raised by a share: the tolerance is 1e-9."""
    problem = small_problem(1, "squared")
    solution = solve(problem)
    bounds = Problem.objective_bounds
    monkeypatch.setattr(Problem, "objective_bounds", lambda *a, **k: (bounds(*a, **k)[0] * (1 + more), 0.0))
    found = certificate_of(problem, solution.network, solution.nu, solution.certificate.answer)
    assert found.verdict == verdict
    assert found.tolerance == 1e-9


def test_rounding_of_the_objective_does_not_decide_the_verdict():
    """Rows equal to 3e-10 and masses of 6e9: in double precision the objective would be known to 1e-7 only."""
    problem, network = cancelling("squared", 3, 3e-10, 6e9)
    certificate = certify_dual(problem, network, problem.dual_at_zero())
    assert certificate.primal_error <= 0.01 * certificate.tolerance * certificate.primal
    exact = exact_objective(problem, network)
    assert abs(exact - Fraction(certificate.primal)) <= Fraction(certificate.primal_error)
