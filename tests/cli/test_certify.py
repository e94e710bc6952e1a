"""`dualscape certify` from the outside: models trained here, files of every kind, what is refused."""

import joblib
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from command_line import run, strict
from dualscape.prediction.models.files import read_model
from dualscape.prediction.models.safetensors import written_safetensors

RNG = np.random.default_rng(0)
X = RNG.standard_normal((15, 2))
y = np.maximum(X[:, 0], 0) - np.abs(X[:, 1])
KEYS = {"objective", "lower_bound", "relative_gap", "verdict", "stationary", "redundant", "dead", "descent", "better"}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header="a,b,y", comments="")
    return path


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, U=RNG.standard_normal((4, 2)), alpha=RNG.standard_normal(4), bias=RNG.standard_normal(4))
    return path


def test_a_scikit_learn_model(table, tmp_path):
    model = MLPRegressor(hidden_layer_sizes=(4,), alpha=0.3, solver="lbfgs", max_iter=500, random_state=0).fit(X, y)
    joblib.dump(model, tmp_path / "mlp.joblib")
    out, page, better = tmp_path / "out.json", tmp_path / "page.html", tmp_path / "better.joblib"
    more = ("--trust-pickle", "--json", out, "--report", page, "--better", better)
    result = run("certify", tmp_path / "mlp.joblib", table, "--target", "y", *more)
    assert result.exit_code == 0, result.output
    content = strict(out)
    assert content.keys() >= KEYS
    assert content["stationary"].keys() == {"clarke", "clarke_residual", "first_order", "first_order_residual"}
    assert content["objective"] == pytest.approx(15 * model.loss_, rel=1e-9)
    assert (content["problem"]["beta"], content["problem"]["bias"]) == (0.3, "free")
    assert content["descent"].keys() >= {"direction", "sign", "slope"}
    assert content["better"]["path"]["falls"]
    other = joblib.load(better)
    squares = sum(float((part**2).sum()) for part in other.coefs_)
    theirs = 0.5 * ((other.predict(X) - y) ** 2).sum() + 0.15 * squares
    assert theirs == pytest.approx(content["better"]["objective"], rel=1e-9)
    assert content["lower_bound"] <= theirs < content["objective"]
    assert "alpha = 0.3 is beta" in " ".join(result.output.split())
    text = page.read_text(encoding="utf-8")
    assert "The way down" in text
    assert "Not optimal" in text
    again = run("certify", better, table, "--target", "y", "--trust-pickle", "--json", out, "--quiet")
    assert again.exit_code == 0, again.output
    assert strict(out)["verdict"] == "global"


def test_a_pytorch_state(table, tmp_path):
    state = {"0.weight": RNG.standard_normal((3, 2)), "0.bias": np.zeros(3)}
    state |= {"2.weight": RNG.standard_normal((1, 3)), "2.bias": np.array([0.5])}
    path, out, better = tmp_path / "net.safetensors", tmp_path / "out.json", tmp_path / "better.safetensors"
    path.write_bytes(written_safetensors(state))
    more = ("--weight-decay", 0.02, "--json", out, "--better", better)
    result = run("certify", path, table, "--target", "y", *more)
    assert result.exit_code == 0, result.output
    content = strict(out)
    assert content["problem"] | {"sha256": ""} == {
        "n": 15, "d": 3, "architecture": "relu", "loss": "squared", "bias": "penalised", "free": "constant",
        "free_decay": 0.15, "beta": 0.15, "sha256": "",
    }  # fmt: skip
    said = " ".join(result.output.split())
    assert "the mean of squares with weight_decay 0.02 is this objective with beta = 15 rows x 0.02 / 2 = 0.15" in said
    assert "counts the output bias too" in said
    written = read_model(better)
    assert 3 < written.width <= content["better"]["path"]["width"]
    assert written.U.any(axis=1).all()


THREE = {
    "W": RNG.standard_normal((3, 2, 2)),
    "w": RNG.standard_normal((3, 2)),
    "alpha": RNG.standard_normal(3),
    "bias": RNG.standard_normal((3, 2)),
}


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "short.csv"
    np.savetxt(path, np.column_stack([X, y])[:6], delimiter=",", header="a,b,y", comments="")
    return path


def test_three_layers(short, tmp_path):
    path, out, better = tmp_path / "three.npz", tmp_path / "out.json", tmp_path / "better.npz"
    np.savez(path, **THREE)
    page = tmp_path / "page.html"
    more = ("--target", "y", "--beta", 0.3, "--json", out, "--better", better, "--report", page)
    shown = run("certify", path, short, *more)
    assert shown.exit_code == 0, shown.output
    content = strict(out)
    assert content.keys() >= KEYS
    assert (content["problem"]["architecture"], content["verdict"]) == ("three-layer:6", "not global")
    assert content["lower_bound"] <= content["best_known"]["objective"] < content["balanced_objective"]
    assert content["balanced_objective"] < content["objective"]
    said = " ".join(shown.output.split())
    assert "a subnetwork with sign" in said
    assert "Subnetworks" in page.read_text(encoding="utf-8")
    again = run("certify", better, short, "--target", "y", "--beta", 0.3, "--json", out, "--quiet")
    assert again.exit_code == 0, again.output
    assert strict(out)["verdict"] == "global"


