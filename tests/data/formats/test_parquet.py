import datetime

import pytest

from dualscape.data.tables import read_table
from written import refusal, write


def parquet(folder, columns):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = folder / "data.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet(tmp_path):
    path = parquet(tmp_path, {"a": [1, 2], "b": [True, False], "name": ["u", "v"], "y": [0.5, 1.5]})
    table = read_table(path, target="y", features=["a", "b"])
    assert table.X.tolist() == [[1, 1], [2, 0]]
    assert table.y.tolist() == [0.5, 1.5]
    assert read_table(path, target="name", features=["a"], loss="logistic").y.tolist() == [-1, 1]


def test_bad_parquet_is_refused(tmp_path):
    path = parquet(tmp_path, {"a": [1, None], "b": ["u", "v"], "y": [0.5, 1.5]})
    where = "data.parquet, row 1, column 'a'"
    assert refusal(path, target="y") == f"{where}: blank cell; fill in or drop rows with missing values first"
    assert (
        refusal(path, target="y", features=["b"])
        == "data.parquet, row 0, column 'b': 'u' is not a number; encode categories as numbers"
    )
    write(tmp_path, "no parquet", "data.parquet")
    assert refusal(path).startswith("data.parquet is not a readable Parquet file: ")


def test_truth_values_and_dates_of_parquet(tmp_path):
    days = [datetime.date(2020, 1, 31), datetime.date(2020, 2, 1)]
    path = parquet(tmp_path, {"a": [1, 2], "day": days, "b": [True, False]})
    table = read_table(path, target="b", features=["a"], loss="logistic")
    assert (table.y.tolist(), table.classes) == ([1, -1], (False, True))
    assert refusal(path, target="b") == (
        "data.parquet, row 0, column 'day': '2020-01-31' is a date or a time, not a number; "
        "turn it into a number, such as days, or leave the column out: --features a"
    )


def test_truth_values_with_a_gap(tmp_path):
    path = parquet(tmp_path, {"a": [True, None, False], "y": [1, 2, 3]})
    where = "data.parquet, row 1, column 'a'"
    assert refusal(path) == f"{where}: blank cell; fill in or drop rows with missing values first"


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = write(tmp_path, "", "data.parquet")
    assert refusal(path) == (
        "Parquet files need pyarrow, which is not installed; run: pip install pyarrow (or save the table as CSV)"
    )
