"""Linear and mixed-integer programs against every basis, and against another solver."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import linprog

from bases import bounded_systems, brute_force
from dualscape.errors import InputError
from dualscape.polytopes.linear_program import Maximiser, basic_solution, maximisers, sparsest, widest_support


@given(bounded_systems())
def test_maxima_are_those_of_the_vertices(system):
    """Each functional after the one before, and alone."""
    A, b = system
    points = np.array(list(brute_force(A, b).values()))
    rng = np.random.default_rng(0)
    functionals = [*rng.standard_normal((4, A.shape[1])), np.zeros(A.shape[1])]
    for w, (value, x) in zip(functionals, maximisers(A, b, functionals), strict=True):
        assert value == pytest.approx((points @ w).max(), rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(A @ x, b, atol=1e-9)
        assert x.min() >= 0
        alone = Maximiser(A, b)(w)[0]
        assert alone == pytest.approx(value, rel=1e-9, abs=1e-9)
        # Basic: its columns are independent.
        used = A[:, x > 1e-9]
        assert np.linalg.matrix_rank(used) == used.shape[1]


@pytest.mark.parametrize(
    ("Q", "q", "message"), [([[1.0, 1.0]], [-1.0], "is empty"), ([[1.0, -1.0]], [0.0], "is unbounded")]
)
def test_programs_without_a_maximum_are_refused(Q, q, message):
    with pytest.raises(InputError, match=message):
        Maximiser(np.array(Q), np.array(q))(np.ones(2))


@given(bounded_systems())
def test_the_sparsest_point_is_the_vertex_with_the_smallest_support(system):
    A, b = system
    points = np.array(list(brute_force(A, b).values()))
    upper = points.max(axis=0)
    found = sparsest(A, b, upper, tolerance=1e-9, nodes=1000, seconds=30)
    fewest = int((points > 0).sum(axis=1).min())
    assert (found.low, found.high) == (fewest, fewest)
    assert (found.point > 1e-9).sum() == fewest
    np.testing.assert_allclose(A @ found.point, b, atol=1e-8)


def test_without_nodes_the_interval_holds_the_truth():
    rng = np.random.default_rng(0)
    A = np.vstack([np.ones(12), rng.standard_normal((5, 12))])
    b = A @ np.ones(12)
    points = np.array(list(brute_force(A, b).values()))
    fewest = int((points > 0).sum(axis=1).min())
    found = sparsest(A, b, points.max(axis=0), tolerance=1e-9, nodes=0, seconds=30)
    assert found.low <= fewest <= found.high
    assert (found.point > 1e-9).sum() == found.high
    np.testing.assert_allclose(A @ found.point, b, atol=1e-8)


def test_basic_solutions_are_solved_on_their_support():
    Q = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    assert basic_solution(Q, np.array([4.0, 6.0]), np.array([0, 2])).tolist() == [2.0, 0.0, 2.0]
    # A negative coordinate is not let through, and dependent columns share.
    assert basic_solution(Q, np.array([-4.0, 6.0]), np.array([0, 2])).tolist() == [0.0, 0.0, 2.0]
    twice = basic_solution(np.ones((1, 2)), np.array([2.0]), np.arange(2))
    np.testing.assert_allclose(twice, [1.0, 1.0])


@pytest.mark.parametrize("seed", range(30))
def test_the_widest_support_holds_every_coordinate_that_can_be_positive(seed):
    """Each coordinate alone, by a linear program of another solver."""
    rng = np.random.default_rng(seed)
    k, dimension = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    kernel = rng.integers(-1, 2, (k, dimension)).astype(float)
    positive = rng.random(k) < 0.3
    free = np.flatnonzero(~positive)
    expected = np.zeros(k, dtype=bool)
    for j in free:
        best = linprog(
            -kernel[j], A_ub=-kernel[free], b_ub=np.zeros(len(free)), bounds=[(-1, 1)] * dimension, method="highs"
        )
        expected[j] = -best.fun > 1e-9
    found = widest_support(kernel, positive)
    np.testing.assert_array_equal((found > 0)[free], expected[free])
    assert (found[free] >= 0).all()
    for some in combinations(free[~expected[free]].tolist(), 1):
        assert found[list(some)] == 0.0
