"""The middle of a polytope, and random points of it."""

import numpy as np

from dualscape.polytopes.polytope import polytope
from dualscape.polytopes.sampling import analytic_center, hit_and_run


def test_center_of_a_simplex_is_its_middle():
    P = polytope(np.ones((1, 4)), np.array([4.0]))
    np.testing.assert_allclose(analytic_center(P), np.ones(4), rtol=1e-12)


def test_hit_and_run_is_uniform_on_a_simplex():
    P = polytope(np.ones((1, 3)), np.array([1.0]))
    rng = np.random.default_rng(0)
    points = np.array([hit_and_run(P, rng) for _ in range(1500)])
    np.testing.assert_allclose(points.mean(axis=0), 1 / 3, atol=0.02)
    np.testing.assert_allclose(points.var(axis=0), 1 / 18, atol=0.006)
