"""The plane of three networks: they lie in it where their weights say, and so do paths and curves."""

import numpy as np
import pytest

from dualscape import Network, Problem, figures
from dualscape.curves import Curve, Plane
from dualscape.errors import InputError
from dualscape.figures.layers import DoesNotApplyError, Field, Lines, Points
from dualscape.landscape.paths.path import Path
from network_paths import two_inputs
from scenes import layers


def test_the_plane_has_the_networks_where_they_are():
    path = two_inputs()
    networks = (path.start, path.end, path.corners[1])
    scene = figures.network_plane(path.problem, networks, path, ("one", "two", "three"))
    (field,), (marks,) = layers(scene, Field), layers(scene, Points)
    weights = [np.concatenate([part.ravel() for part in network.weights()]) for network in networks]
    for i in range(3):
        for j in range(i):
            apart = np.linalg.norm(marks.at[i] - marks.at[j])
            assert apart == pytest.approx(np.linalg.norm(weights[i] - weights[j]))
    assert np.isfinite(field.values).all()
    (way,) = layers(scene, Lines)
    np.testing.assert_allclose(way.pieces[0][[0, -1]], marks.at[:2], atol=1e-9)
    with pytest.raises(DoesNotApplyError, match="on a line"):
        figures.network_plane(path.problem, (path.start, path.start, path.end))


def test_any_function_of_weights():
    through = Plane.through([0.0, 0.0], [1.0, 0.0], [0.0, 2.0])
    scene = figures.plane(through, lambda p: float(p @ p), curve=Curve.straight([1.0, 0.0], [0.0, 2.0]), count=11)
    (field,), (way,) = layers(scene, Field), layers(scene, Lines)
    above = field.xs[None, :] ** 2 + field.ys[:, None] ** 2
    above -= min(above.min(), 0.0)
    np.testing.assert_allclose(field.values, np.log10(above + 1e-3 * np.median(above)), atol=1e-9)
    np.testing.assert_allclose(way.pieces[0][50], [0.5, 1.0])
    assert len(scene.to_plotly().data) == 4
    with pytest.raises(InputError, match="three names"):
        figures.plane(through, lambda p: 0.0, names=("a",))


def test_what_is_not_drawn_says_why():
    problem = Problem([[1.0], [-1.0]], [1.0, 0.5], beta=0.1, bias="none", architecture="abs")
    network = Network([[1.0]], [1.0], [0.5], architecture="abs")
    with pytest.raises(DoesNotApplyError, match="one piece"):
        figures.network_path_plane(Path(problem, (network, network)))
    with pytest.raises(DoesNotApplyError, match="ReLU"):
        figures.network_plane(problem, (network, network, network))
    with pytest.raises(InputError, match="got 1"):
        figures.network_plane(problem, (network,))
