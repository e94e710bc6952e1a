"""Vertices against every independent set of columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bases import bounded_systems, brute_force, by_support
from dualscape.polytopes.polytope import polytope
from dualscape.polytopes.vertices import vertices


def assert_same_vertices(points: np.ndarray, expected: dict[frozenset[int], np.ndarray]) -> None:
    found = by_support(points)
    assert len(found) == len(points)
    assert found.keys() == expected.keys()
    for support, point in expected.items():
        np.testing.assert_allclose(found[support], point, rtol=1e-7, atol=0)


@given(bounded_systems())
@settings(max_examples=150, deadline=None)
def test_vertices_are_those_of_all_bases(system):
    A, b = system
    found = vertices(polytope(A, b))
    assert found.complete
    assert_same_vertices(found.points, brute_force(A, b))


@given(bounded_systems(), st.randoms(use_true_random=False), st.sampled_from([1e-12, 1e-3, 1.0, 1e12]))
@settings(max_examples=60, deadline=None)
def test_permuting_and_rescaling_columns_does_the_same_to_the_vertices(system, random, size):
    A, b = system
    k = A.shape[1]
    order = np.array(random.sample(range(k), k))
    factor = np.array([10.0 ** random.uniform(-6, 6) for _ in range(k)])
    changed = vertices(polytope(size * (A * factor)[:, order], size * b)).points
    back = np.zeros_like(changed)
    back[:, order] = changed
    assert_same_vertices(back * factor, brute_force(A, b))


@given(bounded_systems(), st.sampled_from([1e-12, 1e12]))
@settings(max_examples=30, deadline=None)
def test_rescaling_b_rescales_the_vertices(system, size):
    A, b = system
    np.testing.assert_allclose(
        vertices(polytope(A, size * b)).points, size * vertices(polytope(A, b)).points, rtol=1e-9
    )


@given(bounded_systems())
@settings(max_examples=40, deadline=None)
def test_a_repeated_column_takes_either_place(system):
    A, b = system
    k = A.shape[1]
    expected = {}
    for support, point in brute_force(A, b).items():
        expected[support] = np.append(point, 0.0)
        if 0 in support:
            moved = np.append(point, point[0])
            moved[0] = 0.0
            expected[support - {0} | {k}] = moved
    assert_same_vertices(vertices(polytope(np.column_stack([A, A[:, 0]]), b)).points, expected)


def test_birkhoff_polytope_of_order_four_has_its_24_permutations():
    A = np.array([np.kron(np.eye(4)[i], np.ones(4)) for i in range(4)] + [np.tile(np.eye(4)[i], 4) for i in range(4)])
    P = polytope(A, np.ones(8))
    found = vertices(P)
    assert (P.rank, P.dimension, len(found.points)) == (7, 9, 24)
    assert set((found.points > 0).sum(axis=1)) == {4}
    assert P.sparsest().low == 4


def test_hypercube_has_all_its_corners():
    d = 10
    A = np.hstack([np.eye(d), np.eye(d)])
    found = vertices(polytope(A, np.ones(d)))
    assert found.complete
    assert len(found.points) == 2**d


def test_simple_polytope_closed_under_pivots():
    """Every vertex of a generic polytope has exactly `dimension` neighbours, all of them listed."""
    rng = np.random.default_rng(3)
    A = rng.standard_normal((6, 14))
    A[0] = 1 + np.abs(A[0])
    P = polytope(A, A @ rng.random(14))
    supports = vertices(P).points > 0
    assert (supports.sum(axis=1) == 6).all()
    unions = (supports[:, None, :] | supports[None, :, :]).sum(axis=2)
    assert ((unions == 7).sum(axis=1) == P.dimension).all()


def test_too_many_vertices_are_said_to_be_too_many():
    rng = np.random.default_rng(0)
    A = np.vstack([np.ones(30), rng.standard_normal((7, 30))])
    P = polytope(A, A @ np.ones(30))
    found = vertices(P, budget=50)
    assert not found.complete
    assert found.points.shape == (0, 30)


def test_results_repeat_to_the_last_bit():
    rng = np.random.default_rng(1)
    A = np.vstack([np.ones(12), rng.standard_normal((4, 12))])
    b = A @ np.ones(12)
    assert np.array_equal(vertices(polytope(A, b)).points, vertices(polytope(A, b)).points)


def test_margin_tells_a_nearly_zero_mass():
    A = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
    b = A @ np.array([1.0, 1e-5, 0.0])
    found = vertices(polytope(A, b))
    assert found.margin.smallest_positive == pytest.approx(0.5e-5 * 5**0.5, rel=1e-3)


def test_zero_right_side_leaves_one_point():
    P = polytope(np.array([[1.0, 2.0], [1.0, -1.0]]), np.zeros(2))
    found = vertices(P)
    assert P.dimension == 0
    assert found.complete
    assert found.points.tolist() == [[0.0, 0.0]]
    assert P.sparsest().high == 0
