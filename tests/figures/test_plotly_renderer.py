"""Figures for the browser: names are data, not markup."""

import json

import pytest

from dualscape.figures.plotly_renderer import element, figure_dict
from scenes import scene_of


@pytest.mark.parametrize("dimension", [2, 3])
def test_names_are_data_not_markup(dimension):
    text = element(scene_of(dimension))
    assert text.count("</script>") == 1
    assert "<b>" not in text
    assert "<i>" not in text
    figure = json.dumps(figure_dict(scene_of(dimension)), allow_nan=False)
    assert "&lt;b&gt;" in figure
