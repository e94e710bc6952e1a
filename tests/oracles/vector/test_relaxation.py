"""The relaxation of several outputs as an oracle: against exact ones, in time, interrupted, of any size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degenerate_rows import degenerate
from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.oracles.vector.relaxation import VectorRelaxation
from dualscape.running.effort import Effort
from dualscape.running.interruption import Interrupt, heeding
from dualscape.running.stopped import Stopped


@pytest.fixture(autouse=True, scope="module")
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dualscape.oracles.vector.relaxation.ROUNDS", 6)
        yield


KINDS = st.sampled_from(["gaussian", "whole numbers", "duplicates", "nearly parallel", "zero rows", "uneven"])


@settings(max_examples=16, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 3), st.integers(2, 4), KINDS,
    st.sampled_from([1e-12, 1.0, 1e12]),
)  # fmt: skip
def test_never_below_h(seed, n, d, c, kind, scale):
    rng = np.random.default_rng(seed)
    X, nu = (
        degenerate(rng, n, d, kind, scale),
        (rng.choice([0.0, 1.0, 1.0], (n, 1)) * rng.standard_normal((n, c))).ravel(),
    )
    hinges, question = Hinges.of(X), Question(nu, above=0.0)
    exact = FacesOracle(hinges, c).best_units(question)
    assert exact.lower <= VectorRelaxation(hinges, c).best_units(question).upper


def test_near_h_in_many_dimensions(monkeypatch):
    monkeypatch.setattr("dualscape.oracles.vector.relaxation.ROUNDS", 20)
    rng = np.random.default_rng(1)
    hinges, nu = Hinges.of(rng.standard_normal((12, 6))), rng.standard_normal(36)
    exact = FacesOracle(hinges, 3).best_units(Question(nu, above=0.0))
    answers = [VectorRelaxation(hinges, 3).best_units(Question(nu, above=0.0)) for _ in range(2)]
    assert exact.lower <= answers[0].upper < 1.1 * exact.lower
    assert answers[0].upper == answers[1].upper


def test_what_is_below_the_threshold_ends_it():
    rng = np.random.default_rng(2)
    oracle, nu = VectorRelaxation(Hinges.of(rng.standard_normal((10, 5))), 2), rng.standard_normal(20)
    most = oracle.best_units(Question(nu, above=0.0)).upper
    answer = oracle.best_units(Question(nu, above=1.5 * most))
    assert (answer.stopped, answer.upper) == (Stopped.FINISHED, 1.5 * most)
    assert answer.looked_at <= 20


def test_time_interrupts_and_sizes():
    rng = np.random.default_rng(3)
    oracle, question = (
        VectorRelaxation(Hinges.of(rng.standard_normal((30, 5))), 2),
        Question(rng.standard_normal(60), above=0.0),
    )
    late = oracle.best_units(question, effort=Effort(deadline=0.0))
    assert (late.stopped, late.looked_at) == (Stopped.TIME, 0)
    assert np.isfinite(late.upper)
    wish = Interrupt()
    with heeding(wish):
        stopped = oracle.best_units(question, progress=lambda event: wish.ask() if event.done else None)
    assert stopped.stopped is Stopped.INTERRUPTED
    assert stopped.upper < late.upper
    large = VectorRelaxation(Hinges.of(rng.standard_normal((3100, 3))), 2)
    answer = large.best_units(Question(rng.standard_normal(6200), above=0.0))
    assert (answer.stopped, answer.looked_at) == (Stopped.DIMENSION, 0)
    nothing = VectorRelaxation(Hinges.of(np.zeros((3, 2))), 2).best_units(Question(np.ones(6), above=0.0))
    assert nothing.upper == 0.0
