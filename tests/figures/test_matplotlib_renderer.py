"""Figures in files of every kind."""

import pytest

from dualscape.errors import InputError
from scenes import scene_of


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("ending", [".png", ".svg", ".html"])
def test_every_layer_can_be_saved(tmp_path, dimension, ending):
    path = tmp_path / f"picture{ending}"
    scene_of(dimension).save(path)
    assert path.stat().st_size > 1000


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.html, \.png"):
        scene_of(2).save(tmp_path / "picture.bmp")
