"""The polytope of masses: edges, faces and distances."""

from itertools import combinations

import numpy as np

from dualscape import figures
from dualscape.figures.layers import Points, Surface
from dualscape.figures.polytope import edges_of, facets_of, flat_coordinates
from scenes import layers
from solved import solved


def test_polytope_of_the_triangle_is_a_bipyramid():
    _, optima, _ = solved("triangle")
    assert len(edges_of(optima.vertices)) == 9
    assert sorted(len(f) for f in facets_of(optima.vertices)) == [3] * 6
    scene = figures.polytope(optima)
    assert len(layers(scene, Surface)[0].triangles) == 6
    named = {layer.name: len(layer.at) for layer in layers(scene, Points)}
    assert named == {"irreducible optimal network of 2 neurons": 3, "irreducible optimal network of 3 neurons": 2}


def test_coordinates_keep_distances():
    _, optima, _ = solved("triangle")
    at = flat_coordinates(optima.vertices, 3)
    for i, j in combinations(range(len(at)), 2):
        assert np.isclose(np.linalg.norm(at[i] - at[j]), np.linalg.norm(optima.vertices[i] - optima.vertices[j]))


def test_euler_holds_for_the_octagon():
    _, optima, _ = solved("octagon")
    V, E, F = len(optima.vertices), len(edges_of(optima.vertices)), len(facets_of(optima.vertices))
    assert V - E + F == 2
