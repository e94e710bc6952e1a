"""What users give as X and y, in whatever form, and what is said of what cannot be used."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from dualscape.data.tables import Table
from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.prediction.predictor import Predictor
from dualscape.solver import solve

X = [[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]]
Y = [1.0, -1.0, 1.0]


class Frame:
    """A data frame as pandas and polars have it: names of columns, and an array."""

    def __init__(self, columns, values, dtype=None):
        self.columns = columns
        self._values = np.array(values, dtype=dtype)

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)


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


class PandasFrame(Frame):
    """What `iloc[:, positions]` gives, as of pandas."""

    @property
    def iloc(self):
        return self

    def __getitem__(self, where):
        rows, columns = where
        return PandasFrame([self.columns[i] for i in columns], self._values[rows][:, columns])


class PolarsFrame(Frame):
    """What `select(names)` gives, as of polars."""

    def select(self, names):
        return PolarsFrame(names, self._values[:, [self.columns.index(name) for name in names]])


def arrow_table(columns, values, dtype=None):
    table = pytest.importorskip("pyarrow").table
    return table({name: [row[i] for row in values] for i, name in enumerate(columns)})


NEW = [["new", 5.0, 1.0], ["old", -2.0, 0.5]]


@pytest.mark.parametrize("frame", [Frame, PandasFrame, PolarsFrame, arrow_table])
def test_predictions_find_the_columns_of_a_data_frame_by_name(frame):
    """In another order, beside others that are no numbers."""
    problem = Problem(frame(["size", "age"], X), Y, beta=0.1)
    assert problem.feature_names == ("size", "age")
    solution = solve(problem)
    table = Table(problem.inputs, problem.y, problem.feature_names, "y")
    predictor = Predictor(solution.network, "squared", table.scaled, problem.feature_names, "y")
    plain = [[1.0, 5.0], [0.5, -2.0]]
    expected = solution.network.predict(plain).tolist()
    assert expected != solution.network.predict([row[::-1] for row in plain]).tolist()
    new = frame(["note", "age", "size"], NEW, dtype=object)
    for model in (solution, predictor):
        assert model.predict(new).tolist() == expected
        assert model.predict(plain).tolist() == expected
        with pytest.raises(InputError) as caught:
            model.predict(frame(["note", "old", "size"], NEW, dtype=object))
        assert str(caught.value) == (
            "X lacks column 'age', which the network takes; it has: note, old, size; "
            "an array without names is taken by position"
        )
        with pytest.raises(InputError, match=r"X must have shape \(rows, 2\), one column per feature"):
            model.predict([[1.0, 2.0, 3.0]])


def test_the_zero_network_knows_its_features_too():
    solution = solve(Problem(X, Y, beta=100))
    assert solution.predict(X).tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="one column per feature, got shape"):
        solution.predict([[1.0, 2.0, 3.0]])


def test_a_column_twice_is_no_answer():
    solution = solve(Problem(Frame(["size", "age"], X), Y, beta=0.1))
    with pytest.raises(InputError, match="X has several columns 'age'; rename all but one of them"):
        solution.predict(Frame(["age", "size", "age"], NEW, dtype=object))


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


# --- labels -------------------------------------------------------------------------------------------
def classify(y, **options):
    return Problem(X, y, beta=1, loss="logistic", **options)


LABELS = {
    "0 and 1": ([1, 0, 1], (0, 1)),
    "floats": (np.array([2.0, 1.0, 2.0]), (1.0, 2.0)),
    "truth values": ([True, False, True], (False, True)),
    "texts": (["yes", "no", "yes"], ("no", "yes")),
    "objects": (np.array([1, "a", 1], dtype=object), ("a", 1)),
    "signs": (Y, (-1.0, 1.0)),
}


@pytest.mark.parametrize(("y", "classes"), LABELS.values(), ids=LABELS)
def test_any_two_labels_are_classes(y, classes):
    problem = classify(y)
    assert set(problem.classes) == set(classes)
    high = problem.classes[1]
    assert problem.y.tolist() == [1.0 if label == high else -1.0 for label in list(y)]
    assert problem.with_beta(2).classes == problem.classes
    assert problem.at_fraction(0.5).classes == problem.classes


def test_the_lower_label_is_minus_one():
    assert classify(["yes", "no", "yes"]).y.tolist() == [1, -1, 1]
    assert classify([0, 1, 0]).y.tolist() == [-1, 1, -1]
    assert classify(["B", "a", "a"]).classes == ("B", "a")
    assert Problem(X, Y, beta=1).classes is None


def test_classes_name_signs():
    problem = classify([1, 1, 1], classes=["bad", "good"])
    assert (problem.y.tolist(), problem.classes) == ([1, 1, 1], ("bad", "good"))


BAD_LABELS = {
    "one": (
        lambda: classify([1, 1, 1]),
        "the logistic loss needs a target with two classes, but y has 1 distinct value (1); add rows of a second class",
    ),
    "three": (
        lambda: classify([0, 1, 2]),
        "the logistic loss needs a target with two classes, but y has 3 distinct values (0, 1, 2); "
        "recode it, or use the squared loss",
    ),
    "a table": (
        lambda: classify([[1], [0], [1]]),
        "y must have 1 dimension(s) (one number per example), got shape (3, 1); give numpy.ravel(y)",
    ),
    "missing": (
        lambda: classify(["a", None, "b"]),
        "y has a missing label (None) at row 1; drop rows without a label first",
    ),
    "nan": (lambda: classify([0, np.nan, 1]), "y has a missing label (nan) at row 1; drop rows without a label first"),
    "texts with the squared loss": (
        lambda: Problem(X, ["yes", "no", "no"], beta=1),
        "y has two labels, 'no' and 'yes': say loss='logistic', or give numbers",
    ),
    "classes of labels": (
        lambda: classify([0, 1, 0], classes=("a", "b")),
        "target of the logistic loss must be +1 or -1, but row 0 has 0; "
        "recode the two classes as +1 and -1, or use loss='squared'",
    ),
    "one class named": (
        lambda: classify(Y, classes=("a", "a")),
        "classes must be two different labels, that of -1 and that of +1, got ('a', 'a')",
    ),
    "classes of numbers": (
        lambda: Problem(X, Y, beta=1, classes=("a", "b")),
        "classes were given, but the squared loss takes numbers; leave them out",
    ),
    "a name": (
        lambda: Problem(X, Y, beta=1, feature_names="ab"),
        "feature_names must be a list with one name for each column of X, got 'ab'",
    ),
}


@pytest.mark.parametrize(("action", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_refused(action, message):
    with pytest.raises(InputError) as caught:
        action()
    assert str(caught.value) == message
