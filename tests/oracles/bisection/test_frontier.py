"""The frontier of open cones: shared out, kept and resumed with the same answer."""

import itertools
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from dualscape.oracles import Question
from dualscape.oracles.bisection import frontier
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from exact_values import dense
from questions import random_question, same


class Impatient(Effort):
    """Time is up when it has been asked for the tenth time."""

    asked = itertools.count()

    def expired(self):
        return next(self.asked) > 10


def test_same_answer_on_any_number_of_workers():
    X, nu = random_question(80, 4)
    h = dense(X, nu)
    answers = []
    for workers in (1, 2, 8):
        with ThreadPoolExecutor(workers) as pool:
            answers.append(BisectionOracle.on(X).best_units(Question(nu, above=0.95 * h), effort=Effort(executor=pool)))
    with ProcessPoolExecutor(2) as pool:
        answers.append(BisectionOracle.on(X).best_units(Question(nu, above=0.95 * h), effort=Effort(executor=pool)))
    for other in answers[1:]:
        same(answers[0], other)
        assert other.looked_at == answers[0].looked_at


def test_bounds_shrink_while_it_runs_and_hold_when_it_is_stopped():
    X, nu = random_question(150, 5)
    seen = []
    answer = BisectionOracle.on(X).best_units(
        Question(nu, above=0.9 * dense(X, nu)),
        effort=Effort.within(1.0),
        progress=lambda event: seen.append(event.note),
    )
    assert answer.stopped in ("", "time")
    assert answer.upper >= dense(X, nu)
    bounds = [float(note.split()[2]) for note in seen]
    assert all(b <= a for a, b in itertools.pairwise(bounds))
    at_once = BisectionOracle.on(X).best_units(Question(nu, above=0.0), effort=Effort(deadline=0.0))
    assert at_once.stopped == "time"
    assert dense(X, nu) <= at_once.upper < np.inf


def test_interruption_returns_what_is_proven():
    X, nu = random_question(150, 5)

    def interrupt(event):
        raise KeyboardInterrupt

    answer = BisectionOracle.on(X).best_units(Question(nu, above=0.5 * dense(X, nu)), progress=interrupt)
    assert answer.stopped == "interrupted"
    assert dense(X, nu) <= answer.upper < np.inf
    assert threading.active_count() < 20


def test_resumes_from_a_checkpoint_with_the_same_answer(tmp_path):
    X, nu = random_question(60, 5)
    above = 0.999 * dense(X, nu)
    whole = BisectionOracle.on(X).best_units(Question(nu, above=above))
    path = tmp_path / "proof.npz"
    first = BisectionOracle.on(X).best_units(Question(nu, above=above), effort=Impatient(checkpoint=Checkpoint(path)))
    assert first.stopped == "time"
    again = BisectionOracle.on(X).best_units(Question(nu, above=above), effort=Effort(checkpoint=Checkpoint(path)))
    assert first.looked_at < again.looked_at
    assert again.upper == whole.upper
    np.testing.assert_allclose(again.values, whole.values, rtol=1e-12)
    # A finished search is read, not repeated.
    read = BisectionOracle.on(X).best_units(
        Question(nu, above=above), effort=Effort(deadline=0.0, checkpoint=Checkpoint(path))
    )
    same(again, read)
    # Another question does not look at it.
    other = BisectionOracle.on(X).best_units(
        Question(-nu, above=above), effort=Effort(deadline=0.0, checkpoint=Checkpoint(path))
    )
    assert other.stopped == "time"


def test_small_tasks_give_the_same_answer(monkeypatch):
    X, nu = random_question()
    above = 0.9 * CellsOracle.on(X).best_units(Question(nu, above=0.0)).lower
    whole = BisectionOracle.on(X).best_units(Question(nu, above=above))
    monkeypatch.setattr(frontier, "TASK_ENTRIES", 5 * X.size)  # five cones a task
    parts = BisectionOracle.on(X).best_units(Question(nu, above=above))
    assert parts.stopped == ""
    assert parts.upper == pytest.approx(whole.upper, rel=1e-12)
    np.testing.assert_allclose(parts.values[0], whole.values[0], rtol=1e-12)
