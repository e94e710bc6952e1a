"""What is computed on large data takes little memory beside them."""

import tracemalloc

import numpy as np

from dualscape import Problem
from dualscape.geometry.hinges import Hinges
from dualscape.model.network import Network
from dualscape.oracles.spectral import spectral_bound
from dualscape.solver import master
from dualscape.solver.descent import descend_jointly
from dualscape.solver.task import Task
from dualscape.units import Units


def peak(work):
    """The greatest memory of what is allocated meanwhile, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_large_data_are_worked_on_a_block_of_rows_at_a_time():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60_000, 20))
    large = Problem(X, X[:, 0], beta=1.0, bias="none")
    X = large.X
    # The hyperplanes themselves, what they are found from, and vectors.
    assert peak(lambda: Hinges.of(X)) < 2.8 * X.nbytes
    directions = rng.standard_normal((40, 20))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    units = Units.signed(directions, np.where(np.arange(40) % 2, 1.0, -1.0))
    network, space = Network.of(units, np.full(40, 0.01), "none"), large.space
    assert peak(lambda: network.fit(X)) < 0.4 * X.nbytes
    assert peak(lambda: space.scores(large.y, units)) < 0.4 * X.nbytes
    task = Task.of(large)
    assert peak(lambda: descend_jointly(task, units, np.ones(40), steps=2, in_time=lambda: True)) < X.nbytes
    A = space.columns(units)
    assert peak(lambda: master.solve_master(A, large.y, 1.0, large.loss, np.zeros(40))) < 0.5 * A.nbytes
    form = space.hinges.reduce(large.y)
    assert peak(lambda: spectral_bound(space.hinges.rows, *form)) < 1.2 * X.nbytes
