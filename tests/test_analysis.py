"""The main job in one call: what it finds in the time it has, and what it says of the rest."""

import numpy as np
import pytest

from dualscape import analysis
from dualscape.analysis import analyze
from dualscape.model.problem import Problem
from dualscape.running.interruption import Interrupt, heeding, interrupted
from dualscape.solver import solve
from waiting import line_problem, wait_for_the_end


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


def test_beta_max_that_was_cut_short_is_said_to_be():
    wish = Interrupt()
    wish.ask()
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((20, 3)), rng.standard_normal(20), beta=1.0)
    with heeding(wish):
        found = analyze(problem, beta_fraction=0.1, oracle="cells")
    low, high = found.beta_max.low, found.beta_max.high
    assert low < problem.beta_max() <= high
    assert found.problem.beta == 0.1 * low
    assert f"beta_max was not computed to the end: it is at most {high:.6g}" in found.notes
    assert problem.beta_max_bounds().resolved
