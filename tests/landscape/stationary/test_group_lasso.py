"""Group lassos by their optimality conditions, over all sets of blocks."""

from itertools import combinations

import numpy as np
import pytest

from dualscape.landscape.stationary.group_lasso import GroupLassos
from dualscape.model.losses import get_loss


@pytest.mark.parametrize("loss", ["squared", "logistic", "huber:0.5"])
@pytest.mark.parametrize("seed", range(3))
def test_optimality_of_every_set(loss, seed):
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(6) < 0.5, 1.0, -1.0)
    blocks = [rng.standard_normal((6, size)) for size in (1, 2, 2, 1)]
    kind, beta = get_loss(loss), 0.3
    lassos, values = GroupLassos(kind, y, blocks, beta), {(): kind.value(np.zeros(6), y)}
    solved = 0
    for size in range(1, 5):
        for chosen in combinations(range(4), size):
            parts = lassos.optimum(chosen)
            less = min(values[tuple(j for j in chosen if j != i)] for i in chosen)
            if parts is None:
                values[chosen] = less
                continue
            solved += 1
            fit = sum(blocks[i] @ part for i, part in zip(chosen, parts, strict=True))
            nu = -kind.gradient(fit, y)
            for i, part in zip(chosen, parts, strict=True):
                assert np.linalg.norm(blocks[i].T @ nu - beta * part / np.linalg.norm(part)) < 1e-8
            values[chosen] = kind.value(fit, y) + beta * sum(np.linalg.norm(part) for part in parts)
            # No block is 0 in it: without one of them it would be worse.
            assert values[chosen] < less
    assert solved >= 4
    assert lassos.unresolved == 0
