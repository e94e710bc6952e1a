"""PyTorch networks by stand-ins, and by torch itself where it is installed; the objectives against formulas."""

import importlib.util

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.prediction.models.layers import beta_in_words, beta_of, is_module, is_state, of_module, of_state
from torch_like import Dropout, Linear, ReLU, Sequential, Tanh

RNG = np.random.default_rng(0)
U, b = RNG.standard_normal((5, 3)).astype(np.float32), RNG.standard_normal(5).astype(np.float32)
alpha, c = RNG.standard_normal((1, 5)).astype(np.float32), np.array([0.25], dtype=np.float32)
X, y = RNG.standard_normal((7, 3)), RNG.standard_normal(7)


def fit():
    return np.maximum(X @ U.T + b, 0.0) @ alpha[0] + c[0]


def test_a_module():
    model = Sequential(Linear(U, b), ReLU(), Dropout(), Linear(alpha, c))
    assert is_module(model)
    found = of_module(model)
    assert found.settings == {"bias": "penalised", "free": "constant"}
    problem = Problem(X, y, beta=0.1, free="constant", free_decay=0.1)
    np.testing.assert_allclose(problem.fit_of(found.network(problem)), fit(), rtol=1e-12)


def test_a_module_within_a_module_and_without_biases():
    found = of_module(Sequential(Sequential(Linear(U), ReLU()), Linear(alpha)))
    assert (found.bias, found.output_bias) == (None, None)
    assert found.settings == {"bias": "none", "free": "none"}
    np.testing.assert_array_equal(found.U, U)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            Sequential(Linear(U), ReLU(), Linear(np.ones((5, 5))), ReLU(), Linear(alpha)),
            "has 2 hidden layers, and unit 0",
        ),
        (Sequential(*[Linear(U), ReLU()] * 3, Linear(alpha)), "has 3 hidden layers"),
        (Sequential(Linear(U), Tanh(), Linear(alpha)), "has the layers Linear, Tanh, Linear"),
        (Sequential(Linear(U), Linear(alpha)), "has the layers Linear, Linear"),
        (Sequential(Linear(U * np.nan), ReLU(), Linear(alpha)), "U contains NaN"),
    ],
)
def test_other_modules_are_refused(model, said):
    with pytest.raises(InputError, match=said):
        of_module(model)


def test_a_state_is_written_back_with_its_names_and_types():
    state = {"fc1.weight": U, "fc1.bias": b, "fc2.weight": alpha, "fc2.bias": c}
    assert is_state(state)
    found = of_state(state)
    problem = Problem(X, y, beta=0.1, free="constant", free_decay=0.1)
    other = found.with_network(problem, found.network(problem).split(0, 0.25)).written()
    assert set(other) == set(state)
    assert {array.dtype for array in other.values()} == {np.dtype(np.float32)}
    assert other["fc1.weight"].shape == (6, 3)
    again = np.maximum(X @ other["fc1.weight"].T + other["fc1.bias"], 0.0) @ other["fc2.weight"][0]
    np.testing.assert_allclose(again + other["fc2.bias"][0], fit(), rtol=1e-5)


def test_other_states_are_refused():
    with pytest.raises(InputError, match="of no linear layer"):
        of_state({"0.weight": U, "1.running_mean": b, "2.weight": alpha})
    with pytest.raises(InputError, match="has 2 hidden layers"):
        of_state({"0.weight": U, "2.weight": np.ones((5, 5)), "10.weight": alpha})
    with pytest.raises(InputError, match="has 3 hidden layers"):
        of_state({"0.weight": U, "2.weight": np.eye(5), "4.weight": np.eye(5), "10.weight": alpha})
    assert not is_state({"U": U})


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_objective_is_a_multiple_of_theirs(loss, reduction):
    decay, target = 0.03, np.where(y > 0, 1.0, -1.0)
    beta = beta_of(decay, len(y), loss, reduction)
    problem = Problem(X, target, beta=beta, loss=loss, free="constant", free_decay=beta)
    ratios = []
    for scale in (0.3, 1.0, 2.0):
        found = of_state({"0.weight": scale * U, "0.bias": b, "2.weight": alpha, "2.bias": c})
        f = np.maximum(X @ (scale * U).T.astype(float) + b, 0.0) @ alpha[0] + c[0]
        rows = (f - target) ** 2 if loss == "squared" else np.log1p(np.exp(-target * f))
        weights = sum(float((part.astype(float) ** 2).sum()) for part in (scale * U, b, alpha, c))
        theirs = getattr(rows, reduction)() + 0.5 * decay * weights
        ratios.append(problem.objective(found.network(problem)) / theirs)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)
    assert f"= {beta:g}" in beta_in_words(decay, len(y), loss, reduction)


