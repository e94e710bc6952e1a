"""The figure of the merge tree: a leaf for each vertex, joined where they are."""

from dataclasses import replace
from functools import cache

import numpy as np

from dualscape import figures
from dualscape.figures.layers import Labels, Lines, Points
from dualscape.figures.numbers import ends
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.problem import Problem
from dualscape.solver import solve
from scenes import layers
from solved import solved


def test_merge_tree_has_a_leaf_per_vertex_and_joins_at_the_right_width():
    _, optima, stairs = solved("triangle")
    scene = figures.merge_tree(stairs)
    leaves = layers(scene, Points, "an irreducible optimal network appears")[0].at
    assert sorted(leaves[:, 0]) == sorted((optima.vertices > 0).sum(axis=1))
    joins = layers(scene, Lines, "components that join")[0].pieces
    assert [piece[0, 0] for piece in joins] == [4]


def test_alike_leaves_of_a_large_tree_share_a_line():
    _, _, stairs = solved("parity")
    scene = figures.merge_tree(stairs)
    texts = [text for layer in layers(scene, Labels) for text in layer.texts if text]
    assert sum(int(text.removeprefix("x ")) for text in texts) == 130


@cache
def sampled():
    """An optimal set too large to list, and its staircase: the known vertices join later than all others do."""
    t = np.arange(30) / 2
    solution = solve(Problem((t[:, None] - t.mean()) / t.std(), np.sin(t), beta=1).at_fraction(0.001))
    optima = optimal_set(solution, max_vertices=9)
    return solution, optima, staircase(optima)


def test_the_merge_tree_of_sampled_vertices_ends_where_all_are_known_to_be_connected():
    _, _, stairs = sampled()
    low, high = ends(stairs.connected_from)
    assert high < max(width for *_, width in stairs.tree.edges)  # drawn as they stand, the edges would say otherwise
    scene = figures.merge_tree(stairs)
    joins = layers(scene, Lines, "components that join")[0].pieces
    assert max(piece[0, 0] for piece in joins) == high
    assert f"From width {high} on, all optimal networks are connected" in scene.caption
    assert "at an upper bound of the least width" in scene.caption
    assert ("an upper bound: the least such width" in scene.caption) == (low < high)
    assert scene.title.endswith("in upper bounds")


def test_what_is_known_of_some_vertices_is_not_said_of_all():
    solution, optima, stairs = sampled()
    high = ends(stairs.connected_from)[1]
    inner = replace(stairs, connected_from=(high - 1, high))
    assert "(an upper bound: the least such width is" in figures.merge_tree(inner).caption
    for scene in (figures.merge_tree(stairs), figures.units(solution, optima)):
        assert "that are known" in scene.caption
    assert "Not all irreducible optimal networks are listed" in figures.staircase(stairs).caption
    listed = figures.merge_tree(solved("triangle")[2])
    assert "at the least width" in listed.caption
    assert "known" not in listed.caption
    assert listed.title == "The merge tree"
