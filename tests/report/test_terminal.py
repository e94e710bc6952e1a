"""Progress where there is no terminal."""

import numpy as np
import pytest

from dualscape import Problem
from dualscape.report import terminal
from dualscape.running.progress import Event


@pytest.fixture
def clock(monkeypatch):
    """clock.now is the time."""

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(terminal, "time", clock)
    return clock


def lines_of(events, clock, capsys):
    """(seconds, line) of what is shown for (seconds, event)."""
    found = []
    with terminal.Reporter().stage("beta_max") as tell:
        for clock.now, event in events:
            tell(event)
            shown = capsys.readouterr().err
            if shown:
                found.append((clock.now, shown.strip()))
    return found


def test_progress_in_a_file_comes_ever_more_rarely(clock, capsys):
    events = [(float(second), Event("bisection", second, 100)) for second in range(100)]
    found = lines_of(events, clock, capsys)
    assert found[0] == (2, "beta_max, bisection: 2 of 100")
    assert [seconds for seconds, _ in found] == [2, 12, 32, 72]


def test_no_line_comes_twice_in_a_row(clock, capsys):
    found = lines_of([(float(second), Event("bisection", 0, 100)) for second in range(100)], clock, capsys)
    assert found == [(2, "beta_max, bisection: 0 of 100")]


def test_something_new_is_told_at_once_but_not_each_time_it_returns(clock, capsys):
    events = [(float(second), Event(("bisection", "cells")[second % 2], second)) for second in range(20)]
    found = lines_of(events, clock, capsys)
    assert [seconds for seconds, _ in found] == [2, 3, 13]


def test_what_is_quick_says_nothing(clock, capsys):
    assert lines_of([(0.0, Event("bisection", 1)), (1.9, Event("bisection", 2))], clock, capsys) == []


def test_an_oracle_that_could_never_list_all_is_told_without_a_time():
    problem = Problem(np.random.default_rng(0).standard_normal((150, 4)), np.eye(3)[np.arange(150) % 3], beta=1.0)
    words = terminal.describe_choice(problem.space.choice("bisection", None))
    assert "faces, too many" in words
    assert "inf" not in words
