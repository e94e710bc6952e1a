"""What rows can be worth where there are several outputs."""

import numpy as np
import pytest

from dualscape.geometry.leaky import leaky
from dualscape.oracles.vector.base import vector_reach


@pytest.mark.parametrize("slope", [0.0, 0.2, -1.0])
def test_the_reach_bounds_every_score(slope):
    rng = np.random.default_rng(0)
    X, N = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    reach = vector_reach(X, 2, slope)
    U = rng.standard_normal((2000, 3))
    U /= np.linalg.norm(U, axis=1)[:, None]
    values = np.linalg.norm(leaky(U @ X.T, slope) @ N, axis=1)
    assert values.max() <= reach.bound(N.ravel())
