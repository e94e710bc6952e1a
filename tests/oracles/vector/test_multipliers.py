"""What multipliers prove of several outputs, against what units attain; any multipliers at all must do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles.relaxation.multipliers import clipped
from dualscape.oracles.relaxation.products import Products
from dualscape.oracles.vector.multipliers import least_diagonal, proven
from dualscape.oracles.vector.splitting import VectorSplitting


def random_form(rng, N, r, c):
    rows = rng.standard_normal((N, r))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    return rows, rng.standard_normal((N, c)), rng.standard_normal((r, c))


def greatest(rng, rows, kappa, linear, tries):
    """The greatest length of linear^T u + kappa^T (Z u)_+ among random unit vectors u, by steps that never lower it."""
    u = rng.standard_normal((tries, rows.shape[1]))
    for _ in range(200):
        u /= np.linalg.norm(u, axis=1)[:, None]
        heights = u @ rows.T
        values = np.maximum(heights, 0) @ kappa + u @ linear
        v = values / np.maximum(np.linalg.norm(values, axis=1), 1e-300)[:, None]
        u = u + 0.2 * (((heights > 0) * (v @ kappa.T)) @ rows + v @ linear.T) / np.abs(kappa).sum()
    return float(np.linalg.norm(values, axis=1).max())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.0, 0.1, 1.0]))
def test_any_multipliers_give_a_true_bound(seed, N, r, c, size):
    rng = np.random.default_rng(seed)
    rows, kappa, linear = random_form(rng, N, r, c)
    pp, mm, pm = size * rng.standard_normal((3, N, N))
    np.fill_diagonal(pm, -1.0 - 3 * rng.random(N))
    p_u, m_u = size * rng.standard_normal((2, N, r + c))
    p, m = size * rng.standard_normal((2, N))
    G = Products.zero(N, r + c, np.float64)._replace(p=p, m=m, pp=pp, mm=mm, pm=pm, p_u=p_u, m_u=m_u)
    assert greatest(rng, rows, kappa, linear, 20) <= proven(rows, kappa, linear, G).bound * (1 + 1e-12)


def test_touches_what_is_attained():
    """To a millionth at best, so that a bound which is too low by as much is found out."""
    nearest = np.inf
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rows, kappa, linear = random_form(rng, 3, 2, 2)
        value = greatest(rng, rows, kappa, linear, 40)
        splitting = VectorSplitting(rows, kappa / value, linear / value)
        for _ in range(600):
            splitting.step()
        bound = proven(rows, kappa, linear, splitting.multipliers.times(value), 1e-4).bound
        assert bound >= value * (1 - 1e-12)
        nearest = min(nearest, bound / value - 1)
    assert nearest < 1e-6


def test_signs_and_lengths_are_seen_to():
    rng = np.random.default_rng(0)
    p_u, m_u = rng.standard_normal((2, 5, 5))
    parts = rng.standard_normal((3, 5, 5))
    found = clipped(
        Products.zero(5, 5, np.float64)._replace(p_u=p_u, m_u=m_u, pp=parts[0], mm=parts[1], pm=parts[2]), 3
    )
    for first, others in ((found.p, p_u), (found.m, m_u)):
        assert (first >= np.linalg.norm(others[:, :3], axis=1) + np.linalg.norm(others[:, 3:], axis=1)).all()
    assert min(float(part.min()) for part in (found.pp, found.mm)) >= 0
    np.testing.assert_array_equal(found.pp, found.pp.T)
    np.testing.assert_array_equal(np.diagonal(found.pm), np.diagonal(parts[2]))


def test_what_is_not_finite_proves_nothing():
    G = Products.zero(2, 4, np.float64)._replace(p=np.array([np.nan, 0.0]))
    assert proven(np.eye(2), np.eye(2), np.zeros((2, 2)), G).bound == np.inf


def test_the_least_diagonal_is_that_of_a_conic_solver():
    cp = pytest.importorskip("cvxpy")
    for seed in range(5):
        rng = np.random.default_rng(seed)
        left = rng.standard_normal((6, 6))
        left += left.T
        parts = np.repeat(np.eye(3), [1, 2, 3], axis=0)
        x = cp.Variable(3)
        program = cp.Problem(cp.Minimize(cp.sum(x)), [left + cp.diag(parts @ x) >> 0])
        program.solve(solver="CLARABEL")
        mine = least_diagonal(left, parts)
        assert np.linalg.eigvalsh(left + np.diag(parts @ mine))[0] >= 0
        assert mine.sum() == pytest.approx(program.value, rel=1e-5)
