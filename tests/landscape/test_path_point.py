import pytest

from dualscape.landscape.path_point import PathPoint
from solved import solved


def test_the_numbers_of_a_point():
    solution, optima, stairs = solved("talk")
    point = PathPoint(solution, optima, stairs)
    assert (point.beta, point.k, point.dimension, point.m_star, point.M_star) == (0.1, 3, 1, 1, 2)
    assert point.objective == pytest.approx(0.0975)
    assert point.mass == pytest.approx(0.95)
    assert point.loss == pytest.approx(0.0025)
    assert repr(point) == f"PathPoint(beta 0.1, global, objective 0.0975, {point.neurons} neurons)"


def test_without_an_optimal_set_its_numbers_are_not_known():
    point = PathPoint(solved("talk")[0])
    assert (point.k, point.dimension, point.m_star, point.M_star) == (None, None, None, None)
    assert not point.zero


def test_of_the_zero_network_they_are_known_all_the_same():
    point = PathPoint(solved("zero")[0])
    assert point.zero
    assert (point.k, point.dimension, point.m_star, point.M_star) == (None, 0, 0, 0)
