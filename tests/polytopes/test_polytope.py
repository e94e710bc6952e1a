"""Polytopes of masses against every independent set of columns: dimension, extremes, margins, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bases import bounded_systems, brute_force, by_support
from dualscape.errors import InputError
from dualscape.polytopes.polytope import Polytope, polytope
from dualscape.polytopes.sampling import analytic_center, hit_and_run
from dualscape.polytopes.vertices import sampled_vertices, vertices


def assert_inside(P: Polytope, A: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    assert c.min(initial=0.0) >= 0
    assert np.linalg.norm(A @ c - b) <= 1e-9 * np.linalg.norm(b)


@given(bounded_systems())
@settings(max_examples=60, deadline=None)
def test_dimension_is_that_of_the_hull_of_the_vertices(system):
    A, b = system
    P = polytope(A, b)
    points = np.array(list(brute_force(A, b).values()))
    assert P.dimension == np.linalg.matrix_rank(points - points[0], tol=1e-9)
    assert P.rank == np.linalg.matrix_rank(A)
    assert set(P.active.tolist()) == set(np.flatnonzero(points.max(axis=0)).tolist())


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
