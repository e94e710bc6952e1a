"""The bound of one cone against dense directions in it."""

import numpy as np
import pytest
from scipy.optimize import nnls

from dualscape.oracles.bisection.cone_bound import (
    _least_norm,
    _norm_bound,
    cone_bound,
    frame_cone,
    make_bound_work,
    side_bound,
)
from dualscape.oracles.bisection.frontier import orthants
from dualscape.running.compiled import kernel


def test_any_cone_is_bounded():
    """The bound of a random cone against dense directions in it."""
    rng = np.random.default_rng(3)
    r, N = 3, 12
    for _ in range(50):
        rows = rng.standard_normal((N, r))
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        c, linear = rng.standard_normal(N), rng.standard_normal(r)
        V = orthants(r)[rng.integers(8)] + 0.2 * rng.random((r, r))
        split = rng.integers(N + 1)
        c = np.concatenate([np.abs(c[:split]), -np.abs(c[split:])])
        Z = np.ascontiguousarray(V @ rows.T)
        work = make_bound_work(N, r)
        frame_cone(V, linear, work)
        bound = cone_bound(np.abs(c), V, Z, (0, split), (split, N), 2.0, 0.0, 0.0, -np.inf, work)
        u = rng.dirichlet(np.ones(r), 2000) @ V
        u /= np.linalg.norm(u, axis=1)[:, None]
        values = u @ linear + np.maximum(u @ rows.T, 0) @ c
        assert values.max() <= bound * (1 + 1e-12) + 1e-12
        # On one side of each of the first two hyperplanes, if they are convex.
        pair = min(split, 2)
        rest = np.concatenate([rows[:pair], rows[split:]])
        weights, heights = np.concatenate([np.abs(c[:pair]), np.abs(c[split:])]), np.ascontiguousarray(V @ rest.T)
        few = u @ linear + np.maximum(u @ rest.T, 0) @ np.concatenate([c[:pair], c[split:]])
        for choice in range(1 << pair):
            sides = (u @ rest[:pair].T > 0) == np.array([choice >> i & 1 for i in range(pair)], dtype=bool)
            work[9][:] = rng.random(r)
            bound = side_bound(
                weights, V, heights, (0, pair), choice, (pair, len(rest)), 2.0, 0.0, 0.0, -np.inf, work
            )  # fmt: skip
            assert few[sides.all(axis=1)].max(initial=-np.inf) <= bound * (1 + 1e-12) + 1e-12


def random_cone(rng, r=3, N=10):
    """(rows, c with the convex ones first, linear, V, their number)."""
    rows = rng.standard_normal((N, r))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    split = int(rng.integers(N + 1))
    c = np.abs(rng.standard_normal(N)) * np.where(np.arange(N) < split, 1.0, -1.0)
    return rows, c, rng.standard_normal(r), orthants(r)[rng.integers(2**r)] + 0.2 * rng.random((r, r)), split


def bound_with(rows, c, linear, V, split, *, lowered=0.0, error=0.0, deep=0.0):
    """`cone_bound` where the interpolated values are told too low by `lowered` (r,)."""
    r, N = len(V), len(rows)
    work = make_bound_work(N, r)
    frame_cone(V, linear, work)
    work[7][:] -= lowered
    Z = np.ascontiguousarray(V @ rows.T)
    return cone_bound(np.abs(c), V, Z, (0, split), (split, N), 4.0, error, deep, -np.inf, work)


def greatest_in(rows, c, linear, V, rng):
    u = np.vstack([rng.dirichlet(np.ones(len(V)), 3000) @ V, V])
    u /= np.linalg.norm(u, axis=1)[:, None]
    return (u @ linear + np.maximum(u @ rows.T, 0) @ c).max()


def test_values_that_are_off_by_no_more_than_the_error_are_bounded():
    """All told too low by as much as is allowed; and so they are raised by about that."""
    rng = np.random.default_rng(5)
    needed = 0
    for _ in range(60):
        cone = random_cone(rng)
        truth = greatest_in(*cone[:4], rng)
        low = np.full(3, 0.05)
        assert truth <= bound_with(*cone, lowered=low, error=0.05) * (1 + 1e-12) + 1e-12
        needed += truth > bound_with(*cone, lowered=low)
    assert needed > 0


