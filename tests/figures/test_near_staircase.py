"""The picture of near-optimal networks shows the bounds, at heights on either side of every step."""

import numpy as np
import pytest

from dualscape import Problem, figures, near_staircase, optimal_set, solve
from dualscape.figures.layers import DoesNotApplyError, Lines
from scenes import layers
from solved import solved


def test_lines_are_the_bounds():
    _, optima, _ = solved("triangle")
    near = near_staircase(optima)
    scene = figures.near_staircase(near)
    for row in near.heights:
        for end, name in ((0, "at least"), (1, "at most")):
            (line,) = layers(scene, Lines, f"width {row.m}: {name}")[0].pieces
            for eps, count in line:
                assert count == np.resize(near.components(row.m, eps), 2)[end]
    heights = np.unique(np.concatenate([row.stays[row.full] for row in near.heights]))
    for height in heights:
        assert ((line[:, 0] < height) & (line[:, 0] > 0.999 * height)).any()
    assert scene.to_matplotlib().axes
    assert len(scene.to_plotly().data) == 3 * len(near.heights)


def test_a_height_is_marked():
    near = near_staircase(solved("triangle")[1])
    (line,) = layers(figures.near_staircase(near, 5.0), Lines, "5 above")[0].pieces
    assert (line[:, 0] == 5.0).all()
    assert figures.near_staircase(near, 5.0).axes[0].limits[1] > 5.0


def test_one_neuron_has_no_heights():
    near = near_staircase(optimal_set(solve(Problem([[1.0]], [0.0], beta=1.0, bias="none"))))
    with pytest.raises(DoesNotApplyError, match="connected at every width"):
        figures.near_staircase(near)
