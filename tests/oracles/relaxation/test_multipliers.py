"""What multipliers prove, against what units attain, in fractions; any multipliers at all must do."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.oracles.relaxation.multipliers import best_shift, clipped, proven
from dualscape.oracles.relaxation.products import Lift, Products
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting
from exact_values import attained, random_hinges


def random_products(rng, N, r, size):
    pp, mm, pm = size * rng.standard_normal((3, N, N))
    np.fill_diagonal(pm, -1.0 - 3 * rng.random(N))
    p_u, m_u = size * rng.standard_normal((2, N, r))
    p, m = size * rng.standard_normal((2, N))
    return Products.zero(N, r, np.float64)._replace(p=p, m=m, pp=pp, mm=mm, pm=pm, p_u=p_u, m_u=m_u)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 4), st.sampled_from([0.0, 1e-3, 0.1, 1.0]))
def test_any_multipliers_give_a_true_bound(seed, N, r, size):
    rows, kappa, linear = random_hinges(seed, N, r)
    G = random_products(np.random.default_rng(seed), N, r, size)
    for sign in (1.0, -1.0):
        bound = proven(rows, sign * kappa, sign * linear, G).bound
        rng = np.random.default_rng(seed)
        for u in rng.standard_normal((50, r)):
            u /= np.linalg.norm(u)
            assert sign * (linear @ u + kappa @ np.maximum(rows @ u, 0)) <= bound * (1 + 1e-12)


def solved(rows, kappa, linear, steps):
    splitting = Splitting.of_form(Lift.of(rows, SINGLE), kappa, linear)
    for _ in range(steps):
        splitting.step()
    return splitting.multipliers


def test_bounds_what_is_attained_in_fractions_and_touches_it():
    """Some are within a millionth, so that a bound which is too low by as little is found out."""
    nearest = np.inf
    for seed in range(8):
        rows, kappa, linear = random_hinges(seed, N=3, r=2)
        square = attained(rows, kappa, linear, tries=20)
        size = float(square) ** 0.5
        bounds = []
        for sign in (1.0, -1.0):
            G = solved(rows, sign * kappa / size, sign * linear / size, 500).times(size)
            bounds.append(proven(rows, sign * kappa, sign * linear, G, 1e-4).bound)
        bound = Fraction(max(bounds)) ** 2
        assert bound >= square
        nearest = min(nearest, float(bound / square) ** 0.5 - 1)
    assert nearest < 1e-6


def test_one_hyperplane_to_the_last_digits():
    """(z.u)_+ has the maximum 1: with d (p m) = 0 the best bound is 1, which rounding must not go below."""
    for seed in range(30):
        z = np.random.default_rng(seed).standard_normal((1, 4))
        z /= np.linalg.norm(z)
        for d in (0.3, 1.0, 3.0):
            G = Products.zero(1, 4, np.float64)._replace(pm=np.array([[-d]]))
            bound = proven(z, np.ones(1), np.zeros(4), G).bound
            length = sum(Fraction(a) ** 2 for a in z[0].tolist())
            assert Fraction(bound) ** 2 >= length


def test_signs_are_seen_to_and_products_are_symmetric():
    rng = np.random.default_rng(0)
    G = random_products(rng, 5, 3, 1.0)
    found = clipped(G)
    assert min(float(part.min()) for part in found[1:5]) >= 0
    np.testing.assert_array_equal(found.pp, found.pp.T)
    np.testing.assert_array_equal(np.diagonal(found.pm), np.diagonal(G.pm))
    assert (found.pm - np.diag(np.diagonal(found.pm))).min() >= 0


def test_single_precision_that_is_not_symmetric_proves_nothing_wrong():
    """Products that differ from their transposes by rounding once made a bound that was too low by as much."""
    rng = np.random.default_rng(2)
    for seed in range(20):
        rows, kappa, linear = random_hinges(seed, N=4, r=2)
        G = random_products(rng, 4, 2, 0.5)
        skew = np.triu(rng.random((4, 4)), 1)
        G = G._replace(pp=np.abs(G.pp) + 5 * skew, mm=np.abs(G.mm) + 5 * skew.T)
        for sign in (1.0, -1.0):
            bound = proven(rows, sign * kappa, sign * linear, G).bound
            turns = np.linspace(0, 2 * np.pi, 2000)
            u = np.column_stack([np.cos(turns), np.sin(turns)])
            assert (sign * (u @ linear + np.maximum(u @ rows.T, 0) @ kappa)).max() <= bound


def test_what_is_not_finite_proves_nothing():
    G = Products.zero(2, 2, np.float64)._replace(p=np.array([np.nan, 0.0]))
    assert proven(np.eye(2), np.ones(2), np.zeros(2), G).bound == np.inf


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 4), st.sampled_from([0.0, 1e-3, 0.1, 1.0]))
def test_with_sides_it_holds_where_they_are(seed, N, r, size):
    """The sides are those of some unit at least, so that there is something to bound."""
    rows, kappa, linear = random_hinges(seed, N, r)
    rng = np.random.default_rng(seed)
    G = random_products(rng, N, r, size)
    for sign in (1.0, -1.0):
        u = rng.standard_normal(r)
        u /= np.linalg.norm(u)
        sides = np.sign(rows @ u) * rng.integers(0, 2, N)
        bound = proven(rows, sign * kappa, sign * linear, G, 1e-3, sides).bound
        others = np.vstack([u, rng.standard_normal((200, r))])
        others = others[(sides * (others @ rows.T) >= 0).all(axis=1)]
        values = sign * (others @ linear + np.maximum(others @ rows.T, 0) @ kappa)
        assert (values <= bound * np.linalg.norm(others, axis=1) * (1 + 1e-12)).all()


def test_all_sides_chosen_leave_what_is_linear():
    """(u_1)_+ - (u_2)_+ where both are positive: sqrt 2 at most as a linear function, 1 in the cone."""
    rows, kappa, zero = np.eye(2), np.array([1.0, -1.0]), np.zeros(2)
    G = Products.zero(2, 2, np.float64)
    assert 2**0.5 <= proven(rows, kappa, zero, G, 1e-3, np.ones(2)).bound < 1.42
    # u_2 >= 0 as well takes off its part.
    G = G._replace(p=np.array([0.0, 0.5]))
    assert 1 <= proven(rows, kappa, zero, G, 1e-3, np.ones(2)).bound < 1.01


class Valley(NamedTuple):
    bound: float
    shift: float


@pytest.mark.parametrize("first", [1e-9, 0.2, 1.0, 3.0, 20.0])
def test_the_best_shift_is_found_from_either_side(first):
    """Where the least is at 1 and nothing holds below 0.7; as often as is needed at most, and again from there."""
    asked = []

    def shifted(shift):
        asked.append(shift)
        return Valley(abs(np.log(shift)) if shift > 0.7 else np.inf, shift)

    found = best_shift(shifted, first, 1e-12, 100.0)
    assert found.bound == min(abs(np.log(shift)) for shift in asked if shift > 0.7)
    assert found.shift < 2.0
    asked.clear()
    assert best_shift(shifted, found.shift, 1e-12, 100.0) == found
    assert len(asked) <= 4


def test_no_shift_that_is_enough_is_said_to_be_none():
    found = best_shift(lambda shift: Valley(np.inf, shift), 1e-3, 1e-9, 8.0)
    assert found.bound == np.inf
    assert found.shift < 20.0
