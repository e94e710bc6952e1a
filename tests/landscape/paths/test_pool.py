"""Two networks side by side."""

import numpy as np

from dualscape.landscape.paths.pool import NONE, Pool
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from landscape_networks import anything, made


def test_equal_units_are_one():
    problem = Problem(np.eye(2), [1.0, 1.0], beta=0.1, bias="none")
    a = Network([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]], [1, 1, 1], [0.5, 0.25, 0.0])
    b = Network([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]], [1, -1, 1], [2.0, 1.0, 3.0])
    pool = Pool.of(problem, a, b)
    assert len(pool.units) == 3
    assert pool.labels[0, 0] == pool.labels[0, 1] == pool.labels[1, 2]
    assert pool.labels[0, 2] == NONE
    assert sorted(pool.masses(0)) == [0.0, 0.0, 0.75]
    assert sorted(pool.masses(1)) == [1.0, 2.0, 3.0]
    assert not pool.direct
    assert Pool.of(problem, a, a).direct


def test_reduced_masses_keep_the_fit_and_do_not_cost_more():
    for seed in range(12):
        problem = made(seed, ("none", "constant", "affine")[seed % 3])
        a = anything(problem, 12, seed)
        pool = Pool.of(problem, a, a)
        found = pool.reduced(0)
        network = pool.network(pool.places(0, found), found, 0.0)
        np.testing.assert_allclose(
            problem.fit_of(network), problem.fit_of(a), atol=1e-10 * abs(problem.fit_of(a)).max()
        )
        assert found.sum() <= a.masses.sum() + 1e-12
        assert np.linalg.matrix_rank(pool.seen[:, found > 0]) == (found > 0).sum()


def test_dead_neurons_and_those_that_free_features_make_up_for_go():
    problem = Problem([[1.0], [2.0]], [1.0, 3.0], beta=0.1, bias="none", free="linear")
    a = Network([[1.0], [-1.0]], [1, 1], [2.0, 5.0], free="linear", free_weights=[0.5])
    pool = Pool.of(problem, a, a)
    found = pool.reduced(0)
    assert not found.any()
    np.testing.assert_allclose(pool.network(pool.places(0, found), found, 0.0).free_weights, [2.5])
