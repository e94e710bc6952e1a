"""The splitting with several outputs: its projections, and its limit beside an SDP solver."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from dualscape.oracles.vector.multipliers import proven
from dualscape.oracles.vector.splitting import VectorSplitting, both_heights, both_shorter
from dualscape.running.devices import Arrays


def test_the_nearest_of_two_cones():
    rng = np.random.default_rng(0)
    first, others = 2 * rng.standard_normal(200), rng.standard_normal((200, 5)) * rng.choice([0.0, 1.0, 3.0], (200, 1))
    a, b = both_shorter(first, others, 2)
    lengths = np.stack([np.linalg.norm(others[:, :2], axis=1), np.linalg.norm(others[:, 2:], axis=1)])
    for at in range(200):
        far = lambda t: (t - first[at]) ** 2 + (np.maximum(lengths[:, at] - t, 0) ** 2).sum()  # noqa: B023, E731
        best = minimize_scalar(far, bounds=(0, 20), method="bounded", options={"xatol": 1e-10}).x
        assert a[at] == pytest.approx(best, abs=1e-4)
    assert (np.linalg.norm(b[:, :2], axis=1) <= a * (1 + 1e-12)).all()
    assert (np.linalg.norm(b[:, 2:], axis=1) <= a * (1 + 1e-12)).all()
    np.testing.assert_allclose(both_heights(a, np.stack([a, a])), a)


def limit(cp, rows, kappa, linear):
    """The relaxation as it is written down, by an SDP solver."""
    (N, r), c = rows.shape, kappa.shape[1]
    size = 1 + 2 * N + r + c
    M = cp.Variable((size, size), PSD=True)
    p, m, u, v = slice(1, N + 1), slice(N + 1, 2 * N + 1), slice(2 * N + 1, 2 * N + 1 + r), slice(size - c, size)
    B = np.hstack([np.zeros((N, 1)), np.eye(N), -np.eye(N), -rows, np.zeros((N, c))])
    held = [B @ M == 0, M[: 2 * N + 1, : 2 * N + 1] >= 0, cp.diag(M[p, m]) == 0]
    held += [M[0, 0] == 1, cp.trace(M[u, u]) == 1, cp.trace(M[v, v]) == 1]
    for g in range(1, 2 * N + 1):
        held += [cp.norm(M[g, u]) <= M[0, g], cp.norm(M[g, v]) <= M[0, g]]
    value = cp.sum(cp.multiply(kappa, M[p, v])) + cp.sum(cp.multiply(linear, M[u, v]))
    return cp.Problem(cp.Maximize(value), held).solve(solver="CLARABEL")


@pytest.mark.parametrize(("N", "r", "c", "seed"), [(3, 2, 2, 0), (5, 3, 2, 3), (4, 2, 3, 2)])
def test_its_limit_is_that_of_an_sdp_solver(N, r, c, seed):
    cp = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((N, r))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    kappa, linear = rng.standard_normal((N, c)), rng.standard_normal((r, c))
    value = limit(cp, rows, kappa, linear)
    splitting = VectorSplitting(rows, kappa / value, linear / value)
    splitting.penalty = 3.0
    for _ in range(1000):
        splitting.step()
    assert proven(rows, kappa, linear, splitting.multipliers.times(value), 1e-4).bound == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize("mass", [1.0, None])
def test_steps_on_a_device_are_those_of_the_processors(mass):
    pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    rows, kappa, linear = rng.standard_normal((7, 3)), rng.standard_normal((7, 2)), rng.standard_normal((3, 2))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    here, there = (VectorSplitting(rows, kappa, linear, mass, Arrays.of(name)) for name in (None, "cpu"))
    for side in (here, there):
        for _ in range(10):
            side.step()
    for mine, its in zip(here.multipliers, there.multipliers, strict=True):
        np.testing.assert_allclose(mine, its, atol=2e-4)
