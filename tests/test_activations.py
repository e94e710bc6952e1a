"""Two-layer networks of every activation, through solver, optimal set and staircase, against what shares nothing."""

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize

from command_line import run
from conic import conic_optimum, loss_of
from dualscape import (
    GatedReLU,
    Network,
    Problem,
    Program,
    certify_dual,
    figures,
    load_result,
    optimal_set,
    solve,
    staircase,
    to_dict,
    write_json,
    write_report,
)
from dualscape.analysis import analyze
from dualscape.errors import InputError
from dualscape.oracles import Question
from labellings import count_components

SLOPES = {"relu": 0.0, "leaky:0.2": 0.2, "leaky:0.9": 0.9, "leaky:-0.5": -0.5, "abs": -1.0}
BENT = [name for name in SLOPES if name != "relu"]


def activated(heights, slope):
    return np.where(heights > 0, heights, slope * heights)


def random_problem(activation, seed=0, n=7, d=2, fraction=0.1, **options):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    y = np.sign(y) if options.get("loss") == "logistic" else y
    options.setdefault("bias", "none")
    return Problem(X, y, beta=1.0, activation=activation, **options).at_fraction(fraction)


#: default_rng(3), 7 x 2, beta = 0.2 beta_max: (beta_max, optimum)
KNOWN = {
    "relu": (3.8011137793301497, 0.5838868623035898),
    "leaky:0.2": (4.372198401807031, 0.5903744532338184),
    "gated:1000": (6.947567252464887, 0.5588866278842728),
}


@pytest.mark.parametrize("activation", KNOWN)
def test_known_optima(activation):
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((7, 2)), rng.standard_normal(7), beta=1, bias="none", activation=activation)
    beta_max, optimum = KNOWN[activation]
    assert problem.beta_max() == pytest.approx(beta_max, rel=1e-12)
    certificate = solve(problem.at_fraction(0.2)).certificate
    assert certificate.verdict == "global"
    assert certificate.primal == pytest.approx(optimum, rel=1e-10)


DEGENERATE = {
    "duplicates": ([[1.0, 2], [1, 2], [-2, 1], [3, 0]], [1.0, -1, 2, 0]),
    "antipodal rows": ([[1.0, 2], [-1, -2], [-2, 1], [2, -1]], [1.0, 2, 0, 1]),
    "multiples and a zero row": ([[0.0, 0], [1, 1], [-2, -2], [2, -1]], [5.0, 1, -1, 2]),
}


@pytest.mark.parametrize("activation", BENT)
@pytest.mark.parametrize("data", ["random", "bias", "logistic", *DEGENERATE])
def test_the_optimum_is_that_of_the_convex_program(activation, data):
    if data in DEGENERATE:
        problem = Problem(*DEGENERATE[data], beta=0.2, bias="none", activation=activation)
    else:
        options = {"bias": {"bias": "penalised"}, "logistic": {"loss": "logistic"}}.get(data, {})
        problem = random_problem(activation, 2, n=6, **options)
    certificate = solve(problem).certificate
    assert certificate.verdict == "global"
    assert certificate.primal == pytest.approx(conic_optimum(Program.of(problem)).value, rel=1e-6)


