"""Ways with too few slots."""

import numpy as np
import pytest

from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.paths.exchange import Exchange, best_masses, exchanged
from dualscape.landscape.paths.path import Path
from dualscape.landscape.paths.pool import Pool
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.solver import solve
from landscape_networks import anything, made


def test_best_masses_of_the_same_units():
    for seed in range(8):
        problem = made(seed, ("none", "affine")[seed % 2])
        start = anything(problem, 5, seed)
        found = best_masses(problem, start)
        assert problem.objective(found) <= problem.objective(start) * (1 + 1e-12)
        scores = problem.dual_of(found) @ problem.space.columns(start.units)
        assert scores[start.masses > 0].max() <= problem.beta * (1 + 1e-9)
        used = found.masses > 0
        np.testing.assert_allclose(scores[used], problem.beta, rtol=1e-9)
        assert (found.directions[used] == start.directions[used]).all()


@pytest.mark.parametrize("ordered", [True, False])
def test_a_full_network_is_reached_all_the_same(ordered):
    """An optimum of m* neurons in m* slots, from one whose slots are all full."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        problem = Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=1.0, bias="none").at_fraction(0.1)
        goal = optimal_set(solve(problem)).smallest()
        start = best_masses(problem, anything(problem, goal.width, 2 * seed))
        path = Path.of(problem, exchanged(problem, start, goal, problem.beta, ordered=ordered))
        assert path.verify()
        assert path.width == goal.width
        assert path.objective(1.0) == pytest.approx(problem.objective(goal), rel=1e-12)
        if ordered:
            assert path.end is goal


def test_the_unit_that_is_missed_least_leaves():
    problem = Problem(np.eye(3), [1.0, 2.0, 3.0], beta=0.1, bias="none")
    goal = Network(np.eye(3), np.ones(3), np.ones(3))
    exchange = Exchange(Pool.of(problem, goal, goal), problem.beta)
    left = exchange.without_one(exchange.best(np.arange(3)), np.zeros(3, dtype=bool))
    np.testing.assert_allclose(np.sort(left), [0.0, 1.9, 2.9], atol=1e-12)
