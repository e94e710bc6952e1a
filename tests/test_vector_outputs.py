"""Networks with several outputs from one end to the other: optimum, certificate, optimal set, staircase, members."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from dualscape import Network, Problem, optimal_set, solve, staircase
from dualscape.errors import InputError

#: Seed: (beta_max, optimum, k = m* = M*) of X = normal(5, 2), Y = normal(5, 2), no bias, beta = 0.15 beta_max.
KNOWN = {0: (2.455025350822275, 2.8513270385971223, 4), 1: (1.2155930385763034, 0.5868672498274974, 4)}


def drawn(seed, n, d, c):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((n, c))


@pytest.mark.parametrize("seed", KNOWN)
def test_known_optima(seed):
    beta_max, optimum, k = KNOWN[seed]
    problem = Problem(*drawn(seed, 5, 2, 2), beta=1.0, bias="none")
    assert problem.beta_max() == pytest.approx(beta_max, rel=1e-14)
    solution = solve(problem.with_beta(0.15 * beta_max))
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(optimum, rel=1e-11)
    optima = optimal_set(solution)
    assert optima.exact
    assert (optima.k, optima.dimension) == (k, 0)
    stairs = staircase(optima)
    assert (stairs.m_star, stairs.M_star, stairs.connected_from) == (k, k, k + 1)
    assert [row.components for row in stairs.rows] == [24, 1]
    assert optima.contains(solution.network.split(1).permute([4, 2, 0, 1, 3]))
    turned = Network(
        solution.network.directions[::-1], np.ones(4), solution.network.masses, outputs=solution.network.outputs,
        architecture=solution.network.architecture,
    )  # fmt: skip
    assert not optima.contains(turned)


def test_the_optimum_is_that_of_a_conic_solver():
    """The dual over a fine net of directions is a second-order cone program whose value is hardly above the optimum."""
    X, Y = drawn(3, 6, 2, 3)
    problem = Problem(X, Y, beta=1.0, bias="none").at_fraction(0.2)
    found = solve(problem).certificate
    angles = np.concatenate(
        [np.linspace(0, 2 * np.pi, 360), *(np.arctan2(X[:, 1], X[:, 0]) + s for s in (np.pi / 2, -np.pi / 2))]
    )
    heights = np.maximum(np.column_stack([np.cos(angles), np.sin(angles)]) @ X.T, 0)
    N = cp.Variable(Y.shape)
    bounds = [cp.norm(N.T @ row) <= problem.beta for row in heights]
    value = cp.Problem(cp.Maximize(cp.sum(cp.multiply(N, Y)) - 0.5 * cp.sum_squares(N)), bounds).solve(
        solver=cp.CLARABEL
    )
    assert found.verdict == "global"
    assert found.dual <= value * (1 + 1e-7)
    assert value == pytest.approx(found.primal, rel=2e-4)


def test_no_descent_from_random_weights_ends_below():
    X, Y = drawn(4, 12, 2, 3)
    problem = Problem(X, Y, beta=1.0).at_fraction(0.1)
    found, seen = solve(problem).certificate, problem.X

    def value(w):
        U, alpha = w[:24].reshape(8, 3), w[24:].reshape(8, 3)
        heights = np.maximum(seen @ U.T, 0)
        off = heights @ alpha - Y
        back = np.where(heights > 0, off @ alpha.T, 0).T @ seen
        return 0.5 * (off**2).sum() + 0.5 * problem.beta * w @ w, np.concatenate(
            [back.ravel(), (heights.T @ off).ravel()]
        ) + problem.beta * w

    rng = np.random.default_rng(0)
    ends = [minimize(value, rng.standard_normal(48), jac=True, method="L-BFGS-B").fun for _ in range(10)]
    assert found.verdict == "global"
    assert min(ends) >= found.dual
    assert min(ends) <= found.primal * 1.05


@pytest.mark.parametrize(("n", "d", "c"), [(40, 2, 4), (25, 3, 2), (3, 5, 3), (10, 1, 2)])
def test_random_problems_are_certified(n, d, c):
    solution = solve(Problem(*drawn(n, n, d, c), beta=1.0).at_fraction(0.1))
    assert solution.certificate.verdict == "global"
    assert solution.certificate.relative_gap <= 1e-10


@pytest.mark.parametrize(
    "settings", [{}, {"free": "constant"}, {"activation": "abs"}, {"bias": "none", "free": "linear"}]
)
def test_a_table_of_rank_one_is_one_output(settings):
    """Y = y w^T with |w| = 1: the same optimum, units with output +-w, widths and components."""
    X, y = drawn(6, 7, 2, 1)
    w = np.array([0.6, -0.8])
    scalar = solve(Problem(X, y[:, 0], beta=0.4, **settings))
    vector = solve(Problem(X, y @ w[None], beta=0.4, **settings))
    assert vector.certificate.primal == pytest.approx(scalar.certificate.primal, rel=1e-11)
    one, several = optimal_set(scalar), optimal_set(vector)
    np.testing.assert_allclose(np.sort(several.units.outputs @ w), np.sort(one.signs), atol=1e-11)
    stairs, others = staircase(one), staircase(several)
    for name in ("m_star", "M_star", "connected_from", "rows", "exact"):
        assert getattr(stairs, name) == getattr(others, name)
    assert (one.functions is None) == (several.functions is None)
    if one.functions is not None:
        assert (one.functions.count, one.functions.dimension) == (several.functions.count, several.functions.dimension)
    np.testing.assert_allclose(vector.predict(X), scalar.predict(X)[:, None] * w, atol=1e-9)


def test_free_features_have_a_weight_for_each_output():
    X, Y = drawn(2, 8, 2, 3)
    M = np.random.default_rng(5).standard_normal((8, 2))
    problem = Problem(X, Y, beta=0.5, free=M)
    solution = solve(problem)
    network = solution.network
    W = network.free_weights.reshape(2, 3)
    left = Y - network.neurons_fit(problem.X).reshape(8, 3)
    np.testing.assert_allclose(W, np.linalg.lstsq(M, left, rcond=None)[0], atol=1e-9)
    np.testing.assert_allclose(network.predict(X, M), network.neurons_fit(problem.X).reshape(8, 3) + M @ W)
    np.testing.assert_allclose(M.T @ solution.nu.reshape(8, 3), 0, atol=1e-10)
    assert problem.free.names == ("free0[0]", "free0[1]", "free0[2]", "free1[0]", "free1[1]", "free1[2]")
    low, high = optimal_set(solution).spread(X, M)
    assert (low <= network.predict(X, M) + 1e-8).all()
    assert (high >= network.predict(X, M) - 1e-8).all()
    for wrong in (np.ones((8, 3)), np.ones((7, 2))):
        with pytest.raises(InputError, match="free features of 8 rows"):
            network.predict(X, wrong)
    with pytest.raises(InputError, match="has 6 weights"):
        Network.from_weights(np.ones((1, 2)), np.ones((1, 2)), free="affine", free_weights=[1.0, 2.0])


def test_what_free_features_alone_fit_needs_no_neurons():
    X, _ = drawn(2, 8, 2, 1)
    Y = 1.5 + X @ np.array([[1.0, -2.0, 0.3], [0.5, 0.0, 1.0]])
    solution = solve(Problem(X, Y, beta=0.1, free="affine"))
    assert solution.certificate.verdict == "global"
    assert solution.network.width == 0
    np.testing.assert_allclose(solution.predict(X), Y, atol=1e-12)
    assert optimal_set(solution).k == 0


def test_a_second_output_that_is_zero_changes_nothing():
    X, y = drawn(6, 9, 2, 1)
    scalar = solve(Problem(X, y[:, 0], beta=0.5))
    vector = solve(Problem(X, np.column_stack([y, np.zeros(9)]), beta=0.5))
    assert vector.certificate.primal == pytest.approx(scalar.certificate.primal, rel=1e-11)
    optima = optimal_set(vector)
    assert optima.k == optimal_set(scalar).k
    np.testing.assert_allclose(np.abs(optima.units.outputs), np.tile([1.0, 0.0], (optima.k, 1)), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(2, 3),
    st.sampled_from(["plain", "lattice", "twice", "zero row", "constant", "large", "small"]),
    st.floats(0.02, 1.2),
)
def test_invariants_of_degenerate_problems(seed, n, d, c, kind, fraction):
    X, Y = drawn(seed, n, d, c)
    rng = np.random.default_rng(seed)
    if kind == "lattice":
        X, Y = rng.integers(-2, 3, (n, d)).astype(float), rng.integers(-2, 3, (n, c)).astype(float)
    if kind == "twice":
        X, Y = np.vstack([X, X]), np.vstack([Y, Y[::-1]])
    if kind == "zero row":
        X[0] = 0
    if kind == "constant":
        Y[:] = Y[0]
    scale = {"large": 1e9, "small": 1e-9}.get(kind, 1.0)
    problem = Problem(scale * X, Y / scale, beta=1.0)
    largest = problem.beta_max()
    problem = problem.with_beta(fraction * largest if largest else 1.0)
    solution = solve(problem)
    found = solution.certificate
    assert found.verdict == "global"
    assert fraction < 1 or solution.network.width == 0
    if fraction > 1:
        assert optimal_set(solution).k == 0
    again = Network.from_weights(*solution.network.weights(), bias="penalised") if solution.network.width else None
    if again is not None:
        assert problem.objective(again) == pytest.approx(found.primal, rel=1e-12)
        assert problem.objective(again.split(0)) == pytest.approx(found.primal, rel=1e-12)


@pytest.mark.parametrize(
    ("Y", "options", "message"),
    [
        ([[1.0, np.nan], [0.0, 1.0]], {}, "y has nan at"),
        ([[1.0, 2.0]], {}, "X has 2 rows but y has 1"),
        (np.eye(2), {"loss": "logistic"}, "y has 2 columns"),
        (np.eye(2), {"loss": "huber"}, "y has 2 columns"),
        (np.eye(2), {"features_per_neuron": 3}, "but there are 2 features"),
        (np.eye(2), {"bias": "free"}, "without a free output bias no network"),
        (np.eye(2), {"bias": "free", "free": "constant", "activation": "abs"}, "have no free bias"),
        (np.eye(2), {"architecture": "vector:3"}, "have one output|outputs"),
        ([1.0, 2.0], {"architecture": "vector:3"}, "has 3 outputs, y has one column"),
    ],
)
def test_what_is_refused(Y, options, message):
    with pytest.raises(InputError, match=message):
        Problem(np.eye(2), Y, beta=0.1, **options)


def test_predictions_are_tables():
    X, Y = drawn(1, 8, 2, 3)
    solution = solve(Problem(X, Y, beta=0.4))
    assert solution.predict(X).shape == Y.shape
    assert Problem(X, Y, beta=1e6).Y.shape == Y.shape
    assert solve(Problem(X, Y, beta=1e6)).predict(X).tolist() == np.zeros(Y.shape).tolist()
    weighted = Problem(X, Y, beta=0.4, sample_weight=np.arange(1, 9))
    repeated = Problem(np.repeat(X, np.arange(1, 9), axis=0), np.repeat(Y, np.arange(1, 9), axis=0), beta=0.4)
    assert solve(weighted).certificate.primal == pytest.approx(solve(repeated).certificate.primal, rel=1e-10)


def test_a_table_of_one_column_is_that_column():
    X, Y = drawn(3, 8, 2, 1)
    for loss in ("squared", "logistic"):
        y = np.sign(Y) if loss == "logistic" else Y
        table, column = (Problem(X, target, beta=0.3, loss=loss) for target in (y, y[:, 0]))
        assert table.key == column.key
        assert table.Y.shape == (8, 1)
    assert solve(Problem(X, Y, beta=0.3)).predict(X).shape == (8,)


@pytest.mark.parametrize(
    ("oracle", "settings"), [("faces", {"activation": "abs"}), ("bisection", {"free": "constant", "bias": "none"})]
)
def test_neurons_that_see_few_features(oracle, settings):
    """No better than neurons that see all, no worse than a column of zeros more; all optimal units see few."""
    X, Y = drawn(3, 6, 3, 2)
    problem = Problem(X, Y, beta=0.6, features_per_neuron=1, **settings)
    solution = solve(problem, oracle=oracle)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal >= solve(Problem(X, Y, beta=0.6, **settings)).certificate.primal * (1 - 1e-9)
    optima = optimal_set(solution)
    assert (np.count_nonzero(optima.directions[:, :3], axis=1) <= 1).all()
    assert optima.contains(solution.network)
    alone = solve(Problem(X[:, :1], Y, beta=0.6, **settings)).certificate
    padded = solve(Problem(np.column_stack([X[:, 0], np.zeros(6)]), Y, beta=0.6, features_per_neuron=1, **settings))
    assert padded.certificate.primal == pytest.approx(alone.primal, rel=1e-10)
