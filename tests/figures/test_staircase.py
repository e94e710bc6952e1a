"""The figure of the staircase: its marks, lines and numbers are those of the vertices."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dualscape import figures
from dualscape.figures.components import filtration_of, marks
from dualscape.figures.layers import Labels, Lines, Points
from scenes import layers
from solved import solved


@pytest.mark.parametrize("name", ["talk", "triangle", "square", "octagon", "parity"])
def test_one_mark_per_component_at_every_width(name):
    _, _, stairs = solved(name)
    filtration = filtration_of(stairs.tree)
    scene = figures.staircase(stairs)
    drawn = np.concatenate([layer.at for layer in layers(scene, Points) if layer.colour != "#868e96"])
    for row in stairs.rows:
        found = marks(filtration, row.m, 32)
        assert sum(len(mark.components) for mark in found) == row.polytope_components
        assert (drawn[:, 0] == row.m).sum() == len(found)
        red = [layer.at for layer in layers(scene, Points, "isolated point")]
        reds = int((np.concatenate(red)[:, 0] == row.m).sum()) if red else 0
        assert reds == sum(mark.isolated for mark in found)


def test_lines_lead_from_a_component_to_the_one_that_contains_it():
    _, _, stairs = solved("triangle")
    scene = figures.staircase(stairs)
    pieces = layers(scene, Lines)[0].pieces
    starts = Counter(float(piece[0, 0]) for piece in pieces)
    assert starts == {2.0: 3, 3.0: 5}
    assert all(piece[1, 0] == piece[0, 0] + 1 for piece in pieces)


def test_numbers_above_the_columns_are_the_exact_counts():
    _, _, stairs = solved("parity")
    texts = layers(figures.staircase(stairs), Labels)[0].texts
    assert [text.splitlines()[0] for text in texts] == ["96", "4", "20,164", "120,961", "2,983,681", "1"]


def test_axis_names_the_critical_widths():
    _, _, stairs = solved("parity")
    ticks = dict(figures.staircase(stairs).axes[0].ticks)
    assert "m*" in ticks[4.0]
    assert "M*" in ticks[8.0]
    assert "connected" in ticks[9.0]
    assert "guaranteed" in ticks[9.0]


def test_staircase_in_bounds_draws_intervals():
    _, _, stairs = solved("triangle")
    scene = figures.staircase(replace(stairs, exact=False, m_star=(1, 2), connected_from=(4, 9)))
    assert any("1 to 2" in text for layer in layers(scene, Labels) for text in layer.texts)
    assert "intervals" in scene.caption
