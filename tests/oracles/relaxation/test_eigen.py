"""Positive eigenvalues against those of numpy in double precision."""

import numpy as np
import pytest

from dualscape.oracles.relaxation.eigen import positive_pairs


@pytest.mark.parametrize("n", [1, 2, 7, 60])
@pytest.mark.parametrize("shift", [-100.0, -1.0, 0.0, 1.0, 100.0])
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("kind, exact", [(np.float32, 1.0), (np.float64, 1e-8)])
def test_those_of_random_matrices(n, shift, size, kind, exact):
    A = np.random.default_rng(n).standard_normal((n, n))
    A = (size * (A + A.T + shift * np.eye(n))).astype(kind)
    values, vectors = positive_pairs(A)
    assert values.dtype == vectors.dtype == kind
    expected = np.linalg.eigvalsh(A.astype(float))
    expected = expected[expected > 0]
    assert vectors.shape == (n, len(values))
    np.testing.assert_allclose(values, expected, atol=exact * 2e-6 * np.abs(A).sum(axis=1).max())
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(values)), atol=exact * 1e-5)
    np.testing.assert_allclose(A @ vectors, vectors * values, atol=exact * 1e-5 * np.linalg.norm(A))


def test_equal_ones_and_none():
    values, vectors = positive_pairs(np.eye(40, dtype=np.float32))
    assert values.tolist() == [1.0] * 40
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(40), atol=1e-5)
    for nothing in (np.zeros((3, 3), np.float32), -np.eye(3, dtype=np.float32)):
        values, vectors = positive_pairs(nothing)
        assert (len(values), vectors.shape) == (0, (3, 0))


def test_the_matrix_is_left_as_it_is():
    A = np.diag(np.array([2.0, -1.0], np.float32))
    positive_pairs(A)
    assert A.tolist() == [[2.0, 0.0], [0.0, -1.0]]


def test_what_is_not_finite_is_refused():
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        positive_pairs(np.full((2, 2), np.nan, np.float32))
