"""Sweeps along the lines: as many patterns as the formula says, each once."""

import numpy as np
import pytest

from dualscape.geometry.arrangement.arrangement import Arrangement, count_cells


@pytest.mark.parametrize(("n", "rank"), [(90, 4), (45, 5), (36, 6), (16, 8)])
def test_as_many_patterns_as_the_formula_says_where_few_lines_are_swept(n, rank):
    X = np.random.default_rng(rank).standard_normal((n, rank))
    patterns = np.vstack([np.packbits(block, axis=1) for block in Arrangement.of(X).patterns()])
    assert len(patterns) == len(np.unique(patterns, axis=0)) == count_cells(n, rank)
