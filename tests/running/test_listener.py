"""The main thread hears Ctrl-C while another computes, and leaves behind what does not come back."""

import sys
import threading
import time

import pytest

from dualscape.analysis import analyze
from dualscape.model.problem import Problem
from dualscape.running.interruption import heeding
from dualscape.running.listener import Listener
from dualscape.solver import column_generation as columns
from signals import random_problem

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C is no signal that can be sent")


def test_what_does_not_come_back_is_left_behind(monkeypatch):
    """The optimal set hangs where nobody can stop it: the certified solution is the result all the same."""
    gate, drafts, listener = threading.Event(), [], Listener()
    monkeypatch.setattr("dualscape.analysis.optimal_set", lambda *_, **__: (listener._hear(2, None), gate.wait()))
    talk = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    assert listener.run(lambda: analyze(talk, begun=drafts.append), grace=0.1) is None
    with heeding(listener.wish):
        found = drafts[0].result()
    gate.set()
    assert found.solution.certificate.verdict == "global"
    assert (found.optimal_set, found.notes) == (None, ("interrupted: the optimal set is left out",))


def test_a_solver_that_does_not_come_back_has_shown_its_networks(monkeypatch):
    gate, drafts, listener = threading.Event(), [], Listener()
    problem = random_problem(30, 3)
    full = analyze(problem).solution.certificate
    exact_round = columns._Run._exact_round
    monkeypatch.setattr(columns._Run, "_exact_round", lambda run, *at: (listener._hear(2, None), gate.wait()))
    assert listener.run(lambda: analyze(problem, begun=drafts.append), grace=0.1) is None
    with heeding(listener.wish):
        found = drafts[0].result()
    monkeypatch.setattr(columns._Run, "_exact_round", exact_round)
    gate.set()
    certificate = found.solution.certificate
    assert certificate.dual <= full.primal
    assert full.dual <= certificate.primal <= 1.001 * full.primal
    assert certificate.primal == problem.objective(found.solution.network)
    assert found.notes[0].startswith("interrupted: this is the best network so far; ")


def test_a_listener_waits_no_longer_than_it_was_told():
    listener, gate = Listener(), threading.Event()
    assert listener.run(lambda: 7, grace=0.0) == 7
    with pytest.raises(ZeroDivisionError):
        listener.run(lambda: 1 // 0, grace=0.0)
    threading.Timer(0.05, listener._hear, (2, None)).start()
    began = time.monotonic()
    assert listener.run(gate.wait, grace=0.1) is None
    assert 0.1 < time.monotonic() - began < 5
    gate.set()
