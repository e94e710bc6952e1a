"""Networks as points: there and back, the objective of the problem, and its gradient by differences."""

import numpy as np
import pytest

from dualscape.curves.weight_space import WeightSpace
from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem

CASES = {
    "plain": {"bias": "none"},
    "penalised": {},
    "free bias": {"bias": "free", "free": "constant"},
    "affine": {"free": "affine", "free_decay": 0.3},
    "logistic": {"loss": "logistic"},
    "huber": {"loss": "huber:0.5"},
    "two outputs": {"free": "constant"},
    "three classes": {"loss": "multinomial"},
}


def made(name):
    rng = np.random.default_rng(3)
    y = np.resize([1.0, -1.0], 9) if name == "logistic" else rng.standard_normal(9)
    if name == "two outputs":
        y = rng.standard_normal((9, 2))
    if name == "three classes":
        y = np.arange(9) % 3
    return Problem(rng.standard_normal((9, 2)), y, beta=0.2, **CASES[name]), rng


@pytest.mark.parametrize("name", CASES)
def test_objective_gradient_and_way_back(name):
    problem, rng = made(name)
    space = WeightSpace(problem, 3)
    theta = rng.standard_normal(3 * (problem.d + problem.c) + problem.free.q)
    network = space.network(theta)
    value, gradient = space.slope(theta)
    assert value == pytest.approx(problem.objective(network), rel=1e-12)
    np.testing.assert_allclose(space.vector(network), theta, atol=1e-12)
    step = 1e-6
    moves = step * np.eye(len(theta))
    numeric = [(space.value(theta + move) - space.value(theta - move)) / (2 * step) for move in moves]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-7)


def test_a_narrower_network_gets_zero_neurons():
    problem, _ = made("plain")
    space = WeightSpace(problem, 3)
    network = Network([[0.6, 0.8]], [-1.0], [2.0])
    theta = space.vector(network)
    assert np.count_nonzero(theta) == 3
    assert space.value(theta) == pytest.approx(problem.objective(network))


def test_what_has_no_gradient_here_is_refused():
    X, y = [[1.0], [-1.0]], [1.0, 2.0]
    with pytest.raises(InputError, match="ReLU"):
        WeightSpace(Problem(X, y, beta=0.1, architecture="abs", bias="none"), 2)
    with pytest.raises(InputError, match="prescribed"):
        WeightSpace(Problem(X, y, loss="interpolation", bias="none"), 2)
    with pytest.raises(InputError, match="have 4 weights"):
        WeightSpace(Problem(X, y, beta=0.1, bias="none"), 2).value(np.zeros(3))
