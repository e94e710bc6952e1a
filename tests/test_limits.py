"""A time limit covers the whole analysis, and what there was no time for is said."""

import sys
import time

import pytest

from dualscape import analysis
from dualscape.analysis import analyze
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.problem import Problem
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interrupted
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
