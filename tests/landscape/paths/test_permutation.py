"""From a network to its neurons in another order."""

from itertools import permutations

import numpy as np
import pytest

from along import check, objective
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.paths.permutation import permutation_path
from dualscape.model.network import Network
from dualscape.solver import solve
from landscape_networks import anything, made


@pytest.mark.parametrize("name", ["two-points", "triangle", "square"])
def test_optimal_networks_from_most_plus_one_on_never_climb(name):
    """At M* + 1 every optimal network has a slot free or one that can be made; at M* the largest one has not."""
    optima = optimal_set(solve(get(name).problem()))
    most = optima.choose("most")
    width = most.width + 1
    rng = np.random.default_rng(0)
    networks = [most.pad(width), most.split(0), *(optima.sample(rng) for _ in range(6))]
    for network in networks:
        if network.width > width:
            continue
        start = network.pad(width)
        order = rng.permutation(width)
        path = permutation_path(optima.problem, start, order)
        values = check(path, start, start.permute(order), width)
        assert values.max() <= values[0] * (1 + 1e-12)
        assert path.constant
    swap = permutation_path(optima.problem, most, np.arange(most.width)[::-1])
    assert swap.barrier > 1e-3
    assert "upper bound" in swap.note


def test_the_barrier_is_that_of_the_best_network_with_one_neuron_less():
    problem = get("triangle").problem()
    most = optimal_set(solve(problem)).choose("most")
    path = permutation_path(problem, most, [1, 2, 0])
    values = check(path, most, most.permute([1, 2, 0]), most.width)
    best = np.inf
    for j in range(most.width):
        rest = most._select(np.delete(np.arange(most.width), j))
        A = problem.space.columns(rest.units)
        # Squared loss with both masses positive: the normal equations; the tests' own.
        c = np.linalg.solve(A.T @ A, A.T @ problem.y - problem.beta)
        assert (c > 0).all()
        best = min(best, objective(problem, Network(rest.directions, rest.signs, c)))
    assert path.max_objective == pytest.approx(best, rel=1e-12)
    assert values.max() - objective(problem, most) == pytest.approx(path.barrier, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_networks_of_all_kinds(seed):
    problem = made(seed, ("none", "affine")[seed % 2])
    start = anything(problem, 4, seed)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 0]):
        path = permutation_path(problem, start, order)
        values = check(path, start, start.permute(order), 4)
        assert values.max() - values[0] == pytest.approx(path.barrier, abs=1e-9 * path.size)
    wide = permutation_path(problem, start, [1, 0, 3, 2], width=5)
    assert wide.barrier <= 1e-10 * wide.size


def test_every_order_of_three_through_one_slot():
    problem = get("triangle").problem()
    start = optimal_set(solve(problem)).choose("most").pad(4)
    for order in permutations(range(4)):
        path = permutation_path(problem, start, order)
        check(path, start, start.permute(order), 4)
        assert path.constant


def test_bad_input():
    problem = get("two-points").problem()
    one = Network([[0.0, 1.0]], [1.0], [0.95])
    with pytest.raises(InputError, match="order must be a permutation"):
        permutation_path(problem, one, [1])
    with pytest.raises(InputError, match="coordinates"):
        permutation_path(problem, Network([[1.0]], [1.0], [1.0]), [0])
