"""Leaps and hops against the exact list of all local maximisers, and against dense search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.cells import CellsOracle
from dualscape.oracles.local import climb_from, hop_from, scores


def problem(seed, n, d, lattice):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n, d)).astype(float) if lattice else rng.standard_normal((n, d))
    starts = rng.standard_normal((20, d))
    return X, rng.standard_normal(n), starts / np.linalg.norm(starts, axis=1)[:, None], np.resize([1.0, -1.0], 20)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 15), st.integers(1, 4), st.booleans())
def test_values_rise_and_end_on_local_maxima(seed, n, d, lattice):
    X, nu, starts, signs = problem(seed, n, d, lattice)
    hinges = Hinges.of(X)
    if hinges.count == 0:
        return
    plain = hop_from(hinges, nu, starts, signs)
    higher = hop_from(hinges, nu, starts, signs, hops=n)
    assert (scores(X, nu, plain, signs) >= scores(X, nu, starts, signs) - 1e-9).all()
    assert (scores(X, nu, higher, signs) >= scores(X, nu, plain, signs) - 1e-9).all()
    rng = np.random.default_rng(seed)
    for unit, sign in zip(higher, signs, strict=True):
        if unit.any():
            assert np.linalg.norm(unit) == pytest.approx(1.0)
            near = unit + 1e-4 * rng.standard_normal((500, d))
            near /= np.linalg.norm(near, axis=1)[:, None]
            top = scores(X, nu, unit[None], np.array([sign]))[0]
            assert scores(X, nu, near, np.full(500, sign)).max() <= top + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_they_end_on_maximisers_that_the_exact_oracle_lists(seed):
    X, nu, starts, signs = problem(seed, 12, 3, False)
    every = CellsOracle(X).best_units(nu, above=1e-6)
    for hops in (0, 3):
        found = hop_from(Hinges.of(X), nu, starts, signs, hops=hops)
        for unit, sign in zip(found, signs, strict=True):
            if unit.any():
                same = every.signs == sign
                assert np.linalg.norm(every.directions[same] - unit, axis=1).min() < 1e-7


def test_hops_end_higher_than_climbs():
    X, nu, _, _ = problem(0, 150, 8, False)
    rng = np.random.default_rng(1)
    starts = rng.standard_normal((400, 8))
    starts /= np.linalg.norm(starts, axis=1)[:, None]
    signs = np.ones(400)
    hinges = Hinges.of(X)
    climbed, hopped = climb_from(hinges, nu, starts, signs)[0], hop_from(hinges, nu, starts, signs, hops=10)
    lower, higher = scores(X, nu, climbed, signs), scores(X, nu, hopped, signs)
    assert higher.mean() > 1.08 * lower.mean()
    top = higher.max() * (1 - 1e-9)
    assert (higher > top).sum() > 2 * (lower > top).sum()


def test_data_of_one_sign_only_and_nu_of_zeros():
    X = np.abs(np.random.default_rng(0).standard_normal((6, 3)))
    up = np.eye(3)
    found = hop_from(Hinges.of(X), np.ones(6), up, np.ones(3), hops=5)
    # All kinks are convex, none is met: the one maximum is the sum of the rows.
    best = X.sum(axis=0) / np.linalg.norm(X.sum(axis=0))
    assert found == pytest.approx(np.tile(best, (3, 1)))
    assert not hop_from(Hinges.of(X), np.ones(6), up, -np.ones(3), hops=5).any()
    assert not hop_from(Hinges.of(X), np.zeros(6), up, np.ones(3), hops=5).any()
