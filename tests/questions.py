"""Random questions to oracles, and whether two answers are the same to the bit."""

import numpy as np


def random_question(n=60, d=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal(n)


def same(first, second):
    np.testing.assert_array_equal(first.units.directions, second.units.directions)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.upper == second.upper
