"""Weights as other programs keep them, and our networks."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.prediction.models.trained import Trained

RNG = np.random.default_rng(2)
X, y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)


@pytest.mark.parametrize("bias", ["penalised", "free"])
def test_there_and_back(bias):
    problem = Problem(X, y, beta=0.1, bias=bias, free="constant")
    U, alpha, b = RNG.standard_normal((4, 2)), RNG.standard_normal(4), RNG.standard_normal(4)
    found = Trained.of(U, alpha, b, 0.5)
    back = found.with_network(problem, found.network(problem))
    for name, value in (("U", U), ("alpha", alpha), ("bias", b), ("output_bias", 0.5)):
        np.testing.assert_allclose(getattr(back, name), value, rtol=1e-12)


def test_a_neuron_with_a_bias_alone_joins_the_output_bias():
    problem = Problem(X, y, beta=0.1, bias="free", free="constant")
    network = Trained.of([[1.0, 2.0], [0.0, 0.0]], [1.0, 3.0], [0.1, 0.5], 0.25).network(problem)
    assert network.free_weights.tolist() == [1.75]
    np.testing.assert_allclose(problem.fit_of(network), np.maximum(X @ [1.0, 2.0] + 0.1, 0) + 1.75, rtol=1e-12)


def test_what_does_not_fit_is_refused():
    plain = Problem(X, y, beta=0.1, bias="none")
    for given, said in [
        (Trained.of(np.ones((2, 3)), [1.0, 1.0]), "see 3 features, the problem has 2"),
        (Trained.of(np.ones((2, 2)), [1.0, 1.0], [0.0, 1.0]), "have biases, the problem none"),
        (Trained.of(np.ones((2, 2)), [1.0, 1.0], None, 1.0), "an output bias, the problem none"),
    ]:
        with pytest.raises(InputError, match=said):
            given.network(plain)
    for arguments, said in [
        (([1.0], [1.0]), "must be .neurons, features."),
        ((np.ones((2, 2)), [1.0]), "one row for each"),
        ((np.ones((1, 2)), [np.inf]), "alpha contains NaN or inf"),
        ((np.ones((1, 2)), [1.0], None, [1.0, 2.0]), "2 output biases"),
    ]:
        with pytest.raises(InputError, match=said):
            Trained.of(*arguments)
    skip = Problem(X, y, beta=0.1, bias="none", free="linear")
    network = Network(np.eye(2), [1, 1], [1, 1], "none", None, skip.architecture, "linear", np.ones(2))
    kept = Trained.of(np.eye(2), [1.0, 1.0]).with_network(skip, network)
    assert kept.free_weights.tolist() == [1.0, 1.0]
    with pytest.raises(InputError, match="skip connection does not fit"):
        kept.check_layers()
