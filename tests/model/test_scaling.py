"""Standardising: recorded, repeated to the bit, and right at any scale."""

import numpy as np

from dualscape.data.tables import Table, standardize


def test_standardize_is_right_at_any_scale():
    rng = np.random.default_rng(0)
    column = rng.standard_normal(50)
    for scale, shift in ((1e200, 0.0), (1e-200, 0.0), (1.0, 1e6)):
        table = Table((scale * column + shift)[:, None], column, ("a",), "y")
        X = standardize(table).X[:, 0]
        np.testing.assert_allclose([X.mean(), X.std()], [0, 1], atol=1e-9)
        np.testing.assert_allclose(X, (column - column.mean()) / column.std(), rtol=1e-6, atol=1e-9)


def test_standardising_is_recorded_and_can_be_repeated():
    """The recorded numbers give the very data, bit by bit; a second time nothing changes."""
    rng = np.random.default_rng(1)
    raw = Table(rng.uniform(1e3, 2e3, (30, 2)), rng.uniform(0, 1e5, 30), ("a", "b"), "y")
    once = standardize(raw)
    assert np.array_equal(once.scaling.features(raw.X), once.X)
    np.testing.assert_allclose(once.scaling.original_target(once.y), raw.y, rtol=1e-13)
    twice = standardize(once)
    assert np.array_equal(twice.X, once.X)
    assert np.array_equal(twice.scaling.scales, once.scaling.scales)
    features, both = standardize(raw, target=False), standardize(standardize(raw, target=False))
    assert (features.scaling.of_target, both.scaling.of_target) == (False, True)
    assert np.array_equal(both.y, once.y)
    assert np.array_equal(raw.scaled.features(raw.X), raw.X)
