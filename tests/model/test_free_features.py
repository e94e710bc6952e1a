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


@pytest.mark.parametrize(("relative", "decay", "rank"), [(False, 0.0, 6), (True, 0.0, 4), (True, 0.5, 6)])
def test_several_outputs_have_a_weight_each(relative, decay, rank):
    free = FreeFeatures.of(X, decay, X, ("a", "b")).repeated(3, relative)
    assert (free.q, free.rank, free.spared) == (6, rank, 0 if decay else rank)
    assert free.names[:4] == ("free0[0]", "free0[1]", "free0[2]", "free1[0]")
    W = np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_allclose(free.matrix @ W.ravel(), (X @ W).ravel())
    kept = np.arange(1.0, rank + 1)
    weights = free.weights(kept)
    np.testing.assert_allclose(free.columns @ kept, free.matrix @ weights)
    assert (np.abs(weights.reshape(2, 3).sum(axis=1)).max() < 1e-12) == (rank == 4)
    np.testing.assert_allclose(free.columns_of(2 * X), 2 * free.columns)


def test_a_dropped_feature_is_dropped_for_all_outputs():
    free = FreeFeatures.of(np.ones((4, 2)), 0.0, X, ("a", "b")).repeated(2, relative=False)
    assert free.dropped == ("free1[0]", "free1[1]")
    assert free.title == "given (1 of 2)"
    assert free.weights(np.array([2.0, 3.0])).tolist() == [2.0, 3.0, 0.0, 0.0]
    assert free.spares_constant
