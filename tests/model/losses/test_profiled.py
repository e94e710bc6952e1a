"""A loss with free features in it, beside a general minimiser and beside fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses import Huber, Logistic, Profiled, Squared, SquaredHinge

rng = np.random.default_rng(0)
N = 9
M = rng.normal(size=(N, 2)) * [1.0, 1e3]
LABELS = np.where(np.arange(N) % 2, 1.0, -1.0)
NUMBERS = rng.normal(size=N) + 4
FIT = rng.normal(size=N)
WEIGHTS = rng.uniform(0.5, 2, N)
CASES = [
    (loss, decay)
    for loss in (Squared(), Squared(weights=WEIGHTS), Logistic(), Logistic(weights=WEIGHTS))
    for decay in (0.0, 0.7)
]
each_case = pytest.mark.parametrize(("loss", "decay"), CASES, ids=[f"{a.title} {b}" for a, b in CASES])


def target_of(loss):
    return NUMBERS if loss.target == "numbers" else LABELS


def least(loss, decay, f, y):
    """min over w by a minimiser that knows nothing of it, in columns of length one."""
    scale = np.linalg.norm(M, axis=0)

    def value(v):
        w = v / scale
        return loss.value(f + M @ w, y) + decay / 2 * float(w @ w)

    return minimize(value, np.zeros(2), method="BFGS", options={"gtol": 1e-9}).fun


@each_case
def test_value_is_the_least_over_the_weights(loss, decay):
    y, profile = target_of(loss), Profiled(loss, M, decay)
    assert profile.value(FIT, y) == pytest.approx(least(loss, decay, FIT, y), rel=1e-8)
    w = profile.weights_at(FIT, y)
    slope = M.T @ loss.gradient(FIT + M @ w, y) + decay * w
    assert np.abs(slope / np.linalg.norm(M, axis=0)).max() < 1e-12


@each_case
def test_gradient_and_hessian_are_those_of_the_value(loss, decay):
    y, profile, step = target_of(loss), Profiled(loss, M, decay), 1e-5

    def differences(of):
        return np.array([(of(FIT + step * e, y) - of(FIT - step * e, y)) / (2 * step) for e in np.eye(N)])

    assert profile.gradient(FIT, y) == pytest.approx(differences(profile.value), abs=1e-8)
    columns = differences(profile.gradient)
    root = profile.hessian(FIT, y).root(np.eye(N))
    assert root.T @ root == pytest.approx(columns, abs=1e-8)


@each_case
def test_the_roots_of_the_hessian_are_undone(loss, decay):
    y, profile = target_of(loss), Profiled(loss, M, decay)
    W = profile.hessian(FIT, y)
    v = W.root(rng.normal(size=N))  # in its range
    assert W.root(W.unroot(v)) == pytest.approx(v, abs=1e-12)
    g = W.root(np.eye(N)).T @ v
    assert W.root(np.eye(N)).T @ W.lift(g) == pytest.approx(g, abs=1e-12)


@each_case
def test_the_fine_gradient_is_one(loss, decay):
    y, profile = target_of(loss), Profiled(loss, M, decay)
    fine, error = profile.fine_gradient(TwoFloat.of(FIT), y)
    assert fine.hi == pytest.approx(profile.gradient(FIT, y), abs=1e-12)
    if decay == 0:
        pull = (TwoFloat.of(M.T) @ fine[:, None])[:, 0]
        assert np.abs(pull.hi / np.linalg.norm(M, axis=0)).max() <= error + 1e-25
        assert error < 1e-17


@each_case
def test_weak_duality(loss, decay):
    y, profile = target_of(loss), Profiled(loss, M, decay)
    nu = -profile.gradient(FIT, y)
    # Fenchel: D(nu) = L(f) + nu.f at nu = -grad L(f), and less than L(g) + nu.g anywhere else.
    assert profile.dual(nu, y) == pytest.approx(profile.value(FIT, y) + nu @ FIT, rel=1e-10)
    for _ in range(20):
        g = FIT + rng.normal(size=N)
        assert profile.dual(nu, y) <= profile.value(g, y) + nu @ g + 1e-12
    assert profile.dual_bound(nu, y, profile.drift(nu, y)) <= profile.dual(nu, y)


@each_case
def test_the_best_scale_is_best(loss, decay):
    y, profile = target_of(loss), Profiled(loss, M, decay)
    nu = -0.4 * profile.gradient(FIT, y)
    best = profile.best_scale(nu, y, 2.0)
    top = profile.dual(best * nu, y)
    assert all(profile.dual(t * nu, y) <= top + 1e-9 for t in np.linspace(0.01, 2.0, 40))


def test_what_is_seen_is_orthogonal_to_the_free_features():
    profile = Profiled(Squared(), M)
    seen = profile.seen(rng.normal(size=(N, 3)))
    assert np.abs(M.T @ seen).max() < 1e-9
    assert Profiled(Squared(), M, 1.0).seen(M) is M


def exact_projection(M, nu, room):
    """nu - W M (M^T W M)^-1 M^T nu for M (n, 2), in fractions."""
    M, W = [[Fraction(a) for a in row] for row in M.tolist()], [Fraction(a) for a in room.tolist()]
    nu = [Fraction(a) for a in nu.tolist()]
    gram = [[sum(w * r[i] * r[j] for w, r in zip(W, M, strict=True)) for j in range(2)] for i in range(2)]
    pull = [sum(v * r[i] for v, r in zip(nu, M, strict=True)) for i in range(2)]
    det = gram[0][0] * gram[1][1] - gram[0][1] * gram[1][0]
    z = (
        (gram[1][1] * pull[0] - gram[0][1] * pull[1]) / det,
        (gram[0][0] * pull[1] - gram[1][0] * pull[0]) / det,
    )
    return [w * (r[0] * z[0] + r[1] * z[1]) for w, r in zip(W, M, strict=True)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1e-16, 1e-9, 1e-3]), st.sampled_from([1.0, 1e-7, 1e9]))
def test_the_drift_bounds_the_way_to_an_exact_point(seed, noise, ill):
    """Also where the columns of M are nearly dependent, or of other sizes."""
    draw = np.random.default_rng(seed)
    free = draw.normal(size=(N, 2))
    free[:, 1] = free[:, 0] + ill * free[:, 1] if ill < 1 else ill * free[:, 1]
    loss, y = (Squared(), NUMBERS) if seed % 2 else (Logistic(), LABELS)
    profile = Profiled(loss, free)
    nu = -profile.gradient(draw.normal(size=N), y)
    nu = nu * (1 + noise * draw.normal(size=N))
    room, off = profile.room(nu, y), profile.drift(nu, y)
    way = exact_projection(free, nu, room)
    assert all(abs(a) <= Fraction(b) for a, b in zip(way, off.tolist(), strict=True))
    # And it is no more than a few times too long.
    assert np.linalg.norm(off) <= 100 * float(np.linalg.norm([float(a) for a in way])) + 1e-20


def test_no_room_is_no_drift_and_no_certificate():
    """Where entries are at the ends of their domain, too few are left to move."""
    nu = np.where(np.arange(N) == 0, 0.5, 1.0) * LABELS
    assert np.isinf(Profiled(Logistic(), M).drift(nu, LABELS)).all()


def test_far_from_all_margins_the_weights_are_found():
    """Two rows of different classes 1e-5 apart, and the others a million margins away: weights of 1e7 fit them all."""
    x = np.array([[0.0, 0.0], [10.6, -4.2], [271.4, 158.2], [-1.03, -2.24], [-1.25e-5, 8.6e-6]])
    y = np.array([1.0, -1.0, -1.0, -1.0, -1.0])
    f = np.array([0.0, -1685997.1894, -22847550.9869, -39285.7817, 0.0])
    profile = Profiled(SquaredHinge(), np.column_stack([np.ones(5), x]))
    assert profile.value(f, y) <= 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_nearly_absolute_errors_settle(seed):
    """Where all rows but a few are clipped one step leads back to where the last came from, unless it is remembered."""
    rng = np.random.default_rng(seed)
    M, f, y = rng.standard_normal((12, 3)), rng.standard_normal(12), rng.standard_normal(12)
    loss = Huber(1e-6)
    profile = Profiled(loss, M)
    slope = M.T @ profile.gradient(f, y)
    assert np.abs(slope).max() <= 1e-9 * np.abs(M).sum() * 1e-6
