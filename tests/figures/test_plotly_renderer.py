"""Figures for the browser: names are data, not markup."""

import json

import pytest

from dualscape.figures.plotly_renderer import element, figure_dict
from scenes import moving, scene_of


@pytest.mark.parametrize("dimension", [2, 3])
def test_names_are_data_not_markup(dimension):
    text = element(scene_of(dimension))
    assert text.count("</script>") == 1
    assert "<b>" not in text
    assert "<i>" not in text
    figure = json.dumps(figure_dict(scene_of(dimension)), allow_nan=False)
    assert "&lt;b&gt;" in figure


def test_frames_move_what_is_theirs_and_leave_the_rest():
    scene = moving()
    figure = figure_dict(scene)
    assert len(figure["data"]) == 3
    assert [frame["traces"] for frame in figure["frames"]] == [[1, 2]] * 6
    for k, frame in enumerate(figure["frames"]):
        assert len(frame["data"]) == 2
        assert frame["data"][0]["x"] == [float(k)]
    assert figure["data"][1] == figure["frames"][0]["data"][0]
    (slider,) = figure["layout"]["sliders"]
    assert [step["args"][0] for step in slider["steps"]] == [[frame["name"]] for frame in figure["frames"]]
    buttons = figure["layout"]["updatemenus"][0]["buttons"]
    assert [button["args"][0] for button in buttons] == [None, [None]]  # all frames, and an empty queue
    assert len(scene.to_plotly().frames) == 6


def test_frames_are_on_the_page_as_data():
    text = element(moving())
    assert text.count("</script>") == 1
    assert "<b>" not in text
    assert 'Plotly.addFrames("figure-moving",[{"name":"0"' in text
    assert "addFrames" not in element(scene_of(2))
