"""`dualscape descend`, on files."""

import joblib
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from along import objective
from command_line import run, strict
from dualscape.landscape.paths.path import Path
from dualscape.model.problem import Problem
from dualscape.prediction.models.files import read_network


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((9, 2))
    y = np.abs(X[:, 0]) - X[:, 1]
    lines = [",".join(map(repr, row)) for row in np.column_stack([X, y]).tolist()]
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *lines]))
    return tmp_path / "data.csv", Problem(X, y, beta=0.5)


@pytest.fixture
def model(tmp_path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "model.npz", U=rng.standard_normal((10, 2)), alpha=rng.standard_normal(10), bias=np.ones(10))
    return tmp_path / "model.npz"


def test_down_to_the_optimum(table, model, tmp_path):
    data, problem = table
    out = [tmp_path / name for name in ("out.json", "out.html", "path.npz")]
    given = ("descend", model, data, "--target", "y", "--beta", "0.5")
    result = run(*given, "--json", out[0], "--report", out[1], "--output", out[2])
    assert result.exit_code == 0, result.output
    assert "never climbs, and ends at a proven" in " ".join(result.output.split())
    content = strict(out[0])["path"]
    assert content["falls"]
    assert content["verification"]["ok"]
    assert content["objectives"][0] == pytest.approx(objective(problem, read_network(model, problem)))
    analysed = tmp_path / "analysed.json"
    assert run("analyze", data, "--target", "y", "--beta", "0.5", "--json", analysed, "--quiet").exit_code == 0
    assert content["objectives"][-1] == pytest.approx(strict(analysed)["certificate"]["primal"], rel=1e-9)
    assert "proven global optimum" in out[1].read_text(encoding="utf-8")
    assert Path.load(out[2], problem).verify()
    # The JSON of an analysis is a network, too.
    again = run(*given, "--to", analysed, "--width", "12")
    assert again.exit_code == 0, again.output
    assert "A path of width 12" in again.output


def test_a_fraction_of_beta_max(table, model):
    data, _ = table
    result = run("descend", model, data, "--target", "y", "--beta-fraction", "0.1")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--width", "2"], "a path of width 2 was asked for"),
        (["--bias", "none"], "the neurons have biases, the problem none"),
        (["--features", "a"], "the neurons see 2 features, the problem has 1"),
        (["--to", "model.joblib"], "runs whatever code it holds when it is loaded; give --trust-pickle"),
        (["--to", "missing.npz"], "missing.npz cannot be read"),
    ],
)
def test_bad_input(table, model, tmp_path, arguments, said):
    result = run("descend", model, table[0], "--target", "y", "--beta", "1", "--json", tmp_path / "no.json", *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "no.json").exists()


def test_nothing_that_is_read_is_overwritten(table, model):
    result = run("descend", model, table[0], "--target", "y", "--beta", "1", "--output", model)
    assert result.exit_code == 2
    assert "would be overwritten" in result.output


def test_a_model_of_scikit_learn(table, tmp_path):
    rows = np.loadtxt(table[0], delimiter=",", skiprows=1)
    model = MLPRegressor(hidden_layer_sizes=(3,), alpha=1.0, solver="lbfgs", random_state=0)
    joblib.dump(model.fit(rows[:, :-1], rows[:, -1]), tmp_path / "mlp.joblib")
    out, more = tmp_path / "out.json", ("--bias", "free", "--free", "constant", "--beta", "1", "--trust-pickle")
    result = run("descend", tmp_path / "mlp.joblib", table[0], "--target", "y", "--json", out, *more)
    assert result.exit_code == 0, result.output
    assert strict(out)["path"]["falls"]
