"""Executors by name: the same answer from threads, processes and a dask cluster, and one line when there is none."""

import warnings

import numpy as np
import pytest

from dualscape import Problem, solve
from dualscape.errors import InputError
from dualscape.running.executors import open_executor

ADDRESS_OF_NOBODY = "tcp://127.0.0.1:9"


def problem():
    rng = np.random.default_rng(2)
    return Problem(rng.standard_normal((40, 4)), rng.standard_normal(40), beta=2.0)


def answer(name):
    tasks = []
    with open_executor(name) as executor:
        if executor is not None:
            submit = executor.submit
            executor.submit = lambda *task: tasks.append(task) or submit(*task)
        solution = solve(problem(), oracle="bisection", executor=executor)
    assert (executor is None) == (tasks == [])
    certificate = solution.certificate
    return certificate.verdict, certificate.primal, certificate.dual, certificate.looked_at


def test_processes_and_a_cluster_answer_like_threads():
    expected = answer("threads")
    assert expected[0] == "global"
    assert answer("processes") == expected
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            assert answer(cluster.scheduler_address) == expected


def test_unknown_executors_are_refused():
    with pytest.raises(InputError, match="unknown executor 'many'"), open_executor("many"):
        pass


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("dualscape.running.executors.PATIENCE", 0.5)
    refused = pytest.raises(InputError, match=f"no dask scheduler answers at {ADDRESS_OF_NOBODY}")
    with refused, open_executor(ADDRESS_OF_NOBODY):
        pass


def test_a_scheduler_without_dask_is_refused_in_one_line(hide):
    hide("distributed")
    with pytest.raises(InputError, match="needs dask, which is not installed"), open_executor(ADDRESS_OF_NOBODY):
        pass
