"""A saved result predicts what its network does, and its certificate can be checked from the file and the data."""

import csv
import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from dualscape import load_result
from dualscape.analysis import analyze
from dualscape.data.catalogue import get
from dualscape.data.tables import read_table, standardize
from dualscape.model.problem import Problem
from dualscape.report import analysis_json
from houses import SOLD, rows_of, run, written

# --- predictions are those of the network -----------------------------------------------------------------
WAYS = {
    "squared": ("price", ()),
    "standardised": ("price", ("--standardize",)),
    "no bias": ("price", ("--bias", "none")),
    "logistic": ("sold", ("--loss", "logistic", "--standardize")),
    "logistic, as it is": ("sold", ("--loss", "logistic")),
    "zero network": ("price", ("--standardize", "--beta-fraction", "2")),
}


@pytest.mark.parametrize(("target", "options"), WAYS.values(), ids=WAYS)
def test_predictions_equal_those_of_the_network(trained, houses, tmp_path, target, options):
    fraction = () if "--beta-fraction" in options else ("--beta-fraction", "0.05")
    features = ("--features", "size,age")
    result = trained(houses, "--target", target, *features, *fraction, *options)
    answer = run("predict", result, houses, "--output", tmp_path / "out.csv")
    assert answer.exit_code == 0, answer.output
    logistic = "logistic" in options
    table = read_table(houses, target=target, features=["size", "age"], loss="logistic" if logistic else "squared")
    raw = table
    if "--standardize" in options:
        table = standardize(table, target=not logistic)
    saved = load_result(result)
    f = saved.network.predict(table.X)
    rows = rows_of((tmp_path / "out.csv").read_text(encoding="utf-8"))
    assert list(rows[0])[:4] == ["size", "age", "price", "sold"]
    assert list(rows[0])[4:] == (["probability", "prediction"] if logistic else ["prediction"])
    assert [row["sold"] for row in rows] == SOLD.tolist()
    if logistic:
        assert [float(row["probability"]) for row in rows] == pytest.approx(1 / (1 + np.exp(-f)))
        assert [row["prediction"] for row in rows] == ["yes" if value > 0 else "no" for value in f]
    else:
        expected = f * table.scaled.target_scale + table.scaled.target_mean
        assert [float(row["prediction"]) for row in rows] == expected.tolist()
        assert np.array_equal(saved.predict(raw.X), expected)
    fit = json.loads(result.read_text(encoding="utf-8"))["fit"]
    shown = answer.stdout.partition(" on ")[0]
    assert shown.startswith(f"Accuracy {100 * fit['accuracy']:.4g} %" if logistic else f"R^2 = {fit['r2']:.6g}")


@pytest.mark.parametrize("name", ["circle-5", "square", "breast-cancer-2", "diabetes-bmi-s5"])
def test_catalogue_data(tmp_path, name):
    entry = get(name)
    table = entry.table()
    analysis = analyze(entry.problem())
    path = tmp_path / "result.json"
    analysis_json.write_json(path, analysis_json.to_dict(analysis, table=table))
    predictor, scaling = load_result(path), table.scaled
    raw = scaling.means + table.X * np.where(scaling.scales > 0, scaling.scales, 1.0)
    f = analysis.solution.network.predict(scaling.features(raw))
    assert np.array_equal(predictor.output(raw), f)
    if table.classes:
        assert set(predictor.predict(raw)) <= {"malignant", "benign"}
    else:
        assert np.array_equal(predictor.predict(raw), scaling.original_target(f))


def test_a_prediction_beyond_all_numbers_is_refused(trained, houses, tmp_path):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    answer = run("predict", result, written(tmp_path / "new.csv", "size,age", [100, 1e308], [10, 1e308]))
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == (
        "error: the prediction of row 1 (counted from 0) is beyond 64-bit numbers; "
        "correct its features or drop the row\n"
    )


UNREADABLE = {
    "a text": ("old", "'old' is not a number; encode categories as numbers, as in the training data"),
    "a date": (
        "2020-01-31",
        "'2020-01-31' is a date or a time, not a number; turn it into a number, such as days, as in the training data",
    ),
    "nothing": ("", "column 'age' is empty; fill in or drop rows with missing values first"),
    "a currency": ("$5", "'$5' is not a number; remove the currency sign"),
}