@pytest.mark.parametrize(
    ("arrays", "arguments", "said"),
    [
        ({}, ("--weight-decay", "0.1"), "by their squares; give --beta B"),
        ({}, (), "does not say which weight decay"),
        ({}, ("--beta", "0.2", "--bias", "none"), "the inner neurons have biases"),
        ({}, ("--beta", "0.2", "--architecture", "three-layer:1"), "give --architecture three-layer:2"),
        ({}, ("--beta", "0.2", "--activation", "abs"), "leave one of them out"),
        ({}, ("--beta", "0.2", "--bias", "free", "--free", "constant"), "no free bias"),
        ({}, ("--beta", "0.2", "--features", "a"), "the inner neurons see 2 features"),
        ({"w": np.ones((3, 1))}, ("--beta", "0.2"), "three layers have (m, r, features), (m, r) and (m,)"),
        ({"V": np.ones(3)}, ("--beta", "0.2"), "an array 'V' that means nothing here"),
        ({"w": None}, ("--beta", "0.2"), "holds no weights 'w'"),
    ],
)
def test_bad_three_layers(short, tmp_path, arrays, arguments, said):
    path, out = tmp_path / "three.npz", tmp_path / "out.json"
    np.savez(path, **{name: array for name, array in {**THREE, **arrays}.items() if array is not None})
    result = run("certify", path, short, "--target", "y", "--json", out, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert not out.exists()


def test_arrays_and_a_result(table, weights, tmp_path):
    out, result = tmp_path / "out.json", tmp_path / "result.json"
    assert run("certify", weights, table, "--target", "y", "--beta", 0.2, "--json", out, "--quiet").exit_code == 0
    assert strict(out)["verdict"] == "not global"
    more = ("--target", "y", "--beta", 0.2, "--standardize", "--json", result, "--quiet")
    assert run("analyze", table, *more).exit_code == 0
    shown = run("certify", result, table, "--target", "y", "--json", out)
    assert shown.exit_code == 0, shown.output
    assert strict(out)["verdict"] == "global"
    assert strict(out)["better"] is None
    assert "Globally optimal" in shown.output
    other = run("certify", result, table, "--target", "y", "--features", "a")
    assert other.exit_code == 2
    assert "with 2 features, the data have 1; choose the same columns\n" in other.stderr


def test_a_result_with_a_skip_connection(table, tmp_path):
    out, result = tmp_path / "out.json", tmp_path / "result.json"
    more = ("--target", "y", "--beta", 0.2, "--free", "affine", "--json", result, "--quiet")
    assert run("analyze", table, *more).exit_code == 0
    shown = run("certify", result, table, "--target", "y", "--json", out, "--quiet")
    assert shown.exit_code == 0, shown.output
    assert strict(out)["verdict"] == "global"
    assert strict(out)["objective"] == pytest.approx(strict(result)["certificate"]["primal"], rel=1e-9)


def test_the_gap_up_to_which_it_is_called_optimal(table, weights, tmp_path):
    result, near, out = tmp_path / "result.json", tmp_path / "near.npz", tmp_path / "out.json"
    assert run("analyze", table, "--target", "y", "--beta", 0.2, "--json", result, "--quiet").exit_code == 0
    best = read_model(result)
    np.savez(near, U=best.U * (1 + 1e-4), alpha=best.alpha, bias=best.bias)
    verdicts = []
    for gap in (1e-9, 1e-3):
        more = ("--target", "y", "--beta", 0.2, "--gap", gap, "--json", out, "--quiet")
        assert run("certify", near, table, *more).exit_code == 0
        verdicts.append(strict(out)["verdict"])
    assert verdicts == ["not global", "global"]


def test_without_a_better_network(table, weights, tmp_path):
    out = tmp_path / "out.json"
    more = ("--target", "y", "--beta", 0.2, "--no-find-better", "--json", out, "--quiet")
    assert run("certify", weights, table, *more).exit_code == 0
    assert strict(out)["better"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--beta", "0.2", "--bias", "none"), "the neurons have biases, the problem none"),
        (("--beta", "0.2", "--features", "a"), "the neurons see 2 features, the problem has 1"),
        ((), "which weight decay it was trained with; give --beta B, or --weight-decay W"),
        (("--beta", "0.2", "--weight-decay", "0.1"), "--weight-decay and --beta were both given"),
        (("--weight-decay", "0.1", "--optimizer", "adamw"), "decoupled weight decay"),
        (("--beta", "0.2", "--better", "{tmp}/b.pkl"), "cannot hold a network of the kind of"),
        (("--beta", "0.2", "--better", "{tmp}/net.npz"), "is the network itself and would be overwritten"),
        (("--beta", "0.2", "--better", "{tmp}/b.npz", "--no-find-better"), "drop one of them"),
        (("--beta", "0.2", "--better", "{tmp}/none/b.npz"), "there is no folder"),
        (
            (
                "--loss",
                "interpolation",
            ),
            "no weight decay",
        ),
    ],
)
def test_bad_input(table, weights, tmp_path, arguments, said):
    out = tmp_path / "out.json"
    given = [text.replace("{tmp}", str(tmp_path)) for text in arguments]
    result = run("certify", weights, table, "--target", "y", "--json", out, *given)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert not out.exists()
    assert not (tmp_path / "b.npz").exists()


def test_a_pickle_is_refused(table, tmp_path):
    (tmp_path / "net.pkl").write_bytes(b"")
    result = run("certify", tmp_path / "net.pkl", table, "--target", "y", "--beta", "1")
    assert result.exit_code == 2
    assert "give --trust-pickle" in " ".join(result.stderr.split())
