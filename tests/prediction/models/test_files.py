"""Networks in files; what is refused is in tests/cli/test_connect.py and test_descend.py too."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.prediction.models.files import read_network

RNG = np.random.default_rng(0)
X, y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)
WEIGHTS = {"U": RNG.standard_normal((4, 2)), "alpha": RNG.standard_normal(4)}


def written(path, **arrays):
    np.savez(path / "model.npz", **WEIGHTS, **arrays)
    return path / "model.npz"


@pytest.mark.parametrize("bias", ["penalised", "free"])
def test_biases(tmp_path, bias):
    problem = Problem(X, y, beta=0.1, bias=bias, free="affine")
    b = RNG.standard_normal(4)
    network = read_network(written(tmp_path, bias=b, output_bias=0.7), problem)
    want = np.maximum(X @ WEIGHTS["U"].T + b, 0) @ WEIGHTS["alpha"] + 0.7
    np.testing.assert_allclose(problem.fit_of(network), want, rtol=1e-12)
    np.testing.assert_allclose(network.weights()[0], np.column_stack([WEIGHTS["U"], b]), rtol=1e-12)


def test_a_skip_connection(tmp_path):
    problem = Problem(X, y, beta=0.1, bias="none", free="linear")
    network = read_network(written(tmp_path, free_weights=[1.0, 2.0]), problem)
    want = np.maximum(X @ WEIGHTS["U"].T, 0) @ WEIGHTS["alpha"] + X @ [1.0, 2.0]
    np.testing.assert_allclose(problem.fit_of(network), want, rtol=1e-12)


def test_refused(tmp_path):
    problem = Problem(X, y, beta=0.1, bias="none")
    with pytest.raises(InputError, match="output bias, the problem none"):
        read_network(written(tmp_path, output_bias=0.5), problem)
    with pytest.raises(InputError, match="2 free_weights, the problem has 0"):
        read_network(written(tmp_path, free_weights=np.ones(2)), problem)
    with pytest.raises(InputError, match="bias has 3 entries for 4 neurons"):
        read_network(written(tmp_path, bias=np.ones(3)), Problem(X, y, beta=0.1))
    np.savez(tmp_path / "short.npz", U=np.ones((3, 2)), alpha=np.ones(2))
    with pytest.raises(InputError, match="one row for each"):
        read_network(tmp_path / "short.npz", problem)
