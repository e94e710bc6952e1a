"""Certifying networks: bad local minima, dead and zero neurons, optima, models trained here."""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier, MLPRegressor

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.three_layers import ThreeLayers
from dualscape.prediction.certify import certify
from dualscape.prediction.models.estimators import beta_of
from dualscape.report.certification_json import certification_to_dict
from dualscape.report.certification_words import neuron_rows, sentences
from dualscape.solver import solve

TWO = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")


def test_an_optimum_is_global_however_it_is_written():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=0.2)
    best = solve(problem).network
    for network in (best, best.split(0, 0.3), best.permute(np.arange(best.width)[::-1]), best.pad(best.width + 2)):
        found = certify(problem, network)
        assert found.verdict == "global"
        assert found.local_minimum
        assert (found.descent, found.path) == (None, None)
        assert found.stationarity.clarke
        assert found.stationarity.first_order
        assert 0 <= found.relative_gap <= 1e-9
    assert len(certify(problem, best.split(0, 0.3)).redundant) == 1
    assert certify(problem, best.pad(best.width + 2)).zero == (best.width, best.width + 1)


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_what_is_said_of_any_network(seed, width):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((6, 2)), rng.standard_normal(6), beta=0.2)
    U, alpha = rng.standard_normal((width, 3)), rng.standard_normal(width)
    found = certify(problem, Network.from_weights(U, alpha, bias="penalised"))
    fit = np.maximum(problem.X @ U.T, 0) @ alpha
    value = 0.5 * ((fit - problem.y) ** 2).sum() + 0.1 * ((U**2).sum() + (alpha**2).sum())
    assert found.objective == pytest.approx(value, rel=1e-12)
    best = solve(problem).certificate.primal
    assert found.lower_bound == pytest.approx(best, rel=1e-8)
    assert found.verdict == "not global"
    assert found.path.falls
    assert found.path.verify()
    np.testing.assert_allclose(found.path.start.weights()[0][:width], U, atol=1e-12)
    assert found.better_objective == pytest.approx(best, rel=1e-8)
    if found.descent is not None:
        nu = problem.y - fit
        score = found.descent.sign * float(nu @ np.maximum(problem.X @ found.descent.direction, 0))
        assert found.descent.slope == pytest.approx(0.2 - score, rel=1e-9)
        # A little of that neuron lowers the objective as the slope says, and no unit does so faster.
        more = 1e-7 * found.descent.sign * np.maximum(problem.X @ found.descent.direction, 0)
        lower = 0.5 * ((fit + more - problem.y) ** 2).sum() - 0.5 * ((fit - problem.y) ** 2).sum() + 0.2 * 1e-7
        assert lower == pytest.approx(1e-7 * found.descent.slope, rel=1e-4, abs=1e-13)
        many = rng.standard_normal((4000, 3))
        many /= np.linalg.norm(many, axis=1)[:, None]
        assert np.abs(nu @ np.maximum(problem.X @ many.T, 0)).max() <= 0.2 - found.descent.slope + 1e-9
    dead = [j for j in range(width) if not np.maximum(problem.X @ U[j], 0).any()]
    assert list(found.dead) == dead


def test_a_bad_local_minimum_and_the_same_with_a_zero_neuron():
    # One neuron on the second row alone; the first row is at -1, out of its reach.
    problem = Problem([[1.0, 0.0], [-1.0, 0.5]], [1.0, 2.0], beta=0.1, bias="none")
    rows = problem.X / np.linalg.norm(problem.X, axis=1)[:, None]
    mass = (2.0 - 0.1 / np.linalg.norm(problem.X[1])) / np.linalg.norm(problem.X[1])
    stuck = Network(rows[1:], [1], [mass])
    found = certify(problem, stuck)
    assert found.stationarity.clarke
    assert found.stationarity.first_order
    assert found.verdict == "not global"
    assert found.local_minimum is None
    wide = certify(problem, stuck.pad(2))
    assert wide.local_minimum is False
    assert wide.descent.slope < -0.5
    assert (wide.path.width, wide.path.falls) == (2, True)
    assert found.path.width > 1


def test_dead_units():
    network = Network.from_weights([[0.0, 1.0], [-1.0, -1.0], [0.0, 0.0]], [1.0, 2.0, 0.0])
    found = certify(TWO, network)
    assert (found.dead, found.zero) == ((1, 2), (2,))
    assert not found.stationarity.clarke
    assert found.path.falls


def test_scikit_learn_models_that_are_stuck():
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-3, 3, 40))
    model = MLPRegressor(hidden_layer_sizes=(5,), alpha=0.1, solver="lbfgs", max_iter=3000, tol=1e-12, random_state=1)
    model.fit(x[:, None], np.sin(2 * x))
    beta, _ = beta_of(model, 40)
    problem = Problem(x[:, None], np.sin(2 * x), beta=beta, bias="free", free="constant")
    found = certify(problem, model)
    assert found.objective == pytest.approx(40 * model.loss_, rel=1e-9)
    assert found.verdict == "not global"
    assert found.better_objective < 0.8 * found.objective
    assert found.solution.certificate.verdict == "global"
    assert found.path.falls


