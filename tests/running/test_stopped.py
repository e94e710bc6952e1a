"""Every reason to stop has its words."""

import re

from dualscape.running.stopped import Stopped
from dualscape.solver import Solution


def test_every_reason_to_stop_has_its_words():
    """Those that the solver's own documentation lists."""
    words = re.findall(r'"(\w+)"', Solution.__doc__.partition("stopped:")[2])
    assert sorted(words) == sorted(stop for stop in Stopped if stop.words)
    assert all(stop.note for stop in Stopped if stop.words and stop is not Stopped.CONVERGED)
