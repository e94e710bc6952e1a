"""A path as states of PyTorch models: the numbers without PyTorch, and the models themselves where it is installed."""

import numpy as np
import pytest

from dualscape import Problem, connect_sublevel
from dualscape.errors import InputError
from dualscape.landscape.paths.pytorch import state_arrays
from dualscape.model.network import Network
from dualscape.prediction.models.given import network_of
from landscape_networks import anything, made

#: What neurons and output may have, and the layers' parameters.
BIASES = {
    ("none", "none"): {"0.weight", "2.weight"},
    ("penalised", "none"): {"0.weight", "0.bias", "2.weight"},
    ("none", "constant"): {"0.weight", "2.weight", "2.bias"},
    ("free", "constant"): {"0.weight", "0.bias", "2.weight", "2.bias"},
}


def between(bias, free):
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((6, 2)), rng.standard_normal(6), beta=0.2, bias=bias, free=free)
    return connect_sublevel(problem, anything(problem, 8, 1), anything(problem, 8, 2))


def forward(state, X):
    """What the layers of a state compute, by what PyTorch documents of them."""
    hidden = np.maximum(X @ np.asarray(state["0.weight"]).T + np.asarray(state.get("0.bias", 0.0)), 0.0)
    return (hidden @ np.asarray(state["2.weight"]).T + np.asarray(state.get("2.bias", 0.0)))[:, 0]


@pytest.mark.parametrize(("bias", "free"), BIASES)
def test_states_compute_what_the_networks_of_the_path_do(bias, free):
    path = between(bias, free)
    features = path.problem.design.features(path.problem.X)
    rows = np.vstack([features, np.random.default_rng(0).standard_normal((5, 2))])
    for t in np.linspace(0, 1, 7):
        network = path.at(t)
        state = state_arrays(network)
        assert set(state) == BIASES[bias, free]
        assert state["0.weight"].shape == (8, 2)
        np.testing.assert_allclose(forward(state, rows), network.predict(rows), atol=1e-12)
        again = network_of(path.problem, state)
        assert path.problem.objective(again) == pytest.approx(path.objective(t), rel=1e-12)


def test_what_such_a_model_has_no_place_for():
    skipped = anything(made(1, "affine"), 4, 0)
    with pytest.raises(InputError, match="no place for free features 'affine' beside the neurons"):
        state_arrays(skipped)
    with pytest.raises(InputError, match="cannot hold a network of the architecture 'abs'"):
        state_arrays(Network([[1.0]], [1.0], [1.0], architecture="abs"))


def test_without_pytorch_there_is_one_clear_line(hide):
    path = between("none", "none")
    hide("torch")
    with pytest.raises(InputError, match="not installed; pip install torch, or use path"):
        path.state_dicts(3)
    for k in (1, 0, -1, 2.5, True):
        with pytest.raises(InputError, match="k is a whole number from 2 on"):
            path.state_dicts(k)


@pytest.mark.parametrize(("bias", "free"), BIASES)
def test_models_of_pytorch(bias, free):
    torch = pytest.importorskip("torch")
    path = between(bias, free)
    nn, X = torch.nn, path.problem.design.features(path.problem.X).copy()
    module = nn.Sequential(nn.Linear(2, 8, bias != "none"), nn.ReLU(), nn.Linear(8, 1, free != "none")).double()
    states = path.state_dicts(5)
    assert len(states) == 5
    for t, state in zip(np.linspace(0, 1, 5), states, strict=True):
        module.load_state_dict(state)
        with torch.no_grad():
            found = module(torch.from_numpy(X))[:, 0].numpy()
        np.testing.assert_allclose(found, path.at(t).predict(X), atol=1e-12)
        assert network_of(path.problem, module).width == 8
