"""Bounds are capped by cheap ones, loose ones are asked for elsewhere, and none contradicts what was found."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.errors import ContradictionError
from dualscape.model.certificate import certify_dual
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import Question, ranked
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.bisection import frontier
from dualscape.oracles.bisection.oracle import BisectionOracle
from dualscape.oracles.cells import oracle as cells
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.proof import agreed, ask, capped, is_loose, prove
from dualscape.oracles.reach import Reach
from dualscape.running.effort import Effort
from exact_values import by_hand, dense

EXACT = pytest.mark.parametrize("kind", [CellsOracle, BisectionOracle])


def near_parallel(seed, rows=25, columns=4):
    """(X, nu): few lines with several rows each, 1e-10 to 1e-6 apart."""
    rng = np.random.default_rng(seed)
    d, n = int(rng.integers(1, columns)), int(rng.integers(3, rows))
    base = rng.standard_normal((int(rng.integers(1, 3)), d))
    apart = 10.0 ** rng.uniform(-10, -6)
    X = base[rng.integers(len(base), size=n)] * rng.choice([-1, 1, 2.0, -2], size=n)[:, None]
    X = X + apart * rng.standard_normal((n, d)) * np.linalg.norm(X, axis=1)[:, None]
    if rng.random() < 0.7:
        X = np.column_stack([X, np.ones(n)])
    nu = rng.standard_normal(n)
    return X, nu - nu.mean() * (rng.random() < 0.5)


# --- caps ---------------------------------------------------------------------------------------------
@EXACT
@given(seed=st.integers(0, 10**6))
def test_no_bound_exceeds_the_trivial_one(kind, seed):
    X, nu = near_parallel(seed, rows=10, columns=3)
    answer = kind.on(X).best_units(Question(nu, above=0.0))
    assert dense(X, nu, 2_000) <= answer.upper * (1 + 1e-12)
    assert answer.upper <= by_hand(X, nu) * (1 + 1e-12)
    assert answer.upper >= answer.lower


def test_the_cap_is_needed(monkeypatch):
    """Without it the bound over patterns is many times what all rows together can give."""
    X, nu = near_parallel(0)
    assert CellsOracle.on(X).best_units(Question(nu, above=0.0)).upper <= by_hand(X, nu) * (1 + 1e-12)
    monkeypatch.setattr(ranked, "capped", lambda reach, nu, lower, upper, above, ceiling: upper)
    assert CellsOracle.on(X).best_units(Question(nu, above=0.0)).upper > 10 * by_hand(X, nu)


def test_a_cap_is_not_below_what_was_asked_for():
    """Values below the threshold were of no interest, and no cheap bound makes them known."""
    X, nu = np.eye(2), np.array([1.0, 0.0])
    reach, asked = Reach.of(X), 5.0
    assert reach.bound(nu) < asked
    assert capped(reach, nu, 0.0, np.inf, asked, lambda: 2.0) == asked
    assert capped(reach, nu, 0.0, np.inf, 0.0, lambda: 0.5) == 0.5


def test_the_bound_of_any_size_caps_too(monkeypatch):
    """Many rows of both signs: the trivial bound is far off, and a bound that is worse still is not kept."""
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((60, 2)), rng.standard_normal(60)
    scan = cells.scan

    def loosened(*arguments):
        found, state = scan(*arguments)
        state[0] *= 1e3
        return found, state

    monkeypatch.setattr(cells, "scan", loosened)
    answer = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    assert answer.lower < answer.upper < 0.9 * by_hand(X, nu)


# --- another oracle -----------------------------------------------------------------------------------
def test_a_loose_bound_is_asked_for_elsewhere():
    X, nu = near_parallel(4)
    problem = Problem(X, np.ones(len(X)), beta=1.0, bias="none")
    alone = problem.space.prove("cells", Question(nu, above=0.0))
    assert is_loose(alone.lower, alone.upper, 0.0)
    for names in (("cells", "bisection"), ("bisection", "cells"), "auto"):
        answer = problem.space.prove(names, Question(nu, above=0.0))
        assert answer.oracle == "bisection"
        assert not is_loose(answer.lower, answer.upper, 0.0)


class Counting(CellsOracle):
    """Counts its calls."""

    calls = 0

    def best_units(self, question, **effort):
        type(self).calls += 1
        return super().best_units(question, **effort)


@pytest.mark.parametrize(
    ("change", "more", "calls"),
    [
        ({}, {}, 0),
        ({"upper": 2.0}, {}, 1),
        ({"upper": 2.0, "stopped": "time"}, {}, 0),
        ({"upper": 2.0}, {"enough": 0.5}, 0),
        ({"upper": 2.0}, {"above": 2.0}, 0),
    ],
    ids=["tight", "loose", "stopped", "enough", "asked for"],
)
def test_when_another_oracle_is_asked(change, more, calls):
    X, nu = np.eye(2), np.array([1.0, 0.0])

    class First(CellsOracle):
        def best_units(self, question, **effort):
            return replace(super().best_units(question, **effort), **change)

    Counting.calls = 0
    answer = ask([First.on(X), Counting.on(X)], Question(nu, **{"above": 0.0, **more}))
    assert Counting.calls == calls
    assert answer.upper == pytest.approx(1.0 if calls or not change else 2.0)


# --- contradictions -----------------------------------------------------------------------------------
def test_rounding_is_no_contradiction():
    X, nu = near_parallel(1)
    reach = Reach.of(X)
    rounding = reach.rounding(nu)
    assert agreed(reach, nu, 1.0 + 0.9 * rounding, 1.0, "cells") == 1.0 + 0.9 * rounding
    assert agreed(reach, nu, 1.0, 2.0, "cells") == 2.0
    with pytest.raises(ContradictionError):
        agreed(reach, nu, 1.0 + 2 * rounding, 1.0, "cells")


def test_both_numbers_are_named():
    with pytest.raises(ContradictionError) as caught:
        agreed(Reach.of(np.eye(2)), np.ones(2), 1.5, 1.25, "cells")
    message = str(caught.value)
    assert message == (
        "internal error: the value of a unit neuron is 1.5, above the bound of oracle 'cells', which is 1.25; nothing "
        "is claimed. Please report this with the data and the command"
    )
    assert str(pickle.loads(pickle.dumps(caught.value))) == message


@pytest.mark.parametrize(
    ("kind", "module", "name"), [(CellsOracle, cells, "scan"), (BisectionOracle, frontier, "_work")]
)
def test_halved_bounds_are_seen(monkeypatch, kind, module, name):
    """The bounds of patterns, or of cones, at half their value: what is found contradicts them."""
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((12, 3)), rng.standard_normal(12)
    original = getattr(module, name)

    def halved(*arguments):
        if module is cells:
            found, state = original(*arguments)
            state[0] *= 0.5
            return found, state
        left, done, found, closed, treated = original(*arguments)
        return left, done, found, 0.5 * closed, treated

    monkeypatch.setattr(module, name, halved)
    with pytest.raises(ContradictionError, match=r"the value of a unit neuron is .* above the bound of oracle"):
        kind.on(X).best_units(Question(nu, above=0.0))


@EXACT
def test_what_a_search_finds_contradicts_a_bound_below_it(monkeypatch, kind):
    """An oracle that misses everything: its bound is what it was asked for, and the search knows better."""
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((12, 3)), rng.standard_normal(12)
    problem = Problem(X, nu, beta=1e-3, bias="none")
    original = kind.best_units

    def blind(self, question, **effort):
        answer = original(self, question, **effort)
        return replace(answer, units=answer.units.take(slice(0)), values=answer.values[:0], lower=0.0,
                       upper=question.above)  # fmt: skip

    monkeypatch.setattr(kind, "best_units", blind)
    found = AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower
    with pytest.raises(ContradictionError, match=repr(found)):
        problem.space.prove(kind.name, Question(nu, above=1e-3))
    with pytest.raises(ContradictionError, match=repr(found)):
        problem.beta_max_bounds(kind.name)


def test_two_oracles_must_agree():
    X, nu = np.eye(2), np.array([1.0, 0.0])

    class Loose(CellsOracle):
        def best_units(self, question, **effort):
            return replace(super().best_units(question, **effort), upper=3.0)

    class Low(BisectionOracle):
        def best_units(self, question, **effort):
            return replace(super().best_units(question, **effort), lower=0.1, upper=0.2)

    with pytest.raises(ContradictionError, match=r"is 1\.0, above the bound of oracle .bisection., which is 0\.2"):
        ask([Loose.on(X), Low.on(X)], Question(nu, above=0.0))


def test_patterns_that_rounding_hides_are_left_to_cones(monkeypatch):
    """More signs open to rounding than can be tried both ways: no bound from patterns, but one from cones."""
    rng = np.random.default_rng(5)
    X, nu = rng.standard_normal((12, 3)), rng.standard_normal(12)
    original = cells.scan

    def unresolved(*arguments):
        found, state = original(*arguments)
        state[3] += 1
        return found, state

    monkeypatch.setattr(cells, "scan", unresolved)
    alone = CellsOracle.on(X).best_units(Question(nu, above=0.0))
    assert alone.stopped == "rounding"
    true = BisectionOracle.on(X).best_units(Question(nu, above=0.5 * alone.lower))
    assert alone.upper > true.upper * (1 + 1e-6)
    both = ask([CellsOracle.on(X), BisectionOracle.on(X)], Question(nu, above=0.5 * true.lower))
    assert (both.oracle, both.stopped) == ("bisection", "")
    assert both.upper == pytest.approx(true.upper, rel=1e-12)


def test_the_search_before_a_certificate_leaves_time_for_the_proof(problem, monkeypatch):
    deadlines = []

    def without_answer(oracle, question, *, effort, **rest):
        deadlines.append(effort.deadline)
        raise KeyboardInterrupt

    monkeypatch.setattr(AscentOracle, "best_units", without_answer)
    effort, nothing = Effort.within(1000.0), Network(np.zeros((0, 4)), np.zeros(0), np.zeros(0), "none")
    with pytest.raises(KeyboardInterrupt):
        certify_dual(problem, nothing, problem.y, oracle="cells", effort=effort)
    assert effort.deadline is not None
    assert effort.deadline - 600 < deadlines[0] < effort.deadline - 400


@pytest.mark.parametrize("known", [0.0, 0.4])
def test_what_the_search_found_is_part_of_the_answer(known):
    """An oracle that ends early with less than the search had."""
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((12, 3)), rng.standard_normal(12)
    found = AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower

    class Early(CellsOracle):
        def best_units(self, question, **effort):
            return replace(super().best_units(question, **effort), lower=known * found, stopped="time")

    answer = prove([Early.on(X)], AscentOracle.on(X), Question(nu, above=0.0))
    assert answer.lower == found <= answer.upper
