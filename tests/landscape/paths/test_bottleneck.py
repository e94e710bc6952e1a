"""Bottlenecks are where paths begin, among optimal networks and among near-optimal ones."""

import numpy as np
import pytest

from dualscape import bottleneck, connect, connect_sublevel, optimal_set, solve
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.landscape.paths.isolation import isolation
from solved import solved


@pytest.mark.parametrize("name", ["talk", "triangle"])
def test_bottlenecks_are_where_paths_begin(name):
    _, optima, _ = solved(name)
    networks = [optima.network(masses).prune() for masses in optima.vertices]
    networks += [network.permute(np.roll(np.arange(network.width), 1)) for network in networks]
    for a in networks:
        for b in networks:
            width = bottleneck(optima, a, b)
            assert connect(optima, a, b, width=width)
            if width > max(a.width, b.width):
                assert not connect(optima, a, b, width=width - 1)


@pytest.mark.parametrize("name", ["two-points", "triangle-alternating", "square-abs"])
def test_near_optimal_ones(name):
    optima = optimal_set(solve(get(name).problem()))
    problem, rng = optima.problem, np.random.default_rng(0)
    best, stays = problem.objective(optima.smallest()), isolation(optima)
    exact = 0
    for masses, height in zip(optima.vertices, stays, strict=True):
        network = optima.network(masses).prune()
        moved = problem.network(network.units, network.masses * (1 + 1e-3 * rng.standard_normal(network.width)))
        turned = moved.permute(np.roll(np.arange(network.width), 1))
        near = problem.objective(moved) - best
        for eps in (2 * near, 0.5 * height, 10.0):
            if eps < near:
                continue
            low, high = np.resize(bottleneck(optima, moved, turned, epsilon=eps), 2)
            assert network.width <= low <= high
            assert connect_sublevel(problem, moved, turned, width=high).max_objective <= best + eps
            if network.width > 1 and eps < height:
                # Below that height no path exchanges two neurons without a slot to spare, and with one there is a path.
                assert low == high == network.width + 1
                exact += 1
        assert bottleneck(optima, moved, moved, epsilon=2 * near) == network.width
    assert exact


def test_refusals():
    _, optima, _ = solved("talk")
    one = optima.smallest()
    far = optima.problem.network(one.units, 2 * one.masses)
    with pytest.raises(InputError, match=r"b is .* above the optimum, which is more than 1e-06"):
        bottleneck(optima, one, far, epsilon=1e-6)
    with pytest.raises(InputError, match="0 or more"):
        bottleneck(optima, one, one, epsilon=-1.0)
