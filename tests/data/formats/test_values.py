"""Cells as numbers or as classes: what is read, and the place and remedy of what cannot be."""

import numpy as np
import pytest

from dualscape.data.formats.columns import Columns
from dualscape.data.formats.values import are_truths, classes_of, labels, numbers
from dualscape.errors import InputError


def columns(*cells, **options):
    names = tuple(f"c{i}" for i in range(len(cells)))
    return Columns("file", names, lambda i: cells[i], lambda row: f"line {row + 2}", **options)


@pytest.mark.parametrize(
    ("cells", "decimal", "expected"),
    [
        (["1", " 2.5\t", "-3e2"], ".", [1.0, 2.5, -300.0]),
        (["1,5", "2"], ",", [1.5, 2.0]),
        (["true", "False", "TRUE"], ".", [1.0, 0.0, 1.0]),
        ([1, 2.5, True], ".", [1.0, 2.5, 1.0]),
        (np.array([3, 4], dtype=np.int8), ".", [3.0, 4.0]),
    ],
)
def test_cells_become_the_numbers_they_say(cells, decimal, expected):
    found = numbers(columns(cells, decimal=decimal), 0)
    assert found.dtype == np.float64
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["1", "", "x"], 1),
        (["1", "2", "n/a"], 2),
        (["1", "2_000"], 1),
        (["1", "inf"], 1),
        (["x", ""], 0),
        ([1.0, None], 1),
        (np.array([0.0, np.nan]), 1),
    ],
)
def test_the_first_cell_that_is_no_finite_number_is_named(cells, row):
    with pytest.raises(InputError) as caught:
        numbers(columns(cells), 0)
    message = str(caught.value)
    assert f"line {row + 2}" in message
    assert "c0" in message
    assert len(message.splitlines()) == 1


def test_labels_are_of_one_kind():
    assert labels(columns(["1", "2.5", "3"]), 0) == [1, 2.5, 3]
    assert labels(columns(["yes", "2", "no"]), 0) == ["yes", "2", "no"]
    assert labels(columns(["True", "false"]), 0) == [True, False]
    assert labels(columns(["1,5", "2"], decimal=","), 0) == [1.5, 2]
    with pytest.raises(InputError, match="line 3"):
        labels(columns(["a", ""]), 0)


def test_two_classes_are_signs():
    y, classes = classes_of(columns(["b", "a", "b"]), 0)
    assert y.tolist() == [1.0, -1.0, 1.0]
    assert tuple(classes) == ("a", "b")
    with pytest.raises(InputError, match="'c0'"):
        classes_of(columns(["a", "b", "c"]), 0)


def test_truth_values_are_texts():
    assert are_truths(columns(["true", "False"]), 0)
    assert not are_truths(columns(["true", "1"]), 0)
    assert not are_truths(columns(np.array([1, 0])), 0)


def test_notes_come_before_those_that_are_there():
    assert columns(["1"], notes=("b",)).noted(("a",)).notes == ("a", "b")
