"""Two classes, whatever they are called, made -1 and +1."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.model.labels import several_classes, two_classes
from dualscape.model.problem import Problem

X = [[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]]
Y = [1.0, -1.0, 1.0]


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


def test_a_table_of_one_column_is_a_column():
    problem = classify([[1], [0], [1]])
    assert problem.y.tolist() == [1.0, -1.0, 1.0]
    assert problem.classes == (0, 1)


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
        lambda: classify([[1, 0], [0, 1], [1, 0]]),
        "y has 2 columns, the logistic loss takes one; choose one, or the squared loss",
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


@pytest.mark.parametrize("classes", [two_classes, several_classes])
def test_truth_values_beside_numbers_are_refused(classes):
    for labels in ([True, 1, 0], [1.0, np.True_, 2], [False, 0, "a"]):
        with pytest.raises(InputError, match="y has truth values beside other labels"):
            classes(labels, "y")
    assert len(classes([True, "a"], "y")[1]) == 2
