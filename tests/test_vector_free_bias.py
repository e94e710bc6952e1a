"""Several outputs with a free hidden bias: against a conic solver, the same with one output, and data of any size."""

import json
import warnings

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import run
from dualscape import Network, Problem, connect, descend, load_result, optimal_set, solve, staircase
from dualscape.errors import ContinuumError

FREE = {"bias": "free", "free": "constant"}


def on_a_line(x, Y, M, beta, weights):
    """The least over units (+-1, b) with kinks at data, each with a vector of masses: a group lasso."""
    columns = np.hstack([np.maximum(x[:, None] - x, 0.0), np.maximum(x - x[:, None], 0.0)])
    A, V = cp.Variable((columns.shape[1], Y.shape[1])), cp.Variable((M.shape[1], Y.shape[1]))
    loss = 0.5 * cp.sum(cp.multiply(weights[:, None], cp.square(columns @ A + M @ V - Y)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cp.Problem(cp.Minimize(loss + beta * cp.sum(cp.norm(A, axis=1)))).solve(solver=cp.CLARABEL)


@settings(max_examples=4)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["plain", "lattice", "ties", "rank one", "one row"]))
def test_on_a_line_a_conic_solver_agrees(seed, kind):
    rng = np.random.default_rng(seed)
    n, c = (1 if kind == "one row" else int(rng.integers(2, 9))), int(rng.integers(2, 4))
    x, Y = rng.standard_normal(n), rng.standard_normal((n, c))
    if kind == "lattice":
        x, Y = x.round(), Y.round()
    if kind == "ties":
        x[-1], Y[:, 1] = x[0], Y[:, 0]
    if kind == "rank one":
        Y = np.outer(Y[:, 0], np.ones(c))
    affine, weights = bool(seed % 2), rng.uniform(0.5, 2.0, n)
    settings = {"bias": "free", "free": "affine" if affine else "constant", "sample_weight": weights}
    top = Problem(x[:, None], Y, beta=1.0, **settings).beta_max()
    beta = float(rng.choice([0.03, 0.2, 1.1])) * top if top > 1e-12 else 0.1
    solution = solve(Problem(x[:, None], Y, beta=beta, **settings))
    assert solution.certificate.verdict == "global"
    M = np.column_stack([np.ones(n), x]) if affine else np.ones((n, 1))
    assert solution.certificate.primal == pytest.approx(on_a_line(x, Y, M, beta, weights), rel=1e-5, abs=1e-8)
    optima = optimal_set(solution)
    assert optima.contains(solution.network)
    assert optima.contains(optima.smallest())


@pytest.mark.parametrize("p", [1, 2])
def test_a_target_of_rank_one_is_the_problem_of_one_output(p):
    rng = np.random.default_rng(p)
    X, y, v = rng.standard_normal((9, p)), rng.standard_normal(9), np.array([0.6, -0.8])
    one = Problem(X, y, beta=1.0, **FREE).at_fraction(0.1)
    two = Problem(X, np.outer(y, v), beta=one.beta, **FREE)
    assert two.beta_max() == pytest.approx(one.beta_max(), rel=1e-12)
    first, second = solve(one), solve(two)
    assert second.certificate.primal == pytest.approx(first.certificate.primal, rel=1e-10)
    np.testing.assert_allclose(second.predict(X), np.outer(first.predict(X), v), atol=1e-8)
    these, those = optimal_set(first), optimal_set(second)
    assert (those.k, those.rank, those.dimension) == (these.k, these.rank, these.dimension)
    assert len(those.plateaus.pairs) == len(these.plateaus.pairs)
    assert [row.components for row in staircase(those).rows] == [row.components for row in staircase(these).rows]


def test_a_kink_anywhere_between_two_rows_is_one_neuron():
    """Fewest neurons are counted between the ends of a plateau: y = (x - 1.5)_+ v beside an affine part."""
    x, v = np.arange(4.0)[:, None], np.array([0.6, 0.8])
    optima = optimal_set(solve(Problem(x, np.maximum(x - 1.5, 0.0) * v, beta=0.01, bias="free", free="affine")))
    assert len(optima.plateaus.pairs) > 0
    smallest = optima.smallest()
    assert staircase(optima).m_star == smallest.width == 1
    assert optima.contains(smallest)
    bent = -smallest.directions[0, 1] / smallest.directions[0, 0]
    assert 1.0 < bent < 2.0
    units = smallest.units.turned(smallest.units.directions + np.array([0.0, 0.9]))
    beyond = Network.of(units, smallest.masses, "free", smallest.architecture, "affine", smallest.free_weights)
    assert not optima.contains(beyond)


