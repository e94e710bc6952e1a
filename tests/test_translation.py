"""The documented translation of weight decay: gradients of other objectives at some weights against those of ours."""

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from dualscape.model.network import Network
from dualscape.model.problem import Problem

RNG = np.random.default_rng(0)
N, D, M, BETA = 12, 3, 5, 0.7
X, Y = RNG.standard_normal((N, D)), RNG.standard_normal(N)
U, ALPHA = RNG.standard_normal((M, D)), RNG.standard_normal(M)


def objective(weights, labels=None):
    """The objective of a problem as a function of the weights (U, alpha) in one vector."""
    loss, y = ("squared", Y) if labels is None else ("logistic", labels)
    problem = Problem(X, y, beta=BETA, loss=loss, bias="none")
    return problem.objective(Network.from_weights(weights[: M * D].reshape(M, D), weights[M * D :]))


def gradient(function, at, step=1e-6):
    """Central differences."""
    return np.array([(function(at + e) - function(at - e)) / (2 * step) for e in step * np.eye(len(at))])


WEIGHTS = np.concatenate([U.ravel(), ALPHA])
OURS = gradient(objective, WEIGHTS)


def test_scikit_learn():
    """alpha = beta: its objective, and the gradient in its weights, are ours divided by n."""
    model = MLPRegressor(hidden_layer_sizes=(M,), alpha=BETA, solver="lbfgs", max_iter=1)
    with pytest.warns(UserWarning, match="lbfgs failed to converge"):
        model.fit(X, Y)
    model.coefs_ = [U.T.copy(), ALPHA[:, None].copy()]
    model.intercepts_ = [np.zeros(M), np.zeros(1)]  # its biases are not penalised and have no part in this
    shapes = [(X.shape[0], width) for width in (D, M, 1)]
    activations, deltas = [X, *(np.empty(shape) for shape in shapes[1:])], [np.empty(shape) for shape in shapes[1:]]
    coefs, intercepts = [np.empty_like(w) for w in model.coefs_], [np.empty_like(b) for b in model.intercepts_]
    value, coefs, _ = model._backprop(X, Y[:, None], None, activations, deltas, coefs, intercepts)
    theirs = np.concatenate([coefs[0].T.ravel(), coefs[1].ravel()])
    assert N * value == pytest.approx(objective(WEIGHTS))
    np.testing.assert_allclose(N * theirs, OURS, rtol=1e-6, atol=1e-7)


def output(weights):
    return np.maximum(X @ weights[: M * D].reshape(M, D).T, 0) @ weights[M * D :]


SQUARES = {  # loss as PyTorch defines it, what it is multiplied by to be ours, and beta for its weight_decay
    "MSELoss(mean)": (lambda f: np.mean((f - Y) ** 2), N / 2, lambda decay: N * decay / 2),
    "MSELoss(sum)": (lambda f: np.sum((f - Y) ** 2), 1 / 2, lambda decay: decay / 2),
}


@pytest.mark.parametrize(("loss", "factor", "beta_of"), SQUARES.values(), ids=SQUARES)
def test_pytorch_squares(loss, factor, beta_of):
    """SGD adds weight_decay * w to the gradient of the loss."""
    decay = BETA / beta_of(1.0)
    theirs = gradient(lambda weights: loss(output(weights)), WEIGHTS) + decay * WEIGHTS
    np.testing.assert_allclose(factor * theirs, OURS, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("reduce", "factor"), [(np.mean, N), (np.sum, 1)], ids=["mean", "sum"])
def test_pytorch_two_classes(reduce, factor):
    """BCEWithLogitsLoss with classes 0 and 1."""
    classes = RNG.integers(0, 2, N)
    ours = gradient(lambda weights: objective(weights, 2.0 * classes - 1.0), WEIGHTS)

    def loss(weights):
        f = output(weights)
        p = 1 / (1 + np.exp(-f))
        return reduce(-classes * np.log(p) - (1 - classes) * np.log(1 - p))

    theirs = gradient(loss, WEIGHTS) + BETA / factor * WEIGHTS
    np.testing.assert_allclose(factor * theirs, ours, rtol=1e-6, atol=1e-7)
