"""The oracle over gated units: values against directions, bounds against fractions, calls that end early."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry import tall
from dualscape.oracles import Question
from dualscape.oracles.gates import GatesOracle, gate_pulls
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped
from exact_values import exactly


def random_oracle(seed, n=9, d=3, G=6):
    rng = np.random.default_rng(seed)
    X, gates = rng.standard_normal((n, d)), rng.random((n, G)) < 0.5
    return X, gates, rng.standard_normal(n), GatesOracle(X, gates, np.arange(G))


@pytest.mark.parametrize("rows", [2, 4096])
def test_pulls_are_sums_over_open_rows(rows, monkeypatch):
    monkeypatch.setattr(tall, "ROWS", rows)
    X, gates, nu, _ = random_oracle(0)
    each = [sum(nu[i] * X[i] for i in np.flatnonzero(gates[:, g])) for g in range(6)]
    np.testing.assert_allclose(gate_pulls(X, gates, nu), each, atol=1e-14)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 40))
def test_the_bound_holds_in_exact_arithmetic_and_is_tight(seed, n):
    X, gates, nu, oracle = random_oracle(seed, n=n)
    answer = oracle.best_units(Question(nu, above=0.0))
    exact = Fraction(0)
    for g in range(6):
        rows = np.flatnonzero(gates[:, g])
        pull = [sum(a * b for a, b in zip(exactly(nu[rows]), exactly(X[rows, k]), strict=True)) for k in range(3)]
        exact = max(exact, sum(p * p for p in pull))
    assert exact <= Fraction(answer.upper) ** 2
    assert answer.upper <= answer.lower + 1e-14 * (np.abs(nu) @ np.linalg.norm(X, axis=1)) * (n + 20)
    assert answer.upper <= oracle.reach.bound(nu)


def test_every_gate_has_one_unit_and_they_are_listed_best_first():
    X, gates, nu, oracle = random_oracle(1)
    gates[:, 3] = False  # it is never open
    answer = oracle.best_units(Question(nu, above=0.0))
    assert sorted(answer.units.gates.tolist()) == [0, 1, 2, 4, 5]
    assert (np.diff(answer.values) <= 0).all()
    assert (answer.units.signs == 1).all()
    for u, g, value in zip(answer.units.directions, answer.units.gates, answer.values, strict=True):
        assert nu @ (gates[:, g] * (X @ u)) == pytest.approx(value, rel=1e-12)
    half = oracle.best_units(Question(nu, above=float(answer.values[1])))
    assert (len(half.units), half.lower, half.upper) == (1, answer.lower, answer.upper)


def test_a_call_out_of_time_is_bounded_by_the_lengths_of_rows(monkeypatch):
    monkeypatch.setattr("dualscape.oracles.gates.PORTION", 2 * 27)
    _, _, nu, oracle = random_oracle(2)
    whole = oracle.best_units(Question(nu, above=0.0))
    early = oracle.best_units(Question(nu, above=0.0), effort=Effort(deadline=0.0))
    assert (early.stopped, early.looked_at) == (Stopped.TIME, 2)
    assert early.upper == oracle.reach.bound(nu) >= whole.upper
    assert whole.stopped is Stopped.FINISHED


def test_nothing_to_find():
    answer = GatesOracle(np.zeros((3, 2)), np.ones((3, 1), dtype=bool), np.arange(1)).best_units(
        Question(np.ones(3), above=0.0)
    )
    assert (len(answer.units), answer.lower, answer.upper) == (0, 0.0, 0.0)
