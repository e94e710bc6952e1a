"""Bounds for units with a free bias, by a bias that costs a little: beside exact oracles around every row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape import Problem, solve
from dualscape.oracles.base import Question
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.centred import around_rows
from dualscape.oracles.centres import Centres
from dualscape.oracles.lifted import LiftedOracle
from dualscape.oracles.relaxation.oracle import RelaxationOracle
from dualscape.running.effort import Effort
from free_biases import KINDS, apart, balanced, dense, scores_at_kinks


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 3), st.sampled_from(KINDS), st.integers(-9, 9))
def test_it_comes_down_to_the_exact_value(seed, n, p, kind, exponent):
    rng = np.random.default_rng(seed)
    X, nu = 10.0**exponent * apart(rng, n, p, kind), balanced(rng, n)
    centres = Centres(X)
    exact = around_rows(CellsOracle, centres).best_units(Question(nu, above=0.0))
    answer = LiftedOracle(centres).best_units(Question(nu, above=0.0))
    assert answer.upper >= exact.lower
    # Where the rows lie a thousand times as far from 0 as from each other, their differences have so many digits less.
    assert answer.upper <= exact.upper * (1 + 1e-7) + 1e-11 * np.abs(X).max() * np.abs(nu).sum()


@pytest.mark.parametrize("p", [1, 2, 3])
def test_any_nu_is_bounded_at_kinks_at_rows(p):
    """Also one that does not sum to 0, as rounding leaves it: what it is off by is paid for elsewhere."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X, nu = rng.standard_normal((8, p)), rng.standard_normal(8)
        found = max(np.abs(scores_at_kinks(X, nu, w / np.linalg.norm(w))).max() for w in rng.standard_normal((500, p)))
        assert found <= LiftedOracle(Centres(X)).best_units(Question(nu, above=0.0)).upper


@pytest.mark.parametrize("inner", [BisectionOracle, RelaxationOracle])
def test_every_bound_on_the_way_is_one(inner, monkeypatch):
    """Stopped after any bisection, or by the relaxation."""
    from dualscape.oracles import lifted

    monkeypatch.setattr(lifted, "FEW", 9 if inner is BisectionOracle else 0)
    rng = np.random.default_rng(0)
    n = 12 if inner is BisectionOracle else 5
    X, nu = rng.standard_normal((n, 3)), balanced(rng, n)
    h, before = around_rows(CellsOracle, Centres(X)).best_units(Question(nu, above=0.0)).lower, np.inf
    for last in (1.0, 4.0, 40.0, 1e3):
        monkeypatch.setattr(lifted, "LAST", last)
        upper = LiftedOracle(Centres(X)).best_units(Question(nu, above=0.0)).upper
        assert h <= upper <= before
        before = upper
    assert before <= (1 + 1e-5 if inner is BisectionOracle else 1.3) * h


def test_the_rows_are_bounded_together():
    """In many dimensions, where every other row at its best direction says little."""
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((60, 8)), balanced(rng, 60)
    centres = Centres(X)
    union = around_rows(BisectionOracle, centres)
    bounds, alone = union.members.bounds(nu), centres.bounds(nu)
    assert bounds.max() < 0.5 * alone.max()
    for row in (0, 17, 59):
        for w in rng.standard_normal((200, 8)):
            heights = X @ w / np.linalg.norm(w)
            assert abs(nu @ np.maximum(heights - heights[row], 0.0)) <= bounds[row]


def test_what_was_asked_for_is_enough():
    rng = np.random.default_rng(2)
    centres, nu = Centres(rng.standard_normal((20, 4))), balanced(rng, 20)
    h = LiftedOracle(centres).best_units(Question(nu, above=0.0)).upper
    answer = LiftedOracle(centres).best_units(Question(nu, above=1.2 * h))
    assert answer.upper == 1.2 * h
    assert not answer.stopped
    assert len(answer.units) == 0


def test_without_time_there_is_the_bound_of_any_size():
    rng = np.random.default_rng(3)
    centres, nu = Centres(rng.standard_normal((50, 6))), balanced(rng, 50)
    answer = LiftedOracle(centres).best_units(Question(nu, above=0.0), effort=Effort(deadline=0.0))
    assert answer.stopped
    assert dense(centres.X, nu, count=300) <= answer.upper < 0.6 * centres.reach.bound(nu)


def test_a_certificate_may_rest_on_it():
    """Where exact oracles take their time; the known optimum is theirs."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((14, 2))
    y = np.maximum(X[:, 0] - 0.3, 0.0) - X[:, 1]
    problem = Problem(X, y, beta=0.3, bias="free", free="constant")
    exact, lifted = solve(problem), solve(problem, oracle="lifted")
    assert exact.certificate.verdict == "global"
    assert lifted.certificate.oracle == "lifted"
    assert lifted.certificate.dual <= exact.certificate.primal
    assert lifted.certificate.relative_gap < 1e-7
