"""The band of all optimal predictions."""

import numpy as np

from dualscape import figures
from dualscape.figures.layers import Area
from scenes import layers
from solved import solved


def test_band_vanishes_at_the_data_and_holds_every_network():
    _, optima, _ = solved("talk")
    scene = figures.spread(optima)
    outline = layers(scene, Area)[0].outline
    half = len(outline) // 2
    low, high = outline[:half], outline[half:][::-1]
    assert np.allclose(low[:, 0], high[:, 0])
    for x in (-(3**0.5), 3**0.5):
        assert np.isclose(np.interp(x, *low.T), np.interp(x, *high.T), atol=0.01)
    for masses in (optima.vertices[0], optima.vertices.mean(axis=0)):
        values = optima.network(masses).predict(np.column_stack([low[:, 0], np.ones(half)]))
        assert (values >= low[:, 1] - 1e-12).all()
        assert (values <= high[:, 1] + 1e-12).all()
    # One network is the constant 0.95, the other 0 + its two units: 0.475 at the origin.
    assert np.isclose(np.interp(0.0, *low.T), 0.475)
