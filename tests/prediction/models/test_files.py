"""Networks in files; what is refused is in tests/cli/test_connect.py and test_descend.py too."""

import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.prediction.models.files import check_suffix, read_model, read_network, write_model
from dualscape.prediction.models.given import trained_of
from dualscape.prediction.models.safetensors import written_safetensors

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
    trained = read_model(tmp_path / "model.npz").with_network(problem, network.split(0, 0.25))
    write_model(tmp_path / "again.npz", trained)
    again = read_network(tmp_path / "again.npz", problem)
    assert again.width == 5
    np.testing.assert_allclose(problem.fit_of(again), want, rtol=1e-12)


def test_gates(tmp_path):
    problem = Problem(X, y, beta=0.1, bias="none", activation="gated:5")
    network = read_network(written(tmp_path, gates=[4, 0, 2, 2]), problem)
    trained = read_model(tmp_path / "model.npz").with_network(problem, network.permute([3, 1, 0, 2]))
    write_model(tmp_path / "again.npz", trained)
    again = read_network(tmp_path / "again.npz", problem)
    np.testing.assert_allclose(problem.fit_of(again), problem.fit_of(network), rtol=1e-12)
    assert again.gates.tolist() == [2, 0, 4, 2]


def test_a_skip_connection_fits_into_no_state(tmp_path):
    state = {"0.weight": WEIGHTS["U"], "2.weight": WEIGHTS["alpha"][None]}
    (tmp_path / "model.safetensors").write_bytes(written_safetensors(state))
    problem = Problem(X, y, beta=0.1, bias="none", free="linear")
    network = read_network(written(tmp_path, free_weights=[1.0, 2.0]), problem)
    trained = read_model(tmp_path / "model.safetensors").with_network(problem, network)
    with pytest.raises(InputError, match="skip connection does not fit"):
        write_model(tmp_path / "other.safetensors", trained)
    assert not (tmp_path / "other.safetensors").exists()


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


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pkl", ".joblib"])
def test_files_are_written_back_as_they_are_read(tmp_path, suffix):
    path, other = tmp_path / f"model{suffix}", tmp_path / f"other{suffix}"
    b = RNG.standard_normal(4)
    if suffix == ".npz":
        np.savez(path, **WEIGHTS, bias=b, output_bias=0.5)
    elif suffix == ".safetensors":
        state = {"0.weight": WEIGHTS["U"], "0.bias": b, "2.weight": WEIGHTS["alpha"][None], "2.bias": np.array([0.5])}
        path.write_bytes(written_safetensors(state))
    else:
        model = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=300, alpha=0.5).fit(X, y)
        joblib.dump(model, path) if suffix == ".joblib" else path.write_bytes(pickle.dumps(model))
    trained = read_model(path, trust_pickle=suffix in (".pkl", ".joblib"))
    problem = Problem(X, y, beta=0.1, bias="free", free="constant")
    network = trained.network(problem)
    write_model(other, trained.with_network(problem, network.split(1, 0.25)))
    again = read_model(other, trust_pickle=True)
    assert again.width == 5
    np.testing.assert_allclose(problem.fit_of(again.network(problem)), problem.fit_of(network), rtol=1e-9)
    write_model(tmp_path / "any.npz", again)
    assert read_model(tmp_path / "any.npz").width == 5


def test_a_result(trained, houses):
    result = trained(
        houses,
        "--target",
        "price",
        "--features",
        "size,age",
        "--beta-fraction",
        "0.1",
        "--standardize",
        "--free",
        "constant",
    )
    found = read_model(result)
    assert found.settings["bias"] == "penalised"
    assert found.settings["free"] == "constant"
    assert found.settings["beta"] > 0


def test_pickles_are_not_loaded_unless_trusted(tmp_path):
    class Harm:
        def __reduce__(self):
            return (Path.write_text, (tmp_path / "harm", "done"))

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(InputError, match="give --trust-pickle"):
        read_model(tmp_path / "model.pkl")
    assert not (tmp_path / "harm").exists()


def test_files_that_cannot_be_read(tmp_path, hide):
    hide("torch")
    (tmp_path / "model.pt").write_bytes(b"x")
    (tmp_path / "bad.pkl").write_bytes(b"x")
    for name, said in [
        ("model.pt", "pip install torch"),
        ("bad.pkl", "cannot be unpickled"),
        ("model.onnx", "no network that can be read"),
        ("missing.npz", "cannot be read: No such file"),
    ]:
        with pytest.raises(InputError, match=said):
            read_model(tmp_path / name, trust_pickle=True)


@pytest.mark.parametrize(
    ("better", "model", "good"),
    [
        ("a.npz", "b.safetensors", True),
        ("a.safetensors", "b.npz", False),
        ("a.pkl", "b.joblib", True),
        ("a.json", "b.json", False),
        ("a.npz", "b.json", True),
    ],
)
def test_kinds_that_a_better_network_may_have(better, model, good):
    if good:
        check_suffix(better, model)
    else:
        with pytest.raises(InputError, match="cannot hold"):
            check_suffix(better, model)


def test_what_a_newcomer_may_give_instead(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="not a readable NPZ archive"):
        read_model(tmp_path / "text.npz")
    joblib.dump(make_pipeline(StandardScaler(), MLPRegressor()), tmp_path / "pipeline.joblib")
    with pytest.raises(InputError, match="is a pipeline; give its last step"):
        read_model(tmp_path / "pipeline.joblib", trust_pickle=True)
    with pytest.raises(InputError, match="weight is a group of tensors; save the state of the network alone"):
        trained_of({"model.weight": {"0.weight": np.eye(2)}, "2.weight": np.ones((1, 2))})
