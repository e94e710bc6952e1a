"""Work that only a time limit ends, and a problem whose optima are a segment."""

import time

from dualscape.model.problem import Problem
from dualscape.running.interruption import check


def line_problem():
    """Three units on a line: a polytope of dimension 1 with two vertices."""
    return Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")


def wait_for_the_end(*arguments, **settings):
    """Work that would take a minute, and looks whether it is to stop."""
    for _ in range(6000):
        check()
        time.sleep(0.01)
    raise AssertionError("nothing ended it")
