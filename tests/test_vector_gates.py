"""Gated networks with several outputs: a group lasso over matrices, against a conic solver, and what follows."""

import json
import warnings

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import run
from dualscape import GatedReLU, Network, Problem, connect, continuum, descend, optimal_set, solve, staircase
from dualscape.errors import ContinuumError


def conic(problem, gates, free):
    """The least of the convex program: a matrix for each gate, its nuclear norm as its price."""
    Z, Y = problem.X, problem.Y
    w = np.ones(len(Z)) if problem.loss.weights is None else problem.loss.weights.reshape(len(Z), -1)[:, 0]
    W, V = [cp.Variable((Z.shape[1], problem.c)) for _ in gates], cp.Variable((free.shape[1], problem.c))
    F = free @ V + sum(((Z @ g >= 0)[:, None] * Z) @ block for g, block in zip(gates, W, strict=True))
    loss = 0.5 * cp.sum(cp.multiply(w[:, None], cp.square(F - Y)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cp.Problem(cp.Minimize(loss + problem.beta * sum(map(cp.normNuc, W)))).solve(solver=cp.CLARABEL)


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["plain", "whole numbers", "ties", "rank one"]))
def test_the_optimum_is_that_of_a_conic_solver(seed, kind):
    rng = np.random.default_rng(seed)
    n, d, c, G = rng.integers(1, 8), rng.integers(1, 4), rng.integers(2, 4), rng.integers(1, 5)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    if kind == "whole numbers":
        X, Y = X.round(), Y.round()
    if kind == "ties":
        X[-1], Y[:, 1] = X[0], Y[:, 0]
    if kind == "rank one":
        Y = np.outer(Y[:, 0], np.ones(c))
    free, gates = ("none", "constant")[seed % 2], rng.standard_normal((G, d))
    settings = {"activation": GatedReLU(gates), "bias": "none", "free": free, "sample_weight": rng.uniform(0.5, 2, n)}
    top = Problem(X, Y, beta=1.0, **settings).beta_max()
    problem = Problem(X, Y, beta=float(rng.choice([0.05, 0.3, 1.1])) * top or 0.1, **settings)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    theirs = conic(problem, gates, np.ones((n, int(free == "constant"))))
    assert solution.certificate.primal == pytest.approx(theirs, rel=1e-5, abs=1e-9)
    try:
        optima = optimal_set(solution)
    except ContinuumError:
        found = continuum(solution)
        assert found.contains(solution.network)
        assert found.gaps.min() < 1e-6
    else:
        assert optima.contains(solution.network)
        U, alpha = solution.network.weights()
        other = {"bias": "none", "free": free, "free_weights": solution.network.free_weights}
        flipped = Network.from_weights(
            -U, -alpha, architecture=problem.architecture, gates=solution.network.gates, **other
        )
        assert optima.contains(flipped)


def test_one_gate_that_is_always_open_is_a_matrix_and_its_singular_values():
    """min 1/2 |W - Y|^2 + beta |W|_* has the singular values of Y less beta; X = I, and the gate open on all rows."""
    rng = np.random.default_rng(0)
    Y = rng.standard_normal((3, 2))
    singular = np.linalg.svd(Y, compute_uv=False)
    gate = GatedReLU([[1.0, 1.0, 1.0]])
    for beta in (0.5 * singular[1], 0.5 * singular.sum()):
        solution = solve(Problem(np.eye(3), Y, beta=beta, bias="none", activation=gate))
        left = np.maximum(singular - beta, 0)
        assert solution.certificate.primal == pytest.approx(0.5 * ((singular - left) ** 2).sum() + beta * left.sum())
        np.testing.assert_allclose(np.sort(solution.network.masses)[::-1], left[left > 0], atol=1e-9)
    one = optimal_set(solution)  # of rank one
    assert [(row.m, row.components) for row in staircase(one).rows] == [(1, 2), (2, 1)]  # (u, v) and (-u, -v)
    with pytest.raises(ContinuumError):
        optimal_set(solve(Problem(np.eye(3), Y, beta=0.5 * singular[1], bias="none", activation=gate)))


def test_ways_between_networks():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((7, 2)), rng.standard_normal((7, 2))
    problem = Problem(X, Y, beta=1.7, activation="gated:6")
    solution = solve(problem)
    U, alpha, gates = rng.standard_normal((9, 3)), rng.standard_normal((9, 2)), rng.integers(6, size=9)
    start = Network.from_weights(U, alpha, bias="penalised", architecture=problem.architecture, gates=gates)
    path = descend(problem, start, solution)
    assert path.falls
    assert path.verify()
    assert path.objectives[-1] == pytest.approx(solution.certificate.primal, rel=1e-9)
    optima = optimal_set(solution)
    a = optima.choose("most")
    back = list(range(a.width))[::-1]
    assert connect(optima, a.pad(a.width + 1), a.permute(back).pad(a.width + 1)).constant
    assert connect(optima, a, a.permute(back)).connects_at == a.width + 1


def test_a_result_is_read_back_with_gates_and_outputs(tmp_path):
    result = tmp_path / "result.json"
    settings = ("--target", "y,z", "--activation", "gated:5", "--beta-fraction", "0.2", "--json", result)
    table = tmp_path / "table.csv"
    rows = np.random.default_rng(0).standard_normal((12, 4)).round(3)
    table.write_text("a,b,y,z\n" + "\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    shown = run("analyze", table, *settings)
    assert shown.exit_code == 0, shown.output
    assert "gate" in shown.output
    content = json.loads(result.read_text(encoding="utf-8"))
    assert content["problem"]["architecture"] == "vector:2:gated:5:0"
    network = content["network"]
    assert len(network["gates"]) == len(network["outputs"]) == len(network["masses"])
    gates = np.array(content["problem"]["gates"])[network["gates"]]
    seen = np.hstack([rows[:, :2], np.ones((12, 1))])
    heights = (seen @ np.array(network["directions"]).T) * (seen @ gates.T >= 0)
    by_hand = heights * network["masses"] @ np.array(network["outputs"])
    predicted = tmp_path / "predicted.csv"
    assert run("predict", result, table, "--output", predicted).exit_code == 0
    read = np.genfromtxt(predicted, delimiter=",", names=True)
    np.testing.assert_allclose(np.column_stack([read["prediction_y"], read["prediction_z"]]), by_hand, atol=1e-12)
