"""Lines of the arrangement: every vertex belongs to one that is swept."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.arrangement.lines import is_swept, mark_owned


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
