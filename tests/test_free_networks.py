"""Networks with free features through all of the library: known answers, references, brute force, the command line."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from command_line import CSV, run, strict
from conic import conic_optimum
from dualscape import Problem, Program, load_result, optimal_set, solve, staircase
from dualscape.data import catalogue
from dualscape.errors import InputError
from dualscape.model.certificate import certify_dual, lower_bound
from dualscape.oracles.base import Question

SQUARE = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
TRIANGLE = np.array([[0.0, 1.0], [-(3**0.5) / 2, -0.5], [3**0.5 / 2, -0.5]])


def landscape_of(problem):
    """(optimal set, staircase) of a problem that must be certified."""
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    optima = optimal_set(solution)
    return optima, staircase(optima)


def components(stairs):
    return {row.m: row.components for row in stairs.rows}


# --- known answers (THEORY_MORE) ------------------------------------------------------------------------
@pytest.mark.parametrize("bias", ["none", "penalised"])
@pytest.mark.parametrize(
    ("free", "rank", "dimension", "vertices", "expected"),
    [
        ("none", 4, 0, 1, {4: 24, 5: 1}),
        ("constant", 3, 1, 2, {2: 4, 3: 2, 4: 1}),
        ("linear", 2, 2, 4, {2: 8, 3: 1}),
        ("affine", 1, 3, 4, {1: 4, 2: 1}),
    ],
)
def test_the_square(free, bias, rank, dimension, vertices, expected):
    optima, stairs = landscape_of(Problem(SQUARE, [1, -1, 1, -1], beta=0.1, bias=bias, free=free))
    assert (optima.k, optima.rank, optima.dimension, len(optima.vertices)) == (4, rank, dimension, vertices)
    assert components(stairs) == expected
    assert stairs.exact
    assert stairs.general_bound == min(stairs.m_star + stairs.M_star, 4 - optima.problem.free.rank + 1)


@pytest.mark.parametrize(
    ("seed", "free", "beta_max", "optimum"),
    [
        (0, "none", 1.0594486954674283, 1.541623677333166),
        (0, "constant", 1.5323188194543504, 1.4736215906881938),
        (0, "linear", 0.5547150128514062, 1.320142128259513),
        (1, "none", 0.9566549137931805, 0.35121673731737457),
        (1, "constant", 1.0336133512014325, 0.29035202892381234),
        (1, "linear", 0.10875262136990983, 0.20434526165360523),
    ],
)
def test_random_data(seed, free, beta_max, optimum):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.normal(size=(7, 2)), rng.normal(size=7), beta=1, bias="none", free=free)
    bounds = problem.beta_max_bounds()
    assert bounds.low == pytest.approx(beta_max, rel=1e-12)
    assert bounds.low <= beta_max * (1 + 1e-14)
    assert bounds.high >= beta_max * (1 - 1e-14)
    found = solve(problem.at_fraction(0.15)).certificate
    assert found.primal == pytest.approx(optimum, rel=1e-12)
    assert found.verdict == "global"


@pytest.mark.parametrize(
    ("y", "free", "beta_max", "k", "expected"),
    [
        ([1, -1, 1], "constant", 4 / 3, 1, {1: 1}),
        ([1, 0, 0], "constant", 2 / 3, 1, {1: 1}),
        ([1, -1, 1], "linear", 1 / 3, 6, {1: 6, 2: 1}),
        ([1, 0, 0], "linear", 1 / 3, 6, {1: 6, 2: 1}),
    ],
)
def test_the_triangle(y, free, beta_max, k, expected):
    problem = Problem(TRIANGLE, y, beta=1, bias="none", free=free)
    assert problem.beta_max() == pytest.approx(beta_max, rel=1e-12)
    optima, stairs = landscape_of(problem.at_fraction(0.1))
    assert optima.k == k
    assert components(stairs) == expected


def test_the_bend_between_two_points_is_one_kink():
    optima, stairs = landscape_of(Problem(np.arange(4.0)[:, None], [0, 0, 1, 3], beta=1e-6, free="affine"))
    assert optima.functions.count == 1
    assert optima.functions.unique
    assert components(stairs) == {1: 2, 2: 1}
    kink = -optima.directions[:, 1] / optima.directions[:, 0]
    assert kink == pytest.approx([1.5, 1.5], abs=1e-5)


def test_a_ridge_output_bias():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(8, 1)), rng.normal(size=8) + 1
    solution = solve(Problem(x, y, beta=0.3, free="constant", free_decay=0.3))
    assert solution.certificate.primal == pytest.approx(3.502812541812894, rel=1e-11)
    assert solution.certificate.verdict == "global"
    nu, w = solution.nu, solution.network.free_weights
    assert w[0] == pytest.approx(nu.sum() / 0.3)
    optima, _ = landscape_of(solution.problem)
    assert optima.contains(solution.network)
    assert optima.contains(solution.network.pad(9).split(0, 0.5))


@pytest.mark.parametrize("name", ["square-constant", "square-linear", "square-affine"])
def test_the_catalogue(name):
    entry = catalogue.get(name)
    optima, stairs = landscape_of(entry.problem())
    assert (optima.k, optima.dimension, stairs.m_star) == (entry.known.k, entry.known.dimension, entry.known.m_star)
    assert components(stairs) == dict(entry.known.components)


# --- references -----------------------------------------------------------------------------------------
def random_problem(seed):
    """A small problem of any kind, ties and degenerate free features among them."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 7)), int(rng.integers(1, 3))
    X = rng.integers(-2, 3, size=(n, d)).astype(float) if seed % 3 == 0 else rng.normal(size=(n, d))
    y = rng.normal(size=n) + (seed % 5 == 0) * 50
    free = ["constant", "linear", "affine", rng.normal(size=(n, 2)), np.column_stack([X, 2 * X[:, 0]])][seed % 5]
    logistic = seed % 4 == 1
    if logistic:
        y = np.where(np.arange(n) % 2, 1.0, -1.0)
    decay = 0.3 if seed % 7 == 0 or logistic else 0.0
    bias = ["penalised", "none"][seed % 2]
    loss = "logistic" if logistic else "squared"
    return Problem(X, y, beta=0.2, loss=loss, bias=bias, free=free, free_decay=decay)


