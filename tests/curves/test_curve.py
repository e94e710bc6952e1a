"""Curves: their ends, what lies between, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.curves.curve import Curve
from dualscape.errors import InputError


def casteljau(points, t):
    """A point of a Bezier curve by repeated halving of its polygon."""
    while len(points) > 1:
        points = (1 - t) * points[:-1] + t * points[1:]
    return points[0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(0, 1))
def test_points_are_those_of_other_formulas(seed, pieces, t):
    points = np.random.default_rng(seed).standard_normal((pieces + 1, 3))
    np.testing.assert_allclose(Curve(points, "bezier").at(t), casteljau(points, t), atol=1e-12)
    nodes = np.linspace(0, 1, pieces + 1)
    expected = [np.interp(t, nodes, points[:, i]) for i in range(3)]
    np.testing.assert_allclose(Curve(points, "chain").at(t), expected, atol=1e-9)
    for kind in ("bezier", "chain"):
        curve = Curve(points, kind)
        np.testing.assert_array_equal(curve.at(0.0), points[0])
        np.testing.assert_array_equal(curve.at(1.0), points[-1])
        assert curve.shares(t).sum() == pytest.approx(1.0)
        assert (curve.shares(t) >= 0).all()


@pytest.mark.parametrize("kind", ["bezier", "chain"])
def test_a_straight_curve_is_straight(kind):
    line = Curve.straight([0.0, 1.0], [2.0, 5.0], bends=3, kind=kind)
    np.testing.assert_allclose(line.at(0.3), [0.6, 2.2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Curve([[0.0]], "bezier"), "two points"),
        (lambda: Curve([[0.0], [np.nan]], "bezier"), "NaN"),
        (lambda: Curve([[0.0], [1.0]], "spline"), "'chain' or 'bezier'"),
        (lambda: Curve.straight([0.0], [1.0, 2.0]), "1 and 2 weights"),
        (lambda: Curve([[0.0], [1.0]]).at(1.5), "t = 1.5"),
    ],
)
def test_what_is_no_curve_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
