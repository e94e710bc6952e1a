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
    N, r = lift.p.shape
    zero, t = np.zeros((N, 1)), lift.along * np.eye(N)[:, lift.open]
    first = np.eye(1, 1 + t.shape[1] + r)
    last = np.hstack([np.zeros((r, 1 + t.shape[1])), lift.inside])
    return np.vstack([first, np.hstack([zero, t, lift.p]), np.hstack([zero, t, lift.m]), last])


def sided(rng, N):
    """Some sides chosen."""
    return rng.choice([0.0, 0.0, 1.0, -1.0], N)


@pytest.mark.parametrize("N, r, chosen", [(1, 1, False), (4, 3, False), (7, 2, False), (4, 3, True), (7, 2, True)])
def test_maps_are_those_of_an_orthonormal_matrix(N, r, chosen):
    rng = np.random.default_rng(N)
    lift = Lift.of(rng.standard_normal((N, r)), np.float64, sided(rng, N) if chosen else None)
    Q = columns(lift)
    size = Q.shape[1]
    assert (size == 1 + N + r) != chosen
    np.testing.assert_allclose(Q.T @ Q, np.eye(size), atol=1e-14)
    K = rng.standard_normal((size, size))
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
    for sides in (np.zeros(5), np.sign(Z @ u) * [1.0, 0.0, 1.0, 1.0, 0.0], np.sign(Z @ u)):
        Q = columns(Lift.of(Z, np.float64, sides))
        np.testing.assert_allclose(Q @ (Q.T @ w), w, atol=1e-14)
        plain = columns(Lift.plain(Z, sides))
        t = np.abs(Z @ u)[sides == 0]
        np.testing.assert_allclose(plain @ np.concatenate([[1.0], t, u]), w, atol=1e-14)


def test_sums_and_multiples():
    one = Products.zero(2, 3, np.float32)._replace(p=np.ones(2, np.float32))
    assert one.plus(0.5, one).p.tolist() == [1.5, 1.5]
    assert one.times(-2.0).p.tolist() == [-2.0, -2.0]
    assert one.plus(0.5, one).pm.dtype == np.float32


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_without_one_side_nothing_of_it_is_left(side):
    rng = np.random.default_rng(0)
    Y = Products(*[rng.random(part.shape) + 1 for part in Products.zero(3, 2, np.float64)])
    left, dead = whole(Y.without(1, side)), 1 + 1 + (3 if side > 0 else 0)
    expected = whole(Y)
    expected[dead], expected[:, dead] = 0.0, 0.0
    np.testing.assert_array_equal(left, expected)
    assert whole(Y).min() >= 1
