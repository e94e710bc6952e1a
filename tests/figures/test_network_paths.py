"""Pictures of a path of networks: coordinates against numbers computed otherwise, in both renderers."""

import numpy as np
import pytest

from dualscape import Network, Problem, connect, connect_sublevel, descend, figures, permutation_path
from dualscape.figures.layers import DoesNotApplyError, Field, Lines, Points
from dualscape.landscape.paths.path import Path
from landscape_networks import anything
from scenes import layers
from solved import solved

ALL = ("objective", "masses", "neurons", "functions", "curves", "plane")


def sine():
    x = np.linspace(-2, 2, 7)
    problem = Problem(x[:, None], np.sin(2 * x), beta=0.05)
    return descend(problem, anything(problem, 9, 0))


def two_inputs():
    rng = np.random.default_rng(2)
    problem = Problem(rng.standard_normal((5, 2)), rng.standard_normal(5), beta=0.1)
    return connect_sublevel(problem, anything(problem, 7, 1), anything(problem, 7, 2))


@pytest.fixture(scope="module", params=["sine", "two inputs", "permuted"])
def path(request):
    if request.param == "permuted":
        problem = solved("talk")[1].problem
        return permutation_path(problem, solved("talk")[1].choose("most"), [1, 0])
    return sine() if request.param == "sine" else two_inputs()


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


def test_what_is_not_drawn_says_why():
    problem = Problem([[1.0], [-1.0]], [1.0, 0.5], beta=0.1, bias="none", architecture="abs")
    network = Network([[1.0]], [1.0], [0.5], architecture="abs")
    path = Path(problem, (network, network))
    with pytest.raises(DoesNotApplyError, match="ReLU"):
        figures.network_path_curves(path)
    with pytest.raises(DoesNotApplyError, match="one piece"):
        figures.network_path_plane(path)
    empty = Network([[0.0]], [1.0], [0.0], architecture="abs")
    for figure in (figures.network_path_masses, figures.network_path_neurons):
        with pytest.raises(DoesNotApplyError, match="No network on the path has a neuron"):
            figure(Path(problem, (empty, empty)))


def test_a_constant_objective_fills_no_picture_with_rounding():
    _, optima, _ = solved("talk")
    a = optima.choose("most").pad(3)
    scene = figures.network_path_objective(connect(optima, a, a.permute([1, 0, 2])))
    low, high = scene.axes[1].limits
    assert high - low > 1e-4 * abs(high)
    assert "the same everywhere" in scene.caption
