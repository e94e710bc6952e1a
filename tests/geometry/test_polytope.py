from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.errors import InputError
from dualscape.polytopes.double_description import extreme_rays
from dualscape.polytopes.polytope import Polytope, polytope
from dualscape.polytopes.sampling import analytic_center, hit_and_run
from dualscape.polytopes.vertices import sampled_vertices, vertices


def brute_force(A: np.ndarray, b: np.ndarray) -> dict[frozenset[int], np.ndarray]:
    """Vertices by support: every independent set of columns, solved on its own."""
    scale = np.linalg.norm(A, axis=0)
    X, size = A / scale, np.linalg.norm(b)
    rank = np.linalg.matrix_rank(X)
    found = {}
    for r in range(1, rank + 1):
        for support in combinations(range(A.shape[1]), r):
            S = X[:, support]
            if np.linalg.svd(S)[1][-1] < 1e-9:
                continue
            x = np.linalg.lstsq(S, b / size, rcond=None)[0]
            if x.min() > 1e-9 and np.linalg.norm(S @ x - b / size) < 1e-9:
                c = np.zeros(A.shape[1])
                c[list(support)] = x * size / scale[list(support)]
                found[frozenset(support)] = c
    return found


def by_support(points: np.ndarray) -> dict[frozenset[int], np.ndarray]:
    return {frozenset(np.flatnonzero(p).tolist()): p for p in points}


def assert_same_vertices(points: np.ndarray, expected: dict[frozenset[int], np.ndarray]) -> None:
    found = by_support(points)
    assert len(found) == len(points)
    assert found.keys() == expected.keys()
    for support, point in expected.items():
        np.testing.assert_allclose(found[support], point, rtol=1e-7, atol=0)


