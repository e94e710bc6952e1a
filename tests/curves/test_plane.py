"""The plane of three points: they lie in it where it says, and distances in it are those of weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.curves.plane import Plane
from dualscape.errors import InputError


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_the_three_points_lie_in_it(seed, N):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((3, N))
    plane = Plane.through(*points)
    for point, corner in zip(points, plane.corners, strict=True):
        np.testing.assert_allclose(plane.at(*corner), point, atol=1e-9)
        np.testing.assert_allclose(plane.coordinates(point), corner, atol=1e-9)
    apart = np.linalg.norm(points[1] - points[2]), np.linalg.norm(plane.corners[1] - plane.corners[2])
    assert apart[0] == pytest.approx(apart[1])


def test_values_on_the_grid():
    plane = Plane.through([1.0, 0.0, 0.0], [3.0, 0.0, 0.0], [1.0, 1.0, 0.0])
    xs, ys, values = plane.grid(lambda p: p[0] + 10 * p[1] + 100 * p[2], 5, 0.5)
    np.testing.assert_allclose(values, 1 + xs[None, :] + 10 * ys[:, None])
    assert (xs[0], xs[-1], ys[0], ys[-1]) == (-1.0, 3.0, -0.5, 1.5)


@pytest.mark.parametrize("c", [[2.0, 2.0], [0.0, 0.0], [-1.0, -1.0]])
def test_a_line_spans_no_plane(c):
    with pytest.raises(InputError, match="on a line"):
        Plane.through([0.0, 0.0], [1.0, 1.0], c)
    with pytest.raises(InputError, match="on a line"):
        Plane.through([1.0, 1.0], [1.0, 1.0], c)


def test_other_numbers_of_weights_are_refused():
    with pytest.raises(InputError, match="different numbers"):
        Plane.through([0.0], [1.0], [1.0, 2.0])