@pytest.mark.parametrize("seed", range(24))
def test_the_optimum_is_that_of_a_conic_solver(seed):
    problem = random_problem(seed)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    conic = conic_optimum(Program.of(problem))
    scale = max(1.0, float(problem.y @ problem.y)) if problem.loss.quadratic else 1.0
    assert solution.certificate.primal == pytest.approx(conic.value, rel=1e-6, abs=1e-7 * scale)
    assert solution.certificate.dual <= conic.value + 1e-6 * scale


def test_separated_classes_are_refused_and_a_decay_mends_it():
    X, y = np.array([[-2.0], [-1.0], [1.0], [3.0]]), ["a", "a", "b", "b"]
    with pytest.raises(InputError, match="free features alone separate the two classes"):
        Problem(X, y, beta=0.1, loss="logistic", free="linear")
    # Only some rows are separated: the loss falls for ever all the same.
    with pytest.raises(InputError, match="separate"):
        Problem([[0.0], [0.0], [1.0]], ["a", "b", "b"], beta=0.1, loss="logistic", free="linear")
    assert (
        solve(Problem(X, y, beta=0.1, loss="logistic", free="linear", free_decay=0.1)).certificate.verdict == "global"
    )


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e8])
def test_a_constant_does_not_change_with_the_offset_of_the_target(offset):
    """The certificate is one of the numbers as they are stored, however far from 0."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(20, 2)), rng.integers(-8, 8, size=20).astype(float)
    one, other = (solve(Problem(X, y + shift, beta=1.0, free="constant")) for shift in (0.0, offset))
    assert other.certificate.verdict == "global"
    assert other.certificate.primal == pytest.approx(one.certificate.primal, rel=1e-9)
    assert other.network.free_weights[0] - one.network.free_weights[0] == pytest.approx(offset, rel=1e-9, abs=1e-7)


def test_a_target_that_the_free_features_fit_leaves_nothing():
    X = np.random.default_rng(0).normal(size=(9, 2))
    problem = Problem(X, X @ [1.0, 2.0] + 3, beta=0.1, free="affine")
    solution = solve(problem)
    assert solution.network.width == 0
    assert solution.network.free_weights == pytest.approx([3, 1, 2])
    assert problem.beta_max_bounds().high < 1e-13
    with pytest.raises(InputError, match="free features fit all of it"):
        problem.at_fraction(0.1)


def test_free_features_far_larger_than_their_decay():
    """Beside the formed kernel: the ridge on w is a penalty (I + M M^T / rho)^-1 on what the neurons leave."""
    X = 1e6 * np.array([[0.0, 1], [0, 1], [0, 0], [2, 2], [2, 0], [2, 2], [1, 1], [-1, 1]])
    y = np.array([1.07, -0.03, -1.06, -0.4, 0.69, -0.83, -0.17, -0.03])
    solution = solve(Problem(X, y, beta=10.0, bias="none", free="linear", free_decay=0.5))
    assert solution.certificate.relative_gap < 1e-9
    left = y - solution.network.neurons_fit(X)
    w = np.linalg.lstsq(np.vstack([X, np.sqrt(0.5) * np.eye(2)]), np.append(left, [0, 0]), rcond=None)[0]
    assert solution.network.free_weights == pytest.approx(w, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_no_network_is_below_the_bound(seed):
    """Trained from anywhere by a method that knows nothing of duality, with its free part."""
    problem = random_problem(seed)
    found = solve(problem).certificate
    rng, M, d = np.random.default_rng(seed), problem.free.matrix, problem.d
    size = 3 * (d + 1)

    def value(theta):
        U, alpha, w = theta[: 3 * d].reshape(3, d), theta[3 * d : size], theta[size:]
        fit = np.maximum(problem.X @ U.T, 0) @ alpha + M @ w
        decay = problem.beta / 2 * float((U * U).sum() + alpha @ alpha) + problem.free.decay / 2 * float(w @ w)
        return problem.loss.value(fit, problem.y) + decay

    trained = minimize(value, rng.normal(size=size + M.shape[1]), method="L-BFGS-B", options={"maxiter": 60})
    assert found.dual <= trained.fun + 1e-9 * abs(trained.fun)


def test_any_dual_variable_gives_a_true_bound():
    """One that is not orthogonal to the free features is brought near one that is, and pays for what is left."""
    rng = np.random.default_rng(1)
    problem = Problem(rng.normal(size=(8, 2)), rng.normal(size=8), beta=0.2, free="affine")
    solution = solve(problem)
    for size in (0.0, 1e-9, 1e-3, 1.0, 1e3):
        nu = solution.nu + size * rng.normal(size=8)
        found = certify_dual(problem, solution.network, nu)
        assert found.dual <= solution.certificate.primal
    assert certify_dual(problem, solution.network, np.zeros(8)).dual == 0.0


@pytest.mark.parametrize("loss", ["logistic", "huber:0.5", "squared"])
@pytest.mark.parametrize("size", [1e-9, 1e-4, 1e-2, 0.1])
def test_the_bound_is_true_however_far_nu_is_from_the_free_features(loss, size):
    """Moved along the free features, where D rises and no dual variable may go: what is far has hardly a bound."""
    rng = np.random.default_rng(4)
    X = 1e-3 * rng.normal(size=(12, 2))  # h hardly changes with what the certificate pays for
    y = np.where(np.arange(12) % 3, 1.0, -1.0) if loss == "logistic" else rng.normal(size=12) + 50
    weights = rng.uniform(0.5, 2, 12)
    problem = Problem(X, y, beta=1.0, loss=loss, bias="none", free="constant", sample_weight=weights).at_fraction(0.3)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    away = problem.free.matrix[:, 0]
    uphill = problem.fit_of(solution.network) @ away
    nu = solution.nu + size * float(np.abs(solution.nu).max()) * np.sign(uphill) * away / np.abs(away).max()
    if loss == "logistic":
        nu = y * np.clip(nu * y, 1e-9, weights * (1 - 1e-9))
    answer = problem.space.prove("cells", Question(nu, above=0.0))
    assert answer.exact
    assert lower_bound(problem, nu, answer) <= solution.certificate.primal


def bound_with(problem, nu, monkeypatch, *, off=None, rounding=None):
    """`lower_bound` as if nu were so far from an exact point at every scale, or the target so far from a stored one."""
    answer = problem.space.prove("cells", Question(nu, above=0.0))
    if off is not None:
        monkeypatch.setattr(type(problem.profile), "drift", lambda *_: off)
    if rounding is not None:
        monkeypatch.setattr(Problem, "rounding_of_target", lambda _: rounding)
    return lower_bound(problem, nu, answer), answer.upper


def free_problem():
    rng = np.random.default_rng(0)
    return Problem(rng.normal(size=(8, 2)), rng.normal(size=8), beta=0.2, bias="none", free="constant")


def test_a_point_near_a_scaled_nu_is_paid_for_at_that_scale(monkeypatch):
    problem = free_problem()
    nu, off = solve(problem).nu, np.full(8, 0.002)
    bound, upper = bound_with(problem, nu, monkeypatch, off=off)
    scale = (problem.beta - problem.space.reach.change(off)) / upper
    # D rises with the scale up to there.
    assert 0 < bound <= problem.profile.dual_bound(scale * nu, problem.target, off)
    # At no more than twice the price.
    assert bound >= problem.profile.dual_bound((2 * scale - 1) * nu, problem.target, 2 * off)


def test_the_rounding_of_the_target_is_paid_for(monkeypatch):
    problem = free_problem()
    nu = solve(problem).nu
    before, _ = bound_with(problem, nu, monkeypatch)
    after, _ = bound_with(problem, nu, monkeypatch, rounding=np.full(8, 0.01))
    assert before - after == pytest.approx(0.01 * np.abs(nu).sum(), rel=1e-6)


def test_beta_max_pays_for_what_its_nu_is_off_by(monkeypatch):
    plain, off = free_problem().beta_max_bounds(), np.full(8, 0.01)
    problem = free_problem()
    monkeypatch.setattr(type(problem.profile), "drift", lambda *_: off)
    wide, price = problem.beta_max_bounds(), problem.space.reach.change(off)
    assert wide.low == pytest.approx(plain.low - price, rel=1e-9)
    assert wide.high == pytest.approx(plain.high + price, rel=1e-9)


# --- brute force on the optimal set -----------------------------------------------------------------------
def basic_solutions(A, target):
    """Vertices of {c >= 0 : A c = target} by trying every support."""
    found, k = [], A.shape[1]
    for size in range(k + 1):
        for support in map(list, itertools.combinations(range(k), size)):
            part = A[:, support]
            if size and np.linalg.matrix_rank(part, tol=1e-8) < size:
                continue
            c = np.zeros(k)
            c[support] = np.linalg.lstsq(part, target, rcond=None)[0] if size else 0
            if (c[support] > 1e-9).all() and np.linalg.norm(A @ c - target) < 1e-8:
                found.append(c)
    return np.array(found)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("free", ["constant", "linear", "affine"])
def test_vertices_and_the_affine_map_to_the_free_weights(seed, free):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(6, 2)).astype(float)
    y = rng.integers(-2, 3, size=6).astype(float)
    problem = Problem(X, y, beta=1, free=free)
    if problem.beta_max() < 1e-9:
        return
    optima, stairs = landscape_of(problem.at_fraction(0.2))
    if optima.k > 10:
        return
    M = problem.free.columns
    off = np.eye(6) - M @ np.linalg.pinv(M)
    raw = problem.space.columns(optima.units)
    expected = basic_solutions(off @ raw, off @ optima.y_star)
    assert len(expected) == len(optima.vertices)
    for vertex in optima.vertices:
        assert np.abs(expected - vertex).max(axis=1).min() < 1e-7
        network = optima.network(vertex)
        assert optima.contains(network)
        assert network.predict(X) == pytest.approx(optima.y_star, abs=1e-9)
    sizes = (optima.vertices > 0).sum(axis=1)
    assert (stairs.m_star, stairs.M_star) == (sizes.min(), sizes.max())
    low, high = optima.spread(X)
    assert low == pytest.approx(optima.y_star, abs=1e-8)
    assert high == pytest.approx(optima.y_star, abs=1e-8)
    new = rng.normal(size=(5, 2))
    low, high = optima.spread(new)
    inside = optima.choose("center").predict(new)
    assert (low <= inside + 1e-9).all()
    assert (inside <= high + 1e-9).all()


def test_a_network_with_another_free_part_is_no_member():
    optima, _ = landscape_of(Problem(SQUARE, [1, -1, 1, -1], beta=0.1, free="affine"))
    network = optima.smallest()
    other = type(network)(
        network.directions, network.signs, network.masses, network.bias, free="affine", free_weights=[1.0, 0, 0]
    )
    assert not optima.contains(other)
    with pytest.raises(InputError, match="free features 'none', the problem 'affine'"):
        optima.contains(type(network)(network.directions, network.signs, network.masses, network.bias))


# --- a matrix of one's own, and the front doors -----------------------------------------------------------
def test_a_matrix_of_ones_own():
    rng = np.random.default_rng(3)
    X, M, y = rng.normal(size=(10, 1)), rng.normal(size=(10, 2)), rng.normal(size=10)
    solution = solve(Problem(X, y, beta=0.05, free=M))
    assert solution.certificate.verdict == "global"
    f = solution.predict(X, M)
    assert f == pytest.approx(solution.problem.fit_of(solution.network))
    with pytest.raises(InputError, match="a matrix of one's own; give that of these rows"):
        solution.predict(X)
    with pytest.raises(InputError, match="have shape"):
        solution.predict(X, M[:, :1])
    assert solve(Problem(X, y, beta=0.05, free=np.ones((10, 1)))).certificate.primal == pytest.approx(
        solve(Problem(X, y, beta=0.05, free="constant")).certificate.primal, rel=1e-12
    )


def test_the_command_line_trains_and_predicts(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(CSV)
    result = tmp_path / "result.json"
    answer = run("analyze", path, "--target", "y", "--free", "constant", "--beta", "0.1", "--json", result)
    assert answer.exit_code == 0
    assert "free constant" in " ".join(answer.output.split())
    assert "Free features of the network found: constant" in answer.output
    content = strict(result)
    assert content["problem"]["free"] == "constant"
    predictor = load_result(result)
    assert predictor.network.free_weights.tolist() == content["network"]["free_weights"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--free", "cubic"), "unknown free features 'cubic'"),
        (("--free", "given"), "give that matrix"),
        (("--free-decay", "1"), "there are none"),
        (("--free", "constant", "--free-decay", "-1"), "--free-decay"),
    ],
)
def test_bad_options(tmp_path, options, message):
    path = tmp_path / "data.csv"
    path.write_text(CSV)
    answer = run("analyze", path, "--target", "y", "--beta", "0.1", *options)
    assert answer.exit_code == 2
    assert message in answer.output
