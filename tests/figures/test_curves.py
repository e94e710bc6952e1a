"""Curves side by side: what is drawn is what was measured, and the exact path is beside it."""

import numpy as np
import pytest

from dualscape import Network, Problem, figures
from dualscape.curves import Profile
from dualscape.errors import InputError
from dualscape.figures.layers import DoesNotApplyError, Lines
from dualscape.landscape.paths.path import Path
from network_paths import permuted
from scenes import layers


def test_profiles_and_errors():
    times = np.linspace(0, 1, 3)
    found = Profile(times, np.array([1.0, 4.0, 2.0]), np.array([0.1, 0.2, 0.3]))
    scene = figures.curve_profiles({"mine": found})
    drawn = {layer.name: layer.pieces[0] for layer in layers(scene, Lines)}
    np.testing.assert_array_equal(drawn["mine"], np.column_stack([times, found.values]))
    np.testing.assert_array_equal(drawn["mine: error"], np.column_stack([times, found.errors]))
    assert "mine 2" in scene.caption
    assert scene.to_matplotlib().axes
    with pytest.raises(InputError, match="no profiles"):
        figures.curve_profiles({})


def test_the_exact_path_beside_them():
    path = permuted()
    scene = figures.network_path_curves(path)
    drawn = {layer.name: layer.pieces[0] for layer in layers(scene, Lines)}
    assert set(drawn) == {"straight line", "straight line, neurons matched", "learned curve", "exact path"}
    assert drawn["exact path"][:, 1].max() == pytest.approx(path.max_objective)
    assert f"exact path {path.barrier:.6g}" in scene.caption


def test_what_is_not_drawn_says_why():
    problem = Problem([[1.0], [-1.0]], [1.0, 0.5], beta=0.1, bias="none", architecture="abs")
    network = Network([[1.0]], [1.0], [0.5], architecture="abs")
    with pytest.raises(DoesNotApplyError, match="ReLU"):
        figures.network_path_curves(Path(problem, (network, network)))
    plain = Path(Problem([[1.0]], [1.0], beta=0.1, bias="none"), (Network([[1.0]], [1.0], [0.5]),) * 2, False)
    with pytest.raises(DoesNotApplyError, match="weight decay counts"):
        figures.network_path_curves(plain)
