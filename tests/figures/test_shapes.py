"""The functions of single features: their sum is the network, and each depends on its feature alone."""

import numpy as np
import pytest

from dualscape import Problem, figures, optimal_set, solve


def solved(q=1, p=4, seed=0, **options):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, p))
    y = np.abs(X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(30)
    return solve(Problem(X, y, beta=1, features_per_neuron=q, **options).at_fraction(0.1))


def test_lines_add_up_to_the_predictions():
    solution = solved()
    scene = figures.shapes(solution, optimal_set(solution))
    network, X = solution.network, solution.problem.inputs
    total = np.zeros(30)
    for line in scene.layers:
        feature = solution.problem.feature_names.index(line.name)
        at = (X[:, feature] - X[:, feature].min()) / np.ptp(X[:, feature])
        assert line.pieces[0][[0, -1], 0].tolist() == [0.0, 1.0]
        total += np.interp(at, *line.pieces[0].T)
    fit = network.predict(X)
    np.testing.assert_allclose(total, fit - fit.mean(), atol=1e-9)
    # The one that varies most comes first.
    heights = [np.ptp(line.pieces[0][:, 1]) for line in scene.layers]
    assert heights == sorted(heights, reverse=True)
    assert {line.name for line in scene.layers[:2]} == {"x0", "x1"}


def test_they_are_drawn_without_an_optimal_set_too():
    solution = solved(bias="none")
    assert "the network found" in figures.shapes(solution).caption
    assert figures.shapes(solution).to_plotly().layout.yaxis.title.text == "part of the prediction"


def test_many_features_are_drawn_in_part():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((40, 20))
    solution = solve(Problem(X, X.sum(axis=1), beta=1.0, features_per_neuron=1).at_fraction(0.05))
    scene = figures.shapes(solution)
    assert len(scene.layers) == 15
    assert "The 15 that vary most are drawn." in scene.caption
    assert len({(line.colour, line.dash) for line in scene.layers}) == 15


def test_it_needs_neurons_that_see_one_feature():
    with pytest.raises(figures.DoesNotApplyError, match="where each neuron sees one feature"):
        figures.shapes(solved(q=2))
    nothing = solve(solved().problem.with_beta(1e6))
    with pytest.raises(figures.DoesNotApplyError, match="No neuron sees a feature"):
        figures.shapes(nothing)


def test_free_features_are_said_to_be_left_out():
    assert "beside what the free features add" in figures.shapes(solved(free="linear")).caption
