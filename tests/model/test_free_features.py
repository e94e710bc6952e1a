"""Free features: what they are, and which of them carry weight."""

import numpy as np
import pytest

from dualscape import Problem
from dualscape.errors import InputError
from dualscape.model.free_features import FreeFeatures

X = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0], [4.0, -1.0]])


@pytest.mark.parametrize(
    ("kind", "names", "matrix"),
    [
        ("none", (), np.zeros((4, 0))),
        ("constant", ("constant",), np.ones((4, 1))),
        ("linear", ("a", "b"), X),
        ("affine", ("constant", "a", "b"), np.column_stack([np.ones(4), X])),
    ],
)
def test_kinds(kind, names, matrix):
    free = FreeFeatures.of(kind, 0.0, X, ("a", "b"))
    assert free.names == names
    assert np.array_equal(free.matrix, matrix)
    assert free.rank == free.q == len(names)


def test_features_that_depend_on_others_have_no_weight():
    M = np.column_stack([X, X[:, 0] + X[:, 1], np.zeros(4), 1e9 * X[:, 1]])
    free = FreeFeatures.of(M, 0.0, X, ("a", "b"))
    assert free.rank == np.linalg.matrix_rank(M) == 2
    assert np.linalg.matrix_rank(free.columns) == 2
    assert len(free.dropped) == 3
    w = free.weights(np.array([2.0, 3.0]))
    assert w[free.kept].tolist() == [2.0, 3.0]
    assert np.count_nonzero(w) == 2


def test_more_free_features_than_rows():
    free = FreeFeatures.of(np.random.default_rng(0).normal(size=(3, 5)), 0.0, np.ones((3, 1)), ("a",))
    assert free.rank == 3


def test_with_a_decay_all_count():
    assert FreeFeatures.of(np.ones((4, 2)), 0.5, X, ("a", "b")).rank == 2


@pytest.mark.parametrize(
    ("free", "decay", "message"),
    [
        ("cubic", 0.0, "unknown free features 'cubic'; known: none, constant, linear, affine, or a matrix"),
        ("given", 0.0, "give that matrix"),
        (np.full((4, 1), np.nan), 0.0, "free"),
        (np.ones((3, 1)), 0.0, "the free features have 3 rows but X has 4"),
        ("constant", -1.0, "free_decay must be a finite number >= 0"),
        ("constant", "much", "free_decay must be a number"),
        ("none", 1.0, "there are none; give free="),
    ],
)
def test_bad_free_features_are_refused(free, decay, message):
    with pytest.raises(InputError) as caught:
        Problem(X, np.arange(4.0), beta=1.0, free=free, free_decay=decay)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
