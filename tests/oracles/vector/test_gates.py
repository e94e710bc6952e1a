"""The oracle over gated units with several outputs: values against singular values, bounds against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles import Question
from dualscape.oracles.vector.gates import VectorGatesOracle, gate_tables
from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped
from exact_values import exactly


def random_oracle(seed, n=9, d=3, c=2, G=6):
    rng = np.random.default_rng(seed)
    X, gates = rng.standard_normal((n, d)), rng.random((n, G)) < 0.5
    return X, gates, rng.standard_normal((n, c)), VectorGatesOracle(X, gates, np.arange(G), c)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40))
def test_the_bound_holds_in_exact_arithmetic_and_is_tight(seed, n):
    """With two outputs the square of a spectral norm is (t + sqrt(t^2 - 4 D)) / 2, t the trace and D the determinant of
    B^T B: above b^2 if b^2 is below t / 2 or b^4 - t b^2 + D is below 0."""
    X, gates, N, oracle = random_oracle(seed, n=n)
    answer = oracle.best_units(Question(N.ravel(), above=0.0))
    for g in range(6):
        rows = np.flatnonzero(gates[:, g])
        B = [
            [sum(a * b for a, b in zip(exactly(X[rows, k]), exactly(N[rows, o]), strict=True)) for o in range(2)]
            for k in range(3)
        ]
        t = Fraction(sum(b * b for row in B for b in row))
        D = sum(p * p for p, _ in B) * sum(q * q for _, q in B) - sum(p * q for p, q in B) ** 2
        bound = Fraction(answer.upper) ** 2
        assert 2 * bound >= t
        assert bound * bound - t * bound + D >= 0
    size = np.abs(N).sum(axis=1) @ np.linalg.norm(X, axis=1)
    assert answer.upper <= answer.lower + 1e-14 * size * (n + 50)
    assert answer.upper <= oracle.reach.bound(N.ravel())


def test_singular_pairs_are_listed_best_first():
    X, gates, N, oracle = random_oracle(1)
    gates[:, 3] = False  # it is never open
    every = [np.linalg.svd(X.T @ (gates[:, [g]] * N), compute_uv=False) for g in range(6)]
    np.testing.assert_allclose(
        np.linalg.svd(gate_tables(X, gates, N), compute_uv=False), every, atol=1e-13
    )  # fmt: skip
    answer = oracle.best_units(Question(N.ravel(), above=0.0))
    positive = np.concatenate([singular for g, singular in enumerate(every) if g != 3])
    np.testing.assert_allclose(answer.values, np.sort(positive)[::-1], rtol=1e-12)
    open_on, outputs = answer.units.opened(2)
    for u, v, g, value in zip(answer.units.directions, outputs, open_on, answer.values, strict=True):
        assert np.sum(N * (gates[:, g] * (X @ u))[:, None] * v) == pytest.approx(value, rel=1e-12)
    half = oracle.best_units(Question(N.ravel(), above=float(answer.values[1])))
    assert (len(half.units), half.lower, half.upper) == (1, answer.lower, answer.upper)


def test_a_call_out_of_time_is_bounded_by_the_lengths_of_rows(monkeypatch):
    monkeypatch.setattr("dualscape.oracles.vector.gates.PORTION", 4 * 27)
    _, _, N, oracle = random_oracle(2)
    whole = oracle.best_units(Question(N.ravel(), above=0.0))
    early = oracle.best_units(Question(N.ravel(), above=0.0), effort=Effort(deadline=0.0))
    assert (early.stopped, early.looked_at) == (Stopped.TIME, 2)
    assert early.upper == oracle.reach.bound(N.ravel()) >= whole.upper
    assert whole.stopped is Stopped.FINISHED


def test_nothing_to_find():
    oracle = VectorGatesOracle(np.zeros((3, 2)), np.ones((3, 1), dtype=bool), np.arange(1), 2)
    answer = oracle.best_units(Question(np.ones(6), above=0.0))
    assert (len(answer.units), answer.lower, answer.upper) == (0, 0.0, 0.0)
