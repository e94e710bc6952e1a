"""What rows can be worth in a score, against exact fractions and dense directions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.oracles.ranked import scores
from dualscape.oracles.reach import Reach
from dualscape.tolerances import EPS
from dualscape.units import Units
from exact_values import by_hand, dense, exactly


@given(seed=st.integers(0, 10**6), n=st.integers(1, 12), d=st.integers(1, 3))
def test_the_trivial_bound_bounds(seed, n, d):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal(n)
    bound = Reach.of(X).bound(nu)
    assert by_hand(X, nu) <= bound <= by_hand(X, nu) * (1 + 1e-14 * (n + d + 8))
    assert dense(X, nu, 1_000) <= bound


@pytest.mark.parametrize("n", [2, 7, 60])
def test_bounds_of_rows_along_one_line_include_the_rounding_of_their_sum(n):
    """There the bound is attained: the exact sum of nu_i x_i over rows of one sign is no greater."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X, nu = np.zeros((n, 2)), rng.standard_normal(n)
        X[:, 0] = rng.random(n)
        products = [a * b for a, b in zip(exactly(nu), exactly(X[:, 0]), strict=True)]
        exact = max(sum(p for p in products if p > 0), -sum(p for p in products if p < 0))
        found = Reach.of(X).bound(nu)
        assert exact <= Fraction(found)
        assert found <= float(exact) * (1 + 1e-15 * (n + 20))


def test_a_score_is_off_by_no_more_than_its_rounding():
    """For units of length one up to rounding: scores in doubles and in fractions, over sizes of data and of nu."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, d, size = int(rng.integers(1, 20)), int(rng.integers(1, 5)), 10.0 ** rng.integers(-30, 30)
        X, nu = rng.standard_normal((n, d)), size * rng.standard_normal(n)
        u = rng.standard_normal(d)
        u /= np.linalg.norm(u)
        (found,) = scores(X, nu, Units.signed(u[None], np.ones(1)))
        heights = [sum(a * b for a, b in zip(exactly(x), exactly(u), strict=True)) for x in X]
        exact = sum(v * max(h, Fraction(0)) for v, h in zip(exactly(nu), heights, strict=True))
        off = abs(Fraction(float(found)) - exact)
        reach = Reach.of(X)
        assert off <= Fraction(reach.rounding(nu))
        assert reach.rounding(nu) <= 1e-14 * reach.change(nu)
        # As many roundings as there are terms, each of up to an eps, can all go one way.
        assert reach.rounding(nu) >= (n + d) * EPS * float(np.abs(nu) @ np.linalg.norm(X, axis=1))


def test_no_score_moves_further_than_the_change_of_nu():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, nu, move = rng.standard_normal((8, 3)), rng.standard_normal(8), rng.standard_normal(8)
        units = Units.signed(rng.standard_normal((200, 3)), np.ones(200)).normalised()
        moved = np.abs(scores(X, nu + move, units) - scores(X, nu, units)).max()
        assert moved <= Reach.of(X).change(move)
    # One row, looked at along itself, moves by as much.
    assert Reach.of(np.array([[3.0, 4.0]])).change(np.array([-2.0])) == 10.0


@pytest.mark.parametrize("slope", [0.4, -0.4, -1.0])
@given(seed=st.integers(0, 10**6))
def test_the_trivial_bound_counts_what_lies_below_zero(slope, seed):
    """Two opposite rows, where it is attained: at u = 1 the column is (1, -slope)."""
    rng = np.random.default_rng(seed)
    nu = rng.standard_normal(2)
    exact = max(abs(nu @ [1.0, -slope]), abs(nu @ [-slope, 1.0]))
    found = Reach.of(np.array([[1.0], [-1.0]]), slope).bound(nu)
    assert exact <= found
    assert slope < 0 or nu[0] * nu[1] > 0 or found <= exact * (1 + 1e-14)
