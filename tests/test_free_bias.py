"""Networks with a free hidden bias, against scikit-learn's training, a conic solver and answers known beforehand."""

import json
import warnings
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from command_line import run
from conic import conic_optimum
from dualscape import Network, Problem, Program, load_result, optimal_set, solve, staircase, to_dict
from dualscape.analysis import analyze
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.report import report
from pages import Page


def random_problem(seed, n, p, fraction=0.1, **settings):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    if settings.get("loss") == "logistic":
        y = np.where(y > 0, 1.0, -1.0)
    return Problem(X, y, beta=1, bias="free", **{"free": "constant", **settings}).at_fraction(fraction)


def test_the_known_answer():
    problem = random_problem(5, 8, 2)
    assert problem.beta_max() == pytest.approx(1.6452978323566983, rel=1e-12)
    found = solve(problem).certificate
    assert found.verdict == "global"
    assert found.primal == pytest.approx(0.5977227243346221, rel=1e-10)


@pytest.mark.parametrize("p", [1, 2])
def test_scikit_learn_finds_nothing_below(p):
    """Its alpha is beta: biases are free in both layers. Of many seeds the best comes near."""
    rng = np.random.default_rng(p)
    X = rng.standard_normal((20, p))
    y = np.sin(2 * X[:, 0]) + 0.1 * rng.standard_normal(20)
    problem = Problem(X, y, beta=0.3, bias="free", free="constant")
    found = solve(problem).certificate
    assert found.verdict == "global"
    objectives = []
    for seed in range(15):
        model = MLPRegressor(
            hidden_layer_sizes=(30,), solver="lbfgs", alpha=problem.beta, max_iter=3000, tol=1e-12, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
        weights = np.column_stack([model.coefs_[0].T, model.intercepts_[0]])
        network = Network.from_weights(
            weights, model.coefs_[1][:, 0], bias="free", free="constant", free_weights=model.intercepts_[1]
        )
        np.testing.assert_allclose(network.predict(X), model.predict(X), atol=1e-9)
        squares = 0.5 * float(((model.predict(X) - y) ** 2).sum())
        theirs = squares + 0.5 * problem.beta * sum(float((part**2).sum()) for part in model.coefs_)
        assert problem.objective(network) == pytest.approx(theirs, rel=1e-9)
        objectives.append(theirs)
    assert min(objectives) >= found.dual
    assert min(objectives) <= found.primal * 1.02


@pytest.mark.parametrize(
    ("seed", "n", "p", "settings"),
    [
        (0, 7, 1, {}),
        (1, 6, 2, {}),
        (2, 6, 2, {"loss": "logistic"}),
        (3, 6, 2, {"free": "affine"}),
        (4, 7, 1, {"loss": "logistic", "fraction": 0.05}),
    ],
)
def test_a_conic_solver_over_all_patterns_agrees(seed, n, p, settings):
    problem = random_problem(seed, n, p, **settings)
    program = Program.of(problem)
    conic = conic_optimum(program)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(conic.value, rel=1e-5)
    assert solution.certificate.dual <= conic.value * (1 + 1e-5)
    # Its own network, priced here, is no better.
    assert problem.objective(program.network(conic.point)) >= solution.certificate.dual
    assert program.objective(program.point(solution.network)) == pytest.approx(solution.certificate.primal, rel=1e-9)


def test_on_a_line_thresholds_at_the_data_are_enough():
    """The candidates of one feature: 2 n columns of either sign, as a problem with nothing but masses."""
    problem = random_problem(6, 12, 1, 0.03)
    x, y = problem.inputs[:, 0], problem.y
    columns = np.hstack([np.maximum(x[:, None] - x, 0.0), np.maximum(x - x[:, None], 0.0)])
    c, w = cp.Variable(columns.shape[1]), cp.Variable()
    value = cp.Problem(cp.Minimize(cp.sum_squares(columns @ c + w - y) / 2 + problem.beta * cp.norm1(c))).solve(
        solver=cp.CLARABEL
    )
    found = solve(problem).certificate
    assert (found.verdict, found.oracle) == ("global", "thresholds")
    assert found.primal == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("shift", [0.0, 1e4])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e5])
