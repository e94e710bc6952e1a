"""Units with a free bias and several outputs seen from the rows, and oracles over them, against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles import Question
from dualscape.oracles.centred import CentredAscent, around_rows
from dualscape.oracles.lifted import LiftedOracle
from dualscape.oracles.thresholds import ThresholdsOracle
from dualscape.oracles.vector.bisection import VectorBisection
from dualscape.oracles.vector.centres import VectorCentres
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.units import Units
from free_biases import KINDS, apart


def balanced(rng, n, c=2):
    """(n, c) whose columns sum to 0."""
    N = rng.standard_normal((n, c))
    return N - N.mean(axis=0)


def lengths(X, N, units):
    """|N^T (X w + b)_+| of each unit, with its best output."""
    heights = X @ units.directions[:, :-1].T + units.directions[:, -1]
    return np.linalg.norm(np.maximum(heights, 0.0).T @ N, axis=1)


def some_units(rng, p, c=2, count=20):
    w, v = rng.standard_normal((count, p)), rng.standard_normal((count, c))
    w, v = (each / np.linalg.norm(each, axis=1)[:, None] for each in (w, v))
    return Units(np.column_stack([w, rng.standard_normal(count)]), v)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from(KINDS))
def test_scores_at_kinks_are_those_of_the_columns(seed, p, kind):
    rng = np.random.default_rng(seed)
    X, N, w = apart(rng, 7, p, kind), balanced(rng, 7), rng.standard_normal(p)
    order, heights, found = VectorCentres(X, 2).kinks(N.ravel(), w[None])
    by_hand = [np.linalg.norm(np.maximum(X @ w - x @ w, 0.0) @ N) for x in X]
    size = np.abs(N).sum() * np.ptp(heights)
    np.testing.assert_allclose(found[:, 0], np.array(by_hand)[order[:, 0]], atol=1e-11 * (size + 1e-3))


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans(), st.sampled_from(["general", "lattice"]))
def test_climbs_end_at_rows_and_never_lower(seed, p, far, kind):
    rng = np.random.default_rng(seed)
    X, N = apart(rng, 9, p, kind), balanced(rng, 9)
    units = some_units(rng, p)
    centres = VectorCentres(X, 2)
    climbed, rows = centres.climb(N.ravel(), units, far=far)
    alive = climbed.directions.any(axis=1)
    after = centres.scores(N.ravel(), climbed)[alive]
    np.testing.assert_allclose(after, lengths(X, N, climbed)[alive], rtol=1e-9, atol=1e-12)  # outputs are the best
    started = units.turned(centres.at(units.directions[:, :-1], rows))
    assert (after >= centres.scores(N.ravel(), started)[alive] * (1 - 1e-9) - 1e-12).all()
    w, b = climbed.directions[alive, :-1], climbed.directions[alive, -1]
    np.testing.assert_allclose((w * X[rows[alive]]).sum(axis=1) + b, 0.0, atol=1e-12)


def brute_force(X, N):
    """The greatest singular value that is attained on a face of a cell of the rows around any row."""
    n, p = X.shape
    sides, best = np.array(list(itertools.product([0.0, 1.0], repeat=n))), 0.0
    for x in X:
        Z = X - x
        pulls = np.einsum("sn,np,nc->spc", sides, Z, N)
        for held in itertools.chain.from_iterable(itertools.combinations(range(n), j) for j in range(p)):
            span = np.linalg.qr(Z[list(held)].T, mode="complete")[0][:, len(held) :]
            left, singular, _ = np.linalg.svd(np.einsum("pm,spc->smc", span, pulls), full_matrices=False)
            heights = np.where(sides > 0, 1.0, -1.0) * (left[:, :, 0] @ span.T @ Z.T)
            heights[:, list(held)] = 0.0
            there = (heights.min(axis=1) >= -1e-9) | (heights.max(axis=1) <= 1e-9)
            best = max(best, singular[there, 0].max(initial=0.0))
    return best


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("p", [1, 2])
def test_all_oracles_bound_the_greatest_value(p, kind):
    rng = np.random.default_rng(p)
    X, N = apart(rng, 6, p, kind), balanced(rng, 6, 3)
    centres, want = VectorCentres(X, 3), brute_force(X, N)
    exact = [around_rows(FacesOracle, centres), around_rows(VectorBisection, centres)]
    if p == 1:
        exact.append(ThresholdsOracle(centres))
    slack = 1e-9 * np.abs(N).sum() * np.ptp(X)
    for oracle in exact:
        answer = oracle.best_units(Question(N.ravel(), above=0.0))
        assert answer.upper == pytest.approx(want, abs=slack), oracle.name
        assert answer.upper >= want - 1e-13 * np.abs(N).sum() * np.ptp(X)
        np.testing.assert_allclose(lengths(X, N, answer.units), answer.values, rtol=1e-6, atol=1e3 * slack)
        assert answer.units.c == 3
    lifted = LiftedOracle(centres).best_units(Question(N.ravel(), above=0.0))
    assert want - slack <= lifted.upper <= want * (1 + 1e-6) + 100 * slack
    found = CentredAscent(centres).best_units(Question(N.ravel(), above=0.0))
    assert (found.upper, found.lower) == (np.inf, pytest.approx(want, abs=slack))


def test_bounds_of_rows_are_bounds():
    rng = np.random.default_rng(5)
    X, N = rng.standard_normal((12, 2)), balanced(rng, 12)
    centres = VectorCentres(X, 2)
    units = some_units(rng, 2, count=3000)
    for row, bound in enumerate(centres.bounds(N.ravel())):
        there = units.turned(centres.at(units.directions[:, :-1], np.full(len(units), row)))
        assert lengths(X, N, there).max() <= bound


def test_bounds_from_lengths_are_attained_by_two_rows():
    X, N = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[-0.6, -0.8], [0.6, 0.8]])
    centres = VectorCentres(X, 2)
    h = centres.scores(N.ravel(), Units(np.array([[0.6, 0.8, 0.0]]), np.array([[0.6, 0.8]])))[0]
    assert h == pytest.approx(5.0)
    assert (centres.bounds(N.ravel()) >= h).all()
    one = np.array([[-1.0, 0.0], [1.0, 0.0]]).ravel()
    assert centres.bounds(one) == pytest.approx([5.0, 5.0])  # what two rows can be worth, and no more
    assert centres.reach.bound(one) >= 5.0