def assert_inside(P: Polytope, A: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    assert c.min(initial=0.0) >= 0
    assert np.linalg.norm(A @ c - b) <= 1e-9 * np.linalg.norm(b)


@st.composite
def bounded_systems(draw):
    """Small integers: ties, repeated columns, deficient rank and coordinates that are always zero all occur."""
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    entries = st.integers(-2, 2)
    A = np.array(draw(st.lists(st.lists(entries, min_size=k, max_size=k), min_size=n, max_size=n)), dtype=float)
    A[0] = draw(st.lists(st.integers(1, 3), min_size=k, max_size=k))
    c = np.array(draw(st.lists(st.integers(0, 3), min_size=k, max_size=k)), dtype=float)
    if not c.any():
        c[0] = 1.0
    return A, A @ c


@given(bounded_systems())
@settings(max_examples=150, deadline=None)
def test_vertices_are_those_of_all_bases(system):
    A, b = system
    found = vertices(polytope(A, b))
    assert found.complete
    assert_same_vertices(found.points, brute_force(A, b))


@given(bounded_systems())
@settings(max_examples=60, deadline=None)
def test_dimension_is_that_of_the_hull_of_the_vertices(system):
    A, b = system
    P = polytope(A, b)
    points = np.array(list(brute_force(A, b).values()))
    assert P.dimension == np.linalg.matrix_rank(points - points[0], tol=1e-9)
    assert P.rank == np.linalg.matrix_rank(A)
    assert set(P.active.tolist()) == set(np.flatnonzero(points.max(axis=0)).tolist())


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


@given(bounded_systems(), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_extremes_and_samples_agree_with_the_vertices(system, seed):
    A, b = system
    P = polytope(A, b)
    points = np.array(list(brute_force(A, b).values()))
    rng = np.random.default_rng(seed)
    w = rng.standard_normal(A.shape[1])
    value, point = P.maximise([w])[0]
    assert value == pytest.approx((points @ w).max(), rel=1e-8, abs=1e-8)
    assert value == pytest.approx(w @ point, rel=1e-8, abs=1e-8)
    np.testing.assert_allclose(P.upper(), points.max(axis=0), rtol=1e-8, atol=1e-8)
    for c in (analytic_center(P), hit_and_run(P, rng), P.inner, point):
        assert_inside(P, A, b, c)
    assert (analytic_center(P)[P.active] > 0).all()
    fewest = P.sparsest()
    assert fewest.low == fewest.high == (points > 0).sum(axis=1).min()
    assert (fewest.point > 0).sum() == fewest.high
    assert_inside(P, A, b, fewest.point)
    some = sampled_vertices(P, 20, rng)
    assert not some.complete
    assert by_support(some.points).keys() <= by_support(points).keys()


def test_center_of_a_simplex_is_its_middle():
    P = polytope(np.ones((1, 4)), np.array([4.0]))
    np.testing.assert_allclose(analytic_center(P), np.ones(4), rtol=1e-12)


def test_hit_and_run_is_uniform_on_a_simplex():
    P = polytope(np.ones((1, 3)), np.array([1.0]))
    rng = np.random.default_rng(0)
    points = np.array([hit_and_run(P, rng) for _ in range(1500)])
    np.testing.assert_allclose(points.mean(axis=0), 1 / 3, atol=0.02)
    np.testing.assert_allclose(points.var(axis=0), 1 / 18, atol=0.006)


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


def test_rounding_in_b_does_not_empty_the_polytope():
    P = polytope(np.eye(3), np.array([1.0, -1e-9, 1e-9]), error=1e-8)
    found = vertices(P)
    assert found.complete
    assert found.points.tolist() == [[1.0, 0.0, 0.0]]
    assert 1e-9 < P.residual < 2e-9
    assert P.margin.largest_zero == pytest.approx(1e-9)
    assert P.margin.needed == pytest.approx(1e-9)
    assert P.margin.breaks == pytest.approx(1.0)


@pytest.mark.parametrize("small", [1e-6, 1e-9, 1e-10])
def test_a_tiny_mass_is_positive_unless_the_error_of_b_explains_it(small):
    A, b = np.array([[1.0, 1.0], [0.0, 1e-3]]), np.array([1.0, 1e-3 * small])
    P = polytope(A, b, start=np.array([1.0 - small, small]))
    assert (P.active.tolist(), P.dimension) == ([0, 1], 0)
    assert P.margin.breaks == pytest.approx(1e-3 * small, rel=1e-2)
    rough = polytope(A, b, start=np.array([1.0 - small, small]), error=2e-3 * small)
    assert rough.active.tolist() == [0]
    assert rough.margin.needed == pytest.approx(1e-3 * small, rel=1e-2)


def test_zero_right_side_leaves_one_point():
    P = polytope(np.array([[1.0, 2.0], [1.0, -1.0]]), np.zeros(2))
    found = vertices(P)
    assert P.dimension == 0
    assert found.complete
    assert found.points.tolist() == [[0.0, 0.0]]
    assert P.sparsest().high == 0


def test_no_columns():
    P = polytope(np.zeros((3, 0)), np.zeros(3))
    assert (P.rank, P.dimension) == (0, 0)
    assert vertices(P).points.shape == (1, 0)
    with pytest.raises(InputError, match="empty"):
        polytope(np.zeros((3, 0)), np.ones(3))


@pytest.mark.parametrize(
    ("A", "b", "message"),
    [
        (np.eye(2), [1.0, -1.0], "empty"),
        (np.array([[1.0, -1.0]]), [1.0], "unbounded"),
        (np.array([[1.0, -1.0]]), [0.0], "unbounded"),
        (np.array([[1.0, 0.0]]), [1.0], "zero"),
        (np.array([[1.0], [1.0]]), [1.0, -1.0], "empty"),
    ],
)
def test_what_is_no_polytope_is_refused(A, b, message):
    with pytest.raises(InputError, match=message):
        polytope(A, np.array(b))


def test_extreme_rays_of_an_orthant():
    rays = extreme_rays(np.eye(3), budget=10)
    assert sorted(rays.supports.sum(axis=1).tolist()) == [1, 1, 1]


def test_rays_may_all_lie_on_one_side():
    """No pair is adjacent where none is above; a vertex that rounding has lost is no vertex."""
    from dualscape.polytopes.double_description import _adjacent, pack

    none = np.zeros(0, dtype=np.intp)
    zeros = pack(np.ones((2, 3), dtype=bool))
    assert _adjacent(zeros, none, np.arange(2), 1, 10).shape == (0, 2)
