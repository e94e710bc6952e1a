"""Near-optimal networks: the exact staircase at eps = 0, bounds that hold and close."""

import numpy as np
import pytest

from dualscape import Problem, near_staircase, optimal_set, solve, staircase
from dualscape.errors import InputError
from solved import solved


@pytest.mark.parametrize("name", ["talk", "triangle"])
def test_from_the_exact_staircase_to_one_component(name):
    _, optima, stairs = solved(name)
    near = near_staircase(optima)
    widths = range(stairs.m_star - 1, stairs.connected_from + 2)
    for m in widths:
        assert near.components(m, 0.0) == stairs.row(m).components
        before = (10**9, 10**9)
        for eps in (1e-6, 1e-3, 1e-2, 0.1, 1.0, 10.0):
            low, high = np.resize(near.components(m, eps), 2)
            assert low <= high
            assert low <= before[0]
            assert high <= before[1]
            before = (low, high)
        assert m < stairs.m_star or before == (1, 1)
    assert near.connected_from(0.0) == stairs.connected_from
    assert near.connected_from(10.0) == stairs.m_star


KINDS = [
    {},
    {"free": "constant"},
    {"free": "linear", "architecture": "abs"},
    {"architecture": "abs", "bias": "none"},
    {"architecture": "leaky:0.2", "free": "affine"},
    {"loss": "logistic", "free": "constant"},
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_bounds_hold_together_on_random_problems(seed, kind):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((5, 2)), rng.standard_normal(5)
    problem = Problem(X, np.sign(y) if "loss" in kind else y, beta=1.0, **kind)
    optima = optimal_set(solve(problem.with_beta(0.2 * problem.beta_max())))
    near, stairs = near_staircase(optima), staircase(optima)
    for row in near.heights:
        assert near.components(row.m, 0.0) == stairs.row(row.m).components
        assert (row.stays[row.full] <= row.swaps[row.full] * (1 + 1e-9)).all() or row.orders == 1
        for eps in (*row.stays, *row.swaps, *(height for *_, height in row.joins)):
            low, high = np.resize(near.components(row.m, eps), 2)
            assert 1 <= low <= high


def test_isolated_networks_stay_isolated_below_their_height():
    _, optima, _ = solved("talk")
    near = near_staircase(optima)
    (row,) = (row for row in near.heights if row.m == 2)
    (stays,) = row.stays[row.full]
    assert near.components(2, 0.99 * stays) == 3
    assert near.components(2, 1.01 * stays) == (1, 3)
    (swaps,) = row.swaps[row.full]
    top = max(swaps, max(height for *_, height in row.joins))
    assert near.components(2, 1.01 * top) == 1
    assert near.connected_from(0.99 * stays) == 3
    with pytest.raises(InputError, match="0 or more"):
        near.components(2, -1.0)
