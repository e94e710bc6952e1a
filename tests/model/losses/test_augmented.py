"""The augmented Lagrangian: slopes, its dual, and bounds in exact arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses import Augmented

SEEDS = st.integers(0, 10**6)
STEPS = st.sampled_from([2.0**-36, 2.0**-3, 1.0, 5.0])


def made(seed, step):
    rng = np.random.default_rng(seed)
    return Augmented(rng.standard_normal(4), step), rng.standard_normal(4), rng.standard_normal(4), rng


def fractions(values):
    return [Fraction(value) for value in values.tolist()]


@given(seed=SEEDS, step=st.sampled_from([0.125, 1.0, 5.0]))
def test_slopes(seed, step):
    loss, y, f, _ = made(seed, step)
    ends = 1e-5 * np.eye(4)
    slopes = np.array([(loss.value(f + e, y) - loss.value(f - e, y)) / 2e-5 for e in ends])
    np.testing.assert_allclose(loss.gradient(f, y), slopes, atol=1e-8)
    W = loss.hessian(f, y)
    curves = np.array([(loss.gradient(f + e, y) - loss.gradient(f - e, y)) / 2e-5 for e in ends])
    np.testing.assert_allclose(W.root(W.root(np.eye(4))), curves, atol=1e-8)


@given(seed=SEEDS, step=STEPS)
def test_the_dual_is_attained_at_the_fit_of_nu(seed, step):
    loss, y, _, rng = made(seed, step)
    nu = rng.standard_normal(4)
    f = loss.fit_of(nu, y, y)
    np.testing.assert_allclose(-loss.gradient(f, y), nu, atol=1e-15 / step + 1e-12)
    least = loss.dual(nu, y)
    assert abs(loss.value(f, y) + nu @ f - least) <= 1e-12 + 1e-15 / step
    for other in f + step * rng.standard_normal((20, 4)):
        assert loss.value(other, y) + nu @ other >= least - 1e-12 - 1e-15 / step
    assert abs(loss.least(y) - loss.dual(np.zeros(4), y)) <= 1e-14
    best = loss.dual(loss.best_scale(nu, y, 3.0) * nu, y)
    assert best >= max(loss.dual(t * nu, y) for t in np.linspace(0, 3, 100)) - 1e-12


def test_at_its_own_multiplier_the_fit_is_the_target():
    loss, y, _, _ = made(0, 0.5)
    assert loss.fit_of(loss.nu, y, y).tolist() == y.tolist()
    assert loss.value(y, y) == 0.0
    part = loss.take(np.array([1, 3]))
    assert part.fit_of(loss.nu[[1, 3]], y[[1, 3]], y).tolist() == y[[1, 3]].tolist()


@given(seed=SEEDS, step=STEPS, off=st.sampled_from([0.0, 1e-16, 1e-6]))
def test_bounds_hold(seed, step, off):
    loss, y, f, rng = made(seed, step)
    fit, reach = TwoFloat(f, 2.0**-54 * f * rng.uniform(-1, 1, 4)), off * rng.random(4)
    s, nu, target = Fraction(step), fractions(loss.nu), fractions(y)
    value, error = loss.value_bounds(fit, reach, y)
    at = [a + b for a, b in zip(fractions(fit.hi), fractions(fit.lo), strict=True)]
    for sign in (np.zeros(4), np.ones(4), -np.ones(4), rng.choice([-1.0, 1.0], 4)):
        r = [a + b - t for a, b, t in zip(at, fractions(sign * reach), target, strict=True)]
        exact = sum(v * v / (2 * s) - m * v for v, m in zip(r, nu, strict=True))
        assert abs(exact - Fraction(value)) <= Fraction(error)
    found, error = loss.fine_gradient(fit, y)
    given_as = [a + b for a, b in zip(fractions(found.hi), fractions(found.lo), strict=True)]
    off_by = [g - ((a - t) / s - m) for g, a, t, m in zip(given_as, at, target, nu, strict=True)]
    assert sum(v * v for v in off_by) <= Fraction(error) ** 2
