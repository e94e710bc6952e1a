"""Activation patterns: every true cell is listed, and as many as the formula says."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from dualscape.errors import BudgetError
from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells


def listed(X):
    return {row.tobytes() for block in Arrangement.of(X).patterns() for row in block}


def cells_by_linear_programs(X):
    """All sign vectors of the nonzero rows with an interior point, one linear program each."""
    nonzero = np.flatnonzero(np.abs(X).max(axis=1) > 0)
    cells = set()
    for bits in itertools.product([False, True], repeat=len(nonzero)):
        sigma = np.where(bits, 1.0, -1.0)
        program = linprog(
            np.zeros(X.shape[1]), A_ub=-sigma[:, None] * X[nonzero], b_ub=-np.ones(len(nonzero)), bounds=(None, None)
        )
        if program.status == 0:
            pattern = np.ones(len(X), dtype=bool)
            pattern[nonzero] = bits
            cells.add(pattern.tobytes())
    return cells


@pytest.mark.parametrize(
    "n,d", [(1, 1), (3, 1), (2, 3), (5, 2), (7, 2), (7, 3), (8, 3), (7, 4), (8, 4), (7, 5), (8, 6)]
)
def test_general_position_lists_every_cell_once(n, d):
    X = np.random.default_rng(n * 10 + d).standard_normal((n, d))
    blocks = np.vstack(list(Arrangement.of(X).patterns()))
    rank = min(n, d)
    expected = count_cells(n if d > 1 else 1, rank)
    assert len(blocks) == len({row.tobytes() for row in blocks}) == expected
    assert {row.tobytes() for row in blocks} == cells_by_linear_programs(X)


@pytest.mark.parametrize("n,d,cells", [(20, 5, 10_072), (30, 3, 872), (12, 6, 2 * (1 + 11 + 55 + 165 + 330 + 462))])
def test_counts_of_larger_arrangements(n, d, cells):
    X = np.random.default_rng(d).standard_normal((n, d))
    assert count_cells(n, d) == cells
    assert sum(len(block) for block in Arrangement.of(X).patterns(chunk=100)) == cells


DEGENERATE = {
    "grid with ones": np.column_stack([np.array(list(itertools.product([0, 1, 2], [0, 1, 2])), float), np.ones(9)]),
    "cube with ones": np.column_stack([np.array(list(itertools.product([-1, 1], repeat=3)), float), np.ones(8)]),
    "one-hot, duplicated": np.vstack([np.eye(4), np.eye(4)]),
    "antipodes": np.array([[1.0, 2], [-1, -2], [3, 1], [-3, -1], [2, 4]]),
    "one-hot and a number": np.column_stack([np.eye(2)[[0, 0, 0, 1, 1, 1]], [1.0, 2, 3, 1, 2, 4]]),
    "zero rows": np.array([[0.0, 0], [1, 0], [0, 0], [1, 1]]),
    "collinear inputs": np.column_stack([np.arange(7.0), np.ones(7)]),
    "rank deficient": np.outer([1.0, -2, 3, 0.5], [1.0, 1, 0]) + np.outer([1.0, 1, 0, 2], [0.0, 1, 1]),
    "one row": np.array([[1.0, 2, 3]]),
    "scaled 1e-12": 1e-12 * np.array([[1.0, 0], [1, 1], [0, 1], [1, -1]]),
    "scaled 1e12": 1e12 * np.array([[1.0, 0], [1, 1], [0, 1], [1, -1]]),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_misses_no_cell(name):
    X = DEGENERATE[name]
    assert cells_by_linear_programs(X) <= listed(X)


@settings(max_examples=30, deadline=None)
@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.integers(-2, 2)))
def test_integer_data_misses_no_cell(integers):
    X = integers.astype(float)
    if X.any():
        assert cells_by_linear_programs(X) <= listed(X)


def test_all_zero_data_has_one_pattern():
    assert [block.tolist() for block in Arrangement.of(np.zeros((2, 3))).patterns()] == [[[True, True]]]


def test_samples_are_patterns_and_budget_is_kept():
    X = np.random.default_rng(0).standard_normal((9, 3))
    arrangement = Arrangement.of(X)
    sample = arrangement.sample(200, np.random.default_rng(1))
    assert {row.tobytes() for row in sample} <= listed(X)
    with pytest.raises(BudgetError, match="74 activation patterns exceed the budget of 10"):
        next(arrangement.patterns(budget=10))
