"""Joint climbs end at local maximisers, no lower than they began."""

import numpy as np
import pytest

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.leaky import leaky
from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.ranked import vector_scores
from dualscape.oracles.vector.reduced import ReducedVector


@pytest.mark.parametrize("slope", [0.0, 0.2, -1.0])
def test_no_direction_near_by_is_higher(slope):
    rng = np.random.default_rng(2)
    X, N = rng.standard_normal((15, 3)), rng.standard_normal((15, 3))
    space, G = VectorSpace(X, 3, slope=slope), ReducedVector.of(Hinges.of(X, slope), N)
    starts = space.random(20, rng)
    found = climb_jointly(G, starts)[0]
    before, after = (vector_scores(X, N.ravel(), units, slope) for units in (starts, found))
    alive = found.alive()
    assert alive.any()
    assert (after[alive] >= before[alive] - 1e-12).all()
    for u, height in zip(found.directions[alive], after[alive], strict=True):
        for size in (1e-4, 1e-5, 1e-6):
            near = u + size * rng.standard_normal((200, 3))
            near /= np.linalg.norm(near, axis=1)[:, None]
            assert np.linalg.norm(leaky(near @ X.T, slope) @ N, axis=1).max() <= height * (1 + 1e-14)


def test_out_of_time_nothing_has_a_direction():
    space = VectorSpace(np.eye(2), 2)
    G = ReducedVector.of(space.hinges, np.eye(2))
    assert not climb_jointly(G, space.random(3, np.random.default_rng(0)), expired=lambda: True)[0].alive().any()
