"""Losses that are flat in places (Huber, squared hinge) through all of the library, against independent solvers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from command_line import CSV, analysed, run
from conic import conic_optimum
from dualscape import Problem, Program, certify_dual, load_result, optimal_set, solve, to_dict
from dualscape.analysis import analyze
from dualscape.errors import NotCertifiedError
from dualscape.model.losses import Huber, SquaredHinge, get_loss

NAMES = ["huber:1", "huber:0.1", "squared-hinge"]


def random_problem(seed, name, kind, fraction, **options):
    """Data of a kind, some rows of them weighted, at a fraction of beta_max; None where there is nothing to fit."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(4, 9)), int(rng.integers(1, 3))
    X, y, loss = rng.standard_normal((n, d)), rng.standard_normal(n), get_loss(name)
    if kind == "integers":
        X, y = rng.integers(-2, 3, (n, d)).astype(float), np.rint(y)
    if kind == "repeated":
        X = np.repeat(X[: (n + 1) // 2], 2, axis=0)[:n]
    if kind == "weighted":
        loss = loss.weighted(10 ** rng.uniform(-1, 1, n))
    if kind == "outlier":
        y[0] = 1e3
    if loss.target == "two classes":
        y, options["classes"] = np.where(y > np.median(y), 1.0, -1.0), (-1, 1)
    problem = Problem(X, y, beta=1, loss=loss, bias=("none", "penalised")[seed % 2], **options)
    return problem.at_fraction(fraction) if problem.beta_max_bounds().low > 1e-9 else None


@settings(max_examples=12)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["general", "integers", "repeated", "weighted", "outlier"]),
    st.sampled_from([0.5, 0.05, 1e-3]),
)
@pytest.mark.parametrize("name", NAMES)
def test_the_optimum_is_certified_and_that_of_a_conic_solver(name, seed, kind, fraction):
    problem = random_problem(seed, name, kind, fraction)
    if problem is None:
        return
    found = solve(problem).certificate
    assert found.verdict == "global"
    # A conic solver is right to its own tolerance, which is relative to the numbers that it meets.
    value = conic_optimum(Program.of(problem)).value
    assert found.dual <= value * (1 + 1e-6) + 1e-9
    assert found.primal == pytest.approx(value, rel=2e-4, abs=1e-8)


@pytest.mark.parametrize("free", ["constant", "affine"])
@pytest.mark.parametrize("name", NAMES)
def test_beside_free_features(name, free):
    for seed in range(2):
        problem = random_problem(seed, name, "general", 0.1, free=free)
        if problem is None:
            continue
        found = solve(problem).certificate
        assert found.verdict == "global"
        assert found.primal == pytest.approx(conic_optimum(Program.of(problem)).value, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_training_from_many_starts_ends_above_the_certified_optimum(name):
    problem = random_problem(3, name, "general", 0.1)
    solution = solve(problem)
    d, m = problem.d, problem.n + 2
    best = np.inf
    for seed in range(5):

        def objective(flat):
            U, alpha = flat[: m * d].reshape(m, d), flat[m * d :]
            heights = problem.X @ U.T
            active = np.maximum(heights, 0)
            f = active @ alpha
            slope = problem.loss.gradient(f, problem.y)
            gradient = (slope[:, None] * (heights > 0) * alpha).T @ problem.X + problem.beta * U
            value = problem.loss.value(f, problem.y) + 0.5 * problem.beta * float(flat @ flat)
            return value, np.concatenate([gradient.ravel(), active.T @ slope + problem.beta * alpha])

        start = 0.7 * np.random.default_rng(seed).standard_normal(m * (d + 1))
        best = min(best, minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 150}).fun)
    found = solution.certificate
    assert found.verdict == "global"
    assert found.dual <= best
    assert best <= found.primal * 1.2  # and some start comes near


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_units_of_the_target_do_not_matter(size):
    problem = random_problem(5, "huber:0.3", "general", 0.05)
    first = solve(problem)
    second = solve(Problem(problem.inputs, size * problem.y, beta=size * problem.beta, loss=Huber(0.3 * size)))
    assert second.certificate.verdict == "global"
    assert second.certificate.primal == pytest.approx(size**2 * first.certificate.primal, rel=1e-9)


def test_an_outlier_pulls_no_harder_the_farther_it_is():
    X = np.linspace(-1, 1, 9)[:, None]
    y = X[:, 0] ** 2
    fits = []
    for far in (10.0, 1e6):
        y[4] = far
        solution = solve(Problem(X, y, beta=0.01, loss="huber:0.1"))
        assert solution.certificate.verdict == "global"
        assert solution.nu[4] == pytest.approx(0.1)
        fits.append(solution.network.predict(X))
    np.testing.assert_allclose(*fits, atol=1e-7)


