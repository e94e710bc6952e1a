"""Leaps and hops against the exact list of all local maximisers, and against dense search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.climbing import climb_from, hop_from
from dualscape.oracles.ranked import scores
from dualscape.units import Units


def problem(seed, n, d, lattice):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n, d)).astype(float) if lattice else rng.standard_normal((n, d))
    starts = rng.standard_normal((20, d))
    starts /= np.linalg.norm(starts, axis=1)[:, None]
    return X, rng.standard_normal(n), Units.signed(starts, np.resize([1.0, -1.0], 20))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 15), st.integers(1, 4), st.booleans())
def test_values_rise_and_end_on_local_maxima(seed, n, d, lattice):
    X, nu, starts = problem(seed, n, d, lattice)
    hinges = Hinges.of(X)
    if hinges.count == 0:
        return
    plain = hop_from(hinges, nu, starts)
    higher = hop_from(hinges, nu, starts, hops=n)
    assert (scores(X, nu, plain) >= scores(X, nu, starts) - 1e-9).all()
    assert (scores(X, nu, higher) >= scores(X, nu, plain) - 1e-9).all()
    rng = np.random.default_rng(seed)
    for unit, sign in zip(higher.directions, higher.signs, strict=True):
        if unit.any():
            assert np.linalg.norm(unit) == pytest.approx(1.0)
            near = unit + 1e-4 * rng.standard_normal((500, d))
            near /= np.linalg.norm(near, axis=1)[:, None]
            top = scores(X, nu, Units(unit[None], np.array([[sign]])))[0]
            assert scores(X, nu, Units(near, np.full((500, 1), sign))).max() <= top + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_they_end_on_maximisers_that_the_exact_oracle_lists(seed):
    X, nu, starts = problem(seed, 12, 3, False)
    every = CellsOracle.on(X).best_units(Question(nu, above=1e-6))
    for hops in (0, 3):
        found = hop_from(Hinges.of(X), nu, starts, hops=hops)
        for unit, sign in zip(found.directions, found.signs, strict=True):
            if unit.any():
                same = every.units.signs == sign
                assert np.linalg.norm(every.units.directions[same] - unit, axis=1).min() < 1e-7


def test_hops_end_higher_than_climbs():
    X, nu, _ = problem(0, 150, 8, False)
    rng = np.random.default_rng(1)
    starts = rng.standard_normal((400, 8))
    starts /= np.linalg.norm(starts, axis=1)[:, None]
    units, hinges = Units(starts, np.ones((400, 1))), Hinges.of(X)
    climbed, hopped = climb_from(hinges, nu, units)[0], hop_from(hinges, nu, units, hops=10)
    lower, higher = scores(X, nu, climbed), scores(X, nu, hopped)
    assert higher.mean() > 1.08 * lower.mean()
    top = higher.max() * (1 - 1e-9)
    assert (higher > top).sum() > 2 * (lower > top).sum()


def test_data_of_one_sign_only_and_nu_of_zeros():
    X = np.abs(np.random.default_rng(0).standard_normal((6, 3)))
    up, down = Units(np.eye(3), np.ones((3, 1))), Units(np.eye(3), -np.ones((3, 1)))
    found = hop_from(Hinges.of(X), np.ones(6), up, hops=5).directions
    # All kinks are convex, none is met: the one maximum is the sum of the rows.
    best = X.sum(axis=0) / np.linalg.norm(X.sum(axis=0))
    assert found == pytest.approx(np.tile(best, (3, 1)))
    assert not hop_from(Hinges.of(X), np.ones(6), down, hops=5).directions.any()
    assert not hop_from(Hinges.of(X), np.zeros(6), up, hops=5).directions.any()
