"""A saved result predicts what its network does, and its certificate can be checked from the file and the data."""

import csv
import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from dualscape import load_result
from dualscape.analysis import analyze
from dualscape.cli import commands
from dualscape.data.catalogue import get
from dualscape.data.tables import read_table, standardize
from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.report import analysis_json

RNG = np.random.default_rng(0)
SIZE, AGE = RNG.uniform(50, 200, 24).round(1), RNG.uniform(0, 80, 24).round(0)
PRICE = (1000 * SIZE - 300 * AGE + RNG.normal(0, 2000, 24)).round(0)
SOLD = np.where(SIZE - AGE + RNG.normal(0, 20, 24) > 80, "yes", "no")


def run(*arguments, **options):
    return CliRunner().invoke(commands, [str(argument) for argument in arguments], **options)


def written(path, header, *columns):
    lines = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def trained(tmp_path):
    """Trains on a table on the command line; gives the result's file."""

    def train(*arguments):
        result = run("analyze", *arguments, "--quiet", "--json", tmp_path / "result.json")
        assert result.exit_code == 0, result.output
        return tmp_path / "result.json"

    return train


@pytest.fixture
def houses(tmp_path):
    return written(tmp_path / "houses.csv", "size,age,price,sold", SIZE, AGE, PRICE, SOLD)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


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


def test_columns_are_found_by_name(trained, houses, tmp_path):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    other = written(tmp_path / "new.csv", "note,age,size", ["a"] * len(AGE), AGE, SIZE)
    answer = run("predict", result, other)
    assert answer.stderr == ""  # no target, no measures
    expected = load_result(result).predict(np.column_stack([SIZE, AGE]))
    assert [float(row["prediction"]) for row in rows_of(answer.stdout)] == expected.tolist()


def test_files_without_names(trained, tmp_path):
    train = written(tmp_path / "train.csv", "", SIZE, PRICE, AGE)
    result = trained(train, "--target", "1", "--beta", "10", "--standardize")
    expected = load_result(result).predict(np.column_stack([SIZE, AGE])).tolist()
    for columns in ((SIZE, PRICE, AGE), (SIZE, AGE)):  # with the target, and the features alone
        answer = run("predict", result, written(tmp_path / "new.csv", "", *columns))
        assert answer.exit_code == 0, answer.output
        assert [float(row["prediction"]) for row in rows_of(answer.stdout)] == expected
        assert ("R^2 = " in answer.stderr) == (len(columns) == 3)


def test_npz_of_new_rows_needs_no_target(trained, houses, tmp_path):
    X = np.column_stack([SIZE, AGE])
    train, new = tmp_path / "train.npz", tmp_path / "new.npz"
    np.savez(train, X=X, y=PRICE)
    numbered = trained(train, "--beta", "10", "--standardize")
    expected = load_result(numbered).predict(X).tolist()
    for arrays in ({}, {"y": PRICE}):
        np.savez(new, X=X, **arrays)
        answer = run("predict", numbered, new)
        assert answer.exit_code == 0, answer.output
        assert [float(row["prediction"]) for row in rows_of(answer.stdout)] == expected
        assert ("R^2 = " in answer.stderr) == bool(arrays)
    named = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    np.savez(new, X=X[:, ::-1], feature_names=["age", "size"])
    assert [float(row["prediction"]) for row in rows_of(run("predict", named, new).stdout)] == expected
    np.savez(new, X=X)
    assert run("predict", named, new).stderr == (
        "error: new.npz lacks columns 'size', 'age', which the network takes; it has: x0, x1; "
        "put the names beside X, as feature_names=...\n"
    )
    np.savez(new, y=PRICE)
    assert run("predict", named, new).stderr == (
        "error: new.npz has no array 'X' (it has: y); write it with numpy.savez(path, X=X)\n"
    )
    np.savez(new, X=X[None])
    assert "X must be (examples, features)" in run("predict", named, new).stderr


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


# --- what is refused --------------------------------------------------------------------------------------
REFUSED = {
    "missing columns": ("sighs,age\n1,2\n", "new.csv lacks column 'size', which the network takes; it has: sighs, age"),
    "no names": ("1,2,3\n4,5,6\n", "say --header if it holds names"),
    "text": ("size,age\n1,2\n3,old\n", "new.csv, line 3, column 'age': 'old' is not a number"),
    "NaN": ("size,age\nnan,2\n", "new.csv, line 2, column 'size': missing value (nan)"),
    "infinite": ("size,age\ninf,2\n", "new.csv, line 2, column 'size': infinite value"),
    "empty": ("", "new.csv is empty"),
    "only a header": ("size,age\n", "has a header line but no data"),
    "twice": ("size,age,age\n1,2,3\n", "new.csv has several columns 'age'"),
    "prediction": ("size,age,prediction\n1,2,3\n", "new.csv has a column 'prediction', which is to be added"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_tables_that_are_refused(trained, houses, tmp_path, text, message):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    new, out = tmp_path / "new.csv", tmp_path / "out.csv"
    new.write_text(text, encoding="utf-8")
    answer = run("predict", result, new, "--output", out)
    assert (answer.exit_code, answer.stdout) == (2, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "{", "is not JSON"),
        (lambda text: "[1]", "is no result of dualscape"),
        (lambda text: '{"a": 1}', "is no result of dualscape"),
        (lambda text: text.replace('"data"', '"date"'), "was written by a version that did not keep"),
        (lambda text: text.replace('"means"', '"moans"'), "is a damaged result (key 'means' is missing)"),
        (lambda text: text.replace('"squared"', '"hinge"'), "is a damaged result (unknown loss 'hinge')"),
        (lambda text: text.replace('"size", "age"', '"size"'), "is a damaged result (1 feature names for 3"),
    ],
)
def test_files_that_are_no_results(trained, houses, change, message):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    result.write_text(change(result.read_text(encoding="utf-8")), encoding="utf-8")
    answer = run("predict", result, houses)
    assert answer.exit_code == 2
    (line,) = answer.stderr.splitlines()
    assert message in line
    with pytest.raises(InputError):
        load_result(result)


def test_inputs_are_not_overwritten(trained, houses):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10")
    for path in (result, houses):
        assert "would be overwritten" in run("predict", result, houses, "--output", path).stderr
    assert "cannot be read" in run("predict", result.with_name("none.json"), houses).stderr


def test_the_wrong_number_of_features_is_refused(trained, houses):
    predictor = load_result(trained(houses, "--target", "price", "--features", "size,age", "--beta", "10"))
    with pytest.raises(InputError, match=r"X must have shape \(rows, 2\)"):
        predictor.predict([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="logistic loss"):
        predictor.probability([[1.0, 2.0]])


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
