"""Faces against directions drawn at random, and counts that are known."""

import numpy as np
import pytest

from dualscape.landscape.stationary.faces import faces


@pytest.mark.parametrize(("n", "d"), [(4, 2), (4, 3), (3, 4)])
def test_every_direction_is_inside_one_face(n, d):
    rng = np.random.default_rng(n + d)
    X = rng.standard_normal((n, d))
    found = [face for face in faces(X, -1.0) if not face.through.any()]
    for u in rng.standard_normal((200, d)):
        inside = [face for face in found if (np.sign(X @ u) == face.sides).all()]
        assert len(inside) == 1
        np.testing.assert_allclose(inside[0].columns @ (inside[0].basis.T @ u), np.abs(X @ u), rtol=1e-9)


def test_counts():
    # 2 n cells and 2 n rays in the plane; with ReLU the cell on which no row is positive computes nothing.
    X = np.random.default_rng(0).standard_normal((5, 2))
    assert len(list(faces(X, -1.0))) == 20
    # Three planes in space: 8 cells, 12 quarters of planes, 6 rays.
    assert len(list(faces(np.eye(3), -1.0))) == 26
    assert len(list(faces(np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]), -1.0))) == 2


def test_rows_through_a_face_are_zero_on_it():
    X = np.random.default_rng(1).standard_normal((4, 3))
    for face in faces(X):
        assert np.abs(X[face.through] @ face.basis).max(initial=0.0) < 1e-12
        assert face.basis.shape[1] == 3 - face.through.sum()
