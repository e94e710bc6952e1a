"""Both renderers draw every figure, and neither trusts the names it is given."""

import json

import numpy as np
import pytest

from dualscape import figures
from dualscape.errors import InputError
from dualscape.figures.layers import Area, Axis, DoesNotApplyError, Field, Labels, Lines, Points, Surface
from dualscape.figures.plotly_renderer import element, figure_dict
from dualscape.figures.scene import Scene
from solved import solved

NASTY = "</script><b>$x_1$ & <i>"


def every_layer(dimension):
    at = np.arange(3.0 * dimension).reshape(3, dimension)
    names = (NASTY, NASTY, NASTY)
    shared = (
        Points(at, NASTY, texts=names, hover=names),
        Points(at, NASTY, at[:, 0], 5.0, scale=NASTY),
        Points(at, "ring", size=np.array([3.0, 4.0, 5.0]), symbol="ring"),
        Lines((at, at[:2]), NASTY, dash="dash"),
        Labels(at, names),
    )
    if dimension == 3:
        return (*shared, Surface(at, np.array([[0, 1, 2]]), NASTY))
    grid = np.array([0.0, 1.0])
    return (*shared, Area(at, NASTY), Field(grid, grid, np.eye(2), NASTY))


def scene_of(dimension):
    axes = tuple(Axis(NASTY) for _ in range(dimension))
    return Scene("all", NASTY, NASTY, axes, every_layer(dimension), equal=True, height=300)


@pytest.mark.parametrize("dimension", [2, 3])
def test_names_are_data_not_markup(dimension):
    text = element(scene_of(dimension))
    assert text.count("</script>") == 1
    assert "<b>" not in text
    assert "<i>" not in text
    figure = json.dumps(figure_dict(scene_of(dimension)), allow_nan=False)
    assert "&lt;b&gt;" in figure


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("ending", [".png", ".svg", ".html"])
def test_every_layer_can_be_saved(tmp_path, dimension, ending):
    path = tmp_path / f"picture{ending}"
    scene_of(dimension).save(path)
    assert path.stat().st_size > 1000


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.html, \.png"):
        scene_of(2).save(tmp_path / "picture.bmp")


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
