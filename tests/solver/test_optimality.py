"""The linearised conditions: what they say of a change of fit and masses, put into the equations themselves."""

import numpy as np
import pytest

from dualscape.errors import NotCertifiedError
from dualscape.model.losses import Diagonal, Identity
from dualscape.solver.optimality import Linearised


def system(seed, n, k, turning):
    rng = np.random.default_rng(seed)
    A, U = rng.standard_normal((n, k)), 0.3 * rng.standard_normal((n, turning))
    return rng, A, U


@pytest.mark.parametrize(("n", "k", "turning"), [(8, 3, 0), (8, 3, 4), (8, 3, 20), (8, 8, 5), (5, 1, 1)])
@pytest.mark.parametrize("curved", [False, True])
def test_both_equations_hold(n, k, turning, curved):
    """f = A c - U U^T W f - missing and A^T W f = excess."""
    for seed in range(10):
        rng, A, U = system(seed, n, k, turning)
        w = rng.uniform(0.2, 2.0, n) if curved else np.ones(n)
        missing, excess = rng.standard_normal(n), rng.standard_normal(k)
        f, c = Linearised(Diagonal(w) if curved else Identity(), A.copy(), U.copy())(missing, excess)
        np.testing.assert_allclose(A.T @ (w * f), excess, atol=1e-10)
        np.testing.assert_allclose(f, A @ c - U @ (U.T @ (w * f)) - missing, atol=1e-10)


def test_nearly_dependent_columns_lose_no_square():
    """Columns 1e-9 apart: normal equations would be singular in double precision."""
    rng = np.random.default_rng(0)
    a, across = rng.standard_normal(6), rng.standard_normal(6)
    A = np.column_stack([a, a + 1e-9 * across])
    c = np.array([2.0, -1.0])
    f, found = Linearised(Identity(), A.copy(), np.zeros((6, 0)))(A @ c, np.zeros(2))
    np.testing.assert_allclose(f, 0.0, atol=1e-12)
    np.testing.assert_allclose(found, c, atol=1e-5)


def test_dependent_columns_are_refused():
    for A in (np.ones((4, 2)) * [1.0, 0.0], np.random.default_rng(0).standard_normal((2, 3))):
        with np.errstate(invalid="ignore"), pytest.raises(NotCertifiedError, match="depend on each other"):
            Linearised(Identity(), A, np.zeros((len(A), 0)))


def test_where_the_loss_is_flat_the_fit_still_follows_the_masses():
    """A row of curvature 1e-20: its entry of f comes from the first equation."""
    rng, A, U = system(3, 6, 2, 0)
    w = np.ones(6)
    w[4] = 1e-20
    missing, excess = rng.standard_normal(6), rng.standard_normal(2)
    f, c = Linearised(Diagonal(w), A.copy(), U.copy())(missing, excess)
    assert f[4] == pytest.approx(A[4] @ c - missing[4], rel=1e-9)
    np.testing.assert_allclose(f, A @ c - missing, atol=1e-9)
