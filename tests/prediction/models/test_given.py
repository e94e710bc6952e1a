"""A network from whatever it is given as."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.prediction.models.given import network_of, trained_of
from torch_like import Linear, ReLU, Sequential

U, alpha, b = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([1.0, -2.0]), np.array([0.5, 0.25])
PROBLEM = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, free="constant")


@pytest.mark.parametrize(
    "model",
    [
        (U, alpha, b),
        {"U": U, "alpha": alpha, "bias": b},
        {"0.weight": U, "0.bias": b, "2.weight": alpha[None]},
        Sequential(Linear(U, b), ReLU(), Linear(alpha[None])),
    ],
)
def test_kinds(model):
    network = network_of(PROBLEM, model)
    want = np.maximum(PROBLEM.X @ np.column_stack([U, b]).T, 0.0) @ alpha
    np.testing.assert_allclose(PROBLEM.fit_of(network), want, rtol=1e-6)


def test_others_are_refused():
    with pytest.raises(InputError, match="is no network, but a int"):
        trained_of(3)
    with pytest.raises(InputError, match="is no network, but a dict"):
        trained_of({"U": U, "alpha": alpha, "gamma": b})
    with pytest.raises(InputError, match="the problem 3"):
        network_of(PROBLEM, Network(np.eye(2), [1, 1], [1, 1], free="constant", free_weights=[0.0]))
