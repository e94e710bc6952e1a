"""The figures of a path show the numbers of its points."""

from dataclasses import replace

import numpy as np
import pytest

from dualscape import figures
from dualscape.figures.layers import DoesNotApplyError, Lines, Points
from dualscape.landscape.solution_path import solution_path
from dualscape.model.problem import Problem
from paths import line_path
from scenes import layers


@pytest.fixture(scope="module")
def path():
    return line_path()


def test_the_objective_and_its_parts(path):
    scene = figures.path_objective(path)
    betas = [point.beta for point in path.points]
    truth = {
        "objective": [point.solution.problem.objective(point.solution.network) for point in path.points],
        "penalty: beta times the masses": path.betas * [sum(point.solution.network.masses) for point in path.points],
    }
    for name, values in truth.items():
        (line,) = layers(scene, Lines, name)
        np.testing.assert_allclose(line.pieces[0], np.column_stack([betas, values]), rtol=1e-12, atol=1e-12)
    (loss,) = layers(scene, Lines, "loss")
    fits = np.array([path.problem.fit_of(point.solution.network) for point in path.points])
    np.testing.assert_allclose(loss.pieces[0][:, 1], 0.5 * ((fits - path.problem.y) ** 2).sum(axis=1), atol=1e-9)
    assert len(layers(scene, Points, "certified")[0].at) == len(path.points)
    assert scene.axes[0].log


def test_masses_are_followed_from_point_to_point(path):
    """1-D without a bias: two units whose masses are known in closed form."""
    scene = figures.path_masses(path)
    traces = [piece for layer in scene.layers if isinstance(layer, Lines) for piece in layer.pieces]
    assert len(traces) == 2
    x, y = path.problem.X[:, 0], path.problem.y
    for trace in traces:
        side = 1 if trace[:, 1].max() > 0 else -1  # on this data the unit of x_+ has the sign +, the other -
        column = np.maximum(side * x, 0)
        pull = abs(column @ y)
        truth = side * np.maximum(pull - trace[:, 0], 0) / (column @ column)
        np.testing.assert_allclose(trace[:, 1], truth, atol=1e-9)
    (marks,) = layers(scene, Points, "event")
    np.testing.assert_allclose(marks.at[:, 0], [event.beta for event in path.events])


def test_neurons_and_what_is_not_known(path):
    scene = figures.path_neurons(path)
    (least,) = layers(scene, Lines, "fewest neurons m*")
    assert least.pieces[0][:, 1].tolist() == [point.m_star for point in path.points]
    gap = replace(path.points[2], optimal_set=None, staircase=None)
    holed = replace(path, points=(*path.points[:2], gap, *path.points[3:]))
    (least,) = layers(figures.path_neurons(holed), Lines, "fewest neurons m*")
    assert [len(piece) for piece in least.pieces] == [2, len(path.points) - 3]


@pytest.mark.parametrize("figure", [figures.path_objective, figures.path_masses, figures.path_neurons])
def test_both_renderers_draw_it(path, figure):
    scene = figure(path)
    assert scene.to_plotly().layout.xaxis.type == "log"
    assert scene.to_matplotlib().axes[0].get_xscale() == "log"


def test_what_cannot_be_drawn_says_why():
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0)
    one = solution_path(problem, [0.5])
    for figure in (figures.path_objective, figures.path_masses, figures.path_neurons):
        with pytest.raises(DoesNotApplyError, match="The path has 1 point, and a line needs two"):
            figure(one)
    with pytest.raises(DoesNotApplyError, match="no masses to draw"):
        figures.path_masses(solution_path(problem, [500.0, 400.0]))
