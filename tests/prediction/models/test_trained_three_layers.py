"""Weights of three layers as other programs keep them, in arrays, files and results."""

from dataclasses import replace

import numpy as np
import pytest

from command_line import analysed
from dualscape import Problem, ThreeLayers, read_model, write_model
from dualscape.errors import InputError
from dualscape.prediction.models.files import read_network
from dualscape.prediction.models.given import network_of, trained_of
from dualscape.prediction.models.safetensors import written_safetensors
from dualscape.prediction.models.trained_three_layers import TrainedThreeLayers

RNG = np.random.default_rng(3)
X, y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)
ARRAYS = {
    "W": RNG.standard_normal((3, 2, 2)),
    "w": RNG.standard_normal((3, 2)),
    "alpha": np.array([1.0, -2.0, 0.5]),
    "bias": RNG.standard_normal((3, 2)),
    "output_bias": np.array(0.5),
}
PROBLEM = Problem(X, y, beta=0.1, free="constant", architecture="three-layer")


def fit():
    inner = np.maximum(np.einsum("np,krp->nkr", X, ARRAYS["W"]) + ARRAYS["bias"], 0)
    return np.maximum(np.einsum("nkr,kr->nk", inner, ARRAYS["w"]), 0) @ ARRAYS["alpha"] + 0.5


def cost():
    first = np.sqrt((ARRAYS["W"] ** 2).sum(axis=(1, 2)) + (ARRAYS["bias"] ** 2).sum(axis=1))
    second = np.linalg.norm(ARRAYS["w"], axis=1)
    return (first**3 + second**3 + np.abs(ARRAYS["alpha"]) ** 3).sum() / 3


@pytest.mark.parametrize("model", [dict(ARRAYS), tuple(ARRAYS.values())])
def test_the_objective_is_that_of_the_weights(model):
    network = network_of(PROBLEM, model)
    np.testing.assert_allclose(PROBLEM.fit_of(network), fit(), rtol=1e-12)
    assert PROBLEM.objective(network) == pytest.approx(0.5 * ((fit() - y) ** 2).sum() + 0.1 * cost(), rel=1e-12)


def test_layers_are_taken_with_and_without_a_bias():
    both = np.concatenate([ARRAYS["W"], ARRAYS["bias"][:, :, None]], axis=2)
    for W, bias in ((both, "penalised"), (ARRAYS["W"], "none")):
        layers = ThreeLayers(W, ARRAYS["w"], ARRAYS["alpha"], bias=bias)
        problem = Problem(X, y, beta=0.1, bias=bias, architecture="three-layer")
        network = network_of(problem, layers)
        np.testing.assert_allclose(problem.fit_of(network), layers.predict(X), rtol=1e-12)
        assert network.cost() == pytest.approx(layers.cost(), rel=1e-12)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_files_there_and_back(tmp_path, suffix):
    path, again = tmp_path / f"net{suffix}", tmp_path / f"again{suffix}"
    if suffix == ".npz":
        np.savez(path, **ARRAYS)
    else:
        second = np.zeros((3, 6))
        second[np.repeat(np.arange(3), 2), np.arange(6)] = ARRAYS["w"].ravel()
        state = {"0.weight": ARRAYS["W"].reshape(6, 2), "0.bias": ARRAYS["bias"].ravel(), "2.weight": second}
        state |= {"4.weight": ARRAYS["alpha"][None], "4.bias": ARRAYS["output_bias"][None]}
        path.write_bytes(written_safetensors(state))
    found = read_model(path)
    assert found.settings == {"bias": "penalised", "free": "constant", "architecture": "three-layer"}
    network = found.network(PROBLEM)
    np.testing.assert_allclose(PROBLEM.fit_of(network), fit(), rtol=1e-12)
    write_model(again, found.with_network(PROBLEM, network))
    other = read_network(again, PROBLEM)
    np.testing.assert_allclose(PROBLEM.fit_of(other), fit(), rtol=1e-12)
    assert other.cost() == pytest.approx(network.balance().cost(), rel=1e-12)


