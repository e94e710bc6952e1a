"""Neurons that see few features, through everything: the optimum against a conic solver, invariants, results, files."""

import math
from itertools import combinations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import CSV, analysed, run
from dualscape import Checkpoint, Problem, Program, load_result, optimal_set, solve, staircase
from dualscape.analysis import analyze
from dualscape.errors import InputError
from dualscape.report.report import render


def table(seed, n=8, p=3):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_normal(n)


def conic_optimum(problem):
    """Over all patterns of every subset of features at once, by a solver that shares no more than the patterns."""
    p, q = problem.design.p, problem.features_per_neuron
    fit, cost, constraints = 0.0, 0.0, []
    for some in combinations(range(p), q):
        X = problem.X[:, [*some, *range(p, problem.d)]]
        plain = Problem(X, problem.y, beta=1.0, bias="none")
        for active in Program.of(plain).patterns:
            for sign in (1.0, -1.0):
                v = cp.Variable(X.shape[1])
                fit = fit + sign * (active[:, None] * X) @ v
                cost = cost + cp.norm(v, 2)
                constraints.append(np.where(active, 1.0, -1.0)[:, None] * X @ v >= 0)
    if problem.loss.name == "squared":
        loss = cp.sum_squares(fit - problem.y) / 2
    else:
        loss = cp.sum(cp.logistic(-cp.multiply(problem.y, fit)))
    return cp.Problem(cp.Minimize(loss + problem.beta * cost), constraints).solve(solver=cp.CLARABEL)


@pytest.mark.parametrize(
    ("q", "bias", "loss"), [(1, "penalised", "squared"), (2, "penalised", "logistic"), (2, "none", "squared")]
)
def test_the_optimum_is_that_of_a_conic_solver(q, bias, loss):
    X, y = table(q, n=7)
    y = y if loss == "squared" else np.where(y > 0, 1, -1)
    problem = Problem(X, y, beta=1, bias=bias, loss=loss, features_per_neuron=q).at_fraction(0.2)
    found = solve(problem).certificate
    assert found.verdict == "global"
    assert found.primal == pytest.approx(conic_optimum(problem), rel=1e-6)


@settings(max_examples=3)
@given(st.integers(0, 10**6))
def test_more_features_cost_no_more_and_all_are_no_restriction(seed):
    X, y = table(seed)
    plain = solve(Problem(X, y, beta=1).at_fraction(0.2))
    found = [solve(Problem(X, y, beta=plain.problem.beta, features_per_neuron=q)).certificate.primal for q in (1, 2, 3)]
    assert found[0] >= found[1] * (1 - 1e-12)
    assert found[1] >= found[2] * (1 - 1e-12)
    assert found[2] == pytest.approx(plain.certificate.primal, rel=1e-12)


@settings(max_examples=3)
@given(st.integers(0, 10**6), st.permutations(range(4)))
def test_the_order_of_features_does_not_matter(seed, order):
    X, y = table(seed, n=10, p=4)
    one = solve(Problem(X, y, beta=1, features_per_neuron=2).at_fraction(0.3))
    other = solve(Problem(X[:, order], y, beta=one.problem.beta, features_per_neuron=2))
    assert other.certificate.primal == pytest.approx(one.certificate.primal, rel=1e-11)
    ours, theirs = optimal_set(one), optimal_set(other)
    assert ours.k == theirs.k
    for direction, output in zip(theirs.directions, theirs.units.outputs, strict=True):
        back = np.zeros(5)
        back[[*order, 4]] = direction
        assert ours.units.find(back, output, 1e-7) is not None


