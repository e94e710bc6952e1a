"""The rectified sphere, and the hyperplane that touches it."""

import numpy as np
import pytest

from dualscape import figures
from dualscape.figures.layers import Lines, Points
from dualscape.figures.rectified_ellipsoid import rectified_sphere
from scenes import layers
from solved import solved


@pytest.mark.parametrize("name", ["talk", "triangle", "signs"])
def test_the_hyperplane_supports_both_sets(name):
    solution, optima, _ = solved(name)
    points, _ = rectified_sphere(solution.problem.X)
    beta = solution.problem.beta
    assert np.abs(points @ optima.nu).max() <= beta * (1 + 1e-9)
    scene = figures.rectified_ellipsoid(solution, optima)
    columns = layers(scene, Points, "columns of the optimal units")[0].at
    assert np.allclose(columns @ optima.nu, beta)
    face = layers(scene, Lines, "the exposed face")[0].pieces[0]
    assert np.allclose(face @ optima.nu, beta)
    on_face = layers(scene, Points, "the optimal fit y* divided by its cost")[0].at[0]
    assert np.isclose(on_face @ optima.nu, beta)


def test_rectified_sphere_is_the_image_of_the_sphere():
    X = np.array([[1.0, 2.0], [-1.0, 1.0]])
    points, _ = rectified_sphere(X)
    angles = np.linspace(0, 2 * np.pi, 1000)
    image = np.maximum(np.column_stack([np.cos(angles), np.sin(angles)]) @ X.T, 0)
    for point in image[::37]:
        assert np.linalg.norm(points - point, axis=1).min() < 0.02
