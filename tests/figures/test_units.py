"""The figure of the units: they sum to the fit, and vanish where their kinks are drawn."""

import numpy as np
import pytest

from dualscape import Problem, figures, solve
from dualscape.figures.layers import Field, Lines, Points
from dualscape.oracles.hull.slots import Slots
from scenes import layers
from solved import solved


@pytest.mark.parametrize("name", ["talk", "line"])
def test_units_sum_to_the_optimal_fit_at_the_data(name):
    _, optima, _ = solved(name)
    scene = figures.units(*solved(name)[:2])
    total = layers(scene, Lines, "their sum")[0].pieces[0]
    parts = [p for layer in layers(scene, Lines) if layer.name.startswith("units") for p in layer.pieces]
    assert np.allclose(sum(part[:, 1] for part in parts), total[:, 1])
    data = layers(scene, Points, "data")[0].at
    assert np.allclose(np.interp(data[:, 0], *total.T), optima.y_star, atol=1e-9)


def test_a_constant_feature_counts_as_none():
    scene = figures.units(*solved("talk")[:2])
    assert [axis.label for axis in scene.axes] == ["x0", "prediction"]


@pytest.mark.parametrize("name", ["triangle", "plane"])
def test_kink_lines_are_where_units_vanish(name):
    solution, optima, _ = solved(name)
    scene = figures.units(solution, optima)
    bias = solution.problem.bias == "penalised"
    lines = [layer for layer in layers(scene, Lines) if layer.name.startswith("kink")]
    assert lines
    for layer in lines:
        for line, stroke in zip(layer.pieces[::2], layer.pieces[1::2], strict=True):
            rows = np.column_stack([line, np.ones(2)]) if bias else line
            values = rows @ optima.directions.T
            unit = int(np.argmin(np.abs(values).max(axis=0)))
            assert np.abs(values[:, unit]).max() < 1e-9
            end = np.append(stroke[1], 1.0) if bias else stroke[1]
            assert max(end @ u for u, v in zip(optima.directions, values.T, strict=True) if np.abs(v).max() < 1e-9) > 0


def test_background_is_the_prediction():
    solution, optima, _ = solved("plane")
    field = layers(figures.units(solution, optima), Field)[0]
    at = np.array([[field.xs[3], field.ys[10]]])
    assert np.isclose(field.values[10, 3], solution.network.predict(at)[0])


def test_lines_of_three_layers_are_where_inner_neurons_bend():
    rng = np.random.default_rng(2)
    problem = Problem(rng.standard_normal((6, 2)), rng.standard_normal(6), beta=1.0, architecture="three-layer")
    solution = solve(problem.at_fraction(0.1))
    scene = figures.units(solution)
    slots = Slots.of(solution.network.directions, 3)
    lines = [line for layer in layers(scene, Lines) if layer.name.startswith("kink") for line in layer.pieces[::2]]
    assert lines
    for line in lines:
        values = np.column_stack([line, np.ones(2)]) @ slots.theta.T
        assert np.abs(values).max(axis=0).min() < 1e-9
    numbers = {text for layer in layers(scene, Points) for text in layer.texts}
    assert numbers <= {str(k) for k in range(solution.network.width)}
    assert "inner neuron" in scene.caption
