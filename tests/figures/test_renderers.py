"""Both renderers draw every figure, and neither trusts the names it is given."""

import numpy as np
import pytest

from dualscape import figures
from dualscape.figures.layers import DoesNotApplyError
from solved import solved


@pytest.mark.parametrize("name", ["talk", "triangle", "parity"])
def test_every_figure_is_drawn_by_both(name):
    solution, optima, stairs = solved(name)
    drawn = 0
    for figure, arguments in (
        (figures.staircase, (stairs,)),
        (figures.merge_tree, (stairs,)),
        (figures.units, (solution, optima)),
        (figures.spread, (optima,)),
        (figures.rectified_ellipsoid, (solution, optima)),
        (figures.zonotopes, (solution, optima)),
        (figures.polytope, (optima,)),
        (figures.convergence, (solution,)),
    ):
        try:
            scene = figure(*arguments)
        except DoesNotApplyError:
            continue
        assert len(scene.caption) > 40
        assert all(np.isfinite(array).all() for array in scene.arrays())
        assert len(scene.to_plotly().data) > 0
        assert scene.to_matplotlib().axes
        drawn += 1
    assert drawn >= 3