def test_where_the_data_lie_and_how_large_they_are_does_not_matter(shift, size):
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((9, 2)), rng.standard_normal(9)
    plain = Problem(X, y, beta=0.2, bias="free", free="constant")
    moved = Problem(size * (X + shift), y, beta=0.2 * size, bias="free", free="constant")
    one, other = solve(plain).certificate, solve(moved).certificate
    assert one.verdict == other.verdict == "global"
    assert one.primal == pytest.approx(other.primal, rel=1e-9 if shift == 0 else 1e-6)


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e6])
def test_on_a_line_of_any_size_the_optimal_set_is_the_same(size):
    """All units have one of two directions: only their kinks tell them apart."""
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal(12), rng.standard_normal(12)
    optima = optimal_set(solve(Problem(size * x[:, None], y, beta=0.05 * size, bias="free", free="constant")))
    same = optimal_set(solve(Problem(x[:, None], y, beta=0.05, bias="free", free="constant")))
    assert (optima.k, optima.dimension, len(optima.vertices)) == (same.k, same.dimension, len(same.vertices))
    kinks = np.sort(optima.directions[:, -1] / size), np.sort(same.directions[:, -1])
    np.testing.assert_allclose(*kinks, rtol=1e-9)
    assert staircase(optima).m_star == staircase(same).m_star


def test_zeros_are_known_to_more_digits_than_the_data_have():
    """Units with their kinks at different rows stand on the same data to the last of thirty digits."""
    optima = optimal_set(solve(random_problem(4, 30, 2, 0.05)))
    assert optima.exact
    assert optima.k > 12
    assert optima.separation.tight < 1e-25


def test_without_a_constant_that_costs_nothing_there_may_be_no_optimum():
    for settings in ({}, {"free": "linear"}, {"free": "constant", "free_decay": 0.1}):
        with pytest.raises(InputError, match="no network need be optimal; give free='constant'"):
            Problem([[0.0], [1.0]], [1.0, 1.0], beta=0.1, bias="free", **settings)


@pytest.mark.parametrize("other", [{"activation": "abs"}, {"activation": "gated:5"}, {"features_per_neuron": 1}])
def test_other_neurons_have_none_yet(other):
    with pytest.raises(InputError, match="no free bias yet; give bias='penalised'"):
        Problem([[0.0, 1.0], [1.0, 2.0]], [1.0, 2.0], beta=0.1, bias="free", free="constant", **other)


def test_beyond_beta_max_the_constant_is_all():
    problem = Problem([[0.0], [1.0], [5.0]], [2.0, 1.0, 3.0], beta=9.0, bias="free", free="constant")
    assert problem.beta_max() < 9.0
    solution = solve(problem)
    assert (solution.network.width, solution.certificate.verdict) == (0, "global")
    assert solution.predict([[7.0]]) == pytest.approx([2.0])
    optima = optimal_set(solution)
    assert (optima.k, staircase(optima).m_star) == (0, 0)


@pytest.fixture(scope="module")
def kink():
    """The analysis of the problem with one kink anywhere between two rows."""
    return analyze(get("kink-between-rows").problem())


def test_json_and_predictions_take_a_free_bias_along(kink, tmp_path):
    content = to_dict(kink)
    assert (content["problem"]["bias"], content["problem"]["d"]) == ("free", 2)
    assert "no part of |u_j|" in content["objective"]
    assert content["optimal_set"]["plateaus"] == [[0, 1], [2, 3]]
    assert content["widths"]["m_star"] == 1
    assert any("continuum" in note for note in content["notes"])
    (tmp_path / "result.json").write_text(json.dumps(content))
    rows = [[-1.0], [0.5], [7.0]]
    found = load_result(tmp_path / "result.json").predict(rows)
    np.testing.assert_allclose(found, kink.solution.predict(rows), rtol=1e-12)


