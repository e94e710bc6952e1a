"""Tight sign sets: signs that hold, faces within others, and rows that are open."""

import numpy as np
import pytest

from dualscape import Problem
from dualscape.errors import NotCertifiedError
from dualscape.landscape.three_layer_faces import Face, _with_held, faces_at
from dualscape.oracles.hull.oracle import Leaf


def face(on, off, held, columns, sign=1.0):
    columns = np.array(columns, dtype=float)
    rows = (np.array(part, dtype=bool) for part in (on, off, held))
    return Face(sign, *rows, np.ones((columns.shape[1], 2)), np.ones(columns.shape[1]), columns)


def test_signs_that_hold_anyway_are_left_out():
    found = face([1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [[1, 2], [1, -1], [-1, 0], [1, -2]])
    rows, free = found.signs()
    assert rows.tolist() == [[1, -1], [0.5, -1]]
    assert free.tolist() == [True, False]


def test_a_face_with_more_rows_held_lies_within():
    wide = face([1, 1], [0, 0], [0, 0], [[1], [1]])
    narrow = face([1, 0], [0, 0], [0, 1], [[1], [0]])
    other = face([1, 0], [0, 1], [0, 0], [[1], [-1]])
    assert narrow.within(wide)
    assert narrow.within(other)
    assert not wide.within(narrow)
    assert not other.within(wide)
    assert not face([1, 0], [0, 0], [0, 1], [[1], [0]], sign=-1.0).within(wide)


def test_the_faces_of_the_square():
    problem = Problem(
        [[1, 0], [0, 1], [-1, 0], [0, -1]], [1, -1, 1, -1], beta=0.1, bias="none", architecture="three-layer"
    )
    oracle, nu = problem.oracle("hull"), 0.05 * problem.y
    leaves = oracle.leaves(nu, 0.9 * 0.05)
    found = faces_at(problem.X, nu, leaves, oracle.first, 0.05, 1e-9)
    assert sorted(f.sign for f in found) == [-1.0, 1.0]
    for f in found:
        assert sorted(map(tuple, np.abs(f.directions).round(12).tolist())) == (
            [(1.0, 0.0)] * 2 if f.sign > 0 else [(0.0, 1.0)] * 2
        )
        assert f.held.sum() == 2


def test_a_row_without_pull_cuts_faces_in_two():
    problem = Problem([[1.0, 0.0], [1.0, 1.0]], [1.0, 1.0], beta=0.1, bias="none", architecture="three-layer")
    first = problem.oracle("hull").first
    leaf = Leaf(1.0, np.array([True, False]), np.zeros(2), 1.0)
    other = Leaf(1.0, np.array([True, True]), np.zeros(2), 1.0)
    found = faces_at(problem.X, np.array([1.0, 0.0]), [leaf, other], first, 1.0, 1e-9)
    # h = (1, 1) is all that is tight: it counts in row 1, and would have to be 0 there not to.
    assert [(face.on.tolist(), face.off.tolist()) for face in found] == [([True, True], [False, False])]
    assert faces_at(problem.X, np.zeros(2), [], first, 1.0, 1e-9) == ()
    with pytest.raises(NotCertifiedError, match="nu is 0 in row 1 up to rounding"):
        faces_at(problem.X, np.array([1.0, 1e-9]), [leaf], first, 1.0, 1e-9)
    many = Problem(np.ones((9, 1)), np.ones(9), beta=0.1, bias="none", architecture="three-layer")
    leaf = Leaf(1.0, np.arange(9) == 0, np.zeros(9), 1.0)
    with pytest.raises(NotCertifiedError, match="nu is 0 in 8 rows"):
        faces_at(many.X, (np.arange(9) == 0).astype(float), [leaf], many.oracle("hull").first, 1.0, 1e-9)


def test_rows_are_held_only_where_no_point_is_above_0():
    """The point that is found first may be at the rim: here (0, 1, 3) / 4, where the first two rows are 0."""
    columns = np.array([[0.935, 0.0, 0.0], [1.515, 0.0, 0.0], [0.0, -0.8944, 0.8944], [0.7095, -1.7889, 0.0]])
    on = np.array([True, True, True, False])
    found = _with_held(Face(1.0, on, ~on, np.zeros(4, dtype=bool), np.eye(3), np.array([1.0, -1.0, 1.0]), columns))
    assert not found.held.any()
