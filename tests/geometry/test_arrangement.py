"""Activation patterns: every true cell is listed, and as many as the formula says."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from dualscape.errors import BudgetError
from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells
from dualscape.geometry.arrangement.lines import is_swept, mark_owned
from dualscape.geometry.hinges import Hinges


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


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (6, 3), elements=st.floats(-3, 3).map(lambda v: round(v, 1))), st.integers(0, 1000))
def test_hinges_are_the_function(X, seed):
    rng = np.random.default_rng(seed)
    X = np.vstack([X, -X[:2], 2 * X[2:4]])
    nu, u = rng.standard_normal(len(X)), rng.standard_normal(3)
    u /= np.linalg.norm(u)
    hinges = Hinges.of(X)
    kappa, linear = hinges.reduce(nu)
    v = hinges.basis.T @ u
    value = linear @ v + kappa @ np.maximum(hinges.rows @ v, 0)
    exact = nu @ np.maximum(X @ u, 0)
    assert abs(value - exact) <= hinges.slack(nu) + 1e-14 * (np.abs(nu) @ np.linalg.norm(X, axis=1))
    assert hinges.slack(nu) <= 1e-12 * (np.abs(nu) @ np.linalg.norm(X, axis=1)) + 1e-300


@pytest.mark.parametrize("size", range(7))
def test_every_vertex_is_owned_by_one_swept_line(size):
    n = 12
    owned = np.zeros(n + 3, dtype=bool)
    owners = dict.fromkeys(itertools.combinations(range(1, n + 1), size + 1), 0)
    swept = 0
    for line in itertools.combinations(range(1, n + 1), size):
        subset = np.array((*line, 0), dtype=np.int64)
        if is_swept(subset, size):
            swept += 1
            mark_owned(subset, size, n, owned)
            for i in np.flatnonzero(owned).tolist():
                owners[tuple(sorted((*line, i)))] += 1  # a KeyError where i is not another hyperplane
    assert set(owners.values()) == {1}
    # The shares that the docstring promises, which small n can only undercut or miss by a little.
    share = {2: 1 / 2, 3: 4 / 9, 4: 5 / 16}.get(size, 1.0 if size < 2 else 1 / 2)
    assert swept <= 1.05 * share * math.comb(n, size)


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 6).flatmap(lambda size: st.sets(st.integers(1, 3000), min_size=size + 1, max_size=size + 1)))
def test_vertices_of_many_hyperplanes_are_owned_by_one_swept_line(vertex):
    vertex, size = sorted(vertex), len(vertex) - 1
    owned = np.zeros(3001, dtype=bool)
    owners = 0
    for i in vertex:
        subset = np.array([k for k in vertex if k != i], dtype=np.int64)
        if is_swept(subset, size):
            mark_owned(subset, size, 3000, owned)
            owners += int(owned[i])
    assert owners == 1


@pytest.mark.parametrize(("n", "rank"), [(90, 4), (45, 5), (36, 6), (16, 8)])
def test_as_many_patterns_as_the_formula_says_where_few_lines_are_swept(n, rank):
    X = np.random.default_rng(rank).standard_normal((n, rank))
    patterns = np.vstack([np.packbits(block, axis=1) for block in Arrangement.of(X).patterns()])
    assert len(patterns) == len(np.unique(patterns, axis=0)) == count_cells(n, rank)