@pytest.mark.parametrize("size", [1e-5, 1e6])
@pytest.mark.parametrize("fraction", [0.1, 1.2])
def test_where_the_data_lie_and_how_large_they_are_does_not_matter(size, fraction):
    """Beyond beta_max units shrink to nothing, and their biases, which cost nothing, must not grow instead."""
    rng = np.random.default_rng(93)
    X, Y = rng.standard_normal((6, 2)), rng.standard_normal((6, 2))
    plain = Problem(X, Y, beta=1.0, bias="free", free="affine").at_fraction(fraction)
    moved = Problem(size * (X + 3.0), 1e3 * Y, beta=1e3 * size * plain.beta, bias="free", free="affine")
    one, other = solve(plain).certificate, solve(moved).certificate
    assert one.verdict == other.verdict == "global"
    assert other.primal * 1e-6 == pytest.approx(one.primal, rel=1e-9)


def test_two_features_classes_and_ways_between_networks():
    rng = np.random.default_rng(4)
    X, labels = rng.standard_normal((8, 2)), ["a", "b", "c", "a", "b", "c", "a", "b"]
    problem = Problem(X, labels, beta=0.4, loss="multinomial", **FREE)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert np.abs(solution.nu.reshape(8, 3).sum(axis=0)).max() < 1e-9
    optima = optimal_set(solution)
    assert optima.contains(solution.network)
    U, alpha = rng.standard_normal((9, 3)), rng.standard_normal((9, 3))
    start = Network.from_weights(U, alpha, bias="free", free="constant", free_weights=[0.0, 1.0, 2.0])
    path = descend(problem, start, solution)
    assert path.falls
    assert path.verify()
    assert path.objectives[-1] == pytest.approx(solution.certificate.primal, rel=1e-9)
    most = optima.choose("most")
    order = list(range(most.width))[::-1]
    assert connect(optima, most.pad(most.width + 1), most.permute(order).pad(most.width + 1)).constant


def test_many_features_are_bounded():
    rng = np.random.default_rng(6)
    X, Y = rng.standard_normal((25, 8)), rng.standard_normal((25, 2))
    solution = solve(Problem(X, Y, beta=8.0, **FREE), time_limit=1.0)
    assert solution.certificate.verdict in ("bounded", "global")
    assert 0 < solution.certificate.dual <= solution.certificate.primal


def test_the_command_line_takes_it(tmp_path):
    rows = np.random.default_rng(0).standard_normal((9, 4)).round(3)
    table, result = tmp_path / "table.csv", tmp_path / "result.json"
    table.write_text("a,b,y,z\n" + "\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    same = ("--target", "y,z", "--bias", "free", "--free", "constant")
    told = run("analyze", table, *same, "--beta-fraction", "0.2", "--json", result)
    assert told.exit_code == 0, told.output
    assert "Globally optimal" in told.output
    content = json.loads(result.read_text(encoding="utf-8"))
    assert "no part of |u_j|" in content["objective"]
    network = content["network"]
    heights = np.maximum(np.column_stack([rows[:, :2], np.ones(9)]) @ np.array(network["directions"]).T, 0.0)
    by_hand = heights * network["masses"] @ np.array(network["outputs"]) + network["free_weights"]
    np.testing.assert_allclose(load_result(result).predict(rows[:, :2]), by_hand, atol=1e-12)
    judged = run("certify", result, table, "--target", "y,z")
    assert judged.exit_code == 0, judged.output
    assert "Globally optimal" in judged.output


def test_a_continuum_of_directions_is_said_to_be_one():
    """Rows far from a crowd at 0, one along each axis: around the crowd they are X = I, and Y is a multiple of it."""
    X, Y = np.vstack([10.0 * np.eye(2), np.zeros((4, 2))]), np.vstack([3.0 * np.eye(2), np.zeros((4, 2))])
    with pytest.raises(ContinuumError, match="optimal units form a continuum"):
        optimal_set(solve(Problem(X, Y, beta=0.1, **FREE)))
