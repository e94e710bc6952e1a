"""Pictures of a path of networks: coordinates against numbers computed otherwise, in both renderers."""

import numpy as np
import pytest

from dualscape import Network, Problem, connect, descend, figures, solution_path
from dualscape.figures.layers import DoesNotApplyError, Field, Lines, Points
from dualscape.landscape.paths.path import Path
from network_paths import permuted, sine, two_inputs
from scenes import layers
from solved import solved

ALL = ("objective", "masses", "neurons", "functions", "curves", "plane")


@pytest.fixture(scope="module", params=[sine, two_inputs, permuted])
def path(request):
    return request.param()


@pytest.mark.parametrize("name", ALL)
def test_both_renderers_draw_it(path, name):
    scene = getattr(figures, f"network_path_{name}")(path)
    assert len(scene.caption) > 40
    assert all(np.isfinite(array).all() for array in scene.arrays())
    figure = scene.to_plotly()
    assert len(figure.data) > 0
    assert len(scene.to_matplotlib().axes) >= (4 if scene.frames else 1)
    assert len(figure.frames) == len(scene.frames)


def test_the_objective_and_its_maximum(path):
    scene = figures.network_path_objective(path)
    (line,) = layers(scene, Lines, "objective")[0].pieces
    np.testing.assert_allclose(line[:, 1], [path.problem.objective(path.at(t)) for t in line[:, 0]], rtol=1e-9)
    (most,) = (layer for layer in layers(scene, Lines) if layer.name.startswith("exact maximum"))
    assert most.pieces[0][:, 1].tolist() == [path.max_objective] * 2
    low, high = scene.axes[1].limits
    assert low < line[:, 1].min() <= line[:, 1].max() < high


def test_masses_and_moving_neurons(path):
    scene = figures.network_path_masses(path)
    for sign, name in ((1, "neurons with sign +"), (-1, "neurons with sign -")):
        for piece in (piece for layer in layers(scene, Lines, name) for piece in layer.pieces):
            for t, mass in piece[len(piece) // 2 : len(piece) // 2 + 1]:
                network = path.at(t)
                assert np.abs(network.signs * network.masses - mass).min() < 1e-9
                assert sign * mass >= -1e-9
    moving = figures.network_path_neurons(path)
    for t, frame in zip(np.linspace(0, 1, len(moving.frames)), moving.frames, strict=True):
        network = path.at(t)
        drawn = np.vstack([layer.at for layer in frame.layers if isinstance(layer, Points)])
        assert len(drawn) == np.count_nonzero(network.masses)
        if network.directions.shape[1] == 2:
            expected = network.masses[:, None] * network.directions
            found = np.sort(np.linalg.norm(drawn, axis=1))
            np.testing.assert_allclose(found, np.sort(np.linalg.norm(expected, axis=1))[-len(drawn) :], atol=1e-12)


def test_the_function_in_every_frame():
    path = sine()
    scene = figures.network_path_functions(path)
    for t, frame in zip(np.linspace(0, 1, len(scene.frames)), scene.frames, strict=True):
        (line,) = frame.layers[0].pieces
        np.testing.assert_allclose(line[:, 1], path.at(t).predict(line[:, :1]), atol=1e-9)
    path = two_inputs()
    scene = figures.network_path_functions(path)
    field = scene.frames[7].layers[0]
    assert isinstance(field, Field)
    points = np.array([[field.xs[3], field.ys[5]], [field.xs[30], field.ys[0]]])
    expected = path.at(7 / (len(scene.frames) - 1)).predict(points)
    np.testing.assert_allclose([field.values[5, 3], field.values[0, 30]], expected, atol=1e-9)


def test_a_constant_objective_fills_no_picture_with_rounding():
    _, optima, _ = solved("talk")
    a = optima.choose("most").pad(3)
    scene = figures.network_path_objective(connect(optima, a, a.permute([1, 0, 2])))
    low, high = scene.axes[1].limits
    assert high - low > 1e-4 * abs(high)
    assert "the same everywhere" in scene.caption


def test_without_neurons_there_is_nothing_to_draw():
    problem = Problem([[1.0], [-1.0]], [1.0, 0.5], beta=0.1, bias="none")
    empty = Network([[0.0]], [1.0], [0.0])
    for figure in (figures.network_path_masses, figures.network_path_neurons):
        with pytest.raises(DoesNotApplyError, match="No network on the path has a neuron"):
            figure(Path(problem, (empty, empty)))


def test_neurons_of_several_outputs_have_masses_and_no_signs():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((4, 2)), rng.standard_normal((4, 2)), beta=0.5)
    network = Network.from_weights(rng.standard_normal((3, 3)), rng.standard_normal((3, 2)), bias="penalised")
    path = descend(problem, network)
    masses = figures.network_path_masses(path)
    (lines,) = layers(masses, Lines, "neurons")
    assert max(line[:, 1].max() for line in lines.pieces) == pytest.approx(
        max(path.at(t).masses.max() for t in lines.pieces[0][:, 0])
    )
    assert "sign" not in masses.caption
    assert masses.axes[1].label == "mass"
    assert figures.network_path_neurons(path).frames
    assert figures.network_path_objective(path).arrays()
    with pytest.raises(DoesNotApplyError, match="drawn for one output"):
        figures.network_path_functions(path)
    found = figures.path_masses(solution_path(problem, [1.0, 0.5], precision=None))
    assert layers(found, Lines, "mass of a unit")
    assert "sign" not in found.caption