@pytest.mark.parametrize(("cell", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_remedies_are_those_of_predict(trained, houses, tmp_path, cell, message):
    """The columns of a network are settled: none can be left out, and there is no target to choose."""
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    answer = run("predict", result, written(tmp_path / "new.csv", "size,age", [100, 90], [cell, cell]))
    assert answer.exit_code == 2
    assert answer.stderr.endswith(f": {message}\n")
    for foreign in ("--features", "target", "--loss"):
        assert foreign not in answer.stderr


def test_standard_streams(trained, houses):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    from_file = run("predict", result, houses)
    piped = run("predict", result, "-", "--output", "-", input=houses.read_bytes())
    assert piped.exit_code == 0, piped.output
    assert piped.stdout == from_file.stdout
    assert piped.stdout.startswith("size,age,price,sold,prediction\n")
    assert piped.stderr.startswith("R^2 = ")


def test_a_target_that_cannot_be_used_is_no_error(trained, houses, tmp_path):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    answer = run("predict", result, written(tmp_path / "new.csv", "size,age,price", [100], [10], [""]))
    assert answer.exit_code == 0
    assert answer.stderr.startswith("note: no measures of fit, since the target cannot be used: ")
    labels = trained(houses, "--target", "sold", "--features", "size", "--beta", "1", "--loss", "logistic")
    answer = run("predict", labels, written(tmp_path / "new.csv", "size,sold", [100], ["maybe"]))
    assert "'maybe' is neither 'no' nor 'yes'" in answer.stderr


def test_inputs_are_not_overwritten(trained, houses):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10")
    for path in (result, houses):
        assert "would be overwritten" in run("predict", result, houses, "--output", path).stderr
    assert "cannot be read" in run("predict", result.with_name("none.json"), houses).stderr


# --- the certificate, from first principles ---------------------------------------------------------------
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_file_and_the_data_prove_the_bound(trained, houses, loss):
    """Nothing of dualscape is used here but the file that it wrote."""
    target = {"squared": "price", "logistic": "sold"}[loss]
    options = ("--features", "size,age", "--beta-fraction", "0.1", "--standardize", "--loss", loss)
    content = json.loads(trained(houses, "--target", target, *options).read_text(encoding="utf-8"))
    data, found, network, beta = (
        content["data"], content["certificate"], content["network"], content["problem"]["beta"]
    )  # fmt: skip
    with houses.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    raw = np.array([[float(row[name]) for name in data["feature_names"]] for row in rows])
    inputs = (raw - data["means"]) / data["scales"]
    if loss == "squared":
        y = (np.array([float(row[data["target_name"]]) for row in rows]) - data["target_mean"]) / data["target_scale"]
    else:
        y = np.array([-1.0 if row[data["target_name"]] == data["classes"][0] else 1.0 for row in rows])
    assert hashlib.sha256(np.column_stack([inputs, y]).astype("<f8").tobytes()).hexdigest() == data["sha256"]
    X = np.column_stack([inputs, np.ones(len(y))])
    # The objective of the network, whose neurons have |u_j| = |alpha_j| = sqrt(mass).
    root = np.sqrt(network["masses"])
    U, alpha = root[:, None] * np.array(network["directions"]), root * network["signs"]
    f = np.maximum(X @ U.T, 0) @ alpha
    value = np.sum((f - y) ** 2) / 2 if loss == "squared" else np.sum(np.log1p(np.exp(-y * f)))
    assert value + beta / 2 * (np.sum(U**2) + np.sum(alpha**2)) == pytest.approx(found["primal"], rel=1e-12)
    # No direction exceeds the bound on h(nu); then t nu is dual feasible and D(t nu) is a lower bound.
    nu, rng = np.array(found["nu"]), np.random.default_rng(0)
    directions = rng.standard_normal((20_000, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    everywhere = np.vstack([directions, network["directions"]])
    assert np.abs(nu @ np.maximum(X @ everywhere.T, 0)).max() <= found["upper"]
    p = beta / found["upper"] * nu
    dual = p @ y - p @ p / 2 if loss == "squared" else -np.sum(p * y * np.log(p * y) + (1 - p * y) * np.log1p(-p * y))
    assert dual == pytest.approx(found["dual"], rel=1e-9)
    assert found["primal"] - dual <= 1e-9 * found["primal"]


# --- standard output that cannot be written ----------------------------------------------------------------
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("--help",), ("analyze", "catalogue:two-points"), ("catalogue",)])
def test_a_full_disk_is_one_line(arguments):
    with open("/dev/full", "w", encoding="utf-8") as full:
        answer = subprocess.run(
            [sys.executable, "-m", "dualscape", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert answer.returncode == 2
    assert answer.stderr.splitlines()[-1] == "error: standard output cannot be written: No space left on device"
    assert "Traceback" not in answer.stderr


def test_a_problem_made_in_python_can_be_saved(tmp_path):
    problem = Problem([[1.0], [2.0], [4.0]], [1.0, 2.0, 2.5], beta=0.1, feature_names=("a",))
    path = tmp_path / "result.json"
    analysis = analyze(problem)
    analysis_json.write_json(path, analysis_json.to_dict(analysis))
    assert np.array_equal(load_result(path).predict(problem.inputs), analysis.solution.network.predict(problem.inputs))
