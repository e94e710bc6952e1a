"""New rows: their columns are found by name, and the standardising is repeated."""

import numpy as np
import pytest

from dualscape import load_result
from houses import AGE, PRICE, SIZE, rows_of, run, written


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
