"""What rows can be worth where there are several outputs."""

import numpy as np

from dualscape.oracles.vector.base import vector_reach


def test_the_reach_bounds_every_score():
    rng = np.random.default_rng(0)
    X, N = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    reach = vector_reach(X, 2)
    U = rng.standard_normal((2000, 3))
    U /= np.linalg.norm(U, axis=1)[:, None]
    values = np.linalg.norm(np.maximum(U @ X.T, 0) @ N, axis=1)
    assert values.max() <= reach.bound(N.ravel())