def test_a_skip_connection_is_in_arrays_alone(tmp_path):
    problem = Problem(X, y, beta=0.1, free="affine", architecture="three-layer")
    found = replace(trained_of(ARRAYS), free_weights=np.array([1.0, -1.0, 0.25]))
    network = found.network(problem)
    np.testing.assert_allclose(problem.fit_of(network) - fit(), 1.0 + X @ [-1.0, 0.25], rtol=1e-9)
    np.savez(tmp_path / "net.npz", **{**ARRAYS, "output_bias": 0.5, "free_weights": found.free_weights})
    written = read_model(tmp_path / "net.npz").with_network(problem, network)
    write_model(tmp_path / "again.npz", written)
    np.testing.assert_allclose(
        problem.fit_of(read_network(tmp_path / "again.npz", problem)), problem.fit_of(network), rtol=1e-12
    )
    with pytest.raises(InputError, match="skip connection does not fit"):
        written.check_layers()


def test_a_result_has_its_network(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a,y\n-1,0.5\n0,1\n0.5,-1\n2,0.25\n", encoding="utf-8")
    how = ("--target", "y", "--beta-fraction", "0.2", "--architecture", "three-layer", "--free", "affine")
    content = analysed(tmp_path, data, *how)
    found = read_model(tmp_path / "out.json")
    assert found.settings["architecture"] == "three-layer:4"
    problem = Problem([[-1.0], [0.0], [0.5], [2.0]], [0.5, 1, -1, 0.25], beta=content["problem"]["beta"], free="affine",
                      architecture="three-layer")  # fmt: skip
    assert problem.objective(found.network(problem)) == pytest.approx(content["certificate"]["primal"], rel=1e-12)


def test_how_wide_within_is_said_by_rows_and_network():
    found = trained_of(ARRAYS)
    assert (found.inner, found.architecture(6), found.architecture(1)) == (2, "three-layer", "three-layer:2")
    idle = TrainedThreeLayers.of(np.ones((1, 3, 1)), [[1.0, 0.0, 2.0]], [1.0])
    assert idle.inner == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"w": np.ones((3, 4))}, "three layers have"),
        ({"alpha": np.ones(2)}, "three layers have"),
        ({"bias": np.ones(3)}, r"bias has shape \(3,\); give one for each inner neuron"),
        ({"output_bias": np.ones(2)}, "2 output biases"),
        ({"w": np.full((3, 2), np.inf)}, "w contains NaN or inf"),
        ({"W": np.full((3, 2, 2), "a")}, "net.npz: W"),
    ],
)
def test_bad_arrays(changed, said):
    with pytest.raises(InputError, match=said):
        trained_of({**ARRAYS, **changed}, "net.npz")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"architecture": "relu"}, "has three layers, the problem has networks of the architecture 'relu'"),
        (
            {"architecture": "three-layer:1"},
            "has 2 inner neurons, the problem allows 1; give --architecture three-layer:2",
        ),
        ({"bias": "none"}, "the inner neurons have biases, the problem none; give --bias penalised$"),
        ({"free": "none"}, "has an output bias, the problem none"),
    ],
)
def test_other_problems(settings, said):
    problem = Problem(X, y, beta=0.1, **{"free": "constant", "architecture": "three-layer", **settings})
    with pytest.raises(InputError, match=said):
        network_of(problem, ARRAYS)


def test_two_layers_are_no_three():
    with pytest.raises(
        InputError, match="has two layers, the problem has networks of the architecture 'three-layer:6'"
    ):
        network_of(PROBLEM, (np.ones((2, 2)), np.ones(2)))
    with pytest.raises(InputError, match="see 1 feature, the problem has 2"):
        network_of(PROBLEM, (np.ones((2, 2, 1)), np.ones((2, 2)), np.ones(2)))
