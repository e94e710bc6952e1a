"""Tall matrices in blocks of rows, against the same of all rows at once."""

import numpy as np
import pytest

from dualscape.geometry import tall
from dualscape.geometry.tall import blocks, row_lengths, triangular_factor, weighted_gram


@pytest.mark.parametrize("n", [1, 6, 7, 40])
def test_blocks_cover_all_rows_once(n):
    rows = np.concatenate([np.arange(n)[part] for part in blocks(n, 7)])
    np.testing.assert_array_equal(rows, np.arange(n))


@pytest.mark.parametrize("n", [2, 5, 40])
def test_the_factor_of_parts_is_one_of_the_whole(n):
    A = np.random.default_rng(n).standard_normal((n, 4))
    R = triangular_factor(A[part] for part in blocks(n, 7))
    assert R.shape == (min(n, 4), 4)
    np.testing.assert_allclose(R.T @ R, A.T @ A, atol=1e-13 * n)
    assert (np.triu(R) == R).all()


def test_a_factor_of_parts_keeps_small_singular_values():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((100, 3))
    A[:, 2] = A[:, 1] + 1e-11 * rng.standard_normal(100)
    least = np.linalg.svd(triangular_factor(A[part] for part in blocks(100, 9)), compute_uv=False)[-1]
    assert least == pytest.approx(np.linalg.svd(A, compute_uv=False)[-1], rel=1e-3)


def test_sums_over_blocks_are_those_over_rows(monkeypatch):
    monkeypatch.setattr(tall, "ROWS", 7)
    rng = np.random.default_rng(1)
    A, weights = rng.standard_normal((40, 3)), rng.standard_normal(40)
    np.testing.assert_allclose(weighted_gram(A, weights), A.T @ (weights[:, None] * A), atol=1e-13)
    np.testing.assert_allclose(row_lengths(A), np.linalg.norm(A, axis=1), rtol=1e-14)
