from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar

from dualscape.errors import InputError
from dualscape.losses import LOSSES, get_loss

N = 4
FITS = arrays(float, N, elements=st.floats(-6, 6, allow_subnormal=False))
LABELS = arrays(float, N, elements=st.sampled_from([-1.0, 1.0]))
ALL = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def slopes(function, f, step):
    """Central differences of a function of f, one coordinate at a time."""
    steps = step * np.eye(N)
    return np.array([(function(f + e) - function(f - e)) / (2 * step) for e in steps])


@ALL
@given(f=FITS, y=LABELS)
def test_gradient_is_the_slope_of_the_value(loss, f, y):
    np.testing.assert_allclose(loss.gradient(f, y), slopes(lambda g: loss.value(g, y), f, 1e-5), atol=1e-7)


@ALL
@given(f=FITS, y=LABELS)
def test_hessian_is_the_slope_of_the_gradient(loss, f, y):
    jacobian = slopes(lambda g: loss.gradient(g, y), f, 1e-5)
    W = loss.hessian(f, y)
    np.testing.assert_allclose(jacobian, [W.times(e) for e in np.eye(N)], atol=1e-7)
    np.testing.assert_allclose(jacobian, W.root(W.root(np.eye(N))), atol=1e-7)
    np.testing.assert_allclose(W.root(W.unroot(f)), f, rtol=1e-12)


@ALL
@given(f=FITS, y=LABELS)
def test_dual_is_the_least_of_loss_plus_linear(loss, f, y):
    """D(nu) = min_f L(f) + nu.f, one coordinate at a time."""
    nu = -loss.gradient(f, y)
    pieces = []
    for i in range(N):
        one = slice(i, i + 1)
        low = minimize_scalar(
            lambda g, one=one: loss.value(np.array([g]), y[one]) + nu[one][0] * g, bounds=(-30, 30), method="bounded"
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
    trials = np.linspace(0, largest, 401)
    assert loss.dual(t * nu, y) >= max(loss.dual(s * nu, y) for s in trials) - 1e-9


@ALL
def test_best_scale_of_zero(loss):
    y = np.ones(N)
    t = loss.best_scale(np.zeros(N), y, 1.0)
    assert loss.dual(t * np.zeros(N), y) == 0


def test_logistic_is_finite_far_out():
    loss, y = get_loss("logistic"), np.array([1.0, -1.0])
    for size in (1e2, 1e4, 1e300):
        wrong = np.array([-size, size])
        assert loss.value(wrong, y) == pytest.approx(2 * size)
        assert loss.value(-wrong, y) < 1e-40
        assert np.isfinite(loss.gradient(wrong, y)).all()
        assert np.isfinite(loss.dual(-loss.gradient(wrong, y), y))


def test_logistic_dual_outside_its_domain():
    loss, y = get_loss("logistic"), np.array([1.0, -1.0])
    assert loss.dual(np.array([1.5, 0.0]), y) == -np.inf
    assert loss.dual(np.array([0.5, 0.5]), y) == -np.inf


def test_squared_loss_by_hand():
    loss = get_loss("squared")
    assert loss.value(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == 2.5
    assert loss.dual(np.array([1.0, 2.0]), np.array([3.0, 1.0])) == 2.5
    assert loss.best_scale(np.array([2.0]), np.array([1.0]), 10.0) == 0.5


def test_unknown_loss():
    with pytest.raises(InputError, match="unknown loss 'hinge'; known losses: logistic, squared"):
        get_loss("hinge")


def test_logistic_refuses_other_labels():
    with pytest.raises(InputError) as caught:
        get_loss("logistic").check_target(np.array([1.0, 0.0]))
    assert str(caught.value) == (
        "target of the logistic loss must be +1 or -1, but row 1 has 0; "
        "recode the two classes as +1 and -1, or use loss='squared'"
    )


def exact_dual(loss, nu, y):
    """D(nu) to 60 digits, of Fractions."""
    nu, y = [Fraction(v) for v in nu.tolist()], [Fraction(v) for v in y.tolist()]
    if loss == "squared":
        return sum(v * t - v * v / 2 for v, t in zip(nu, y, strict=True))
    total = Fraction(0)
    with localcontext(prec=60):
        for p in (v * t for v, t in zip(nu, y, strict=True)):
            for part in (p, 1 - p):
                share = Decimal(part.numerator) / part.denominator
                total -= Fraction(share * share.ln()) if part else 0
    return total


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@given(seed=st.integers(0, 10**6))
def test_the_dual_bound_is_below_the_exact_value(loss, seed):
    """Rounding included: of the terms and of their sum."""
    rng = np.random.default_rng(seed)
    y = rng.choice([-1.0, 1.0], size=N) if loss == "logistic" else rng.standard_normal(N)
    nu = y * rng.random(N) if loss == "logistic" else rng.standard_normal(N)
    bound, exact = LOSSES[loss].dual_bound(nu, y), exact_dual(loss, nu, y)
    assert Fraction(bound) <= exact
    assert bound >= float(exact) - 1e-13 * (1 + abs(float(exact)))
