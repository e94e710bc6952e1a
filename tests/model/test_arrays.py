"""What users give as X and y, in whatever form, and what is said of what cannot be used."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from dualscape.data.tables import Table
from dualscape.errors import InputError
from dualscape.model.problem import Problem
from frames import Frame

X = [[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]]
Y = [1.0, -1.0, 1.0]
FORMS = {
    "tuples": tuple(map(tuple, X)),
    "integers": np.array(X, dtype=np.int8),
    "float32": np.array(X, dtype=np.float32),
    "objects": np.array(X, dtype=object),
    "fractions": [[Fraction(value) for value in row] for row in X],
    "texts of numbers": [[str(value) for value in row] for row in X],
    "sparse matrix": scipy.sparse.csr_matrix(X),
    "sparse array": scipy.sparse.coo_array(np.array(X)),
    "data frame": Frame(["a", "b"], X),
    "data frame of objects": Frame(["a", "b"], X, dtype=object),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_forms_of_one_array(form):
    assert Problem(form, Y, beta=1).inputs.tolist() == X


def test_names_of_a_data_frame():
    assert Problem(Frame(["size", "age"], X), Y, beta=1).feature_names == ("size", "age")
    assert Problem(Frame(np.array(["size", "age"]), X), Y, beta=1).feature_names == ("size", "age")
    assert Problem(Frame([2020, 2021], X), Y, beta=1).feature_names == ("2020", "2021")
    assert Problem(Frame(range(2), X), Y, beta=1).feature_names == ("x0", "x1")
    assert Problem(Frame(["size", "age"], X), Y, beta=1, feature_names=["a", "b"]).feature_names == ("a", "b")
    assert Problem(Frame(["size", "age"], X), Y, beta=1).with_beta(2).feature_names == ("size", "age")


REMEDY = "drop or fill in missing values first"
BAD = {
    "unequal rows": (
        [[1, 2], [3], [4, 5]],
        "X is no array of numbers: row 1 has 1 entry, row 0 has 2; give rows of one length",
    ),
    "numbers among rows": (
        [[1, 2], 3, [4, 5]],
        "X is no array of numbers: row 1 has 1 entry, row 0 has 2; give rows of one length",
    ),
    "huge integer": (
        [[1, 2], [3, 10**400], [4, 5]],
        "X has an integer beyond 64-bit numbers at row 1, column 1; rescale it",
    ),
    "none": ([[1, 2], [3, None], [4, 5]], f"X has nan at row 1, column 1; {REMEDY}"),
    "several nan": (
        Frame(["a", "b"], [[1, np.nan], [3, np.nan], [4, 5]]),
        f"X has nan at row 0, column 1 ('b'), the first of 2 such entries; {REMEDY}",
    ),
    "category": (
        Frame(["a", "b"], [[1, "m"], [3, "f"], [4, "f"]], dtype=object),
        "X must be numeric, but has 'm' at row 0, column 1 ('b'); encode categories as numbers first",
    ),
    "blank": ([[1, ""], [3, 4], [5, 6]], f"X has a blank text at row 0, column 1; {REMEDY}"),
    "dates": (
        np.array([["2020-01-01"], ["2020-01-02"], ["2020-01-03"]], dtype="M8[D]"),
        "X has dates or times (datetime64[D]); give numbers, one column for each quantity",
    ),
    "records": (
        np.zeros(3, dtype=[("a", float)]),
        "X has records ([('a', '<f8')]); give numbers, one column for each quantity",
    ),
    "a text": ("data.csv", "X is a text; read files with dualscape.data.tables.read_table, which gives X and y"),
    "a table": (Table(np.eye(3), np.ones(3), ("a", "b", "c"), "y"), "X must be an array of numbers, got a Table"),
    "a generator": ((row for row in X), "X must be an array of numbers, got a generator"),
    "nothing": (None, "X must be an array of numbers, got a NoneType"),
    "a column twice": (Frame(["a", "a"], X), "columns 0 and 1 of X are both called 'a'; rename one of them"),
    "sparse nan": (scipy.sparse.csr_matrix([[0, 1], [0, np.nan], [1, 0]]), f"X has nan at row 1, column 1; {REMEDY}"),
}


@pytest.mark.parametrize(("values", "message"), BAD.values(), ids=BAD)
def test_what_is_no_table_of_numbers_is_refused(values, message):
    with pytest.raises(InputError) as caught:
        Problem(values, Y, beta=1)
    assert str(caught.value) == message