BLOCKS = {
    "0.weight": RNG.standard_normal((5, 3)),
    "0.bias": RNG.standard_normal(5),
    "2.weight": np.array([[1.0, 0.0, -2.0, 0.0, 0.5], [0.0, 3.0, 0.0, 1.0, 0.0]]),
    "4.weight": np.array([[2.0, -1.0]]),
    "4.bias": np.array([0.25]),
}


def three_layers(state):
    """What the state computes on X, layer by layer."""
    first = np.maximum(X @ state["0.weight"].T + state["0.bias"], 0.0)
    return np.maximum(first @ state["2.weight"].T, 0.0) @ state["4.weight"][0] + state["4.bias"][0]


def test_three_layers_there_and_back():
    for found in (
        of_state(BLOCKS),
        of_state({**BLOCKS, "2.bias": np.zeros(2)}),
        of_module(Sequential(Linear(BLOCKS["0.weight"], BLOCKS["0.bias"]), ReLU(), Linear(BLOCKS["2.weight"]), ReLU(),
                             Linear(BLOCKS["4.weight"], BLOCKS["4.bias"]))),
    ):  # fmt: skip
        problem = Problem(X, y, beta=0.1, free="constant", architecture=found.architecture(7))
        network = found.network(problem)
        np.testing.assert_allclose(problem.fit_of(network), three_layers(BLOCKS), rtol=1e-5)
        again = found.with_network(problem, network).written()
        np.testing.assert_allclose(three_layers(again), three_layers(BLOCKS), rtol=1e-5)
        assert again["2.weight"].shape == (2, 5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"2.bias": np.ones(2)}, "biases in its second hidden layer"),
        ({"4.weight": np.ones((2, 2))}, r"third layer has shape \(2, 2\), not \(1, 2\): one output"),
        ({"2.weight": np.zeros((2, 5))}, "unit 0 of the first feeds none"),
        ({"0.weight": np.full((5, 3), np.nan)}, "W contains NaN"),
    ],
)
def test_other_states_of_three_layers_are_refused(changed, said):
    with pytest.raises(InputError, match=said):
        of_state({**BLOCKS, **changed})


def test_decoupled_decay_is_refused():
    with pytest.raises(InputError, match="decoupled weight decay"):
        beta_of(0.1, 10, "squared", optimizer="AdamW")
    with pytest.raises(InputError, match="unknown reduction 'median'"):
        beta_of(0.1, 10, "squared", "median")


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_torch_itself():
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1)).double()
    problem = Problem(X, y, beta=0.1, free="constant", free_decay=0.1)
    with torch.no_grad():
        want = model(torch.from_numpy(X)).numpy()[:, 0]
    np.testing.assert_allclose(problem.fit_of(of_module(model).network(problem)), want, rtol=1e-12)


def test_several_outputs_there_and_back():
    A, last = RNG.standard_normal((3, 5)), np.zeros(3)
    state = {"0.weight": U, "0.bias": b, "2.weight": A}
    found = of_state(state)
    assert (found.alpha.shape, found.c) == ((5, 3), 3)
    problem = Problem(X, np.column_stack([y, -y, y * y]), beta=0.1)
    network = found.network(problem)
    want = np.maximum(X @ U.T + b, 0.0) @ A.T
    np.testing.assert_allclose(problem.fit_of(network).reshape(-1, 3), want, rtol=1e-6, atol=1e-9)
    again = found.with_network(problem, network.permute([4, 2, 0, 1, 3])).written()
    np.testing.assert_allclose(again["2.weight"], A[:, [4, 2, 0, 1, 3]], rtol=1e-6)
    biased = of_state({**state, "2.bias": last})
    np.testing.assert_array_equal(biased.written()["2.bias"], last)
    with pytest.raises(InputError, match="2 output biases; a network of 3 outputs has 3"):
        of_state({**state, "2.bias": last[:2]})
    with pytest.raises(InputError, match="the network has 3 outputs, the problem 1"):
        found.network(Problem(X, y, beta=0.1))


def test_a_mean_of_squares_is_over_outputs_too():
    assert beta_of(0.01, 100, "squared", outputs=3) == pytest.approx(1.5)
    assert beta_of(0.01, 100, "squared", "sum", outputs=3) == pytest.approx(0.005)
    assert beta_of(0.01, 100, "multinomial", outputs=3) == pytest.approx(1.0)
    assert "100 rows x 3 outputs x 0.01 / 2 = 1.5" in beta_in_words(0.01, 100, "squared", outputs=3)
