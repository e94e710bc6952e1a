"""What optimal networks compute where u and -u are one kink."""

import numpy as np
import pytest

from dualscape import Problem, optimal_set, solve
from dualscape.landscape.functions import spans_inputs

X = np.random.default_rng(0).normal(size=(14, 2))
Y = np.abs(X[:, 0]) - np.abs(X[:, 1]) + 3


@pytest.mark.parametrize(
    ("bias", "free", "decay", "spans"),
    [
        ("penalised", "affine", 0.0, True),
        ("none", "affine", 0.0, True),
        ("none", "linear", 0.0, True),
        ("penalised", "linear", 0.0, False),  # the constant is not spared
        ("penalised", "constant", 0.0, False),
        ("none", "none", 0.0, False),
        ("penalised", "affine", 1.0, False),  # it costs something to move mass
    ],
)
def test_whose_free_features_span_the_inputs(bias, free, decay, spans):
    assert spans_inputs(Problem(X, Y, beta=1.0, bias=bias, free=free, free_decay=decay)) is spans


def test_features_that_span_the_data_alone_do_not_count():
    """With two rows an affine function fits all data, and says nothing of kinks elsewhere."""
    assert not spans_inputs(Problem(X[:2], Y[:2], beta=1.0, free="affine"))


def test_one_function_and_many_networks():
    problem = Problem(X, Y, beta=1.0, free="affine").at_fraction(0.2)
    optima = optimal_set(solve(problem))
    found = optima.functions
    assert found.count == optima.k // 2 == optima.dimension
    assert found.unique
    assert "the function is unique, the network is not" in optima.explain()
    for vertex in optima.vertices:
        assert found.masses(vertex) == pytest.approx(found.polytope.inner)
    new = np.random.default_rng(1).normal(size=(50, 2)) * 3
    low, high = optima.spread(new)
    assert high == pytest.approx(low, abs=1e-9)


def test_units_of_opposite_directions_and_signs_are_no_pair():
    square = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    optima = optimal_set(solve(Problem(square, [1, -1, 1, -1], beta=0.1, free="affine")))
    found = optima.functions
    assert found.count == 2
    assert found.dimension == 1
    assert "the optimal functions have dimension 1" in optima.explain()
    for j in range(4):
        for i in range(4):
            if found.kink[i] == found.kink[j] and i != j:
                assert optima.signs[i] == optima.signs[j]
                assert optima.directions[i] == pytest.approx(-optima.directions[j])
