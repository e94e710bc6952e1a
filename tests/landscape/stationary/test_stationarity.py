"""Stationarity against differences of the objective along random directions, and against what is known of optima."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.errors import InputError
from dualscape.landscape.stationary.points import stationary_points
from dualscape.landscape.stationary.stationarity import stationarity
from dualscape.landscape.stationary.subsampled import subsampled
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.solver import solve

SPACES = [
    {"bias": "none"},
    {"bias": "penalised", "free": "constant", "free_decay": 0.3},
    {"bias": "free", "free": "constant"},
    {"bias": "none", "activation": "leaky:0.25"},
    {"bias": "penalised", "activation": "abs", "free": "affine", "free_decay": 0.2},
]


def moved(problem, network, direction, t):
    """The network whose weights have moved by t along (dU, dalpha, dw)."""
    (U, alpha), (dU, da, dw) = network.weights(), direction
    kind = network.architecture
    weights = network.free_weights + t * dw
    return Network.from_weights(
        U + t * dU, alpha + t * da, bias=network.bias, architecture=kind, free=network.free, free_weights=weights
    )


def rate(problem, network, direction, t=1e-6):
    """The derivative of the objective along a direction, on that side."""
    before, after = (problem.objective(moved(problem, network, direction, s)) for s in (0.0, t))
    return (after - before) / t


def at_a_kink(problem, rng, width):
    """A network whose first neuron's hyperplane goes through a row."""
    U, alpha = rng.standard_normal((width, problem.d)), rng.standard_normal((width, problem.c))
    x = problem.X[0]
    U[0] -= (U[0] @ x) / (x @ x) * x
    free = rng.standard_normal(problem.free.q)
    kind = problem.architecture
    return Network.from_weights(
        U, alpha, bias=problem.bias, architecture=kind, free=problem.free.kind, free_weights=free
    )


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(SPACES), st.sampled_from(["squared", "logistic"]))
def test_no_direction_goes_down_faster_than_the_steepest(seed, space, loss):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((6, 2)), np.where(np.arange(6) % 2, 1.0, -1.0)
    check_steepest(rng, Problem(X, y, beta=0.2, loss=loss, **space))


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(["none", "penalised"]), st.sampled_from(["squared", "multinomial"]))
def test_nor_with_several_outputs(seed, bias, loss):
    rng = np.random.default_rng(seed)
    Y = rng.standard_normal((6, 2)) if loss == "squared" else np.arange(6) % 3
    check_steepest(rng, Problem(rng.standard_normal((6, 2)), Y, beta=0.2, loss=loss, bias=bias))


def check_steepest(rng, problem):
    network = at_a_kink(problem, rng, 3)
    found = stationarity(problem, network)
    assert found.kinks[0] >= 1
    assert not found.clarke
    assert rate(problem, network, found.direction) == pytest.approx(found.slope, rel=1e-3, abs=1e-4)
    for _ in range(20):
        direction = [rng.standard_normal(np.shape(part)) for part in found.direction]
        length = np.sqrt(sum((part * part).sum() for part in direction))
        direction = [part / length for part in direction]
        assert rate(problem, network, direction) >= found.slope - 1e-3 * (1 - found.slope)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_optima_are_stationary_in_both_notions(space, loss):
    rng = np.random.default_rng(3)
    problem = Problem(
        rng.standard_normal((7, 2)), np.where(rng.random(7) < 0.5, 1.0, -1.0), beta=0.1, loss=loss, **space
    )
    found = stationarity(problem, solve(problem).network)
    assert found.clarke
    assert found.first_order
    assert max(found.clarke_residual, found.first_order_residual) < 1e-6


@pytest.mark.parametrize("loss", ["squared", "multinomial"])
def test_optima_of_several_outputs_are_stationary(loss):
    rng = np.random.default_rng(3)
    Y = rng.standard_normal((7, 3)) if loss == "squared" else np.arange(7) % 3
    problem = Problem(rng.standard_normal((7, 2)), Y, beta=0.1, loss=loss)
    found = stationarity(problem, solve(problem).network)
    assert found.clarke
    assert found.first_order
    assert max(found.clarke_residual, found.first_order_residual) < 1e-6


def test_a_concave_kink_is_clarke_stationary_and_goes_down():
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    network = Network([[0.0, 1.0]], [1], [1.9])
    found = stationarity(problem, network)
    assert (found.clarke, found.first_order) == (True, False)
    assert rate(problem, network, found.direction) == pytest.approx(found.slope, rel=1e-4)
    assert found.slope == pytest.approx(-(1.9**0.5), rel=1e-9)


def test_a_convex_kink_is_stationary():
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], [-1.0, 2.0], beta=0.1, bias="none")
    found = stationarity(problem, Network([[0.0, 1.0]], [1], [1.9]))
    assert (found.clarke, found.first_order) == (True, True)


def test_dead_and_unbalanced_neurons_are_not_stationary_and_zero_ones_are():
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], [-1.0, 2.0], beta=0.1, bias="none")
    good, dead = [[0.0, 1.9**0.5], [0.0, 0.0]], [[0.0, 1.9**0.5], [-1.0, -1.0]]
    assert stationarity(problem, Network.from_weights(good, [1.9**0.5, 0.0])).clarke
    assert not stationarity(problem, Network.from_weights(dead, [1.9**0.5, 1.0])).clarke
    assert not stationarity(problem, Network.from_weights([[0.0, 1.9]], [1.0])).clarke


def test_many_concave_kinks_are_searched():
    X = np.vstack([np.eye(12), np.ones(12)])
    problem = Problem(np.column_stack([X, np.zeros(13)]), np.ones(13), beta=0.1, bias="none")
    network = Network(np.eye(13)[12:], [1], [0.5])
    found = stationarity(problem, network)
    assert found.first_order is False
    assert rate(problem, network, found.direction) < -0.5


def test_what_has_no_stationary_points_is_refused():
    gated = Problem([[1.0], [2.0]], [1.0, 2.0], beta=0.1, activation="gated:3")
    with pytest.raises(InputError, match="two-layer networks"):
        stationarity(gated, solve(gated).network)


def test_with_several_outputs_a_lesser_singular_pair_is_stationary():
    """Where x_1.u, x_2.u > 0 the pull X^T N has the values 0.5 and 0.3 = beta, and both pairs lie there. A neuron at
    the lesser one is stationary, and another of the same pattern leads down."""
    angles = np.radians([-40.0, 50.0])
    P = np.column_stack([np.cos(angles), np.sin(angles)])
    X = np.array([[1.0, 0.0], [0.5**0.5, 0.5**0.5]])
    assert (X @ P.T > 0).all()
    N = np.linalg.solve(X.T, P.T @ np.diag([0.5, 0.3]))
    Y = N + 2.0 * np.outer(X @ P[1], [0.0, 1.0])
    problem = Problem(X, Y, beta=0.3, bias="none")
    network = Network.from_weights(2.0**0.5 * P[1:], [[0.0, 2.0**0.5]])
    np.testing.assert_allclose(problem.dual_of(network), N.ravel(), atol=1e-12)
    found = stationarity(problem, network)
    assert (found.clarke, found.first_order) == (True, True)
    beside = Network.from_weights(np.vstack([network.weights()[0], 0.1 * P[0]]), [[0.0, 2.0**0.5], [0.1, 0.0]])
    assert problem.objective(beside) < problem.objective(network) - 1e-3
    for call in (lambda: stationary_points(problem, solve(problem)), lambda: subsampled(problem, network)):
        with pytest.raises(InputError, match=r"serves networks with one output, this problem has 2: .* singular pair"):
            call()
