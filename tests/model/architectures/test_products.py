"""Weights on pieces there and back."""

import numpy as np

from dualscape.model.architectures.vector_space import VectorSpace


def test_weights_of_units_there_and_back():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((8, 3))
    space, nu = VectorSpace(X, 2), rng.standard_normal(16)
    units, dimensions, faces_of = space.faces(nu, space.random(6, rng))
    alive = np.flatnonzero(units.alive())
    pieces, masses = faces_of(alive), rng.uniform(1, 2, len(alive))
    p, q = pieces.weights(units.take(alive), masses)
    assert len(p) + q.size == dimensions[alive].sum()
    again, found = pieces.units(p, q)
    np.testing.assert_allclose(found, masses)
    np.testing.assert_allclose(again.directions, units.directions[alive], atol=1e-12)
    np.testing.assert_allclose(again.outputs, units.outputs[alive], atol=1e-12)
    heights = np.zeros((8, len(alive)))
    np.add.at(heights.T, pieces.owner, (pieces.jacobian * p).T)
    np.testing.assert_allclose((heights @ q).ravel(), space.columns(units.take(alive)) @ masses, atol=1e-12)
