"""Widths of three-layer optima: as two layers where subnetworks are single neurons, and by hand."""

import numpy as np
import pytest

from dualscape import Problem, catalogue, optimal_set, solve, staircase, three_layer_set
from dualscape.landscape.three_layer_faces import Face
from dualscape.landscape.three_layer_widths import ThreeLayerWidths, widths_of
from dualscape.polytopes.polytope import polytope


def face(sign, columns, held=None):
    """A face whose rows all count, but for those held."""
    columns = np.array(columns, dtype=float)
    n, j = columns.shape
    held = np.zeros(n, dtype=bool) if held is None else np.array(held, dtype=bool)
    return Face(sign, ~held, np.zeros(n, dtype=bool), held, np.ones((j, 2)), np.ones(j), columns)


def widths(faces, fit, inner=9):
    columns = [found.fits for found in faces]
    masses = polytope(np.hstack(columns), np.array(fit, dtype=float), error=1e-7, column_error=1e-7)
    return widths_of(faces, columns, masses, np.ones(len(fit)), inner)


def steps(found):
    return [(row.m, row.components) for row in found.rows]


def test_single_neurons_have_the_staircase_of_two_layers():
    checked = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, y = rng.integers(-2, 3, (6, 2)).astype(float), rng.integers(-1, 2, 6).astype(float)
        problem = Problem(X, y, beta=1.0, bias="none", architecture="three-layer").at_fraction(0.15)
        optima = three_layer_set(solve(problem))
        if optima.widths.rows and all(len(found.turns) == 1 for found in optima.faces):
            two = staircase(optimal_set(solve(Problem(X, y, beta=problem.beta, bias="none"))))
            assert steps(optima.widths) == steps(two)
            assert (optima.widths.m_star, optima.widths.M_star) == (two.m_star, two.M_star)
            checked += 1
    assert checked >= 3


def test_the_square_of_two_pairs_by_hand():
    """e1 + e2 = e3 + e4 in the plane of columns: two minimal pairs, apart until width four."""
    columns = ([1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0])
    found = widths([face(1.0, np.transpose([a])) for a in columns], [1, 1, 1])
    assert (found.m_star, found.M_star, found.connected_from) == (2, 2, 4)
    assert steps(found) == [(2, 4), (3, 2), (4, 1)]


def test_a_face_of_several_points_counts_once():
    found = widths([face(1.0, [[1, 0], [0, 1], [0, 0]]), face(1.0, [[0], [0], [1]])], [1, 1, 1])
    assert steps(found) == [(2, 2), (3, 1)]


def test_faces_that_meet_leave_bounds():
    """The point (1, 1, 0) / 2 lies on both: a subnetwork may pass from one to the other."""
    found = widths([face(1.0, [[1, 0], [0, 1], [0, 0]]), face(1.0, [[0.5, 0], [0.5, 0], [0, 1]])], [1, 2, 1])
    assert found.rows == ()
    assert (found.m_star, found.connected_from) == (2, (2, 3))


def test_signs_tell_components_apart_where_the_rest_is_not_decided():
    faces = [face(1.0, [[1, 0], [0, 1], [0, 0]]), face(-1.0, [[0], [0], [1]])]
    found = widths(faces, [1, 1, -1], inner=2)
    assert found.rows == ()
    assert (found.m_star, found.M_star, found.connected_from) == (2, 2, 3)
    narrow = widths(faces, [1, 1, -1], inner=1)
    assert (narrow.M_star, narrow.connected_from) == ((2, 3), (3, 4))


def test_many_faces_have_bounds_alone():
    found = widths([face(1.0, np.eye(13)[:, [j]]) for j in range(13)], np.ones(13))
    assert (found.m_star, found.connected_from) == ((1, 13), (1, 14))
    assert "1 to 13" in found.explain()


def test_the_catalogue_and_the_zero_network():
    optima = three_layer_set(solve(catalogue.get("three-layer-peak").problem()))
    assert steps(optima.widths) == [(2, 2), (3, 1)]
    assert "width 2: 2 components" in optima.describe()
    nothing = three_layer_set(solve(Problem([[1.0]], [1.0], beta=9.0, architecture="three-layer")))
    assert nothing.widths.m_star == nothing.widths.connected_from == 0
    with pytest.raises(AttributeError):
        nothing.widths.m_star = 1
    assert ThreeLayerWidths(1, 1, (1, 2), ()).explain().endswith("is not decided.")
