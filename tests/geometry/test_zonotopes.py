"""Zonotopes against brute force: sums of all subsets, dense directions, quadratic programming."""

import itertools

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from scipy.spatial import ConvexHull

from dualscape.errors import InputError
from dualscape.geometry.hausdorff import attained_along, hausdorff
from dualscape.geometry.zonotope_boundaries import boundary, sphere
from dualscape.geometry.zonotopes import Zonotope, two_zonotopes


def subset_sums(generators):
    choices = np.array(list(itertools.product((0.0, 1.0), repeat=len(generators))))
    return choices @ generators


def circle(count):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


DEGENERATE = {
    "parallel": [[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]],
    "antipodal": [[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [1, 1, 1]],
    "coplanar": [[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [0, 0, 1]],
    "cube and diagonals": [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]],
    "zero row": [[0.0, 0, 0], [1, 2, 0], [0, 1, 1], [2, 0, 1]],
}


@pytest.mark.parametrize("d", [2, 3, 4])
def test_support_and_vertex_agree_with_all_sums(d):
    rng = np.random.default_rng(d)
    zonotope = Zonotope(rng.normal(size=(7, d)))
    directions = rng.normal(size=(50, d))
    sums = subset_sums(zonotope.generators)
    assert np.allclose(zonotope.support(directions), (directions @ sums.T).max(axis=1))
    for direction in directions:
        assert np.isclose(direction @ zonotope.vertex(direction), (sums @ direction).max())


@pytest.mark.parametrize("seed", range(5))
def test_polygon_is_the_hull_of_all_sums(seed):
    zonotope = Zonotope(np.random.default_rng(seed).normal(size=(8, 2)))
    found = boundary(zonotope).points
    hull = ConvexHull(subset_sums(zonotope.generators))
    assert len(found) == len(hull.vertices) == 16
    assert np.isclose(ConvexHull(found).volume, hull.volume)
    assert np.allclose((circle(400) @ found.T).max(axis=1), zonotope.support(circle(400)))


@pytest.mark.parametrize("rows", [[[1.0, 2.0]], [[1.0, 2.0], [-2.0, -4.0]], [[0.0, 0.0]], np.zeros((0, 2))])
def test_flat_zonotopes_in_the_plane(rows):
    zonotope = Zonotope(np.array(rows, dtype=float).reshape(-1, 2))
    found = boundary(zonotope)
    assert np.allclose((circle(60) @ found.points.T).max(axis=1), zonotope.support(circle(60)))


def surface_volume(found):
    a, b, c = (found.points[found.triangles[:, k]] - found.points.mean(axis=0) for k in range(3))
    return float(np.abs(np.einsum("ij,ij->i", a, np.cross(b, c))).sum() / 6)


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_zonotopes_in_space(name):
    zonotope = Zonotope(np.array(DEGENERATE[name]))
    found = boundary(zonotope)
    hull = ConvexHull(subset_sums(zonotope.generators))
    assert len(found.points) == len(hull.vertices)
    # The surface is star-shaped about its centre, so its tetrahedra fill the body exactly once.
    assert np.isclose(surface_volume(found), hull.volume)
    assert found.exact
    assert len(found.points) - len(found.edges) + euler_faces(found) == 2


def euler_faces(found):
    a, b, c = (found.points[found.triangles[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    centre = found.points.mean(axis=0)
    normals *= np.sign(np.einsum("ij,ij->i", normals, a - centre))[:, None]
    return len(np.unique(np.round(normals, 6) + 0.0, axis=0))


def test_generic_zonotope_in_space_has_the_known_counts():
    q = 9
    found = boundary(Zonotope(np.random.default_rng(1).normal(size=(q, 3))))
    assert len(found.points) == q * (q - 1) + 2
    assert len(found.edges) == 2 * q * (q - 1)
    assert len(found.triangles) == 2 * q * (q - 1)


@pytest.mark.parametrize("rows", [[[1.0, 2, 3]], [[1.0, 2, 3], [2, 4, 6], [0, 1, 0]], np.zeros((0, 3))])
def test_flat_zonotopes_in_space(rows):
    zonotope = Zonotope(np.array(rows, dtype=float).reshape(-1, 3))
    directions = sphere(2)[0]
    found = boundary(zonotope).points
    assert np.allclose((directions @ found.T).max(axis=1), zonotope.support(directions))


def test_many_generators_are_sampled_and_say_so():
    zonotope = Zonotope(np.random.default_rng(2).normal(size=(300, 3)))
    found = boundary(zonotope)
    assert not found.exact
    assert len(found.points) == 2562
    directions = sphere(3)[0]
    ratio = (directions @ (found.points - zonotope.centre).T).max(axis=1) / (
        zonotope.support(directions) - directions @ zonotope.centre
    )
    assert ratio.max() <= 1 + 1e-12
    assert ratio.min() > 0.99


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("q", [1, 4, 40])
def test_projection_agrees_with_bounded_least_squares(d, q):
    rng = np.random.default_rng(100 * d + q)
    zonotope = Zonotope(rng.normal(size=(q, d)))
    for scale in (0.1, 1.0, 10.0):
        point = scale * rng.normal(size=d) * q
        found = zonotope.project(point)
        reference = lsq_linear(zonotope.generators.T, point, (0, 1), tol=1e-14)
        assert np.linalg.norm(found - point) <= np.linalg.norm(reference.x @ zonotope.generators - point) + 1e-7 * q
        gap = (point - found) @ (zonotope.vertex(point - found) - found)
        assert gap <= 1e-9 * q * max(np.linalg.norm(point - found), 1e-3)


def test_support_difference_is_the_dual_function():
    rng = np.random.default_rng(5)
    X, nu = rng.normal(size=(20, 3)), rng.normal(size=20)
    A, B = two_zonotopes(X, nu)
    u = rng.normal(size=(40, 3))
    assert np.allclose(A.support(u) - B.support(u), np.maximum(u @ X.T, 0) @ nu)


@pytest.mark.parametrize("seed", range(4))
def test_hausdorff_distance_is_the_maximum_over_directions(seed):
    rng = np.random.default_rng(seed)
    X, nu = rng.normal(size=(9, 2)), rng.normal(size=9)
    A, B = two_zonotopes(X, nu)
    directions = circle(100_000)  # 6e-5 apart, and the maximum may be a kink
    values = A.support(directions) - B.support(directions)
    best = int(np.argmax(np.abs(values)))
    longest = hausdorff(A, B)
    assert np.abs(values).max() <= longest.length <= np.abs(values).max() * (1 + 1e-4)
    along = attained_along(A, B, directions[best], float(np.sign(values[best])))
    assert np.isclose(along.length, longest.length)
    assert np.allclose(along.start - along.end, longest.length * directions[best], atol=1e-2 * longest.length)


def test_hausdorff_distance_in_space_and_of_identical_sets():
    rng = np.random.default_rng(11)
    X, nu = rng.normal(size=(8, 3)), rng.normal(size=8)
    A, B = two_zonotopes(X, nu)
    directions = sphere(6)[0]
    sampled = np.abs(A.support(directions) - B.support(directions)).max()
    assert sampled <= hausdorff(A, B).length <= sampled * (1 + 1e-3)
    assert hausdorff(A, A).length <= 1e-12


def test_talks_two_points_attain_beta_at_their_three_units():
    X = np.array([[-(3**0.5), 1], [3**0.5, 1]])
    A, B = two_zonotopes(X, np.array([0.05, 0.05]))
    for angle in (np.pi / 6, np.pi / 2, 5 * np.pi / 6):
        u = np.array([np.cos(angle), np.sin(angle)])
        segment = attained_along(A, B, u, 1.0)
        assert np.allclose(segment.start - segment.end, 0.1 * u)


def test_boundaries_are_listed_in_the_plane_and_in_space_only():
    with pytest.raises(InputError, match="not 4"):
        boundary(Zonotope(np.eye(4)))
