"""Components of the filtration against those of the vertices, and how many share a mark."""

from itertools import combinations

import pytest

from dualscape.figures.components import Filtration, filtration_of, longest, marks
from solved import solved


def components_by_hand(supports, width):
    """Components of vertices with at most `width` units, joined along unions of at most `width` units."""
    groups = [{v} for v in range(len(supports)) if supports[v].sum() <= width]
    for i, j in combinations(range(len(supports)), 2):
        if (supports[i] | supports[j]).sum() <= width:
            touched = [g for g in groups if i in g or j in g]
            groups = [g for g in groups if g not in touched] + [set().union(*touched)]
    return sorted(tuple(sorted(g)) for g in groups)


@pytest.mark.parametrize("name", ["triangle", "octagon", "parity"])
def test_components_are_those_of_the_vertices(name):
    _, optima, stairs = solved(name)
    filtration = filtration_of(stairs.tree)
    for row in stairs.rows:
        found = sorted(tuple(sorted(c)) for c in filtration.components(row.m))
        assert found == components_by_hand(optima.vertices > 0, row.m)


def many(groups, each):
    """`groups` clusters of `each` vertices: joined within a cluster at width 5, all at width 6."""
    count = groups * each
    inner = [(5, g * each, g * each + i) for g in range(groups) for i in range(1, each)]
    outer = [(6, 0, g * each) for g in range(1, groups)]
    return Filtration((4,) * count, (*inner, *outer))


@pytest.mark.parametrize(("groups", "each", "expected"), [(3, 200, 3), (200, 3, 20), (600, 1, 20)])
def test_many_components_share_marks_and_none_is_lost(groups, each, expected):
    filtration = many(groups, each)
    found = marks(filtration, 4, 20)
    assert len(found) <= expected
    assert sorted(v for mark in found for v in mark.members) == list(range(groups * each))


@pytest.mark.parametrize("most", [2, 5, 40, 129])
def test_the_longest_branches_join_where_they_did(most):
    _, _, stairs = solved("parity")
    tree = stairs.tree
    kept = longest(tree, most)
    assert len(kept.sizes) == most
    lasting = sorted((merge.width - merge.born for merge in tree.merges), reverse=True)
    widths = {max(a, b): width for width, a, b in kept.merges}
    assert sorted((widths[i] - kept.sizes[i] for i in range(1, most)), reverse=True) == lasting[: most - 1]
    for width in range(4, 10):
        assert len(kept.components(width)) <= tree.components(width)
    assert len(kept.components(9)) == 1
