"""The active set on the Gram matrix: its optimality conditions, by single changes and by whole blocks of them."""

import numpy as np
import pytest

from dualscape.solver import active_set
from dualscape.solver.active_set import exchange_blocks, find_independent, solve_gram


def gram_problem(seed, n, k, copies=1):
    """(G, b) of unit columns of ReLU units in groups of neighbours, the first ones `copies` times."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 8))
    units = np.repeat(rng.standard_normal((k // 4, 8)), 4, axis=0) + 0.05 * rng.standard_normal((k, 8))
    A = np.maximum(X @ units.T, 0) * np.where(rng.random(k) < 0.5, 1.0, -1.0)
    A = np.hstack([A] + [A[:, : k // 4]] * (copies - 1))
    norms = np.linalg.norm(A, axis=0)
    A = A / norms
    target = rng.standard_normal(n)
    price = 0.003 * np.abs(A.T @ target).max() * norms.min() / norms
    return A.T @ A, A.T @ target - price


@pytest.mark.parametrize("blocks_from", [1, 10**9])
@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_optimality_conditions(seed, copies, blocks_from, monkeypatch):
    monkeypatch.setattr(active_set, "BLOCKS_FROM", blocks_from)
    G, b = gram_problem(seed, 300, 240, copies)
    rng = np.random.default_rng(seed)
    start = rng.random(len(b)) * (rng.random(len(b)) < 0.6)
    c = solve_gram(G, b, start, 1e-12 * np.abs(b).max())
    surplus = (b - G @ c) / np.abs(b).max()
    assert (c >= 0).all()
    assert surplus.max() <= 1e-8
    assert np.abs(surplus[c > 0]).max() <= 1e-8
    assert np.linalg.matrix_rank(G[np.ix_(c > 0, c > 0)]) == (c > 0).sum()


def test_blocks_leave_little_to_do():
    G, b = gram_problem(0, 300, 240)
    tolerance = 1e-12 * np.abs(b).max()
    start = exchange_blocks(G, b, np.ones(240), tolerance)
    c = solve_gram(G, b, start, tolerance)
    changed = (start > 0) != (c > 0)
    assert (c > 0).sum() > 3 * active_set.FEW_WRONG
    assert changed.sum() <= 2 * active_set.FEW_WRONG


def test_blocks_from_nothing_or_from_zero_columns():
    assert exchange_blocks(np.eye(3), np.ones(3), np.zeros(3), 1e-9).tolist() == [0, 0, 0]
    assert exchange_blocks(np.zeros((3, 3)), -np.ones(3), np.ones(3), 1e-9).tolist() == [1, 1, 1]
    assert solve_gram(np.zeros((3, 3)), -np.ones(3), np.ones(3), 1e-9).tolist() == [0, 0, 0]


def test_columns_that_depend_on_earlier_ones():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((6, 3))
    A = np.hstack([A[:, :2], A[:, :1] - 2 * A[:, 1:2], A[:, 2:], A[:, 2:]])
    A /= np.linalg.norm(A, axis=0)
    independent = find_independent(A.T @ A, np.array([0, 1, 2, 3, 4]))
    assert independent.tolist() == [True, True, False, True, False]
    assert find_independent(A.T @ A, np.array([4, 3, 2])).tolist() == [True, False, True]