@pytest.mark.parametrize("loss", [Huber(0.5), SquaredHinge()])
def test_any_network_has_a_bound_from_any_dual_variable(loss):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((9, 2)), rng.choice([-1.0, 1.0], 9)
    problem = Problem(X, y, beta=0.3, loss=loss, classes=(-1, 1) if loss.target == "two classes" else None)
    solution = solve(problem)
    for nu in (solution.nu, 5 * solution.nu, 0.2 * solution.nu, rng.standard_normal(9)):
        found = certify_dual(problem, solution.network, nu)
        assert 0 <= found.dual <= solution.certificate.primal
    assert certify_dual(problem, solution.network, solution.nu).verdict == "global"


@pytest.mark.parametrize("name", NAMES)
def test_all_optima_are_refused_with_the_reason(name):
    problem = random_problem(1, name, "general", 0.1)
    with pytest.raises(NotCertifiedError) as caught:
        optimal_set(solve(problem))
    assert str(caught.value) == (
        f"all optima cannot be listed: under the {problem.loss.name} loss the optimal fit need not be unique; "
        "use a strictly convex loss, such as squared or logistic"
    )
    analysis = analyze(problem)
    assert (analysis.optimal_set, analysis.staircase) == (None, None)
    assert any(str(caught.value) in note for note in analysis.notes)
    assert to_dict(analysis)["certificate"]["verdict"] == "global"


def test_a_huber_fit_that_is_not_unique():
    """Two rows of one input, both beyond delta on either side: what lies between costs the same."""
    problem = Problem([[1.0], [1.0]], [5.0, -5.0], beta=0.5, bias="none", loss="huber:1")
    assert solve(problem).network.width == 0
    wide = problem.with_beta(1e-12)
    values = [wide.loss.value(np.full(2, f), wide.y) for f in (-3.0, 0.0, 3.0)]
    assert values == [values[0]] * 3


def test_a_huber_loss_on_the_command_line(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(CSV, encoding="utf-8")
    content = analysed(tmp_path, table, "--target", "y", "--loss", "huber:0.5", "--beta-fraction", "0.2")
    assert content["problem"]["loss"] == "huber:0.5"
    assert content["certificate"]["verdict"] == "global"
    assert set(content["fit"]) == {"r2", "rmse", "mae"}
    # The bound again, from the numbers in the file alone (docs/json.md).
    rows = [[float(cell) for cell in line.split(",")] for line in CSV.splitlines()[1:]]
    y, nu = np.array(rows)[:, 2], np.array(content["certificate"]["nu"])
    p = nu * min(content["problem"]["beta"] / content["certificate"]["upper"], 1.0)
    assert np.abs(p).max() <= 0.5
    assert p @ y - p @ p / 2 == pytest.approx(content["certificate"]["dual"], rel=1e-9)
    predictor = load_result(tmp_path / "out.json")
    assert predictor.loss == "huber:0.5"
    result = run("predict", tmp_path / "out.json", table, "--output", tmp_path / "new.csv")
    assert result.exit_code == 0, result.output
    assert "MAE = " in result.output


def test_a_squared_hinge_loss_on_the_command_line(tmp_path):
    table = tmp_path / "table.csv"
    lines = [f"{i},{(7 * i) % 11},{'yes' if (5 * i) % 7 > 2 else 'no'}" for i in range(12)]
    table.write_text("a,b,y\n" + "\n".join(lines), encoding="utf-8")
    options = "--target", "y", "--loss", "squared-hinge", "--beta-fraction", "0.2", "--standardize"
    content = analysed(tmp_path, table, *options)
    assert (content["problem"]["loss"], content["data"]["classes"]) == ("squared-hinge", ["no", "yes"])
    assert content["certificate"]["verdict"] == "global"
    assert list(content["fit"]) == ["accuracy"]
    result = run("predict", tmp_path / "out.json", table, "--output", tmp_path / "new.csv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "new.csv").read_text(encoding="utf-8").startswith("a,b,y,prediction\n")
    assert f"Accuracy {100 * content['fit']['accuracy']:.4g} % on these 12 rows." in result.output


@pytest.mark.parametrize(
    ("X", "y", "options"),
    [
        # The classes overlap in one place only: where nu is not 0 the free features are of a lower rank.
        ([[2, 0], [1, 1], [0, -1], [0, -1], [1, 1], [1, 0]], [-1, -1, -1, -1, 1, -1], {"free": "affine"}),
        ([[1, 0], [2, 0], [-1, 2]], [1, -1, -1], {"free": "linear", "activation": "abs", "bias": "penalised"}),
        ([[-1], [1], [0], [1]], [1, 1, 1, -1], {"free": "affine", "activation": "abs", "sample_weight": [2, 1, 1, 2]}),
        # The free features alone separate the classes: nothing is left but rounding.
        ([[1, 2], [-1, 0], [0, 1], [0, -1], [-1, -1], [2, 2]], [-1, 1, -1, 1, 1, -1], {"free": "affine"}),
    ],
)
def test_few_support_vectors(X, y, options):
    """Only rows with nu_i != 0 can make up for rounding of M^T nu."""
    certificate = solve(Problem(X, y, beta=1e-2, loss="squared-hinge", **options)).certificate
    assert certificate.verdict == "global", certificate
