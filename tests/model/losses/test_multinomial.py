"""What the loss of K outputs a row promises, in exact arithmetic and by differences."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses import Logistic, Multinomial

N = 3
SEEDS = st.integers(0, 10**6)
CLASSES = st.sampled_from([2, 3, 5])


def drawn(seed, K, size=1.0, weighted=False):
    """(loss, fit, target, weight of each entry)."""
    rng = np.random.default_rng(seed)
    Y = np.eye(K)[rng.integers(0, K, N)]
    w = rng.choice([0.3, 1.0, 7.0], N) if weighted else np.ones(N)
    loss = (Multinomial().weighted(w) if weighted else Multinomial()).repeated(K)
    return loss, size * rng.standard_normal(N * K), Y.ravel(), np.repeat(w, K)


def shares(fit, K):
    """Probabilities of Fractions to 60 digits, row by row, and the logarithms of their denominators."""
    with localcontext(prec=60):
        rows = [[Decimal(v.numerator) / v.denominator for v in fit[i : i + K]] for i in range(0, len(fit), K)]
        sums = [sum((v.exp() for v in row), Decimal(0)) for row in rows]
        return [v.exp() / total for row, total in zip(rows, sums, strict=True) for v in row], [s.ln() for s in sums]


def exact_value(fit, y, w, K):
    logs = shares(fit, K)[1]
    own = [sum((f * Fraction(t) for f, t in zip(fit[i : i + K], y[i : i + K], strict=True)), Fraction(0))
           for i in range(0, len(fit), K)]  # fmt: skip
    return sum(Fraction(v) * (Fraction(a) - b) for v, a, b in zip(w[::K], logs, own, strict=True))


def exact_entropies(P, w):
    """sum of -w p log p of Fractions, to 60 digits."""
    with localcontext(prec=60):
        parts = [(Decimal(p.numerator) / p.denominator, v) for p, v in zip(P, w, strict=True) if p]
        return sum((Fraction(v) * Fraction(-p * p.ln()) for p, v in parts), Fraction(0))


@given(SEEDS, CLASSES, st.booleans())
def test_slopes_and_curvature(seed, K, weighted):
    loss, f, y, _ = drawn(seed, K, 2.0, weighted)
    steps = 1e-5 * np.eye(N * K)
    slopes = [(loss.value(f + e, y) - loss.value(f - e, y)) / 2e-5 for e in steps]
    np.testing.assert_allclose(loss.gradient(f, y), slopes, atol=1e-7)
    bends = np.array([(loss.gradient(f + e, y) - loss.gradient(f - e, y)) / 2e-5 for e in steps])
    even = np.kron(np.eye(N), np.full((K, K), 1 / K))  # equal outputs of a row, along which nothing moves
    W = loss.hessian(f, y)
    level = np.eye(N * K) - even
    root = W.root(np.eye(N * K))
    np.testing.assert_allclose(level @ (root @ root) @ level, bends, atol=1e-7)
    np.testing.assert_allclose(W.times(W.unroot(W.unroot(f))), f, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.linalg.eigvalsh(even @ root @ root @ even)[-N:] > 0, True)


@given(SEEDS, CLASSES, st.booleans())
def test_the_dual_variable_and_back(seed, K, weighted):
    loss, f, y, w = drawn(seed, K, 3.0, weighted)
    nu = -loss.gradient(f, y)
    np.testing.assert_allclose(nu.reshape(N, K).sum(axis=1), 0, atol=1e-15 * w.max())
    level = (f.reshape(N, K) - f.reshape(N, K).mean(axis=1, keepdims=True)).ravel()
    np.testing.assert_allclose(loss.fit_of(nu, y, f), level, rtol=1e-8, atol=1e-8)
    assert loss.dual(nu, y) == pytest.approx(loss.value(f, y) + nu @ f, abs=1e-11)
    np.testing.assert_allclose(loss.nearest_dual(nu, y), nu, atol=1e-14)
    assert loss.dual(np.zeros(N * K), y) == loss.least(y) == 0


@given(SEEDS, CLASSES)
def test_the_dual_is_the_least_of_loss_plus_linear(seed, K):
    loss, f, y, _ = drawn(seed, K)
    nu = -0.7 * loss.gradient(f, y)
    low = minimize(lambda g: loss.value(g, y) + nu @ g, f, jac=lambda g: loss.gradient(g, y) + nu, method="BFGS")
    assert loss.dual(nu, y) == pytest.approx(low.fun, abs=1e-7)


@given(SEEDS, CLASSES, st.booleans(), st.floats(0.01, 5))
def test_the_best_scale(seed, K, weighted, largest):
    loss, f, y, _ = drawn(seed, K, 2.0, weighted)
    nu = -loss.gradient(f, y)
    t = loss.best_scale(nu, y, largest)
    assert 0 <= t <= largest
    assert loss.dual(t * nu, y) >= max(loss.dual(s * nu, y) for s in np.linspace(0, largest, 101)) - 1e-9


@given(SEEDS, CLASSES, st.booleans(), st.sampled_from([1e-3, 1.0, 30.0]), st.sampled_from([0.0, 1e-16, 1e-9, 0.1, 3.0]),
       st.sampled_from([2.0**-54, 1e-6, 0.1]))  # fmt: skip
def test_the_value_bounds_hold(seed, K, weighted, size, off, rest):
    loss, hi, y, w = drawn(seed, K, size, weighted)
    rng = np.random.default_rng(seed + 1)
    fit, reach = TwoFloat(hi, rest * hi * rng.uniform(-1, 1, N * K)), off * rng.random(N * K)
    value, error = loss.value_bounds(fit, reach, y)
    ways = [np.zeros(N * K), 2 * y - 1, 1 - 2 * y, rng.uniform(-1, 1, N * K)]
    for way in ways:
        near = [Fraction(a) + Fraction(b) + Fraction(c) * Fraction(d)
                for a, b, c, d in zip(fit.hi, fit.lo, way, reach, strict=True)]  # fmt: skip
        assert abs(exact_value(near, y, w, K) - Fraction(value)) <= Fraction(error)
    if off <= 1e-9 and rest < 1e-9:
        assert error <= 1e-13 * value + 100 * off * max(size, 1) * w.max()


@given(SEEDS, CLASSES, st.booleans(), st.sampled_from([1e-3, 1.0, 30.0]))
def test_the_fine_gradient_is_within_its_error(seed, K, weighted, size):
    loss, hi, y, w = drawn(seed, K, size, weighted)
    fit = TwoFloat(hi, 2.0**-54 * hi * np.random.default_rng(seed).uniform(-1, 1, N * K))
    found, error = loss.fine_gradient(fit, y)
    P = shares([Fraction(a) + Fraction(b) for a, b in zip(fit.hi, fit.lo, strict=True)], K)[0]
    exact = [Fraction(v) * (Fraction(p) - Fraction(t)) for p, t, v in zip(P, y, w, strict=True)]
    off = [Fraction(a) + Fraction(b) - c for a, b, c in zip(found.hi, found.lo, exact, strict=True)]
    assert sum(v * v for v in off) <= Fraction(error) ** 2
    assert error <= 1e-15 * max(size, 1) * K * w.max() * 20


@given(SEEDS, CLASSES, st.booleans(), st.sampled_from([1.0, 10.0, 60.0]))
def test_the_dual_bound_is_below_an_exact_point_near(seed, K, weighted, size):
    """Rows of nu that do not sum to 0 are no point of the domain; P over its sum is one, within `drift`."""
    loss, f, y, w = drawn(seed, K, size, weighted)
    nu = -loss.gradient(f, y)
    nu = nu * np.random.default_rng(seed).choice([1.0, 1 - 2.0**-52], N * K)
    off = loss.drift(nu, y)
    P = [Fraction(t) - Fraction(v) / Fraction(a) for t, v, a in zip(y, nu, w, strict=True)]
    P = [max(p, Fraction(0)) for p in P]  # a division may have rounded a share below 0
    P = [p / sum(P[i - i % K : i - i % K + K]) for i, p in enumerate(P)]
    assert all(
        abs(Fraction(a) * (Fraction(t) - p) - Fraction(v)) <= Fraction(o)
        for a, t, p, v, o in zip(w, y, P, nu, off, strict=True)
    )
    bound, exact = loss.dual_bound(nu, y, off), exact_entropies(P, w)
    assert Fraction(bound) <= exact
    assert bound >= float(exact) - 1e-12 * w.max()


def test_what_is_no_dual_variable():
    loss, _, y, _ = drawn(0, 3)
    assert loss.dual(2 * y, y) == -np.inf
    assert loss.dual_bound(2 * y, y) == -np.inf
    assert np.isinf(loss.drift(2 * y, y)).all()
    assert loss.best_scale(-y, y, 1.0) == 0
    near = loss.nearest_dual(2 * y, y).reshape(N, 3)
    np.testing.assert_allclose(near.sum(axis=1), 0, atol=1e-15)
    assert np.isfinite(loss.dual(near.ravel(), y))


@given(SEEDS)
def test_two_classes_are_the_logistic_loss_of_the_difference(seed):
    loss, f, y, _ = drawn(seed, 2, 3.0)
    F, Y = f.reshape(N, 2), y.reshape(N, 2)
    assert loss.value(f, y) == pytest.approx(Logistic().value(F[:, 1] - F[:, 0], Y[:, 1] - Y[:, 0]), rel=1e-12)
    np.testing.assert_allclose(loss.probability(F)[:, 1], Logistic().probability(F[:, 1] - F[:, 0]), rtol=1e-12)


@pytest.mark.parametrize("row", [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [2.0, -1.0, 0.0]])
def test_a_table_that_is_no_choice_of_classes(row):
    with pytest.raises(InputError, match="one 1 a row and 0 elsewhere, but not in row 1"):
        Multinomial().repeated(3).check_target(np.array([0, 1, 0, *row], dtype=float))


@given(SEEDS, CLASSES, st.booleans(), st.sampled_from([1e-3, 1.0, 20.0]))
def test_an_exact_point_beside_free_features_is_as_near_as_is_said(seed, K, weighted, size):
    """Rows sum to 0, M^T nu = 0, probabilities: what is off is what a linear program in fractions need not move."""
    loss, _, y, w = drawn(seed, K, weighted=weighted)
    rng = np.random.default_rng(seed)
    fit = size * rng.standard_normal(N * K)
    M = np.kron(rng.standard_normal((N, 1)), np.vstack([np.eye(K - 1), -np.ones((1, K - 1))]))
    nu = loss.orthogonal_dual(-loss.gradient(fit, y), y, M)
    found, off = nu.reshape(N, K), loss.orthogonal_drift(nu, y, M)
    assert np.abs(found.sum(axis=1)).max() <= 4 * K * np.finfo(float).eps * np.abs(found).max()
    if not np.isfinite(off).all():
        return
    # So much are the columns of nu, and what rows sum to, off themselves: the bound cannot be below the least way.
    missed = np.abs(M.T @ nu).max()
    assert missed <= np.abs(M).T.max(axis=0) @ off + 1e-15 * np.abs(M).T.max(axis=0) @ np.abs(nu)
    shares = y - nu / w
    assert (shares + off / w >= 0).all()
    assert (off <= 1e-9 * w).all()


def test_far_from_orthogonal_the_drift_says_so():
    loss, fit, _, _ = drawn(1, 3, 0.1)
    y = np.eye(3).ravel()  # of each class one row, so that a constant fit is balanced
    nu = -loss.gradient(fit, y)
    M = np.kron(np.ones((N, 1)), np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
    off = loss.orthogonal_drift(nu, y, M)
    assert np.isinf(off).all() or off.max() > 1e-3
    near = loss.orthogonal_dual(nu, y, M)
    assert np.abs(M.T @ near).max() < 1e-12
    assert loss.orthogonal_drift(near, y, M).max() < 1e-12
    moved = near.copy()
    moved[y == 0] *= 1 - 1e-6
    assert loss.orthogonal_drift(moved, y, M).max() > 1e-8
