"""Stationary points: coordinates, and both renderers."""

import numpy as np

from dualscape import figures
from dualscape.figures.layers import Points
from dualscape.landscape.stationary.points import stationary_points
from dualscape.model.problem import Problem
from dualscape.solver import solve

PROBLEM = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")


def test_stationary_points():
    found = stationary_points(PROBLEM, solve(PROBLEM))
    scene = figures.stationary_points(found)
    drawn = {layer.name: layer.at for layer in scene.layers if isinstance(layer, Points)}
    assert sorted(drawn) == ["global minimum", "saddle"]
    assert sum(map(len, drawn.values())) == len(found.points)
    np.testing.assert_allclose(drawn["global minimum"], [[1.0, found.values[0]]])
    assert "4 saddles" in scene.caption
    scene.to_plotly()
    scene.to_matplotlib()
