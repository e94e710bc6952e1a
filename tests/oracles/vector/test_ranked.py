"""Scores of units with several outputs."""

import numpy as np

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.vector.ranked import rank, vector_scores
from dualscape.units import Units


def test_scores_are_those_of_the_columns():
    rng = np.random.default_rng(3)
    X, N = rng.standard_normal((7, 3)), rng.standard_normal((7, 2))
    units = Units(rng.standard_normal((4, 3)), rng.standard_normal((4, 2)))
    wanted = [float((N * np.outer(np.maximum(X @ u, 0), v)).sum()) for u, v in zip(units.directions, units.outputs)]  # noqa: B905
    np.testing.assert_allclose(vector_scores(X, N.ravel(), units), wanted)


def test_each_unit_is_ranked_once_best_first():
    directions = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    units = Units(directions, np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    ranked = rank(Hinges.of(np.eye(2)), np.array([1.0, 0.0, 0.0, 2.0]), units)
    assert ranked.values.tolist() == [2.0, 1.0]


def test_of_u_and_minus_u_one_is_kept_where_they_compute_the_same():
    units = Units(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[0.6, 0.8], [0.6, 0.8]]))
    ranked = rank(Hinges.of(np.eye(2), -1.0), np.array([3.0, 4.0, 0.0, 0.0]), units)
    assert ranked.units.directions.tolist() == [[1.0, 0.0]]
    assert ranked.values.round(12).tolist() == [5.0]
