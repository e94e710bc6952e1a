"""Steps that a limit of time leaves no room for are not begun."""

import time

import numpy as np

from dualscape.oracles.base import Question
from dualscape.oracles.relaxation import pace
from dualscape.oracles.relaxation.oracle import RelaxationOracle
from dualscape.oracles.relaxation.pace import Pace, ended
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped


def test_steps_end_by_what_the_last_one_took(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def step():
        now[0] += 1.0

    effort = Effort(deadline=110.5)
    # The eighth would leave less than what it and its proof take.
    assert Pace(10).steps(step, 20, effort) == 8
    assert Pace(10).steps(step, 1, Effort()) == 1
    assert ended(effort) is Stopped.TIME


def test_no_step_is_begun_that_would_outlast_the_limit(monkeypatch):
    monkeypatch.setattr(pace, "CUBE_SECONDS", 1e9)
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((30, 9)), rng.standard_normal(30)
    answer = RelaxationOracle.on(X).best_units(Question(nu, above=0.0), effort=Effort.within(60.0))
    assert (answer.stopped, answer.looked_at) == (Stopped.TIME, 0)
    assert np.isfinite(answer.upper)
