"""The bound of any size against dense directions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.spectral import spectral_bound
from exact_values import CASES, attained, dense, exact_hinges, greatest_value, random_hinges


def bound(X, nu):
    hinges = Hinges.of(X)
    return spectral_bound(hinges.rows, *hinges.reduce(nu)) + hinges.slack(nu)


@pytest.mark.parametrize("name", CASES)
def test_bounds_all_directions(name):
    rng = np.random.default_rng(0)
    X = CASES[name](rng)
    nu = rng.standard_normal(len(X))
    assert greatest_value(X, nu) <= bound(X, nu) <= np.abs(nu) @ np.linalg.norm(X, axis=1) * 1.01


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 6))
def test_any_data(seed, n, d):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    assert dense(X, nu, 2_000) <= bound(X, nu)


def test_is_worth_having_where_nothing_else_is():
    """Far below the sum of all lengths in fifty dimensions."""
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((400, 50)), rng.standard_normal(400)
    assert bound(X, nu) < 0.3 * np.abs(nu) @ np.linalg.norm(X, axis=1)


@pytest.mark.parametrize("r", [1, 2, 3, 5])
def test_bounds_what_is_attained(r):
    """The reduced form as it is, of both signs, and not much more than that."""
    ratios = []
    for seed in range(25):
        hinges = random_hinges(seed, N=4 * r, r=r)
        bound = spectral_bound(*hinges)
        square = attained(*hinges, tries=20)
        assert Fraction(bound) ** 2 >= square
        ratios.append(bound / float(square) ** 0.5)
    assert np.median(ratios) < 1.35


def test_the_bound_without_any_parabola_includes_its_rounding():
    """One hyperplane and a linear part along its normal: the sum of both is attained there, and no more."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        z, kappa, length = np.array([[1.0, 0.0]]), rng.random(1), rng.random()
        linear = length * z[0]
        bound = spectral_bound(z, kappa, linear)
        attained_there = exact_hinges(z, kappa, linear, z[0])
        assert attained_there <= Fraction(bound)
        assert bound <= float(attained_there) * (1 + 1e-14)


def test_concave_hyperplanes_lower_the_bound_and_no_further_than_is_true():
    """F(u) = (u_1)_+ + (u_2)_+ - c |w.u| with w between the two: at the maximum u = w it loses all of c."""
    w = np.array([1.0, 1.0]) / 2**0.5
    for c in (0.05, 0.2):
        rows = np.vstack([np.eye(2), w])
        # c |w.u| = 2 c (w.u)_+ - c w.u
        bound = spectral_bound(rows, np.array([1.0, 1.0, -2 * c]), c * w)
        true = attained(rows, np.array([1.0, 1.0, -2 * c]), c * w)
        assert float(true) ** 0.5 <= bound < 2**0.5 - 0.5 * c


def test_the_first_round_alone_is_a_bound():
    """Whoever is in a hurry gets a true bound too, and rounds that follow only lower it."""
    for seed in range(10):
        hinges = random_hinges(seed, N=12, r=3)
        hurried, patient = spectral_bound(*hinges, lambda: True), spectral_bound(*hinges, lambda: False)
        assert float(attained(*hinges)) ** 0.5 <= patient <= hurried
