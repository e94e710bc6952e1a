import numpy as np
import pytest

from dualscape.data.tables import read_table
from written import refusal, write


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
        "data.npz, row 0, column 'x1': 'b' is not a number; encode categories as numbers, or leave the column out: "
        "--features x0",
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
    assert refusal(broken, target=None).startswith("data.npz ")
    empty = write(tmp_path, "", "data.npz")
    assert refusal(empty, target=None) == f"data.npz is not a readable NPZ archive; {PLAIN_HINT}"