def test_a_classifier_on_the_exclusive_or():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0, 1, 1, 0])
    model = MLPClassifier(hidden_layer_sizes=(2,), alpha=0.05, solver="lbfgs", max_iter=2000, random_state=3).fit(X, y)
    problem = Problem(X, y, beta=0.05, loss="logistic", bias="free", free="constant")
    found = certify(problem, model)
    assert found.objective == pytest.approx(4 * model.loss_, rel=1e-9)
    assert found.lower_bound <= found.objective
    assert found.better_objective <= found.objective


def test_a_search_proves_nothing():
    found = certify(TWO, ([[0.0, 1.0]], [1.0]), oracle="ascent")
    assert found.lower_bound == -np.inf
    assert found.verdict == "not global"
    best = certify(TWO, solve(TWO).network, oracle="ascent", better=False)
    assert best.verdict == "none"
    assert "nothing better was found; no lower bound is proven" in best.explain()


def test_other_architectures_have_no_word_on_stationarity():
    problem = Problem([[1.0], [2.0], [4.0]], [1.0, 2.0, 0.0], beta=0.1, activation="gated:3")
    assert certify(problem, solve(problem).network).stationarity is None


def three_layer_objective(problem, W, w, alpha):
    """By the weights alone; the last coordinate of W is the bias."""
    f = np.maximum(np.einsum("nkr,kr->nk", np.maximum(np.einsum("nd,krd->nkr", problem.X, W), 0), w), 0) @ alpha
    cubes = np.sqrt((W**2).sum(axis=(1, 2))) ** 3 + np.linalg.norm(w, axis=1) ** 3 + np.abs(alpha) ** 3
    return f, 0.5 * ((f - problem.y) ** 2).sum() + problem.beta / 3 * cubes.sum()


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 3), st.integers(1, 3))
def test_what_is_said_of_any_network_of_three_layers(seed, m, r):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((3, 1)), rng.standard_normal(3), beta=0.2, architecture="three-layer")
    W, w, alpha = rng.standard_normal((m, r, 2)), rng.standard_normal((m, r)), rng.standard_normal(m)
    found = certify(problem, ThreeLayers(W, w, alpha, bias="penalised"))
    fit, value = three_layer_objective(problem, W, w, alpha)
    assert found.objective == pytest.approx(value, rel=1e-12)
    # Inner neurons balanced by hand, |W_kj| = |w_kj|, and then all three layers to one length.
    share = np.sqrt(np.linalg.norm(W, axis=2) * np.abs(w))
    W2, w2 = W / np.linalg.norm(W, axis=2)[:, :, None] * share[:, :, None], np.sign(w) * share
    lengths = np.linalg.norm(w2, axis=1)
    root = np.cbrt(lengths**2 * np.abs(alpha))
    scaled = W2 * (root / lengths)[:, None, None], w2 * (root / lengths)[:, None], np.sign(alpha) * root
    same, balanced = three_layer_objective(problem, *scaled)
    np.testing.assert_allclose(same, fit, atol=1e-9 * (1 + np.abs(fit).max()))
    assert found.balanced_objective == pytest.approx(balanced, rel=1e-9)
    assert found.balanced_objective <= found.objective * (1 + 1e-12)
    assert (found.verdict, found.path) == ("not global", None)
    assert found.lower_bound == pytest.approx(found.better_objective, rel=1e-8)
    assert problem.objective(found.better) == pytest.approx(found.better_objective, rel=1e-12)
    if found.descent is not None:
        nu, unit = problem.y - fit, Network([found.descent.direction], [found.descent.sign], [1.0], "penalised",
                                            architecture=problem.architecture)  # fmt: skip
        assert found.descent.slope == pytest.approx(0.2 - float(nu @ problem.fit_of(unit)), rel=1e-9)


def test_a_balanced_network_of_three_layers_and_one_that_is_not():
    problem = Problem([[1.0], [2.0], [-1.0]], [1.0, 2.5, 0.5], beta=0.1, architecture="three-layer")
    best = ThreeLayers.of(solve(problem).network)
    stretched = ThreeLayers(2 * best.W, best.w / 2, best.alpha, best.bias)
    found = certify(problem, stretched)
    assert found.balanced_objective == pytest.approx(solve(problem).certificate.primal, rel=1e-9)
    assert (found.verdict, found.local_minimum) == ("not global", False)
    assert any("not balanced" in sentence for sentence in sentences(found))
    content = certification_to_dict(found)
    assert content["balanced_objective"] < content["objective"]
    assert content["better"]["path"] is None
    layers = ThreeLayers(*(content["better"]["layers"][name] for name in ("W", "w", "alpha")), bias="penalised")
    np.testing.assert_allclose(layers.predict([[0.5]]), found.better.predict([[0.5]]))
    assert certify(problem, stretched, better=False).better is None
    still = certify(problem, best)
    assert (still.verdict, still.balanced, still.local_minimum, still.better) == ("global", True, True, None)
    assert "Its layers are balanced" in " ".join(sentences(still))
    assert neuron_rows(still, 9)[0][3] == "0"


