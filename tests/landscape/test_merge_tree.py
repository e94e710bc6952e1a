"""The merge tree against edges found by rank and minimax paths."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.landscape.merge_tree import merge_tree
from dualscape.polytopes.polytope import polytope
from dualscape.polytopes.vertices import vertices
from labellings import systems


@given(systems())
@settings(max_examples=40, deadline=None)
def test_joining_all_pairs_is_joining_edges(system):
    """Edges are found by rank: the columns of the two supports together have a one-dimensional kernel."""
    A, y = system
    supports = vertices(polytope(A, y)).points > 0
    tree = merge_tree(supports)
    edges = []
    for i, j in combinations(range(len(supports)), 2):
        union = np.flatnonzero(supports[i] | supports[j])
        if np.linalg.matrix_rank(A[:, union]) == len(union) - 1:
            edges.append((i, j, len(union)))
    for m in range(A.shape[1] + 1):
        labels = np.where(supports.sum(axis=1) <= m, np.arange(len(supports)), -1)
        for _ in supports:
            for i, j, width in edges:
                if width <= m:
                    labels[labels == max(labels[i], labels[j])] = min(labels[i], labels[j])
        np.testing.assert_array_equal(tree.labels(m), labels)
        assert tree.components(m) == len(set(labels[labels >= 0].tolist()))


@given(st.integers(1, 30), st.integers(1, 90), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_bottlenecks_are_minimax_path_widths(count, k, seed):
    supports = np.random.default_rng(seed).random((count, k)) < 0.4
    tree = merge_tree(supports)
    best = (supports[:, None] | supports[None]).sum(axis=2)
    for middle in range(count):
        best = np.minimum(best, np.maximum(best[:, middle, None], best[None, middle]))
    assert [[tree.bottleneck(i, j) for j in range(count)] for i in range(count)] == best.tolist()
    assert sorted(merge.width for merge in tree.merges) == [merge.width for merge in tree.merges]
    assert all(tree.births[merge.elder] <= merge.born == tree.births[merge.younger] for merge in tree.merges)
    assert len({merge.younger for merge in tree.merges}) == count - 1


def test_of_two_components_the_elder_names_both():
    """The one of the smallest support, and of those the one that is listed first."""
    supports = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 1, 0, 0, 1]], dtype=bool)
    first, *others = merge_tree(supports).merges
    assert (first.width, first.elder, first.younger, first.born) == (2, 1, 2, 1)
    assert sorted((m.width, m.younger, m.born) for m in others) == [(3, 0, 2), (3, 3, 2)]
    # The other two of equal birth may join each other first, or each the eldest.
    assert {(m.elder, m.younger) for m in others} in ({(0, 3), (1, 0)}, {(1, 0), (1, 3)})
