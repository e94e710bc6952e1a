"""A time limit covers the whole analysis, and what there was no time for is said; threads are made once."""

import os
import sys
import threading
import time

import numpy as np
import pytest

from dualscape import analysis
from dualscape.analysis import analyze
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.problem import Problem
from dualscape.oracles.base import NO_LIMITS
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interrupted, until
from dualscape.running.threads import Threads
from dualscape.solver import solve


def line_problem():
    """Three units on a line: a polytope of dimension 1 with two vertices."""
    return Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")


def wait_for_the_end(*arguments, **settings):
    """Work that would take a minute, and looks whether it is to stop."""
    for _ in range(6000):
        check()
        time.sleep(0.01)
    raise AssertionError("nothing ended it")


@pytest.mark.parametrize("stage", ["optimal_set", "staircase"])
def test_the_limit_ends_what_comes_after_the_proof(stage, monkeypatch):
    monkeypatch.setattr(analysis, stage, wait_for_the_end)
    solve(line_problem())  # compiled before the clock runs
    found = analyze(line_problem(), time_limit=1.0)
    assert found.solution.certificate.verdict == "global"
    assert (found.optimal_set is None, found.staircase) == (stage == "optimal_set", None)
    missing = stage.replace("_", " ")
    assert any(f"the {missing} is left out: the time limit" in note for note in found.notes)
    assert not interrupted()


def test_vertices_are_sampled_where_there_is_no_time_to_list_them(monkeypatch):
    monkeypatch.setattr(sys.modules[optimal_set.__module__], "vertices", wait_for_the_end)
    solution = solve(line_problem())
    found = optimal_set(solution, effort=Effort.within(1.0))
    assert (found.vertices_complete, len(found.sampled)) == (False, 2)


def test_the_staircase_has_wider_intervals_where_there_is_no_time(monkeypatch):
    monkeypatch.setattr(sys.modules[optimal_set.__module__], "vertices", wait_for_the_end)
    optima = optimal_set(solve(line_problem()), effort=Effort.within(0.5))
    assert staircase(optima).m_star == 1
    monkeypatch.setattr(type(optima.polytope), "sparsest", wait_for_the_end)
    found = staircase(optima, effort=Effort.within(0.3))
    low, high = (found.m_star, found.m_star) if isinstance(found.m_star, int) else found.m_star
    assert low == 1 <= high


def test_part_of_an_effort_keeps_the_rest():
    effort = Effort.within(10.0, device=None)
    assert 1.9 < effort.first(0.2).remaining() <= 2.0
    assert NO_LIMITS.first(0.2) is NO_LIMITS


def test_until_ends_with_its_block():
    with until(time.monotonic() + 0.05):
        assert not interrupted()
        time.sleep(0.06)
        assert interrupted()
        with until(None):
            assert interrupted()
    assert not interrupted()


def test_neighbours_share_their_data():
    problem = Problem(np.eye(3), [1.0, 2.0, 3.0], beta=1.0)
    other = problem.with_beta(0.5)
    assert other.X is problem.X
    assert (other.beta, problem.beta, other.decay) == (0.5, 1.0, "beta = 0.5")
    assert other.oracle("cells") is problem.oracle("cells")
    bare = Problem(np.eye(3), [1.0, 2.0, 3.0], beta=1.0, bias="none")
    assert bare.X is bare.inputs


def names_of_threads(pool):
    barrier = threading.Barrier(os.cpu_count() or 1)

    def name():
        barrier.wait(10)
        return threading.current_thread().name

    return {future.result() for future in [pool.submit(name) for _ in range(barrier.parties)]}


def test_threads_are_kept():
    with Threads() as first:
        before = names_of_threads(first)
    with Threads() as second, Threads() as third:
        assert names_of_threads(second) == names_of_threads(third) == before


def test_leaving_waits_for_what_was_handed_in():
    done = []
    with Threads() as pool:
        pool.submit(lambda: (time.sleep(0.1), done.append(1)))
    assert done == [1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork there")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_process_that_is_forked_off_makes_threads_of_its_own():
    with Threads() as pool:
        pool.submit(int).result()
    child = os.fork()
    if child == 0:
        with Threads() as pool:
            os._exit(pool.submit(lambda: 7).result(10))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
