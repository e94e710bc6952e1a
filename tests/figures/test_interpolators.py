"""The band of all optimal interpolators, and the one that is left with a free affine skip connection."""

import numpy as np
import pytest

from dualscape import Problem, figures, optimal_set, solve
from dualscape.data.planted import circle_family
from dualscape.errors import InputError
from dualscape.figures.layers import Area, DoesNotApplyError, Lines, Points
from dualscape.report.report import render
from scenes import layers
from solved import solved


def optima_of(free="none", n=3):
    planted = circle_family(np.linspace(30, 90, n))
    X = planted.table.X
    return optimal_set(solve(Problem(X, planted.network.predict(X), loss="interpolation", free=free)))


@pytest.fixture(scope="module")
def both():
    return optima_of(), optima_of("affine")


def test_the_band_holds_the_continuum_and_the_dashed_line_is_the_other_problem(both):
    scene = figures.interpolators(both[0], beside=both[1])
    points, y = both[0].problem.inputs[:, 0], both[0].problem.y
    (band,) = layers(scene, Area)
    half = len(band.outline) // 2
    low, high = band.outline[:half], band.outline[half:][::-1]
    for edge in (low, high):
        assert np.interp(points, *edge.T) == pytest.approx(y, abs=0.02)
    vertices = [both[0].network(c).predict(low[:, :1]) for c in both[0].vertices]
    np.testing.assert_allclose(np.min(vertices, axis=0), low[:, 1], atol=1e-12)
    np.testing.assert_allclose(np.max(vertices, axis=0), high[:, 1], atol=1e-12)
    members, other = layers(scene, Lines)
    assert len(members.pieces) == 5
    for piece in members.pieces:
        assert (piece[:, 1] >= low[:, 1] - 1e-12).all()
        assert (piece[:, 1] <= high[:, 1] + 1e-12).all()
    # With an affine skip: one kink, at 1 / sqrt(3) to the left of 0, between two lines.
    assert other.dash == "dash"
    x, f = other.pieces[0].T
    left, right = x < -(3**-0.5), x > -(3**-0.5)
    for side in (left, right):
        assert np.abs(np.diff(f[side]) / np.diff(x[side]) - (f[side][-1] - f[side][0]) / np.ptp(x[side])).max() < 1e-9
    assert np.interp(points, x, f) == pytest.approx(y, abs=1e-9)
    assert layers(scene, Points)[0].at.tolist() == np.column_stack([points, y]).tolist()
    assert "The band is widest, 0.732," in scene.caption


def test_the_report_draws_it(both):
    page = render(solve(both[0].problem), both[0])
    assert "All optimal interpolators" in page
    assert "the only optimal interpolator with an affine skip" in page
    assert "The spread of all optimal predictors" not in page


def test_what_it_does_not_draw(both):
    with pytest.raises(DoesNotApplyError, match="where the fit is prescribed"):
        figures.interpolators(solved("line")[1])
    plane = optimal_set(solve(Problem([[1, 0], [0, 1], [-1, 0]], [1, -1, 1], loss="interpolation")))
    with pytest.raises(DoesNotApplyError, match="when one feature varies"):
        figures.interpolators(plane)
    with pytest.raises(InputError, match="on the same points"):
        figures.interpolators(both[0], beside=optima_of("affine", 4))
    assert figures.with_affine_skip(both[1]) is None
