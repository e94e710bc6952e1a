"""Parallel three-layer networks through the whole library: optima against training and grids, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from all_patterns import LOSSES, Program
from command_line import CSV, analysed, run
from dualscape import (
    Network,
    Problem,
    ThreeLayers,
    connect_sublevel,
    descend,
    load_result,
    solution_path,
    solve,
)
from dualscape.errors import InputError


def random_problem(seed, n=4, d=1, fraction=0.15, **settings):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    y = rng.standard_normal(n)
    return Problem(X, y, beta=1.0, architecture="three-layer", **settings).at_fraction(fraction)


def trained(problem, starts, subnetworks, inner, seed=0):
    """The least objective that L-BFGS reaches on the three-layer objective itself, smooth parts by autodiff by hand."""
    rng, X, y, beta = np.random.default_rng(seed), problem.X, problem.y, problem.beta
    m, r, d = subnetworks, inner, X.shape[1]

    def value_and_gradient(flat):
        W, w, alpha = flat[: m * r * d].reshape(m, r, d), flat[m * r * d : -m].reshape(m, r), flat[-m:]
        Z = np.einsum("nd,krd->nkr", X, W)
        H = np.maximum(Z, 0)
        P = np.einsum("nkr,kr->nk", H, w)
        A = np.maximum(P, 0)
        residual = A @ alpha - y
        sizes = np.sqrt((W**2).sum(axis=(1, 2))), np.linalg.norm(w, axis=1), np.abs(alpha)
        value = 0.5 * residual @ residual + beta / 3 * sum((size**3).sum() for size in sizes)
        dP = (residual[:, None] * alpha) * (P > 0)
        dw = np.einsum("nk,nkr->kr", dP, H) + beta * sizes[1][:, None] * w
        dW = np.einsum("nk,kr,nkr,nd->krd", dP, w, (Z > 0).astype(float), X) + beta * sizes[0][:, None, None] * W
        dalpha = A.T @ residual + beta * sizes[2] * alpha
        return value, np.concatenate([dW.ravel(), dw.ravel(), dalpha])

    runs = (
        minimize(value_and_gradient, rng.standard_normal(m * r * (d + 1) + m) * 0.7, jac=True, method="L-BFGS-B",
                 options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10}).fun
        for _ in range(starts)
    )  # fmt: skip
    return min(runs)


def test_the_known_optimum():
    rng = np.random.default_rng(1)
    x = np.sort(rng.standard_normal(4))
    problem = Problem(x[:, None], rng.standard_normal(4), beta=1.0, architecture="three-layer")
    assert problem.beta_max() == pytest.approx(1.5801129395820095, rel=1e-10)
    solution = solve(problem.at_fraction(0.15))
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(0.508354541410, abs=1e-11)


def test_a_small_beta_is_proven_in_a_few_rounds():
    """Slides that stop at borders of pieces need a new unit for every piece, not for every step."""
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((8, 3)), rng.standard_normal(8), beta=1.0, architecture="three-layer")
    solution = solve(problem.at_fraction(0.01))
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(0.71603642152, rel=1e-10)
    assert sum(step.oracle == "hull" for step in solution.history) <= 10


@pytest.mark.parametrize(("seed", "n", "d"), [(0, 4, 1), (3, 6, 2)])
def test_training_from_many_starts_ends_no_lower(seed, n, d):
    problem = random_problem(seed, n, d)
    found = solve(problem).certificate
    assert found.verdict == "global"
    least = trained(problem, 12, 8, 4)
    assert least >= found.dual
    assert least <= found.primal * 1.05  # and comes near it, so that the objective is the same


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(2))
def test_optima_are_those_of_all_patterns(loss, seed):
    """Against a conic program over all patterns of both layers; seeds by turns have ties and zero rows."""
    rng = np.random.default_rng([seed, *loss.encode()])
    X = rng.integers(-2, 3, (4, 2)).astype(float) if seed % 2 else rng.standard_normal((4, 2))
    y = np.where(rng.permutation(4) < 2, 1.0, -1.0) * (
        1.0 if loss in ("logistic", "squared-hinge") else rng.uniform(0.5, 2.0, 4)
    )
    problem = Problem(X, y, beta=1.0, loss=loss, bias="none", architecture="three-layer").at_fraction(0.15)
    found = solve(problem).certificate
    assert found.verdict == "global"
    assert found.primal == pytest.approx(Program(problem.X).least(LOSSES[loss](problem.y), problem.beta), rel=1e-6)


def test_three_layers_cost_no_more_than_two():
    for seed in range(3):
        problem = random_problem(seed)
        two = solve(Problem(problem.inputs, problem.y, beta=problem.beta)).certificate
        assert solve(problem).certificate.primal <= two.primal * (1 + 1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans(), st.sampled_from([0.02, 0.3, 1.0, 1.5]), st.data())
def test_certificates_hold_on_tied_and_scaled_data(seed, n, tied, fraction, data):
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (n, 2)).astype(float) if tied else rng.standard_normal((n, 2))
    y = np.ones(n) if data.draw(st.booleans()) else rng.integers(-1, 2, n).astype(float)
    size = 10.0 ** data.draw(st.sampled_from([-12, 0, 12]))
    problem = Problem(size * X, y / size, beta=1.0, architecture="three-layer")
    beta_max = problem.beta_max()
    if beta_max == 0:
        beta_max = 1.0
    solution = solve(problem.with_beta(fraction * beta_max))
    found = solution.certificate
    assert found.verdict == "global"
    zero = 0.5 * float(problem.y @ problem.y)
    assert found.primal <= zero * (1 + 1e-9)
    if fraction >= 1:
        assert found.primal == pytest.approx(zero, rel=1e-9)


VALUES = {
    "squared": lambda f, y: 0.5 * (f - y) @ (f - y),
    "huber:0.5": lambda f, y: np.where(abs(f - y) <= 0.5, 0.5 * (f - y) ** 2, 0.5 * abs(f - y) - 0.125).sum(),
    "logistic": lambda f, y: np.logaddexp(0, -y * f).sum(),
    "squared-hinge": lambda f, y: 0.5 * (np.maximum(0, 1 - y * f) ** 2).sum(),
}


@pytest.mark.parametrize("loss", VALUES)
@pytest.mark.parametrize("free", ["none", "constant", "linear", "affine"])
def test_combinations(loss, free):
    """Every loss with every free part, biases by turns: global, and the objective is that of the weights."""
    X = np.array([[1.0], [-1.2], [2.0], [0.3]])
    y = np.array([1.0, 0.5, -1.0, -0.5])
    y = np.sign(y) if loss in ("logistic", "squared-hinge") else y
    bias = "none" if (len(loss) + len(free)) % 2 else "penalised"
    problem = Problem(X, y, beta=0.1, loss=loss, free=free, bias=bias, architecture="three-layer")
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    layers, network = ThreeLayers.of(solution.network), solution.network
    ones = np.ones((4, 1))
    M = {"none": X[:, :0], "constant": ones, "linear": X, "affine": np.hstack([ones, X])}[free]
    f = (layers.predict(X) if network.width else 0.0) + M @ network.free_weights
    assert VALUES[loss](f, y) + 0.1 * layers.cost() == pytest.approx(solution.certificate.primal, rel=1e-9)
    if free == "none":
        two = solve(Problem(X, y, beta=0.1, loss=loss, bias=bias)).certificate
        assert solution.certificate.primal <= two.primal * (1 + 1e-9)


def test_weights_of_rows_are_equal_rows():
    X, y = np.array([[1.0], [-1.2], [2.0]]), np.array([1.0, 0.5, -1.0])
    weighted = Problem(X, y, beta=0.1, sample_weight=[1, 2, 1], architecture="three-layer")
    doubled = Problem(X[[0, 1, 1, 2]], y[[0, 1, 1, 2]], beta=0.1, architecture="three-layer")
    values = [solve(problem).certificate.primal for problem in (weighted, doubled)]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_a_narrow_inner_width_is_kept_and_the_bound_holds_for_all():
    problem = random_problem(3, 6, 2)
    narrow = Problem(problem.inputs, problem.y, beta=problem.beta, architecture="three-layer:1")
    found, wide = solve(narrow), solve(problem).certificate
    assert ThreeLayers.of(found.network).W.shape[1] == 1
    assert found.certificate.dual <= wide.primal <= found.certificate.primal * (1 + 1e-9)


def test_many_rows_are_bounded_at_once():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((60, 3)), rng.standard_normal(60), beta=2.0, architecture="three-layer:4")
    assert not problem.space.choice().complete
    found = solve(problem, time_limit=1.0).certificate
    assert found.verdict == "bounded"
    assert 0 < found.dual <= found.primal


def test_the_command_line_goes_all_the_way(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a,y\n-1,0.5\n0,1\n0.5,-1\n2,0.25\n", encoding="utf-8")
    page = tmp_path / "page.html"
    how = ("--target", "y", "--beta-fraction", "0.2", "--architecture", "three-layer", "--report", page)
    content = analysed(tmp_path, data, *how)
    assert content["certificate"]["verdict"] == "global"
    assert content["problem"]["architecture"] == "three-layer:4"
    layers = ThreeLayers(*(content["network"]["layers"][name] for name in ("W", "w", "alpha")), bias="penalised")
    x = [[-1.0], [0.0], [0.5], [2.0]]
    assert np.allclose(load_result(tmp_path / "out.json").predict(x), layers.predict(x))
    text = page.read_text(encoding="utf-8")
    assert "Subnetworks" in text
    assert "Fewest subnetworks: 3" in text
    found = content["three_layer_set"]
    assert found["widths"] == {"m_star": 3, "M_star": 3, "connected_from": 4}
    assert [(row["m"], row["components"]) for row in found["staircase"]] == [(3, 6), (4, 1)]
    told = run("analyze", data, *how)
    assert "inner weight" in told.output


def test_the_zero_network_is_written_and_read(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a,y\n-1,0.5\n0,1\n0.5,-1\n2,0.25\n", encoding="utf-8")
    content = analysed(tmp_path, data, "--target", "y", "--beta", "99", "--architecture", "three-layer")
    assert content["network"]["layers"] == {"W": [], "w": [], "alpha": []}
    assert load_result(tmp_path / "out.json").predict([[1.0], [2.0]]).tolist() == [0.0, 0.0]


def test_the_command_line_refuses_in_one_line(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text(CSV, encoding="utf-8")
    for how in (("--architecture", "three-layer:x"), ("--activation", "three-layer"), ("--architecture", "nothing")):
        result = run("analyze", data, "--target", "y", "--beta", "1", *how, "--json", tmp_path / "no.json")
        assert result.exit_code == 2
        assert result.output.count("\n") == 1
        assert not (tmp_path / "no.json").exists()


REFUSED = {
    "no free bias": {"bias": "free", "free": "constant"},
    "inner neurons see all features": {"features_per_neuron": 1},
    "is no activation": {"activation": "three-layer", "architecture": "relu"},
    "names a two-layer architecture": {"activation": "abs"},
    "interpolation is known for two layers": {"loss": "interpolation", "beta": None},
    "have one output, the target has 2 columns": {"y": np.ones((2, 2))},
    "need 1 or more inner neurons": {"architecture": "three-layer:0"},
}


@pytest.mark.parametrize("message", REFUSED)
def test_options_that_are_refused(message):
    settings_ = {"X": np.eye(2), "y": np.ones(2), "beta": 0.1, "architecture": "three-layer", **REFUSED[message]}
    with pytest.raises(InputError, match=message) as refused:
        Problem(**settings_)
    assert "\n" not in str(refused.value)


def test_a_network_of_two_layers_is_refused():
    problem = Problem(np.eye(2), np.ones(2), beta=0.1, architecture="three-layer")
    with pytest.raises(InputError, match="of the architecture 'relu'"):
        problem.objective(Network.from_weights([[1.0, 0.0, 0.0]], [1.0], bias="penalised"))


CALLS = {
    "descend": lambda problem, network: descend(problem, network),
    "solution_path": lambda problem, _: solution_path(problem),
    "connect_sublevel": lambda problem, network: connect_sublevel(problem, network, network),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_serves_two_layers_says_so_in_one_line(call):
    problem = Problem([[1.0], [2.0]], [1.0, 3.0], beta=0.1, architecture="three-layer")
    with pytest.raises(InputError, match=f"{call} serves networks of two layers so far, this problem has 3") as refused:
        CALLS[call](problem, ThreeLayers([[[1.0, 0.0]]], [[1.0]], [1.0], "penalised").network())
    assert "\n" not in str(refused.value)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_the_optimum_is_that_of_the_data_and_not_of_their_form(seed, n):
    """Rows in another order, turned, with a row of zeros or halved into two, all at another scale."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, 2)), rng.standard_normal(n)
    of = {"bias": "none", "architecture": "three-layer"}
    problem = Problem(X, y, beta=1.0, **of).at_fraction(0.1)
    least = solve(problem).certificate.primal
    angle, order = rng.uniform(0, 7), rng.permutation(n)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    halves = np.append(np.ones(n), 0.5)
    halves[0] = 0.5
    others = (
        Problem(X[order], y[order], beta=problem.beta, **of),
        Problem(X @ turn, y, beta=problem.beta, **of),
        Problem(np.vstack([X, 0.0 * X[:1]]), np.append(y, 0.0), beta=problem.beta, **of),
        Problem(np.vstack([X, X[:1]]), np.append(y, y[0]), beta=problem.beta, sample_weight=halves, **of),
        Problem(1e6 * X, 1e3 * y, beta=1e9 * problem.beta, **of),
    )
    for other, scale in zip(others, (1, 1, 1, 1, 1e6), strict=True):
        found = solve(other).certificate
        assert found.verdict == "global"
        assert found.primal == pytest.approx(scale * least, rel=1e-9)
