"""Stationary points and the way down: coordinates, and both renderers."""

import numpy as np
import pytest

from dualscape import figures
from dualscape.figures.layers import DoesNotApplyError, Lines, Points
from dualscape.landscape.paths.descend import descend
from dualscape.landscape.stationary.points import stationary_points
from dualscape.model.network import Network
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


def test_the_way_down():
    path = descend(PROBLEM, Network([[0.0, 1.0]], [1], [1.0]).pad(4))
    scene = figures.descent(path, 0.2)
    line = next(layer for layer in scene.layers if isinstance(layer, Lines) and layer.name == "objective")
    (values,) = line.pieces
    assert (np.diff(values[:, 1]) <= 1e-12).all()
    top = next(layer for layer in scene.layers if isinstance(layer, Points) and layer.name == "exact maximum")
    assert top.at[0, 1] == path.max_objective
    scene.to_plotly()
    scene.to_matplotlib()
    with pytest.raises(DoesNotApplyError, match="no way down"):
        figures.descent(None)
