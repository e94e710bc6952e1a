"""Interpolation through everything: all optima and their staircase against known answers, results, the command line."""

import numpy as np
import pytest

from command_line import analysed, run
from dualscape import Network, Problem, analyze, load_result, optimal_set, solve, staircase, write_report
from dualscape.data.planted import circle_family
from dualscape.errors import InfeasibleError

SQUARE = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], [1.0, -1.0, 1.0, -1.0]
KINK = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 3.0]


def circle(n):
    planted = circle_family(np.linspace(30, 90, n))
    return planted.table.X, planted.network.predict(planted.table.X)


#: (data, bias, free), cost, (dimension, m*, M*), components by width; k is no invariant (THEORY_MORE C2).
KNOWN = {
    "circle 2": ((circle(2), "penalised", "none"), 3, (1, 1, 2), {1: 1, 2: 3, 3: 1}),
    "circle 3": ((circle(3), "penalised", "none"), 4, (1, 2, 3), {2: 2, 3: 7, 4: 1}),
    "circle 4": ((circle(4), "penalised", "none"), 5, (1, 4, 4), {4: 48, 5: 1}),
    "circle 5": ((circle(5), "penalised", "none"), 6, (1, 4, 5), {4: 24, 5: 121, 6: 1}),
    "circle 3 linear": ((circle(3), "penalised", "linear"), 4, (2, 1, 2), {1: 2, 2: 3, 3: 1}),
    "circle 4 linear": ((circle(4), "penalised", "linear"), 5, (2, 3, 3), {3: 30, 4: 1}),
    "circle 5 linear": ((circle(5), "penalised", "linear"), 6, (2, 2, 4), {2: 2, 3: 13, 4: 25, 5: 1}),
    "circle 4 affine": ((circle(4), "penalised", "affine"), 3, (2, 2, 2), {2: 8, 3: 1}),
    "circle 5 affine": ((circle(5), "penalised", "affine"), 4, (2, 2, 2), {2: 8, 3: 1}),
    "kink": ((KINK, "penalised", "none"), 13**0.5, (0, 1, 1), {1: 1}),
    "kink affine": ((KINK, "penalised", "affine"), 13**0.5, (1, 1, 1), {1: 2, 2: 1}),
    "square": ((SQUARE, "none", "none"), 4, (0, 4, 4), {4: 24, 5: 1}),
    "square constant": ((SQUARE, "none", "constant"), 4, (1, 2, 2), {2: 4, 3: 2, 4: 1}),
    "square linear": ((SQUARE, "none", "linear"), 4, (2, 2, 2), {2: 8, 3: 1}),
    "square affine": ((SQUARE, "none", "affine"), 4, (3, 1, 1), {1: 4, 2: 1}),
    "square bias affine": ((SQUARE, "penalised", "affine"), 4, (3, 1, 1), {1: 4, 2: 1}),
}


def problem_of(data, bias, free):
    return Problem(*data, loss="interpolation", bias=bias, free=free)


@pytest.mark.parametrize(("made", "cost", "sizes", "components"), KNOWN.values(), ids=KNOWN)
def test_known_optima(made, cost, sizes, components):
    solution = solve(problem_of(*made))
    optima = optimal_set(solution)
    stairs = staircase(optima)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(cost, rel=1e-12)
    assert optima.total_mass == pytest.approx(cost, rel=1e-12)
    assert (optima.dimension, stairs.m_star, stairs.M_star) == sizes
    assert {row.m: row.components for row in stairs.rows} == components
    assert optima.exact
    # Every member interpolates, and is known as one; what is too heavy is not.
    for network in (solution.network, optima.network(optima.vertices.mean(axis=0)), optima.choose("most").split(0)):
        assert optima.contains(network), optima.contains(network).reason
        assert np.linalg.norm(network.predict(made[0][0]) - made[0][1]) <= 1e-12
    heavy = Network(network.directions, network.signs, 1.001 * network.masses, network.bias, free=network.free,
                    free_weights=network.free_weights)  # fmt: skip
    assert not optima.contains(heavy)


def test_a_tight_unit_that_no_optimum_uses_is_not_said_to_be_used():
    optima = optimal_set(solve(problem_of(circle(5), "penalised", "affine")))
    assert optima.describe().startswith(
        "All optimal networks use 4 of 6 tight unit neurons (their columns have rank 3)."
    )