@pytest.mark.parametrize("activation", BENT)
@pytest.mark.parametrize("oracle", ["cells", "bisection"])
@pytest.mark.parametrize("seed", range(3))
def test_bounds_hold_for_every_direction_and_all_maximisers_are_listed(activation, oracle, seed):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((8, 2)), rng.standard_normal(8)
    X[6], X[7] = -2 * X[0], X[1]
    problem = Problem(X, nu, beta=1, bias="none", activation=activation)
    angles = np.linspace(0, 2 * np.pi, 20_001)[:-1]
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    values = np.abs(nu @ activated(X @ circle.T, SLOPES[activation]))
    found = problem.space.oracle(oracle).best_units(Question(nu, above=0.0))
    assert values.max() <= found.upper <= values.max() * (1 + 1e-3)
    assert problem.space.reach.bound(nu) >= values.max()
    searched = problem.space.oracle("ascent").best_units(Question(nu, above=0.0))
    assert searched.lower == pytest.approx(found.lower, rel=1e-9)
    # Every peak on the circle is a unit; of u and -u, where they compute the same, one.
    peaks = circle[(values > np.roll(values, 1)) & (values > np.roll(values, -1))]
    if activation == "abs":
        peaks = peaks[: len(peaks) // 2]
    assert len(found.units) == len(peaks)
    for u in peaks:
        gaps = np.linalg.norm(found.units.directions - u, axis=1)
        gaps = np.minimum(gaps, np.linalg.norm(found.units.directions + u, axis=1)) if activation == "abs" else gaps
        assert gaps.min() < 1e-3


@pytest.mark.parametrize("activation", BENT)
@pytest.mark.parametrize("d", [3, 4])
def test_both_exact_oracles_agree_in_more_dimensions(activation, d):
    rng = np.random.default_rng(d)
    X, nu = rng.standard_normal((12, d)), rng.standard_normal(12)
    space = Problem(X, nu, beta=1, bias="none", activation=activation).space
    cells, bisection = (space.oracle(name).best_units(Question(nu, above=0.0)) for name in ("cells", "bisection"))
    assert cells.upper == pytest.approx(bisection.upper, rel=1e-12)
    assert cells.upper == pytest.approx(cells.lower, rel=1e-12)
    circle = rng.standard_normal((20_000, d))
    circle /= np.linalg.norm(circle, axis=1)[:, None]
    assert np.abs(nu @ activated(X @ circle.T, SLOPES[activation])).max() <= cells.upper


@pytest.mark.parametrize("activation", ["leaky:0.2", "abs"])
def test_no_training_from_any_start_falls_below_the_optimum(activation):
    problem = random_problem(activation, 4, n=8)
    slope, width = SLOPES[activation], 6

    def objective(w):
        U, alpha = w[: 2 * width].reshape(width, 2), w[2 * width :]
        heights = problem.X @ U.T
        r = activated(heights, slope) @ alpha - problem.y
        bent = np.where(heights > 0, 1.0, slope) * alpha
        gradient = (r[:, None] * bent).T @ problem.X + problem.beta * U
        outer = activated(heights, slope).T @ r + problem.beta * alpha
        return 0.5 * r @ r + 0.5 * problem.beta * w @ w, np.concatenate([gradient.ravel(), outer])

    rng, optimum = np.random.default_rng(0), solve(problem).certificate
    found = [minimize(objective, rng.standard_normal(3 * width), jac=True, method="L-BFGS-B").fun for _ in range(20)]
    assert min(found) >= optimum.dual
    assert min(found) <= optimum.primal * (1 + 1e-3)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("activation", BENT)
def test_members_of_the_optimal_set(activation, loss):
    problem = random_problem(activation, 3, loss=loss)
    solution = solve(problem)
    optima, slope = optimal_set(solution), SLOPES[activation]
    assert optima.exact
    np.testing.assert_allclose(activated(problem.X @ optima.directions.T, slope) * optima.signs, optima.A, atol=1e-12)
    np.testing.assert_allclose(optima.nu @ optima.A, problem.beta, rtol=1e-9)
    for network in (solution.network, optima.smallest(), optima.sample(np.random.default_rng(0))):
        assert optima.contains(network)
        assert problem.objective(network) == pytest.approx(solution.certificate.primal, rel=1e-9)
        assert optima.contains(network.split(0).permute(np.roll(np.arange(network.width + 1), 1)))
        turned = Network(-network.directions, network.signs, network.masses, "none", architecture=problem.architecture)
        assert bool(optima.contains(turned)) is (activation == "abs")
    scratch = optima.smallest().fit(problem.X)
    np.testing.assert_allclose(optima.smallest().fine_fit(problem.X).hi, scratch, atol=1e-14)


def regular(corners):
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.column_stack([np.cos(angles), np.sin(angles)])


@pytest.mark.parametrize(
    ("activation", "X", "y", "rows"),
    [
        # |x_1| alone: u = e1 and its twin -e1, at width 1 two points that a second neuron joins.
        ("abs", [[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0], {1: 2, 2: 1}),
        # |x_1| - |x_2|: two units, 2! orders of 2^2 twins.
        ("abs", [[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], {2: 8, 3: 1}),
        ("abs", regular(4), [1.0, -1.0, 1.0, -1.0], {2: 8, 3: 1}),
        ("abs", regular(6), np.ones(6), None),
        ("abs", regular(8), np.ones(8), None),
        ("leaky:0.5", regular(4), np.ones(4), None),
        ("leaky:0.5", regular(6), np.ones(6), None),
        ("leaky:-0.5", regular(6), np.ones(6), None),
    ],
)
def test_staircases_are_those_of_all_assignments(activation, X, y, rows):
    """Against every assignment of unit neurons to slots, twins included as columns of their own."""
    problem = Problem(X, y, beta=1.0, bias="none", activation=activation).at_fraction(0.1)
    optima = optimal_set(solve(problem))
    stairs = staircase(optima)
    assert stairs.exact
    columns = np.hstack([optima.A] * problem.architecture.twins)
    for row in stairs.rows:
        if (columns.shape[1] + 1) ** row.m <= 2_000_000:
            assert (row.components, row.isolated) == count_components(columns, optima.y_star, row.m)
    assert rows is None or {row.m: row.components for row in stairs.rows} == rows
    assert stairs.row(stairs.connected_from).components == 1


def test_what_is_refused_and_what_to_do():
    X, y = np.eye(2), np.ones(2)
    for activation, message in {
        "leaky:2": "slope 2 at a weight decay beta is slope 0.5 at beta / 2",
        "leaky:-4": "slope -4 at a weight decay beta is slope -0.25 at beta / 4",
        "leaky:1": "linear model",
        "leaky:nan": "give a number",
        "leaky:steep": "write leaky:a",
        "leaky": "unknown activation 'leaky'; known: relu, abs, leaky:a, gated:count",
        "tanh": "unknown activation 'tanh'",
    }.items():
        with pytest.raises(InputError, match=message) as caught:
            Problem(X, y, beta=1, activation=activation)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="leave one of them out"):
        Problem(X, y, beta=1, activation="relu", architecture="abs")
    assert Problem(X, y, beta=1, activation="leaky:-1").architecture.key == ("abs",)
    assert Problem(X, y, beta=1, activation="leaky:0").architecture.key == ("relu",)
    assert Problem(X, y, beta=1, architecture="leaky:0.5").architecture.title == "leaky:0.5"


@pytest.mark.parametrize("slope", [4.0, -4.0])
def test_a_steep_slope_is_the_inverse_one_at_less_weight_decay(slope):
    """What the message says: slope a at beta is slope 1 / a at beta / |a|, below -1 and above 1."""
    rng = np.random.default_rng(0)
    X, U, alpha = rng.standard_normal((5, 3)), rng.standard_normal((4, 3)), rng.standard_normal(4)
    steep = activated(X @ U.T, slope) @ alpha
    sign = 1.0 if slope < 0 else -1.0
    gentle = activated(-X @ U.T, 1 / slope) @ (sign * abs(slope) * alpha)
    np.testing.assert_allclose(steep, gentle, rtol=1e-12)


# --- gated networks ---------------------------------------------------------------------------------------
def gated_optimum(problem):
    """The group lasso over all gates, by a conic solver."""
    kind, X = problem.architecture, problem.X
    open_ = np.unique(X @ kind.gates(problem.d).T >= 0, axis=1)
    v = cp.Variable((open_.shape[1], problem.d))
    fit = sum(open_[:, [g]] * X @ v[g] for g in range(open_.shape[1]))
    objective = loss_of(problem, fit) + problem.beta * cp.sum(cp.norm(v, 2, axis=1))
    return cp.Problem(cp.Minimize(objective)).solve(solver=cp.CLARABEL)


GATES = [[1.0, 0.5], [-1.0, 0.2], [0.0, 1.0], [1.0, -1.0]]


@pytest.mark.parametrize("data", ["random", "bias", "logistic", *DEGENERATE])
@pytest.mark.parametrize("gates", ["sampled", "given"])
def test_the_gated_optimum_is_that_of_the_group_lasso(data, gates):
    options = {"bias": {"bias": "penalised"}, "logistic": {"loss": "logistic"}}.get(data, {})
    d = 3 if data == "bias" else 2
    kind = GatedReLU(40, seed=1) if gates == "sampled" else GatedReLU(np.hstack([GATES, np.ones((4, d - 2))]))
    if data in DEGENERATE:
        problem = Problem(*DEGENERATE[data], beta=0.2, bias="none", activation=kind)
    else:
        problem = random_problem(kind, 2, n=8, **options)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(gated_optimum(problem), rel=1e-6)
    again = certify_dual(problem, solution.network, solution.nu)
    assert again.dual == pytest.approx(solution.certificate.dual, rel=1e-9)


def test_gated_networks_of_all_patterns_bound_those_of_relu_from_below():
    """A ReLU neuron is a gated one whose gate is its own pattern."""
    relu = random_problem("relu", 5)
    circle = np.linspace(0, 2 * np.pi, 5000)
    gated = Problem(
        relu.X,
        relu.y,
        beta=relu.beta,
        bias="none",
        activation=GatedReLU(np.column_stack([np.cos(circle), np.sin(circle)])),
    )
    assert len(gated.space.which) == 14
    upper, lower = solve(relu).certificate, solve(gated).certificate
    assert lower.primal < upper.dual
    assert gated.beta_max() >= relu.beta_max()


def test_members_of_the_gated_optimal_set():
    problem = random_problem(GatedReLU(30), 3, n=9)
    solution = solve(problem)
    optima = optimal_set(solution)
    assert optima.exact
    np.testing.assert_allclose(optima.nu @ optima.A, problem.beta, rtol=1e-9)
    network = optima.sample(np.random.default_rng(0))
    assert optima.contains(network)
    assert optima.contains(network.split(0).pad(network.width + 2))
    twin = problem.network(problem.architecture.twin(network.units), network.masses)
    assert optima.contains(twin)
    np.testing.assert_allclose(twin.fit(problem.X), network.fit(problem.X), atol=1e-14)
    # The same directions at other gates are other units.
    other = Network(
        network.directions, network.signs, network.masses, "none",
        architecture=problem.architecture, gates=(network.gates + 1) % 30,
    )  # fmt: skip
    assert "no optimal unit" in optima.contains(other).reason
    started = solve(problem, start=twin)
    assert optimal_set(started).k == optima.k


def test_gated_staircases_are_those_of_all_assignments():
    """Two gates that are open together wherever either has mass: units of equal columns, each with its twin."""
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), np.array([1.0, 0.0, 0.0])
    kind = GatedReLU([[1.0, 0.1], [1.0, -0.1]])
    problem = Problem(X, y, beta=1.0, bias="none", activation=kind).at_fraction(0.1)
    optima = optimal_set(solve(problem))
    stairs = staircase(optima)
    assert (optima.k, optima.dimension) == (2, 1)
    columns = np.hstack([optima.A, optima.A])
    for m in range(1, 5):
        row = stairs.row(m)
        assert (row.components, row.isolated) == count_components(columns, optima.y_star, m)
    assert {row.m: row.components for row in stairs.rows} == {1: 4, 2: 1}


@pytest.mark.parametrize("activation", ["abs", "leaky:0.2", "gated:20:3"])
def test_files_reports_and_predictions(activation, tmp_path):
    problem = random_problem(activation, 6, n=8)
    analysis = analyze(problem)
    content = to_dict(analysis)
    assert content["problem"]["architecture"] == activation
    write_json(tmp_path / "result.json", content)
    rows = np.random.default_rng(1).standard_normal((5, 2))
    found = load_result(tmp_path / "result.json")
    np.testing.assert_array_equal(found.predict(rows), analysis.solution.network.predict(rows))
    write_report(tmp_path / "report.html", analysis.solution, analysis.optimal_set, analysis.staircase)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert activation in page
    assert figures.units(analysis.solution, analysis.optimal_set).layers
    (tmp_path / "new.csv").write_text("x0,x1\n1,-2\n", encoding="utf-8")
    result = run("predict", tmp_path / "result.json", tmp_path / "new.csv")
    assert result.exit_code == 0, result.output
    value = float(result.stdout.splitlines()[-1].split(",")[-1])
    assert value == pytest.approx(float(analysis.solution.network.predict([[1.0, -2.0]])[0]), rel=1e-12)


@pytest.mark.parametrize("activation", ["abs", "leaky:0.2", "gated:20:3"])
def test_curves_are_what_the_network_computes(activation):
    x = np.linspace(-2, 2, 9)[:, None]
    problem = Problem(x, np.abs(x[:, 0]) + 0.3 * x[:, 0], beta=1, activation=activation).at_fraction(0.05)
    solution = solve(problem)
    total = next(layer for layer in figures.units(solution).layers if getattr(layer, "name", "") == "their sum")
    at = total.pieces[0]
    np.testing.assert_allclose(at[:, 1], solution.network.predict(at[:, :1]), atol=1e-12)
    # Between its points the curve is straight, but where it jumps.
    middles = (at[1:, 0] + at[:-1, 0]) / 2
    off = np.abs(solution.network.predict(middles[:, None]) - (at[1:, 1] + at[:-1, 1]) / 2)
    assert (off[np.diff(at[:, 0]) > 1e-4] < 1e-9).all()


def test_the_command_line(tmp_path):
    result = run("analyze", "catalogue:square", "--activation", "abs")
    assert result.exit_code == 0, result.output
    assert "abs, squared loss" in result.stdout
    refused = run("analyze", "catalogue:square", "--activation", "leaky:3")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "slope 3 at a weight decay beta is slope 0.333333 at beta / 3" in refused.stderr


@pytest.mark.parametrize("activation", ["abs", "leaky:0.2", "leaky:-0.5"])
def test_with_a_skip_connection_all_slopes_are_relu_at_another_weight_decay(activation):
    """max(z, a z) = (1 - a) max(z, 0) + a z, and the skip connection makes up for the last term."""
    relu = random_problem("relu", 1, n=9, bias="penalised", free="affine")
    bend = 1 - SLOPES[activation]
    other = Problem(relu.inputs, relu.y, beta=bend * relu.beta, free="affine", activation=activation)
    assert other.beta_max() == pytest.approx(bend * relu.beta_max(), rel=1e-9)
    first, second = solve(relu), solve(other)
    assert second.certificate.verdict == "global"
    assert second.certificate.primal == pytest.approx(first.certificate.primal, rel=1e-9)
    ours, theirs = optimal_set(second), optimal_set(first)
    assert ours.functions.count == theirs.functions.count
    # One of u and -u is listed with absolute values, both otherwise: 2^r r! networks of r neurons either way.
    rows = [[(row.m, row.components) for row in staircase(optima).rows] for optima in (ours, theirs)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("free", ["constant", "linear", "affine"])
@pytest.mark.parametrize("activation", ["abs", "gated:40"])
def test_staircases_with_free_features_are_those_of_all_assignments(activation, free):
    optima = optimal_set(solve(random_problem(activation, 1, n=9, bias="penalised", free=free, fraction=0.15)))
    stairs = staircase(optima)
    columns, target = np.hstack([optima.A, optima.A]), optima.A @ optima.polytope.inner
    for row in stairs.rows:
        if (columns.shape[1] + 1) ** row.m <= 200_000:
            assert (row.components, row.isolated) == count_components(columns, target, row.m)
