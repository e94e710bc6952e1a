"""Work shared out to pools that lose workers, and to a cluster of processes."""

import os
import signal
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.base import NO_LIMITS
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.running.effort import Effort, Here, WorkersLostError, run_all


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_every_task_comes_once():
    with ThreadPoolExecutor(3) as pool:
        results = [entry for entry in run_all(pool, pow, [(k, 2) for k in range(20)], lambda: False) if entry]
    assert sorted(results) == [(k, k * k) for k in range(20)]


def test_nothing_is_begun_after_the_deadline():
    with ThreadPoolExecutor(1) as pool:
        gate = threading.Event()
        pool.submit(gate.wait)
        entries = run_all(pool, pow, [(2, 2)] * 5, lambda: True)
        assert list(entries) == []
        gate.set()


def test_a_broken_pool_is_named():
    with ProcessPoolExecutor(1) as pool, pytest.raises(WorkersLostError, match="lost a worker"):
        list(run_all(pool, die, [(1,)], lambda: False))


def test_bad_efforts_are_refused():
    with pytest.raises(InputError, match="the time limit must be positive"):
        Effort.within(0)
    with pytest.raises(InputError, match=r"must be a concurrent\.futures\.Executor"):
        Effort.within(None, executor=2)


def test_a_cluster_that_loses_a_worker_gives_the_same_answer():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from distributed import Client, LocalCluster

        rng = np.random.default_rng(0)
        X, nu = rng.standard_normal((80, 5)), rng.standard_normal(80)
        above = 0.999 * AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower
        alone = BisectionOracle.on(X).best_units(Question(nu, above=above))
        killed = []
        with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

            def kill_one(event):
                if not killed:
                    killed.append(next(iter(cluster.workers.values())).pid)
                    os.kill(killed[0], signal.SIGKILL)

            with Client(cluster) as client, client.get_executor() as pool:
                shared = BisectionOracle.on(X).best_units(
                    Question(nu, above=above), effort=Effort(executor=pool), progress=kill_one
                )
    assert killed
    assert (shared.upper, shared.looked_at, shared.stopped) == (alone.upper, alone.looked_at, "")
    np.testing.assert_array_equal(shared.units.directions, alone.units.directions)


def test_part_of_an_effort_keeps_the_rest():
    effort = Effort.within(10.0, device=None)
    assert 1.9 < effort.first(0.2).remaining() <= 2.0
    assert NO_LIMITS.first(0.2) is NO_LIMITS


def test_what_runs_as_it_is_handed_in_ends_in_time_too():
    done = []
    tasks = [(number,) for number in range(10)]
    found = list(run_all(Here(), lambda number: done.append(number) or number, tasks, lambda: len(done) >= 3))
    assert done == [0, 1, 2]
    assert found == [(0, 0), (1, 1), (2, 2)]
