"""Calls with the wrong one of dualscape's own objects say which is wanted."""

import pytest

from dualscape.analysis import analyze
from dualscape.data.tables import Table
from dualscape.errors import InputError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.report.report import write_report
from dualscape.solver import solve
from solved import solved

TABLE = Table([[1.0]], [1.0], ("a",), "y")
SOLUTION, OPTIMA, STAIRS = solved("talk")
PROBLEM = SOLUTION.problem

MIXED_UP = {
    "solve": (lambda: solve(TABLE), "solve takes a Problem, got a Table; give Problem(table.X, table.y, beta=...)"),
    "solve a list": (lambda: solve([[1.0]]), "solve takes a Problem, got a list; see help(solve)"),
    "analyze": (
        lambda: analyze(TABLE),
        "analyze takes a Problem, got a Table; give Problem(table.X, table.y, beta=...)",
    ),
    "optimal set": (lambda: optimal_set(PROBLEM), "optimal_set takes a Solution, got a Problem; give solve(problem)"),
    "staircase": (
        lambda: staircase(SOLUTION),
        "staircase takes an OptimalSet, got a Solution; give optimal_set(solution)",
    ),
    "staircase of a problem": (
        lambda: staircase(PROBLEM),
        "staircase takes an OptimalSet, got a Problem; give optimal_set(solve(problem))",
    ),
    "objective": (
        lambda: PROBLEM.objective(SOLUTION),
        "objective takes a Network, got a Solution; give solution.network",
    ),
    "contains": (lambda: OPTIMA.contains(SOLUTION), "contains takes a Network, got a Solution; give solution.network"),
    "report": (
        lambda: write_report("report.html", PROBLEM),
        "write_report takes a Solution, got a Problem; give solve(problem)",
    ),
    "report of stairs": (
        lambda: write_report("report.html", SOLUTION, STAIRS),
        "write_report takes an OptimalSet, got a Staircase; give it as staircase=...",
    ),
}


@pytest.mark.parametrize(("call", "message"), MIXED_UP.values(), ids=MIXED_UP)
def test_mixed_up_arguments(call, message):
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == message