def test_the_report_draws_what_holds_and_says_what_does_not_apply(kink):
    page = Page(report.render(kink.solution, kink.optimal_set, kink.staircase)).text
    assert "not drawn for a free bias" in page
    assert "Free biases of optimal units may take any value on a plateau" in page
    assert "the smallest optimal network needs 1 neurons" in page
    assert "Optimal units form a continuum, so the steps are known only to lie in intervals" in page


def test_the_command_line_takes_it_and_says_what_it_needs(tmp_path):
    table = tmp_path / "data.csv"
    table.write_text("x,y\n0,0.1\n1,-0.1\n2,0.9\n3,3.1\n")
    told = run("analyze", table, "--target", "y", "--bias", "free", "--free", "constant", "--beta", "0.1")
    assert (told.exit_code, "bias free, free constant" in told.stdout) == (0, True)
    assert "m* = 1" in told.stdout
    refused = run("analyze", table, "--target", "y", "--bias", "free", "--beta", "0.1")
    assert refused.exit_code == 2
    assert "--free constant" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_objectives_know_the_rounding_of_large_biases():
    """A bias of 1e9 loses digits of its height; in fractions the objective is within the error that is given."""
    rows = (0.0, 0.001, 0.003)
    problem = Problem([[x] for x in rows], [-1.0, -0.5, -2.0], beta=0.1, bias="free", free="constant")
    biases, c = (1e9 + 0.1, 1e9 + 3.3), Fraction(0.3)
    network = Network([[1.0, b] for b in biases], [-1.0, 1.0], [0.3, 0.3], "free", free="constant", free_weights=[0.7])
    value, error = problem.objective_bounds(network, precision=1.0)
    fit = [c * (Fraction(biases[1]) + Fraction(x) - Fraction(biases[0]) - Fraction(x)) + Fraction(0.7) for x in rows]
    exact = sum((f - Fraction(y)) ** 2 for f, y in zip(fit, (-1, -0.5, -2), strict=True)) / 2 + 2 * Fraction(0.1) * c
    assert abs(Fraction(value) - exact) <= Fraction(error)


@pytest.mark.parametrize("rows", [[[1.0, 2.0]], [[1.0], [1.0], [1.0]]])
def test_rows_that_do_not_differ_need_no_neurons(rows):
    y = [3.0, 1.0, 2.5][: len(rows)]
    solution = solve(Problem(rows, y, beta=0.1, bias="free", free="constant"))
    assert solution.network.width == 0
    assert solution.predict(rows) == pytest.approx([np.mean(y)] * len(rows))


@pytest.mark.parametrize(("free", "units"), [("affine", 4), ("constant", None)])
def test_the_known_interpolant_has_one_kink_anywhere_between_two_rows(free, units):
    """Over kinks at the rows it takes two neurons; where there are many dual optima, m* is that of each."""
    problem = Problem(np.arange(4.0)[:, None], [0.0, 0.0, 1.0, 3.0], loss="interpolation", bias="free", free=free)
    solution = solve(problem)
    assert (solution.certificate.verdict, solution.certificate.primal) == ("global", pytest.approx(2.0, rel=1e-11))
    optima = optimal_set(solution)
    if units is not None:
        np.testing.assert_allclose(solution.nu, [1.0, -1.0, -1.0, 1.0], atol=1e-9)
        assert optima.k == units
    smallest = optima.smallest()
    assert staircase(optima).m_star == smallest.width == 1
    assert abs(smallest.directions[0, 1]) == pytest.approx(1.5)
    np.testing.assert_allclose(smallest.predict([[0.0], [1.0], [2.0], [3.0]]), [0.0, 0.0, 1.0, 3.0], atol=1e-9)
