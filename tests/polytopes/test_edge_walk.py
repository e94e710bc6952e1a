"""Walks along edges of polytopes, against linear programs of scipy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from dualscape.polytopes.caratheodory import reduce_many
from dualscape.polytopes.edge_walk import EdgeWalk

seeds = st.integers(0, 10_000)


def columns(seed):
    """Columns on one side of 0, often dependent ones, and vertices of two right sides."""
    rng = np.random.default_rng(seed)
    r, k = int(rng.integers(1, 6)), int(rng.integers(2, 12))
    A = rng.integers(0, 3, (r, k)).astype(float) if seed % 2 else np.abs(rng.standard_normal((r, k)))
    A[0, ~A.any(axis=0)] = 1.0
    first, last = rng.random(k) * (rng.random(k) < 0.7), rng.random(k) * (rng.random(k) < 0.7)
    return A, reduce_many(A, first), reduce_many(A, last), rng.random(k) + 0.1


def cheapest(A, b, price):
    return linprog(price, A_eq=A, b_eq=b, method="highs").fun


def check_edges(A, points, fits):
    """Each point has its fit and at most rank A positive masses; two in turn at most one more together."""
    rank = np.linalg.matrix_rank(A)
    for point, fit in zip(points, fits, strict=True):
        np.testing.assert_allclose(A @ point, fit, atol=1e-9)
        assert (point >= 0).all()
        assert (point > 0).sum() <= rank
    for one, other in pairwise(points):
        assert ((one > 0) | (other > 0)).sum() <= rank + 1


@given(seeds)
def test_cheapest_vertex(seed):
    A, start, _, price = columns(seed)
    points = [start, *EdgeWalk(A, start).cheapen(price)]
    check_edges(A, points, [A @ start] * len(points))
    prices = [price @ point for point in points]
    assert np.all(np.diff(prices) <= 1e-12)
    assert prices[-1] == pytest.approx(cheapest(A, A @ start, price), abs=1e-8)


@given(seeds)
def test_following_a_right_side(seed):
    A, start, end, price = columns(seed)
    walk = EdgeWalk(A, start, A @ end)
    for _ in walk.cheapen(price):
        pass
    found = [(0.0, walk.masses), *walk.follow(price)]
    times = np.array([t for t, _ in found])
    assert np.all(np.diff(times) > 0)
    assert times[-1] == 1
    fits = [(1 - t) * (A @ start) + t * (A @ end) for t in times]
    check_edges(A, [point for _, point in found], fits)
    for (_, one), (_, other), a, b in zip(found, found[1:], fits, fits[1:], strict=False):
        for point, fit in ((other, b), ((one + other) / 2, (a + b) / 2)):
            assert price @ point == pytest.approx(cheapest(A, fit, price), abs=1e-7)


@given(seeds)
def test_approaching_a_vertex(seed):
    A, start, _, _ = columns(seed)
    rng = np.random.default_rng(seed)
    walk = EdgeWalk(A, start)
    goal = [start, *EdgeWalk(A, start).cheapen(rng.random(A.shape[1]))][-1]
    points = [start, *walk.approach(goal, np.zeros(A.shape[1]))]
    check_edges(A, points, [A @ start] * len(points))
    np.testing.assert_allclose(points[-1], goal, atol=1e-9)


def test_rank_of_dependent_columns():
    A = np.array([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0 + 1e-13]])
    assert EdgeWalk(A, np.array([1.0, 0.0, 0.0])).rank == 1


def test_many_columns_are_reduced_as_few_are():
    rng = np.random.default_rng(2)
    A = np.abs(rng.standard_normal((6, 60)))
    c = rng.random(60)
    found = reduce_many(A, c)
    assert (found > 0).sum() <= 6
    assert found.sum() <= c.sum() + 1e-12
    np.testing.assert_allclose(A @ found, A @ c, rtol=1e-12)