def test_refused():
    prescribed = Problem([[1.0], [2.0]], [1.0, 2.0], loss="interpolation")
    with pytest.raises(InputError, match="no weight decay"):
        certify(prescribed, ([[1.0, 0.0]], [1.0]))
    with pytest.raises(InputError, match="certify takes a Problem"):
        certify(solve(TWO), ([[1.0, 0.0]], [1.0]))
    with pytest.raises(InputError, match="see 1 feature, the problem has"):
        certify(TWO, ([[1.0]], [1.0]))


@pytest.mark.parametrize("width", [0, 3])
def test_the_zero_network(width):
    nothing = (np.zeros((width, 2)), np.zeros(width))
    found = certify(TWO, nothing)
    assert (found.verdict, found.objective) == ("not global", 2.5)
    assert found.stationarity.clarke
    assert found.local_minimum is (False if width else None)
    assert found.path.falls
    assert certify(TWO.with_beta(5.0), nothing).verdict == "global"


def test_with_no_time_left_it_says_what_it_has():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((40, 6)), rng.standard_normal(40), beta=0.2, bias="free", free="constant")
    weights = rng.standard_normal((9, 6)), rng.standard_normal(9), rng.standard_normal(9), 0.3
    told = []

    def stage(name):
        told.append(name)
        return nullcontext(lambda event: None)

    found = certify(problem, weights, time_limit=1e-6, stage=stage)
    assert found.verdict == "not global"
    assert found.path.falls
    assert found.better_objective < found.objective
    assert problem.objective(found.better) == pytest.approx(found.better_objective, rel=1e-9)
    assert 0 < found.lower_bound < found.better_objective
    assert {"certify", "solve", "path"} <= set(told)


def test_a_better_network_has_no_zero_neurons_beyond_the_given_width():
    rng = np.random.default_rng(5)
    problem = Problem(rng.standard_normal((9, 2)), rng.standard_normal(9), beta=0.05)
    found = certify(problem, Network.from_weights(rng.standard_normal((2, 3)), [1.0, -1.0], bias="penalised"))
    assert found.path.width > found.better.width > 2
    assert (found.better.masses > 0).all()
    assert problem.objective(found.better) == pytest.approx(found.better_objective, rel=1e-12)


@pytest.mark.parametrize("loss", ["squared", "multinomial"])
def test_several_outputs(loss):
    rng = np.random.default_rng(4)
    X = rng.standard_normal((9, 2))
    Y = rng.standard_normal((9, 2)) if loss == "squared" else np.resize(["ash", "fir", "yew"], 9)
    problem = Problem(X, Y, beta=0.4, loss=loss)
    U, b, alpha = rng.standard_normal((12, 2)), rng.standard_normal(12), rng.standard_normal((12, problem.c))
    found = certify(problem, (U, alpha, b))
    assert found.verdict == "not global"
    assert not found.stationarity.clarke
    hinged, solution = np.maximum(problem.X @ found.descent.direction, 0.0), found.solution
    N = problem.dual_of(found.network).reshape(9, -1)
    assert found.descent.slope == pytest.approx(problem.beta - np.linalg.norm(N.T @ hinged), rel=1e-6)
    np.testing.assert_allclose(N.T @ hinged / np.linalg.norm(N.T @ hinged), found.descent.output, atol=1e-6)
    assert found.better_objective == pytest.approx(solution.certificate.primal, rel=1e-9)
    again = certify(problem, found.better)
    assert (again.verdict, again.local_minimum) == ("global", True)
    assert again.stationarity.clarke
    assert again.stationarity.first_order
    text = " ".join(sentences(found))
    assert "a neuron with output (" in text
    assert len(certification_to_dict(found)["descent"]["output"]) == problem.c
    assert len(neuron_rows(found, 3)) == 3


def test_a_network_of_another_number_of_outputs_is_refused():
    problem = Problem([[1.0], [2.0]], [[1.0, 0.0], [0.0, 1.0]], beta=0.1, bias="none")
    for alpha in ([1.0], [[1.0, 2.0, 3.0]]):
        with pytest.raises(InputError, match="the problem 2; choose the targets"):
            certify(problem, ([[1.0]], alpha))


def test_scikit_learn_models_of_several_targets():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((12, 2))
    Y = np.column_stack([np.sin(X[:, 0]), X[:, 1] ** 2])
    model = MLPRegressor(hidden_layer_sizes=(8,), alpha=0.3, solver="lbfgs", random_state=0, max_iter=2000).fit(X, Y)
    problem = Problem(X, Y, beta=beta_of(model, 12)[0], free="constant")
    found = certify(problem, model)
    np.testing.assert_allclose(found.network.predict(X), model.predict(X), rtol=1e-9)
    assert found.objective >= found.lower_bound > 0
    assert found.better_objective == pytest.approx(found.solution.certificate.primal, rel=1e-9)
