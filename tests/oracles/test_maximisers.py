"""How long a maximiser is, in exact arithmetic, and the list of those found."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.oracles import maximisers
from dualscape.running.compiled import kernel
from dualscape.tolerances import EPS
from exact_values import exactly, random_hinges


@kernel(cache=False)
def rounded(u, lam, m, N, size):
    return maximisers.rounded(u, lam, m, N, size)


@kernel(cache=False)
def resummed(rows, kappa, linear, bits, u, active, lam, m, size):
    return maximisers.resummed(rows, kappa, linear, bits, u, active, lam, m, size)


@kernel(cache=False)
def record_all(found, state, units, norms, signs):
    for j in range(len(units)):
        maximisers.record_unit(found, state, units[j], norms[j], signs[j])


def exact_square(rows, kappa, linear, bits, active, lam):
    """|linear + sum of kappa z over the set bits + sum of lam sigma z over the active|^2 as a fraction."""
    weights = [k if bit else Fraction(0) for k, bit in zip(exactly(kappa), bits, strict=True)]
    for at, mass in zip(active, exactly(lam), strict=True):
        weights[at] += mass if bits[at] else -mass
    total = exactly(linear)
    for weight, row in zip(weights, rows, strict=True):
        total = [a + weight * b for a, b in zip(total, exactly(row), strict=True)]
    return sum(a * a for a in total)


def in_a_row(rows, kappa, linear, bits, active, lam):
    """The same sum in double precision, one term after another."""
    u = linear.copy()
    for k in np.flatnonzero(bits):
        u += kappa[k] * rows[k]
    for at, mass in zip(active, lam, strict=True):
        u += (mass if bits[at] else -mass) * rows[at]
    return u


def encloses(norm, rounding, square):
    low, high = (max(Fraction(norm) + sign * Fraction(rounding), Fraction(0)) for sign in (-1, 1))
    return low * low <= square <= high * high


@pytest.mark.parametrize(("N", "r"), [(3, 1), (8, 3), (60, 5)])
def test_a_maximiser_is_as_long_as_is_said(N, r):
    needed = np.zeros(2)
    for seed in range(20):
        rows, kappa, linear = random_hinges(seed, N, r)
        rng = np.random.default_rng(seed)
        bits, m = rng.random(N) < 0.5, min(r, 2)
        active, lam = rng.permutation(N)[:m], rng.random(m)
        size = float(np.abs(kappa).sum() + np.abs(linear).sum())
        square = exact_square(rows, kappa, linear, bits, active, lam)
        u = in_a_row(rows, kappa, linear, bits, active, lam)
        plain = rounded(u, lam, m, N, size)
        again = resummed(rows, kappa, linear, bits, u, active, lam, m, size)
        for at, (norm, rounding) in enumerate((plain, again)):
            assert encloses(norm, rounding, square)
            needed[at] += not encloses(norm, 0.0, square)
        assert again[1] < plain[1]
        np.testing.assert_allclose(u, in_a_row(rows, kappa, linear, bits, active, lam), atol=1e-13)
    assert (needed > 0).all()


def test_a_long_sum_may_lose_a_little_every_time_and_compensated_nothing():
    """One, and a thousand terms that are less than half its last bit."""
    N = 1000
    rows, kappa, linear = np.ones((N, 1)), np.full(N, 0.49 * EPS), np.ones(1)
    bits, none, lam = np.ones(N, dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0)
    square = exact_square(rows, kappa, linear, bits, none, lam)
    u = in_a_row(rows, kappa, linear, bits, none, lam)
    assert u[0] == 1.0
    size = 1.0 + 500 * EPS
    norm, rounding = rounded(u, lam, 0, N, size)
    assert encloses(norm, rounding, square)
    assert not encloses(norm, 200 * EPS, square)
    norm, rounding = resummed(rows, kappa, linear, bits, u, none, lam, 0, size)
    assert encloses(norm, rounding, square)
    assert rounding <= 20 * EPS


def recorded(units, norms, signs, room=5):
    units, found, state = np.array(units, dtype=float), np.zeros((room, len(units[0]) + 1)), np.zeros(5)
    record_all(found, state, units, np.array(norms, dtype=float), np.array(signs, dtype=float))
    return found, int(state[1])


def test_units_are_listed_once_of_length_one():
    found, count = recorded([[3.0, 4.0], [0.6, 0.8], [0.0, 2.0], [6.0, 8.0]], [5.0, 1.0, 2.0, 10.0], [1, 1, 1, -1])
    assert count == 3
    np.testing.assert_allclose(found[:3], [[0.6, 0.8, 1], [0.0, 1.0, 1], [0.6, 0.8, -1]])
    assert not found[3:].any()


@pytest.mark.parametrize(("share", "count"), [(0.9, 1), (1.1, 2)])
def test_units_are_the_same_whose_coordinates_are(share, count):
    other = [1.0, share * maximisers.APART]
    assert recorded([[1.0, 0.0], other], [1.0, 1.0], [1, 1])[1] == count


def test_what_there_is_no_room_for_is_counted():
    """Then the caller makes more room and looks once more."""
    found, count = recorded(np.eye(3), np.ones(3), np.ones(3), room=2)
    assert count == 3
    np.testing.assert_array_equal(found[:, :3], np.eye(3)[:2])
