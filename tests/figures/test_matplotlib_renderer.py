"""Figures in files of every kind."""

import pytest

from dualscape.errors import InputError
from scenes import moving, scene_of


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("ending", [".png", ".svg", ".html"])
def test_every_layer_can_be_saved(tmp_path, dimension, ending):
    path = tmp_path / f"picture{ending}"
    scene_of(dimension).save(path)
    assert path.stat().st_size > 1000


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.html, \.png"):
        scene_of(2).save(tmp_path / "picture.bmp")


@pytest.mark.parametrize(("frames", "panels"), [(1, [0]), (3, [0, 1, 2]), (6, [0, 2, 3, 5])])
def test_moments_stand_side_by_side(frames, panels):
    figure = moving(frames).to_matplotlib()
    assert [float(axes.lines[0].get_xdata()[0]) for axes in figure.axes] == panels
    assert all(len(axes.collections) >= 2 for axes in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["still", "moving"]
