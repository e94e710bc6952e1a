"""Gated units with several outputs on data: columns, scores, gradients, climbs, gathered units, other data."""

import numpy as np
import pytest

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.gated import GatedReLU, open_rows
from dualscape.model.architectures.vector_gated_space import VectorGatedSpace
from dualscape.units import Units

X = np.random.default_rng(0).standard_normal((9, 3))
GATED = GatedReLU(np.random.default_rng(1).standard_normal((5, 3)), c=2)


@pytest.fixture(name="space")
def fixture_space():
    return VectorGatedSpace(X, open_rows(X, GATED.gates(3)), 2)


def test_columns_scores_and_sums_agree(space):
    rng = np.random.default_rng(1)
    units, nu = space.random(7, rng), rng.standard_normal(18)
    columns = space.columns(units)
    np.testing.assert_allclose(columns, GATED.columns(X, units), atol=1e-15)
    np.testing.assert_allclose(space.scores(nu, units), nu @ columns)
    np.testing.assert_allclose(space.together(units), columns.sum(axis=1))
    assert (space.c, space.per_row, space.n) == (10, 2, 18)


def test_gradients_are_those_of_the_score(space):
    rng = np.random.default_rng(2)
    units, nu = space.random(4, rng), rng.standard_normal(18)
    inner, outer = space.pulls(nu, units)
    np.testing.assert_allclose((inner * units.directions).sum(axis=1), space.scores(nu, units))
    np.testing.assert_allclose((outer * units.opened(2)[1]).sum(axis=1), space.scores(nu, units))
    other = units.turned(np.roll(units.directions, 1, axis=0))
    np.testing.assert_allclose((inner * other.directions).sum(axis=1), space.scores(nu, other))


def test_units_climb_to_the_greatest_pair_of_their_gate_and_stand_there(space):
    rng = np.random.default_rng(3)
    units, nu = space.random(12, rng), rng.standard_normal(18)
    climbed, pieces = space.pieces(nu, units)
    gates = climbed.opened(2)[0]
    np.testing.assert_array_equal(gates, units.opened(2)[0])
    open_on = open_rows(X, GATED.gates(3))
    best = [np.linalg.svd(X.T @ (open_on[:, [g]] * nu.reshape(9, 2)), compute_uv=False) for g in gates]
    np.testing.assert_allclose(space.scores(nu, climbed), np.array(best)[:, 0])
    at = pieces.take(np.arange(12)).stand(TwoFloat.of(nu))
    np.testing.assert_allclose(at.values.hi, np.array(best)[:, 0])
    np.testing.assert_allclose(at.directions.hi, climbed.directions, atol=1e-12)
    np.testing.assert_allclose(at.outputs, climbed.outputs, atol=1e-12)
    np.testing.assert_allclose(at.columns.hi, space.columns(climbed), atol=1e-12)
    np.testing.assert_allclose(space.eigenvalue_gaps(nu, climbed), [1 - (s[1] / s[0]) ** 2 for s in best], atol=1e-9)


def test_a_unit_turns_with_nu_as_its_pair_does(space):
    rng = np.random.default_rng(4)
    units, nu, step = space.random(5, rng), rng.standard_normal(18), rng.standard_normal(18)
    climbed, pieces = space.pieces(nu, units)
    at, t = pieces.stand(TwoFloat.of(nu)), 1e-6
    moved = space.climb(nu + t * step, climbed)
    for j in range(5):
        direction, output = pieces.turned(j, at, step)
        np.testing.assert_allclose((moved.directions - climbed.directions)[j] / t, direction, atol=1e-3)
        np.testing.assert_allclose((moved.outputs - climbed.outputs)[j] / t, output, atol=1e-3)


def test_of_a_multiple_value_a_unit_climbs_to_the_nearest_pair():
    space = VectorGatedSpace(np.eye(2), np.ones((2, 1), dtype=bool), 2)
    one = Units(np.array([[0.6, 0.8]]), np.array([[0.8, 0.6]]))
    climbed = space.climb(np.eye(2).ravel(), one)
    np.testing.assert_allclose(climbed.directions, climbed.outputs, atol=1e-15)
    np.testing.assert_allclose(np.abs(climbed.directions), [[0.5**0.5, 0.5**0.5]], atol=1e-12)


def test_gathered_units_fit_the_same_with_no_more_mass(space):
    rng = np.random.default_rng(5)
    units, masses = space.random(30, rng), rng.uniform(size=30)
    found, less = space.gathered(units, masses)
    np.testing.assert_allclose(space.columns(found) @ less, space.columns(units) @ masses, atol=1e-12)
    assert less.sum() < masses.sum()
    assert len(less) == 10  # two outputs of five gates
    assert space.gathered(units.take(slice(0, 0)), masses[:0])[0].c == 10


def test_other_data(space):
    units = space.random(3, np.random.default_rng(3))
    np.testing.assert_array_equal(space.scaled(3).columns(units), 8 * space.columns(units))
    some = space.rows(np.array([1, 4]))
    np.testing.assert_allclose(some.columns(units), space.columns(units)[[2, 3, 8, 9]])
