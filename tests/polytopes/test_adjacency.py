"""Loops over packed supports against the definitions, set by set."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.polytopes._adjacency import adjacent_pairs, union_tree
from dualscape.polytopes.double_description import pack


@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 150), st.sampled_from([0.2, 0.5, 0.9]))
def test_the_tree_of_unions_is_as_short_as_any(seed, count, k, share):
    """Kruskal's algorithm on all pairs gives the same widths, one by one."""
    supports = np.random.default_rng(seed).random((count, k)) < share
    tree = union_tree(pack(supports))
    for i, j, width in tree.tolist():
        assert width == (supports[i] | supports[j]).sum()
    group, widths = list(range(count)), []
    for width, i, j in sorted(((supports[i] | supports[j]).sum(), i, j) for i, j in combinations(range(count), 2)):
        if group[i] != group[j]:
            group = [group[i] if g == group[j] else g for g in group]
            widths.append(int(width))
    assert sorted(tree[:, 2].tolist()) == widths
    # It joins all of them.
    joined = set(tree[:, :2].ravel().tolist())
    assert joined == set(range(count))


@pytest.mark.parametrize("need", [0, 1, 3])
@given(seed=st.integers(0, 10**6), count=st.integers(2, 14), k=st.integers(1, 90))
def test_adjacent_rays_share_zeros_that_no_other_has(need, seed, count, k):
    rng = np.random.default_rng(seed)
    zeros = rng.random((count, k)) < 0.5
    split = int(rng.integers(1, count))
    above, below = np.arange(split), np.arange(split, count)
    expected = []
    for i in above.tolist():
        for j in below.tolist():
            shared = zeros[i] & zeros[j]
            others = (r for r in range(count) if r not in (i, j))
            if shared.sum() >= need and not any((zeros[r] >= shared).all() for r in others):
                expected.append([i, j])
    pairs, complete = adjacent_pairs(pack(zeros), above, below, need, 10_000)
    assert complete
    assert pairs.tolist() == expected
    if len(expected) > 1:
        some, complete = adjacent_pairs(pack(zeros), above, below, need, len(expected) - 1)
        assert (some.tolist(), complete) == (expected[:-1], False)