def test_the_limit_of_the_squared_loss():
    """As beta falls the optimal networks of the squared loss come to interpolate, at no less than this cost."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((7, 2)), rng.standard_normal(7)
    least = solve(Problem(X, y, loss="interpolation")).certificate.primal
    costs = [solve(Problem(X, y, beta=beta)).network.cost() for beta in (1e-1, 1e-3, 1e-5)]
    assert costs == sorted(costs)
    assert costs[-1] == pytest.approx(least, rel=1e-3)
    assert costs[-1] < least


def test_an_analysis_has_no_beta_max(tmp_path):
    problem = problem_of(circle(3), "penalised", "none")
    result = analyze(problem)
    assert result.beta_max is None
    assert result.staircase.connected_from == 4
    path = tmp_path / "report.html"
    write_report(path, result.solution, result.optimal_set, result.staircase)
    page = path.read_text(encoding="utf-8")
    assert "weight decay" not in page.split("Figures")[0].split("Key numbers")[1].split("</table>")[0]
    assert "Globally optimal" in page


def csv_of(tmp_path, rows):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in rows), encoding="utf-8")
    return path


def test_the_command_line(tmp_path):
    X, y = circle(3)
    table = csv_of(tmp_path, zip(X[:, 0].tolist(), y.tolist(), strict=True))
    content = analysed(tmp_path, table, "--target", "y", "--loss", "interpolation")
    assert (content["problem"]["beta"], content["problem"]["beta_max"]) == (1.0, None)
    assert content["objective"].startswith(
        "1/2 sum_j (|u_j|^2 + alpha_j^2), summed over neurons j, subject to f(x_i) = y"
    )
    assert content["widths"]["M_star"] == 3
    assert content["fit"]["r2"] == pytest.approx(1.0)
    assert load_result(tmp_path / "out.json").predict(X) == pytest.approx(y, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            [(0.0, 1.0), (0.5, 2.0), (0.0, 1.5)],
            (),
            "error: rows 0 and 2 of X are equal, but their targets are 1.0 and 1.5: no network takes both; correct or "
            "drop one, or use the squared loss\n",
        ),
        (
            [(0.0, 1.0), (0.5, 2.0)],
            ("--beta", "1"),
            "error: --loss interpolation takes no --beta, since its fit is prescribed; leave it out\n",
        ),
        (
            [(0.0, 1.0), (0.5, 2.0)],
            ("--beta-fraction", "0.1"),
            "error: --loss interpolation takes no --beta-fraction, since its fit is prescribed; leave it out\n",
        ),
    ],
    ids=["infeasible", "beta", "fraction"],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(tmp_path, rows, options, message):
    table, out = csv_of(tmp_path, rows), tmp_path / "out.json"
    report = tmp_path / "report.html"
    result = run(
        "analyze", table, "--target", "y", "--loss", "interpolation", *options, "--json", out, "--report", report
    )
    assert result.exit_code == 2
    assert result.stderr == message
    assert not out.exists()
    assert not report.exists()


@pytest.mark.parametrize("activation", ["leaky:0.2", "abs", "gated:20"])
def test_other_activations(activation):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    problem = Problem(np.vstack([X, X[:1]]), [*y, y[0]], loss="interpolation", activation=activation)
    solution = solve(problem)
    assert solution.certificate.relative_gap <= 1e-11
    assert solution.predict(X) == pytest.approx(y, abs=1e-12)
    # As beta falls the squared loss comes to the same cost, from below.
    near = solve(Problem(X, y, beta=1e-6, activation=activation)).network.cost()
    assert 0.999 * solution.certificate.primal < near < solution.certificate.primal
    assert optimal_set(solution).contains(solution.network)
    with pytest.raises(InfeasibleError, match="rows 0 and 6 of X are equal, but their targets are"):
        Problem(np.vstack([X, X[:1]]), [*y, y[1]], loss="interpolation", activation=activation)


def test_a_free_bias_leaves_a_plateau():
    """Between two points a kink may stand anywhere; one neuron does, though over kinks at points it would take two."""
    problem = Problem(*KINK, loss="interpolation", bias="free", free="affine")
    solution = solve(problem)
    assert solution.certificate.primal == pytest.approx(2.0, rel=1e-12)
    assert solution.predict(KINK[0]) == pytest.approx(KINK[1], abs=1e-12)
    assert staircase(optimal_set(solution)).m_star == 1


def test_neurons_that_see_one_feature():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((7, 3)), rng.standard_normal(7)
    alone, all_ = (Problem(X, y, loss="interpolation", features_per_neuron=q) for q in (1, None))
    found = solve(alone)
    assert found.certificate.relative_gap <= 1e-11
    assert found.predict(X) == pytest.approx(y, abs=1e-12)
    assert (np.abs(found.network.directions[:, :3]) > 0).sum(axis=1).max() == 1
    assert found.certificate.primal > solve(all_).certificate.primal


def test_rows_that_are_all_but_equal_end_with_a_bound():
    """Between them a unit has no direction that rounding leaves, and no network interpolates them in floating point."""
    X = np.array(
        [
            [-0.1939519511726097],
            [0.5934303622379129],
            [-0.1939519511599842],
            [0.5934303622458569],
            [-0.1939519511169706],
        ]
    )
    y = [0.22120752328041524, 0.044799161198913376, -0.4348603880676326, -0.9871919407138897, -2.364050497055521]
    certificate = solve(Problem(X, y, loss="interpolation", bias="free", free="constant")).certificate
    assert certificate.verdict == "bounded"
    assert certificate.dual > 1e8
