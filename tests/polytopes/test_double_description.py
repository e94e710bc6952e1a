"""Extreme rays of cones."""

import numpy as np

from dualscape.polytopes.double_description import extreme_rays


def test_extreme_rays_of_an_orthant():
    rays = extreme_rays(np.eye(3), budget=10)
    assert sorted(rays.supports.sum(axis=1).tolist()) == [1, 1, 1]


def test_rays_may_all_lie_on_one_side():
    """No pair is adjacent where none is above; a vertex that rounding has lost is no vertex."""
    from dualscape.polytopes.double_description import _adjacent, pack

    none = np.zeros(0, dtype=np.intp)
    zeros = pack(np.ones((2, 3), dtype=bool))
    assert _adjacent(zeros, none, np.arange(2), 1, 10).shape == (0, 2)