@pytest.mark.parametrize("activation", ["leaky:0.2", "abs"])
def test_other_activations_see_few_features_too(activation):
    X, y = table(12, n=10)
    plain = Problem(X, y, beta=1, activation=activation).at_fraction(0.2)
    found = [
        solve(Problem(X, y, beta=plain.beta, activation=activation, features_per_neuron=q)).certificate
        for q in (1, 2, 3)
    ]
    assert {one.verdict for one in found} == {"global"}
    assert found[0].primal > found[1].primal >= found[2].primal * (1 - 1e-12)
    assert found[2].primal == pytest.approx(solve(plain).certificate.primal, rel=1e-12)
    problem = Problem(X, y, beta=plain.beta, activation=activation, features_per_neuron=1)
    optima = optimal_set(solve(problem))
    assert optima.contains(optima.smallest())
    rows = staircase(optima).rows
    twins = 2 if activation == "abs" else 1
    assert rows[0].components == math.factorial(rows[0].m) * twins ** rows[0].m


def test_all_features_give_the_optimal_set_of_the_plain_problem():
    X, y = table(11, n=10)
    plain = Problem(X, y, beta=1).at_fraction(0.1)
    ours = optimal_set(solve(Problem(X, y, beta=plain.beta, features_per_neuron=3)))
    theirs = optimal_set(solve(plain))
    np.testing.assert_allclose(ours.directions, theirs.directions, atol=1e-9)
    np.testing.assert_allclose(ours.vertices, theirs.vertices, atol=1e-9)


