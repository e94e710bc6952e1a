import gzip
import time

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.tables import Table, read_table, standardize


def write(folder, text, name="data.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(folder, text, name="data.csv", **options):
    return read_table(write(folder, text, name), **({"target": -1} | options))


PLAIN = "size,age,price\n1,2,3\n4,5,6\n"

#: The same two rows and names, in every spelling that must be understood.
GOOD = {
    "plain": PLAIN,
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + PLAIN,
    "no last line end": PLAIN.rstrip(),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "spaces": "size  age price\n 1 2  3 \n4 5 6\n",
    "spaces after commas": PLAIN.replace(",", ", "),
    "comments and blank lines": '# made by hand, with "quotes\n\nsize,age,price\n1,2,3\n\n# half\n4,5,6\n\n',
    "quoted": '"size","age","price"\n"1","2","3"\n4,5,6\n',
    "exponents": "size,age,price\n1e0,+2,3.0\n4,.5e1,6\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_spellings_of_one_table(tmp_path, text):
    table = read(tmp_path, text)
    assert table.X.tolist() == [[1, 2], [4, 5]]
    assert table.y.tolist() == [3, 6]
    assert (table.feature_names, table.target_name) == (("size", "age"), "price")
    assert table.notes == ()


def test_quoted_names_and_line_breaks(tmp_path):
    table = read(tmp_path, '"a, ""b""","c\nd",y\n1,2,3\n')
    assert table.feature_names == ('a, "b"', "c\nd")


def test_tsv_and_gzip(tmp_path):
    assert read(tmp_path, PLAIN.replace(",", "\t"), "data.tsv").y.tolist() == [3, 6]
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    assert read_table(path, target="price").y.tolist() == [3, 6]


def test_without_header(tmp_path):
    table = read(tmp_path, "1,2,3\n4,5,6\n")
    assert table.feature_names == ("x0", "x1")
    assert table.target_name == "x2"
    assert table.notes == ("no header line was found: the columns are called x0, x1, ...",)


def test_header_can_be_said(tmp_path):
    assert read(tmp_path, "0,1\n2,3\n", header=True).target_name == "1"
    assert read(tmp_path, "0,1\n2,3\n", header=False).y.tolist() == [1, 3]


@pytest.mark.parametrize("target", ["age", 1, "1", -2])
def test_target_by_name_or_number(tmp_path, target):
    table = read(tmp_path, PLAIN, target=target)
    assert table.target_name == "age"
    assert table.feature_names == ("size", "price")


def test_features_are_taken_in_the_order_given(tmp_path):
    table = read(tmp_path, PLAIN, target="age", features=["price", 0])
    assert table.feature_names == ("price", "size")
    assert table.X.tolist() == [[3, 1], [6, 4]]


def test_columns_not_used_may_hold_anything(tmp_path):
    table = read(tmp_path, "name,a,y\nAnn,1,2\n,3,4\n", features=["a"])
    assert table.X.tolist() == [[1], [3]]


def test_an_index_column_is_told(tmp_path):
    table = read(tmp_path, ",a,y\n0,1,2\n1,3,4\n")
    assert table.notes == ("column 0 has no name and is called x0; if it numbers the rows, leave it out",)


def test_separators_at_the_end_of_lines(tmp_path):
    table = read(tmp_path, "a,y,\n1,2,\n")
    assert table.y.tolist() == [2]
    assert table.notes == ("every line ends with a separator: the empty last column is left out",)


LABELS = {
    "0 1": ("0", "1", "labels of 'y': 0 is -1, 1 is +1"),
    "1 2": ("1.0", "2", "labels of 'y': 1 is -1, 2 is +1"),
    "text": ("no", "yes", "labels of 'y': 'no' is -1, 'yes' is +1"),
    "truth": ("False", "True", "labels of 'y': 'False' is -1, 'True' is +1"),
}


@pytest.mark.parametrize(("low", "high", "note"), LABELS.values(), ids=LABELS)
def test_labels(tmp_path, low, high, note):
    table = read(tmp_path, f"a,y\n1,{high}\n2,{low}\n3,{high}\n", loss="logistic")
    assert table.y.tolist() == [1, -1, 1]
    assert table.notes == (note,)


def test_labels_that_are_signs_already(tmp_path):
    table = read(tmp_path, "a,y\n1,-1\n2,1.0\n", loss="logistic")
    assert table.y.tolist() == [-1, 1]
    assert table.notes == ()


def test_text_labels_do_not_look_like_a_header(tmp_path):
    table = read(tmp_path, "5.1,3.5,setosa\n6.2,2.9,virginica\n", loss="logistic")
    assert table.X.tolist() == [[5.1, 3.5], [6.2, 2.9]]


CATEGORIES = "encode categories as numbers, or leave the column out with --features"
DIGITS = "write numbers without separators between the digits"
HEADER = "may be a header or data; say --header or --no-header (header=True or False)"
BAD = {
    "empty": ("", {}, "data.csv is empty; give a table with one line per example"),
    "only comments": ("# nothing\n\n", {}, "data.csv is empty; give a table with one line per example"),
    "only a header": ("a,y\n", {}, "data.csv has a header line but no data; add one line per example"),
    "one column": ("y\n1\n", {}, "data.csv: no feature column is left beside the target; give at least one"),
    "ragged": (
        "a,y\n1,2\n\n3\n",
        {},
        "data.csv, line 4: 1 cell, but line 1 has 2; give every line the same number of cells",
    ),
    "text": ("a,sex,y\n1,2,3\n1,male,3\n", {}, f"data.csv, line 3, column 'sex': 'male' is not a number; {CATEGORIES}"),
    "text target": ("a,y\n1,2\n3,high\n", {}, f"data.csv, line 3, column 'y': 'high' is not a number; {CATEGORIES}"),
    "blank": (
        "a,y\n1,2\n,3\n",
        {},
        "data.csv, line 3, column 'a': blank cell; fill in or drop rows with missing values first",
    ),
    "NA": (
        "a,y\n1,2\nNA,3\n",
        {},
        "data.csv, line 3, column 'a': missing value (NA); fill in or drop rows with missing values first",
    ),
    "nan": (
        "a,y\n1,2\n1,nan\n",
        {},
        "data.csv, line 3, column 'y': missing value (nan); fill in or drop rows with missing values first",
    ),
    "inf": ("a,y\n1,2\n-inf,3\n", {}, "data.csv, line 3, column 'a': infinite value; correct the cell or drop the row"),
    "overflow": (
        "a,y\n1,2\n1e999,3\n",
        {},
        "data.csv, line 3, column 'a': '1e999' is too large for a 64-bit number; correct the cell or drop the row",
    ),
    "decimal comma": (
        "a;y\n1,5;2\n",
        {},
        "data.csv, line 2, column 'a': '1,5' is not a number; write decimals with a point",
    ),
    "thousands": (
        "a;y\n1;2\n1,000,000;2\n",
        {},
        f"data.csv, line 3, column 'a': '1,000,000' is not a number; {DIGITS}",
    ),
    "underscores": (
        "a,y\n1,2\n1_000,2\n",
        {},
        f"data.csv, line 3, column 'a': '1_000' is not a number; {DIGITS}",
    ),
    "no target": (
        "a,y\n1,2\n",
        {"target": None},
        "data.csv: say which column is the target (--target COLUMN); its columns: a, y",
    ),
    "unknown target": (
        "age,y\n1,2\n",
        {"target": "agee"},
        "data.csv has no column 'agee' (did you mean 'age'?); its columns: age, y",
    ),
    "target out of range": (
        "a,y\n1,2\n",
        {"target": 2},
        "data.csv has no column 2: it has 2, counted from 0; its columns: a, y",
    ),
    "unknown feature": ("a,y\n1,2\n", {"features": ["zzz"]}, "data.csv has no column 'zzz'; its columns: a, y"),
    "target as feature": (
        "a,y\n1,2\n",
        {"features": ["a", "y"]},
        "data.csv: column 'y' is the target and a feature; choose one",
    ),
    "feature twice": ("a,y\n1,2\n", {"features": ["a", 0]}, "data.csv: feature 'a' is listed twice; list it once"),
    "no features": (
        "a,y\n1,2\n",
        {"features": []},
        "data.csv: no feature column is left beside the target; give at least one",
    ),
    "equal names": ("a,b,a\n1,2,3\n", {}, "data.csv: columns 0 and 2 are both called 'a'; rename one of them"),
    "doubtful header": (
        "year,2019\n1,2\n",
        {},
        f"data.csv: the first line (year, 2019) {HEADER}",
    ),
    "numbered columns": (
        "0,1,2\n5,6,7\n",
        {},
        f"data.csv: the first line (0, 1, 2) {HEADER}",
    ),
    "open quote": ('a,y\n1,"2\n3,4\n', {}, "data.csv, line 3: unexpected end of data; check the quotes there"),
    "three classes": (
        "a,y\n1,0\n1,1\n1,2\n",
        {"loss": "logistic"},
        "data.csv: the logistic loss needs a target with two classes, but column 'y' has 3 distinct values (0, 1, 2); "
        "recode it, or use the squared loss",
    ),
    "one class": (
        "a,y\n1,b\n1,b\n",
        {"loss": "logistic"},
        "data.csv: the logistic loss needs a target with two classes, but column 'y' has 1 distinct value ('b'); "
        "recode it, or use the squared loss",
    ),
    "blank label": (
        "a,y\n1,b\n1,\n",
        {"loss": "logistic"},
        "data.csv, line 3, column 'y': blank cell; fill in or drop rows with missing values first",
    ),
}


@pytest.mark.parametrize(("text", "options", "message"), BAD.values(), ids=BAD)
def test_bad_text_is_refused(tmp_path, text, options, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, **options)
    assert str(caught.value) == message


def refusal(path, **options):
    with pytest.raises(InputError) as caught:
        read_table(path, **({"target": 0} | options))
    return str(caught.value)


def test_bad_files_are_refused(tmp_path):
    nowhere = tmp_path / "nowhere.csv"
    assert (
        refusal(nowhere) == f"{nowhere} does not exist; check the path (catalogue problems are written catalogue:NAME)"
    )
    assert refusal(tmp_path) == f"{tmp_path} is a folder; give a CSV, TSV, Parquet or NPZ file in it"
    book = write(tmp_path, "", "data.xlsx")
    assert refusal(book) == "data.xlsx: .xlsx files cannot be read; save the table as CSV, TSV, Parquet or NPZ"
    latin = tmp_path / "latin.csv"
    latin.write_bytes("größe,y\n1,2\n".encode("latin-1"))
    assert refusal(latin) == "latin.csv is not UTF-8 text (byte 0xf6 at position 2); save it as UTF-8"
    broken = write(tmp_path, "no gzip", "data.csv.gz")
    assert refusal(broken) == "data.csv.gz is not a complete gzip file; compress it again or give it uncompressed"


# --- NPZ ----------------------------------------------------------------------------------------------
def save(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return path


def test_npz(tmp_path):
    table = read_table(save(tmp_path, X=np.array([[1, 2], [3, 4]]), y=np.array([[5], [6]])))
    assert table.X.tolist() == [[1, 2], [3, 4]]
    assert table.y.tolist() == [5, 6]
    assert (table.feature_names, table.target_name) == (("x0", "x1"), "y")


def test_npz_with_names_flat_features_and_text_labels(tmp_path):
    path = save(tmp_path, X=np.array([1.0, 2.0]), y=np.array(["b", "a"]), feature_names=np.array(["size"]))
    table = read_table(path, loss="logistic")
    assert table.feature_names == ("size",)
    assert table.y.tolist() == [1, -1]


HINT = "write it with numpy.savez(path, X=X, y=y)"
PLAIN_HINT = "write plain numeric arrays with numpy.savez(path, X=X, y=y)"
BAD_NPZ = {
    "no y": ({"X": np.eye(2)}, f"data.npz has no array 'y' (it has: X); {HINT}"),
    "lengths": (
        {"X": np.eye(2), "y": np.ones(3)},
        "data.npz: X has shape (2, 2) and y has shape (3,); X must be (examples, features), y (examples,)",
    ),
    "no data": (
        {"X": np.ones((0, 2)), "y": []},
        "data.npz: X has shape (0, 2); give at least one example and one feature",
    ),
    "complex": (
        {"X": np.eye(2) * 1j, "y": np.ones(2)},
        "data.npz: X has type complex128, which is not real numbers; convert it first",
    ),
    "objects": (
        {"X": np.array([[1, None]]), "y": np.ones(1)},
        f"data.npz holds pickled objects, which could run code; {PLAIN_HINT}",
    ),
    "nan": (
        {"X": np.array([[1.0, np.nan]]), "y": np.ones(1)},
        "data.npz, row 0, column 'x1': missing value (nan); fill in or drop rows with missing values first",
    ),
    "inf": (
        {"X": np.array([[1.0, np.inf]]), "y": np.ones(1)},
        "data.npz, row 0, column 'x1': infinite value; correct the cell or drop the row",
    ),
    "text": (
        {"X": np.array([["1", "b"]]), "y": np.ones(1)},
        f"data.npz, row 0, column 'x1': 'b' is not a number; {CATEGORIES}",
    ),
    "names": (
        {"X": np.eye(2), "y": np.ones(2), "feature_names": np.array(["a"])},
        "data.npz: 1 feature_names for 2 columns of X; give one each",
    ),
}


@pytest.mark.parametrize(("arrays", "message"), BAD_NPZ.values(), ids=BAD_NPZ)
def test_bad_npz_is_refused(tmp_path, arrays, message):
    assert refusal(save(tmp_path, **arrays), target=None) == message


def test_a_file_that_is_no_npz(tmp_path):
    broken = write(tmp_path, "no archive", "data.npz")
    assert refusal(broken).startswith("data.npz ")
    empty = write(tmp_path, "", "data.npz")
    assert refusal(empty) == f"data.npz is not a readable NPZ archive; {PLAIN_HINT}"


# --- Parquet ------------------------------------------------------------------------------------------
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
        == f"data.parquet, row 0, column 'b': 'u' is not a number; {CATEGORIES}"
    )
    write(tmp_path, "no parquet", "data.parquet")
    assert refusal(path).startswith("data.parquet is not a readable Parquet file: ")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = write(tmp_path, "", "data.parquet")
    assert refusal(path) == (
        "Parquet files need pyarrow, which is not installed; run: pip install pyarrow (or save the table as CSV)"
    )


# --- standardising ------------------------------------------------------------------------------------
def test_standardize():
    table = Table(np.array([[1.0, 10.0], [3.0, 10.0]]), np.array([5.0, 9.0]), ("a", "b"), "y")
    scaled = standardize(table)
    assert scaled.X.tolist() == [[-1, 0], [1, 0]]
    assert scaled.y.tolist() == [-1, 1]
    assert scaled.notes == (
        "features and target standardised (mean 0, standard deviation 1)",
        "column 'b' is constant: centred to 0, not scaled",
    )
    assert standardize(table, target=False).y.tolist() == [5, 9]


def test_standardize_is_right_at_any_scale():
    rng = np.random.default_rng(0)
    column = rng.standard_normal(50)
    for scale, shift in ((1e200, 0.0), (1e-200, 0.0), (1.0, 1e6)):
        table = Table((scale * column + shift)[:, None], column, ("a",), "y")
        X = standardize(table).X[:, 0]
        np.testing.assert_allclose([X.mean(), X.std()], [0, 1], atol=1e-9)
        np.testing.assert_allclose(X, (column - column.mean()) / column.std(), rtol=1e-6, atol=1e-9)


def test_standardising_is_recorded_and_can_be_repeated():
    """The recorded numbers give the very data, bit by bit; a second time nothing changes."""
    rng = np.random.default_rng(1)
    raw = Table(rng.uniform(1e3, 2e3, (30, 2)), rng.uniform(0, 1e5, 30), ("a", "b"), "y")
    once = standardize(raw)
    assert np.array_equal(once.scaling.features(raw.X), once.X)
    np.testing.assert_allclose(once.scaling.original_target(once.y), raw.y, rtol=1e-13)
    twice = standardize(once)
    assert np.array_equal(twice.X, once.X)
    assert np.array_equal(twice.scaling.scales, once.scaling.scales)
    features, both = standardize(raw, target=False), standardize(standardize(raw, target=False))
    assert (features.scaling.of_target, both.scaling.of_target) == (False, True)
    assert np.array_equal(both.y, once.y)
    assert np.array_equal(raw.scaled.features(raw.X), raw.X)


def test_labels_as_the_file_writes_them(tmp_path):
    text = "a,y\n1,2.50\n2,1.0\n3,1.0\n"
    assert read(tmp_path, text, loss="logistic").classes == ("1.0", "2.50")
    assert read(tmp_path, "a,y\n1,yes\n2,no\n", loss="logistic").classes == ("no", "yes")
    assert read(tmp_path, "a,y\n1,-1\n2,1\n", loss="logistic").classes == ("-1", "1")
    assert read(tmp_path, text).classes == ()


def test_a_million_cells(tmp_path):
    path = tmp_path / "big.csv"
    data = np.random.default_rng(0).standard_normal((100_000, 10)).round(6)
    path.write_text("\n".join(",".join(map(str, row)) for row in data.tolist()), encoding="utf-8")
    begun = time.perf_counter()
    table = read_table(path, target=-1)
    assert time.perf_counter() - begun < 20  # about one second on an idle core
    np.testing.assert_array_equal(table.X, data[:, :-1])
