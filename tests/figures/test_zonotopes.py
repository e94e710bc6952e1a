"""The zonotopes whose distance is beta."""

import numpy as np
import pytest

from dualscape import figures
from dualscape.figures.layers import Lines
from scenes import layers
from solved import solved


@pytest.mark.parametrize("name", ["talk", "signs", "line", "plane", "octagon"])
def test_segments_have_length_beta(name):
    solution, optima, _ = solved(name)
    scene = figures.zonotopes(solution, optima)
    segments = [p for layer in layers(scene, Lines) if layer.name.startswith("from") for p in layer.pieces]
    assert len(segments) == optima.k
    lengths = [np.linalg.norm(piece[0] - piece[1]) for piece in segments]
    assert np.allclose(lengths, solution.problem.beta, rtol=1e-7)