def test_doubled_features_are_different_units_with_one_column():
    """Every optimal neuron on the feature that is there twice may be on either: two units in place of one."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((12, 3))
    y = np.abs(x[:, 0]) + 0.1 * rng.standard_normal(12)
    alone = optimal_set(solve(Problem(x, y, beta=1, features_per_neuron=1).at_fraction(0.2)))
    problem = Problem(np.column_stack([x, x[:, 0]]), y, beta=alone.problem.beta, features_per_neuron=1)
    optima = optimal_set(solve(problem))
    on_it = int((alone.directions[:, 0] != 0).sum())
    assert on_it > 0
    assert (optima.k, optima.rank, optima.dimension) == (alone.k + on_it, alone.rank, alone.dimension + on_it)
    assert optima.exact
    assert len(optima.vertices) == 2**on_it * len(alone.vertices)
    first, second = staircase(alone), staircase(optima)
    assert (second.m_star, second.M_star) == (first.m_star, first.M_star)
    # Each choice of columns is a network of its own among the smallest.
    assert second.rows[0].components == 2**on_it * first.rows[0].components
    for c in optima.vertices:
        assert problem.objective(optima.network(c)) == pytest.approx(alone.problem.objective(alone.smallest()))
        assert optima.contains(optima.network(c))


@pytest.mark.parametrize("q", [1, 2])
def test_columns_of_nothing_and_of_few_values(q):
    X, y = table(5, n=12, p=2)
    X = np.column_stack([X, np.zeros(12), np.eye(3)[np.arange(12) % 3]])
    problem = Problem(X, y, beta=1, features_per_neuron=q).at_fraction(0.2)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    optima = optimal_set(solution)
    assert (optima.directions[:, 2] == 0).all()  # a feature that is 0 everywhere is of no use
    without = Problem(np.delete(X, 2, axis=1), y, beta=problem.beta, features_per_neuron=q)
    assert solve(without).certificate.primal == pytest.approx(solution.certificate.primal, rel=1e-11)
    assert optimal_set(solve(without)).k == optima.k


def test_what_is_claimed_is_claimed_of_these_networks_alone():
    X, y = table(3, n=12, p=4)
    analysis = analyze(Problem(X, y, beta=1, features_per_neuron=2), beta_fraction=0.2)
    class_of = "whose neurons see at most 2 features"
    assert f"No network of any width {class_of} has an objective below" in analysis.solution.certificate.explain()
    assert f"All optimal networks {class_of} use" in analysis.optimal_set.describe()
    page = render(analysis.solution, analysis.optimal_set, analysis.staircase)
    assert f"How the optimal networks {class_of} of each width are connected" in page
    assert f"Every optimal network {class_of}, of any width, is made of these units" in page
    network = analysis.solution.network
    assert ((network.directions[:, :4] != 0).sum(axis=1) <= 2).all()
    low, high = analysis.optimal_set.spread(X)
    np.testing.assert_allclose(low, analysis.optimal_set.y_star, atol=1e-7)
    np.testing.assert_allclose(high, analysis.optimal_set.y_star, atol=1e-7)
    short = solve(Problem(X, y, beta=1, features_per_neuron=2).at_fraction(0.2), time_limit=1e-3).certificate
    assert short.verdict == "none" or class_of in short.explain()


def test_time_that_is_too_short_leaves_a_bound_that_holds():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 6)), rng.standard_normal(60)
    problem = Problem(X, y, beta=6.0, features_per_neuron=3)
    optimum = solve(problem).certificate
    assert optimum.verdict == "global"
    short = solve(problem, time_limit=0.05).certificate
    assert 0 < short.dual <= optimum.dual * (1 + 1e-12)
    assert short.primal >= optimum.primal * (1 - 1e-12)


def test_a_proof_goes_on_from_its_checkpoint(tmp_path):
    X, y = table(4, n=20, p=5)
    problem = Problem(X, y, beta=1, features_per_neuron=2).at_fraction(0.2)
    file = tmp_path / "proof.npz"
    first = solve(problem, checkpoint=Checkpoint(file))
    events = []
    again = solve(problem, checkpoint=Checkpoint(file), progress=events.append)
    assert (again.certificate.primal, again.certificate.dual) == (first.certificate.primal, first.certificate.dual)
    # No family was asked again.
    assert not [event for event in events if event.stage == again.certificate.oracle]
    with pytest.raises(InputError, match="checkpoint of another problem"):
        solve(Problem(X, y, beta=problem.beta, features_per_neuron=3), checkpoint=Checkpoint(file))


def test_json_command_line_and_predictions(tmp_path):
    data = tmp_path / "table.csv"
    data.write_text(CSV, encoding="utf-8")
    arguments = (data, "--target", "y", "--beta-fraction", "0.2")
    content = analysed(tmp_path, *arguments, "--features-per-neuron", "1")
    assert content["problem"]["features_per_neuron"] == 1
    assert content["problem"]["architecture"] == "sparse:1:1:relu"
    assert "at most 1 feature" in content["objective"]
    assert all(sum(u != 0 for u in direction[:2]) <= 1 for direction in content["network"]["directions"])
    assert analysed(tmp_path, *arguments)["problem"]["features_per_neuron"] is None
    shown = run("analyze", *arguments, "--features-per-neuron", "1", "--json", tmp_path / "out.json")
    assert "networks whose neurons see at most 1 feature" in " ".join(shown.output.split())
    assert "a call" in shown.stderr  # what it will cost is said before it starts
    predictor = load_result(tmp_path / "out.json")
    np.testing.assert_allclose(predictor.predict([[1.0, 2.0]]), predictor.network.predict([[1.0, 2.0]]), rtol=1e-12)
    assert run("predict", tmp_path / "out.json", data).exit_code == 0
    for wrong, message in (("0", "whole number from 1 on"), ("3", "but there are 2 features")):
        result = run("analyze", *arguments, "--features-per-neuron", wrong)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.strip().splitlines()) <= 2


def test_interpolation_of_what_sums_of_functions_can_take():
    X, y = table(6, n=7)
    costs = [solve(Problem(X, y, loss="interpolation", features_per_neuron=q)).certificate for q in (1, 2, 3)]
    assert {one.verdict for one in costs} == {"global"}
    assert costs[0].primal > costs[1].primal > costs[2].primal
    assert costs[2].primal == pytest.approx(solve(Problem(X, y, loss="interpolation")).certificate.primal, rel=1e-9)
    # Exclusive or is no sum of functions of one bit each.
    bits = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    parity = Problem(bits, [0, 1, 1, 0], loss="interpolation", features_per_neuron=1)
    with pytest.raises(InputError, match="no network whose neurons see at most 1 feature interpolates here"):
        solve(parity)
    both = Problem(bits, [0, 1, 1, 0], loss="interpolation", features_per_neuron=2)
    assert solve(both).certificate.verdict == "global"
