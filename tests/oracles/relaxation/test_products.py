"""The coordinates of products against the matrix Q written out."""

import numpy as np
import pytest

from dualscape.oracles.relaxation.products import Lift, Products


def whole(Y):
    """Products as one matrix over (1, p, m, u)."""
    return np.block(
        [
            [Y.one, Y.p, Y.m, Y.u],
            [Y.p[:, None], Y.pp, Y.pm, Y.p_u],
            [Y.m[:, None], Y.pm.T, Y.mm, Y.m_u],
            [Y.u[:, None], Y.p_u.T, Y.m_u.T, Y.uu],
        ]
    )


def columns(lift):
    """Q."""
    N, r = lift.across.shape
    zero, half = np.zeros((N, 1)), 0.5**0.5
    first = np.zeros((1, 1 + N + r))
    first[0, 0] = 1.0
    return np.vstack(
        [
            first,
            np.hstack([zero, half * np.eye(N), half * lift.across]),
            np.hstack([zero, half * np.eye(N), -half * lift.across]),
            np.hstack([np.zeros((r, 1 + N)), lift.inside]),
        ]
    )


@pytest.mark.parametrize("N, r", [(1, 1), (4, 3), (7, 2)])
def test_maps_are_those_of_an_orthonormal_matrix(N, r):
    rng = np.random.default_rng(N)
    lift = Lift.of(rng.standard_normal((N, r)), np.float64)
    Q = columns(lift)
    np.testing.assert_allclose(Q.T @ Q, np.eye(1 + N + r), atol=1e-14)
    K = rng.standard_normal((1 + N + r, 1 + N + r))
    K += K.T
    np.testing.assert_allclose(whole(lift.up(K)), Q @ K @ Q.T, atol=1e-13)
    A, B, C = rng.standard_normal((3, N, N))
    U = rng.standard_normal((r, r))
    with_u = (*rng.standard_normal((2, N, r)), rng.standard_normal(r), U + U.T)
    Y = Products(np.array(2.0), *rng.standard_normal((2, N)), A + A.T, B + B.T, C, *with_u)
    np.testing.assert_allclose(lift.down(Y), Q.T @ whole(Y) @ Q, atol=1e-13)


def test_the_products_of_a_unit_are_in_these_coordinates():
    rng = np.random.default_rng(0)
    Z, u = rng.standard_normal((5, 3)), rng.standard_normal(3)
    w = np.concatenate([[1.0], np.maximum(Z @ u, 0), np.maximum(-Z @ u, 0), u])
    Q = columns(Lift.of(Z, np.float64))
    np.testing.assert_allclose(Q @ (Q.T @ w), w, atol=1e-14)


def test_sums_and_multiples():
    one = Products.zero(2, 3, np.float32)._replace(p=np.ones(2, np.float32))
    assert one.plus(0.5, one).p.tolist() == [1.5, 1.5]
    assert one.times(-2.0).p.tolist() == [-2.0, -2.0]
    assert one.plus(0.5, one).pm.dtype == np.float32
