"""The search of three layers: never above the exact height, and near it from enough starts."""

import numpy as np

from dualscape.model.architectures import ThreeLayerReLU
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Question


def test_searches_come_near_the_exact_height_and_never_above():
    rng = np.random.default_rng(3)
    for _ in range(5):
        X, nu = rng.standard_normal((6, 2)), rng.standard_normal(6)
        space = ThreeLayerReLU(6).on(X)
        exact = space.oracle("hull").best_units(Question(nu, 0.0, listed=False))
        found = space.oracle("ascent").best_units(Question(nu, 0.0))
        assert 0.97 * exact.lower <= found.lower <= exact.upper
        assert np.isinf(found.upper)
        assert np.allclose(space.scores(nu, found.units), found.values)


def test_it_finds_what_two_layers_can():
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((60, 3)), rng.standard_normal(60)
    two = ReLUSpace(X).oracle("bisection").best_units(Question(nu, 0.0, listed=False))
    found = ThreeLayerReLU(2).on(X).oracle("ascent").best_units(Question(nu, 0.9 * two.lower))
    assert found.lower >= two.lower * (1 - 1e-12)


def test_units_at_hand_are_where_it_begins():
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((6, 2)), rng.standard_normal(6)
    space = ThreeLayerReLU(6).on(X)
    best = space.oracle("hull").best_units(Question(nu, 0.0)).units.take(slice(1))
    found = space.oracle("ascent").best_units(Question(nu, 0.0, starts=best))
    assert found.lower >= space.scores(nu, best)[0] * (1 - 1e-12)
