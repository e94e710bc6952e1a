"""Multipliers that are kept: the same maximiser for the pattern they came from, and a bound for every other."""

import numpy as np
import pytest

from dualscape.oracles.cells import multipliers
from dualscape.oracles.cells.multipliers import OTHER, OWN
from dualscape.running.compiled import kernel
from exact_values import random_hinges

N, M, r = 7, 4, 3


@kernel(cache=False)
def kept(rows, kappa, M, before, after, active, lam, way, bits, g, turn, size, floor):
    """Multipliers kept for `before` and tried on `bits` of gradient g: (whether it is excluded, what they leave)."""
    N, r = rows.shape
    room, left = multipliers.make_multipliers(N, r), np.zeros(r)
    nothing = multipliers.still_excluded(rows, kappa, M, bits, g, way, turn, size, np.inf, room, left)
    multipliers.keep_multipliers(kappa, M, before, after, active, lam, np.int64(len(lam)), way, room)
    return nothing, multipliers.still_excluded(rows, kappa, M, bits, g, way, turn, size, floor, room, left), left


class Found:
    """What a projection may have found: sides before and after, and multipliers of two convex and two concave ones."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.rows, kappa, self.linear = random_hinges(seed, N, r)
        self.kappa = np.abs(kappa) * np.where(np.arange(N) < M, 1.0, -1.0)
        self.before = rng.random(N) < 0.5
        self.after = np.where(np.arange(N) < M, self.before, rng.random(N) < 0.5)
        self.active = np.concatenate([rng.permutation(M)[:2], M + rng.permutation(N - M)[:2]])
        self.lam = np.concatenate([rng.random(2), rng.random(2) * -self.kappa[self.active[2:]]])
        self.size = float(np.abs(self.kappa).sum() + np.abs(self.linear).sum())

    def gradient(self, bits):
        return self.linear + (self.kappa * bits) @ self.rows

    def tried(self, way, bits, floor=0.0, turn=0.0):
        """On a pattern: where `way` is OTHER the bits are those of its complement."""
        given = ~bits if way == OTHER else bits
        return kept(
            self.rows, self.kappa, M, self.before, self.after, self.active, self.lam, way, given,
            self.gradient(bits), turn, self.size, floor,
        )  # fmt: skip


@pytest.mark.parametrize("way", [OWN, OTHER])
@pytest.mark.parametrize("seed", range(10))
def test_on_their_own_pattern_they_give_what_the_projection_gave(seed, way):
    found = Found(seed)
    sigma = np.where(found.after, 1.0, -1.0)[found.active]
    u = found.gradient(found.after) + (found.lam * sigma) @ found.rows[found.active]
    before, _, left = found.tried(way, found.before)
    np.testing.assert_allclose(left, u, atol=1e-13)
    assert not before  # where none were kept


@pytest.mark.parametrize("way", [OWN, OTHER])
def test_on_any_pattern_they_give_a_bound(way):
    """F(u) in every cell of the convex hyperplanes, whatever the sides of the concave ones."""
    for seed in range(10):
        found, rng = Found(seed), np.random.default_rng(seed)
        u = rng.standard_normal((4000, r))
        u /= np.linalg.norm(u, axis=1)[:, None]
        values, sides = u @ found.linear + np.maximum(u @ found.rows.T, 0) @ found.kappa, u @ found.rows.T > 0
        for bits in np.unique(sides, axis=0):
            inside = (sides[:, :M] == bits[:M]).all(axis=1)
            assert values[inside].max() <= np.linalg.norm(found.tried(way, bits)[2])


def test_a_pattern_is_excluded_by_a_floor_that_covers_rounding_and_turn():
    found = Found(0)
    least = np.linalg.norm(found.tried(OWN, found.before)[2])
    assert not found.tried(OWN, found.before, floor=least)[1]
    assert found.tried(OWN, found.before, floor=least * (1 + 1e-12))[1]
    mass = found.size + found.lam[:2].sum()
    for share, excluded in ((0.99, False), (1.02, True)):
        assert found.tried(OWN, found.before, floor=least + share * 1e-3 * mass, turn=1e-3)[1] == excluded