def test_generators_that_are_off_by_no_more_than_the_drift_are_bounded():
    """The cone that was meant has generators near those given."""
    rng = np.random.default_rng(6)
    needed, away = 0, 0.02
    for _ in range(60):
        rows, c, linear, V, split = random_cone(rng)
        size = float(np.abs(c).sum() + np.linalg.norm(linear))
        move = rng.standard_normal((3, 3))
        meant = V + away * move / np.linalg.norm(move, axis=1)[:, None]
        truth = greatest_in(rows, c, linear, meant, rng)
        assert truth <= bound_with(rows, c, linear, V, split, error=away * size, deep=away) * (1 + 1e-12)
        needed += truth > bound_with(rows, c, linear, V, split)
    assert needed > 0


def test_the_drift_of_generators_costs_what_the_bound_is_long():
    """w.v_k moves by up to |w| times the drift, which a bound by w must have beyond what t_k itself is off."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        cone = random_cone(rng)
        plain = bound_with(*cone)
        assert bound_with(*cone, deep=1e-3) >= plain * (1 + 3.9e-3)
        assert bound_with(*cone, error=1e-3) == pytest.approx(plain + 4e-3, rel=1e-9)


def test_one_generator_and_one_hyperplane_by_hand():
    """F(u) = u_1 + 2 (u_2)_+ on the cone of e_1 and e_2: the bound is |(1, 2)|."""
    found = bound_with(np.array([[0.0, 1.0]]), np.array([2.0]), np.array([1.0, 0.0]), np.eye(2), 1)
    assert found == pytest.approx(5**0.5, rel=1e-14)
    assert found >= 5**0.5 * (1 - 2**-53)
    # Minus the second term, which is then concave: the maximum is 1, at e_1.
    found = bound_with(np.array([[0.0, 1.0]]), np.array([-2.0]), np.array([1.0, 0.0]), np.eye(2), 0)
    assert found == pytest.approx(1.0, rel=1e-14)


@kernel(cache=False)
def bound_by(V, t, lam, w, spread):
    return _norm_bound(V, t, lam, w, spread, 0.0, 0.0)


def test_any_multipliers_give_a_bound():
    """However far they are from the best: what w misses of t is counted."""
    rng = np.random.default_rng(8)
    missed = 0
    for _ in range(60):
        V, t = orthants(3)[rng.integers(8)] + 0.2 * rng.random((3, 3)), rng.standard_normal(3)
        mu = rng.dirichlet(np.ones(3), 3000)
        top = (mu @ t / np.linalg.norm(mu @ V, axis=1)).max()
        lam, w = rng.random(3) * rng.choice([0.0, 0.3, 1.0]), np.empty(3)
        assert top <= bound_by(V, t, lam, w, 4.0) * (1 + 1e-12)
        np.testing.assert_allclose(w, lam @ V, atol=1e-14)
        missed += top > np.linalg.norm(w)
        # By nothing at all everything is missed, and what is missed most counts.
        assert bound_by(V, t, np.zeros(3), w, 4.0) == pytest.approx(4 * max(t.max(), 0.0), rel=1e-14)
    assert missed > 0


@kernel(cache=False)
def least_norm(G, t):
    r = len(t)
    lam = np.empty(r)
    _least_norm(G, t, lam, np.empty(r, dtype=np.bool_), np.empty((r, r)), np.empty(r))
    return lam


@pytest.mark.parametrize("r", [2, 3, 5])
def test_multipliers_are_the_best_ones(r):
    """min 1/2 lam^T G lam - t.lam over lam >= 0 is a problem of least squares: G = V V^T and t = V b."""
    rng, back = np.random.default_rng(r), 0
    for _ in range(400):
        V, b = rng.random((r, r)) + 0.5 * rng.standard_normal((r, r)), rng.standard_normal(r)
        lam = least_norm(V @ V.T, V @ b)
        best, _ = nnls(V.T, b)
        assert lam.min() >= 0
        assert np.linalg.norm(V.T @ lam - b) <= np.linalg.norm(V.T @ best - b) + 1e-9
        # One that is left out at first and belongs to the best all the same.
        back += ((np.linalg.solve(V @ V.T, V @ b) < 0) & (best > 1e-6)).any()
    assert back > 0
