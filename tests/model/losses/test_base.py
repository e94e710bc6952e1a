"""What every loss promises: slopes, curvature, weak duality, and bounds that include rounding, in exact arithmetic."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses import LOSSES, get_loss
from exact_objectives import exact_row

N = 4
FITS = arrays(float, N, elements=st.floats(-6, 6, allow_subnormal=False))
LABELS = arrays(float, N, elements=st.sampled_from([-1.0, 1.0]))
WEIGHTS = [0.3, 2.0, 1.0, 7.0]
# The loss of several outputs a row is tried in test_multinomial.py.
PAID = {name: loss for name, loss in LOSSES.items() if not loss.constraint and loss.target != "classes"}
CASES = {**PAID, **{f"weighted {name}": loss.weighted(np.array(WEIGHTS)) for name, loss in PAID.items()}}
ALL = pytest.mark.parametrize("loss", CASES.values(), ids=CASES)


def slopes(function, f, step):
    """Central differences of a function of f, one coordinate at a time."""
    steps = step * np.eye(N)
    return np.array([(function(f + e) - function(f - e)) / (2 * step) for e in steps])


def bend(loss, f, y):
    """How far the fits are from where the slope has a kink."""
    if loss.name == "huber":
        return np.abs(np.abs(f - y) - loss.delta).min()
    return np.abs(f - y).min() if loss.name == "squared-hinge" else np.inf


@ALL
@given(f=FITS, y=LABELS)
def test_gradient_is_the_slope_of_the_value(loss, f, y):
    assume(bend(loss, f, y) > 1e-4)
    np.testing.assert_allclose(loss.gradient(f, y), slopes(lambda g: loss.value(g, y), f, 1e-5), atol=1e-7)


@ALL
@given(f=FITS, y=LABELS)
def test_hessian_is_the_slope_of_the_gradient(loss, f, y):
    assume(bend(loss, f, y) > 1e-4)
    jacobian = slopes(lambda g: loss.gradient(g, y), f, 1e-5)
    W = loss.hessian(f, y)
    np.testing.assert_allclose(jacobian, W.root(W.root(np.eye(N))), atol=1e-7)
    if loss.strictly_convex:
        np.testing.assert_allclose(W.root(W.unroot(f)), f, rtol=1e-12)


@ALL
@given(f=FITS, y=LABELS)
def test_dual_is_the_least_of_loss_plus_linear(loss, f, y):
    """D(nu) = min_f L(f) + nu.f, one coordinate at a time."""
    nu = -loss.gradient(f, y)
    pieces = []
    for i in range(N):
        one = loss.take(np.array([i]))
        low = minimize_scalar(
            lambda g, one=one, i=i: one.value(np.array([g]), y[i : i + 1]) + nu[i] * g,
            bounds=(-30, 30),
            method="bounded",
        )
        pieces.append(low.fun)
    np.testing.assert_allclose(loss.dual(nu, y), sum(pieces), atol=1e-6)


@ALL
@given(f=FITS, g=FITS, y=LABELS)
def test_weak_duality(loss, f, g, y):
    nu = -loss.gradient(g, y)
    assert loss.dual(nu, y) <= loss.value(f, y) + nu @ f + 1e-9
    assert abs(loss.dual(nu, y) - (loss.value(g, y) + nu @ g)) <= 1e-9


@ALL
@given(f=FITS, y=LABELS, largest=st.floats(0.01, 5))
def test_best_scale_is_the_best(loss, f, y, largest):
    nu = -loss.gradient(f, y)
    t = loss.best_scale(nu, y, largest)
    assert 0 <= t <= largest
    trials = np.linspace(0, largest, 101)
    assert loss.dual(t * nu, y) >= max(loss.dual(s * nu, y) for s in trials) - 1e-9


@ALL
@pytest.mark.parametrize("largest", [0.7, 1e300])
def test_best_scale_is_found_without_a_limit_that_matters(loss, largest):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = targets(loss, rng)
        nu = 0.2 * rng.random(N) * y
        best = loss.dual(loss.best_scale(nu, y, largest) * nu, y)
        assert best >= max(loss.dual(t * nu, y) for t in np.linspace(0, min(largest, 50.0), 400)) - 1e-12


@ALL
def test_the_value_of_one_row_includes_its_rounding(loss):
    """Where one number is squared, its two roundings are all there is, and nothing else hides them."""
    one, used = loss.take(np.array([1])), 0.0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = targets(loss, rng)[:1]
        fit = TwoFloat(rng.standard_normal(1), np.zeros(1))
        fit = TwoFloat(fit.hi, 2.0**-54 * fit.hi * rng.uniform(-1, 1, 1))
        value, error = one.value_bounds(fit, np.zeros(1), y)
        exact = row_value(one, Fraction(fit.hi[0]) + Fraction(fit.lo[0]), Fraction(y[0]))
        off = abs(exact - Fraction(value))
        assert off <= Fraction(error)
        used = max(used, float(off) / (value or 1.0))
    assert used > 1e-16


def row_value(one, f, t):
    """The loss of one row at a fraction, to 60 digits."""
    return Fraction(1 if one.weights is None else one.weights[0]) * exact_row(one, f, t)


def exact_slope(loss, f, t):
    """Its derivative."""
    if loss.name == "squared":
        return f - t
    if loss.name == "huber":
        return max(min(f - t, Fraction(loss.delta)), -Fraction(loss.delta))
    if loss.name == "squared-hinge":
        return -t * max(1 - t * f, Fraction(0))
    with localcontext(prec=60):
        margin = Decimal((f * t).numerator) / (f * t).denominator
        return -t * Fraction(1 / (1 + margin.exp()))


def exact_row_dual(loss, v, t):
    """The dual objective of one row of weight 1 at a fraction of its domain, to 60 digits."""
    if loss.name != "logistic":
        assert abs(v) <= Fraction(getattr(loss, "delta", np.finfo(float).max))
        assert loss.target == "numbers" or v * t >= 0
        return v * t - v * v / 2
    total = Fraction(0)
    with localcontext(prec=60):
        for part in (v * t, 1 - v * t):
            share = Decimal(part.numerator) / part.denominator
            total -= Fraction(share * share.ln()) if part else 0
    return total


@ALL
def test_best_scale_of_zero(loss):
    y = np.ones(N)
    t = loss.best_scale(np.zeros(N), y, 1.0)
    assert loss.dual(t * np.zeros(N), y) == 0


def test_unknown_loss():
    with pytest.raises(
        InputError,
        match="unknown loss 'hinge'; known losses: huber, interpolation, logistic, multinomial, squared, squared-hinge",
    ):
        get_loss("hinge")


def fractions(*vectors):
    return [[Fraction(v) for v in vector] for vector in vectors]


def weights_of(loss):
    return WEIGHTS if loss.weights is not None else [1.0] * N


def exact_dual(loss, nu, y):
    """D(nu) to 60 digits, of Fractions."""
    rows = zip(*fractions(nu, y, weights_of(loss)), strict=True)
    return sum(w * exact_row_dual(loss, v / w, t) for v, t, w in rows)


def exact_value(loss, f, y):
    """L(f, y) of Fractions, to 60 digits."""
    return sum(w * exact_row(loss, g, t) for g, t, w in zip(f, *fractions(y, weights_of(loss)), strict=True))


def exact_gradient(loss, f, y):
    """The gradient of L at Fractions, to 60 digits."""
    return [w * exact_slope(loss, g, t) for g, t, w in zip(f, *fractions(y, weights_of(loss)), strict=True)]


def targets(loss, rng):
    return rng.choice([-1.0, 1.0], size=N) if loss.target == "two classes" else rng.standard_normal(N)


def at_the_edge(loss, y, edge, rng):
    """Dual variables that are a share `edge` off the edge of the domain, at most."""
    inside, w = 1 - edge * rng.random(N), np.array(weights_of(loss))
    if loss.name == "huber":
        inside = inside * loss.delta * rng.choice([-1.0, 1.0], N)
    if loss.name == "squared-hinge":
        inside = y * (1 - inside)
    return loss.nearest_dual((y if loss.name == "logistic" else 1.0) * inside * w, y)


@ALL
@given(seed=st.integers(0, 10**6), edge=st.sampled_from([0.0, 1e-16, 1e-8, 1.0]))
def test_the_dual_bound_is_below_the_exact_value(loss, seed, edge):
    """Rounding included: of the terms and of their sum, also near the edge of the domain."""
    rng = np.random.default_rng(seed)
    y = targets(loss, rng)
    nu = rng.standard_normal(N) if loss.name == "squared" else at_the_edge(loss, y, edge, rng)
    bound, exact = loss.dual_bound(nu, y), exact_dual(loss, nu, y)
    assert Fraction(bound) <= exact
    assert bound >= float(exact) - 1e-12 * (1 + abs(float(exact)))


@ALL
@given(
    seed=st.integers(0, 10**6),
    off=st.sampled_from([0.0, 1e-16, 1e-9, 0.1, 3.0]),
    size=st.sampled_from([1e-3, 1, 30]),
    rest=st.sampled_from([2.0**-54, 1e-6, 0.1]),
)
def test_the_value_bounds_hold(seed, off, size, rest, loss):
    """For every fit within reach, the ends among them, also where much of the fit is in its second part."""
    rng = np.random.default_rng(seed)
    y, fit = targets(loss, rng), TwoFloat(size * rng.standard_normal(N), np.zeros(N))
    fit = TwoFloat(fit.hi, rest * fit.hi * rng.uniform(-1, 1, N))
    reach = off * rng.random(N)
    value, error = loss.value_bounds(fit, reach, y)
    for share in (np.zeros(N), np.ones(N), -np.ones(N), rng.choice([-1.0, 1.0], N), rng.uniform(-1, 1, N)):
        near = [a + b + c * d for a, b, c, d in zip(*fractions(fit.hi, fit.lo, share, reach), strict=True)]
        assert abs(exact_value(loss, near, y) - Fraction(value)) <= Fraction(error)
    if off <= 1e-9 and rest < 1e-9:
        assert error <= 1e-13 * value + 30 * off * max(size, 1)


@ALL
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1e-3, 1, 30]))
def test_the_fine_gradient_is_within_its_error(loss, seed, size):
    rng = np.random.default_rng(seed)
    y, hi = targets(loss, rng), size * rng.standard_normal(N)
    fit = TwoFloat(hi, 2.0**-54 * hi * rng.uniform(-1, 1, N))
    found, error = loss.fine_gradient(fit, y)
    exact = exact_gradient(loss, [a + b for a, b in zip(*fractions(fit.hi, fit.lo), strict=True)], y)
    off = [a + b - c for a, b, c in zip(*fractions(found.hi, found.lo), exact, strict=True)]
    assert sum(v * v for v in off) <= Fraction(error) ** 2
    assert error <= 1e-16 * max(size, 1) * 60


@ALL
@given(f=FITS, y=LABELS)
def test_what_a_loss_declares(loss, f, y):
    nu = -loss.gradient(f, y)
    np.testing.assert_allclose(loss.fit_of(nu, y, f), f, rtol=1e-9, atol=1e-11)
    assert loss.least(y) <= loss.value(f, y)
    assert loss.least(y) == pytest.approx(loss.dual(np.zeros(N), y), abs=1e-15)
    assert get_loss(loss.text).key == (loss.key if loss.weights is None else loss.key[:-1])
    assert loss.key[0] == loss.name
    if loss.quadratic:
        assert loss.value(3 * f, 3 * y) == pytest.approx(9 * loss.value(f, y), rel=1e-12, abs=1e-300)
