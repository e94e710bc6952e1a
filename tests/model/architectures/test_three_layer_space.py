"""Three-layer units on data: gradients, scaling, and compositions that lose nothing."""

import numpy as np
import pytest

from dualscape.model.architectures import ThreeLayerReLU


@pytest.fixture
def made():
    rng = np.random.default_rng(2)
    X, nu = rng.standard_normal((6, 3)), rng.standard_normal(6)
    space = ThreeLayerReLU(4).on(X)
    return space, nu, space.random(8, rng), rng


def test_pulls_are_the_gradients_of_the_scores(made):
    space, nu, units, rng = made
    turn = rng.standard_normal(units.directions.shape) * (units.directions != 0)
    ahead, behind = (space.scores(nu, units.turned(units.directions + e * turn)) for e in (1e-6, -1e-6))
    pulls = space.pull(nu, units)
    assert np.allclose((ahead - behind) / 2e-6, (pulls * turn).sum(axis=1), atol=1e-8)
    assert np.allclose((pulls * units.directions).sum(axis=1), space.scores(nu, units))
    longer = units.turned(units.directions * rng.uniform(0.5, 2.0, (len(units), 1)))
    scores, along = space.rise(nu, longer)
    assert np.allclose(scores, space.scores(nu, longer))
    assert np.array_equal(along, space.pull(nu, longer))


def test_other_rows_and_powers_of_two(made):
    space, nu, units, _ = made
    columns = space.columns(units)
    assert (space.scaled(3).columns(units) == 8 * columns).all()
    assert space.scaled(0) is space
    assert np.allclose(space.rows(np.array([1, 4])).columns(units), columns[[1, 4]])
    assert np.allclose(space.together(units), columns.sum(axis=1))
    assert space.climb(nu, units) is units
    assert (np.abs(columns) <= space.reach.lengths[:, None] * (1 + 1e-14)).all()


def test_a_composition_keeps_the_fit_and_costs_no_more(made):
    space, _, units, rng = made
    masses = rng.uniform(0.1, 1.0, len(units))
    found = space.composed(units, masses)
    before = space.columns(units) @ masses
    assert np.allclose(found.jacobian @ found.x, before)
    made_units, made_masses = found.units(found.x)
    assert np.allclose(space.columns(made_units) @ made_masses, before)
    assert made_masses.sum() <= masses.sum() * (1 + 1e-12)
    assert np.allclose(found.held @ found.x, 0.0)


def test_units_of_one_piece_become_one(made):
    space, _, units, _ = made
    twice = units.take(np.array([0, 0, 1]))
    found = space.composed(twice, np.array([0.5, 0.25, 1.0]))
    together, masses = found.units(found.x)
    assert len(together) == 2
    one = space.composed(twice.take(slice(1)), np.array([0.75]))
    assert min(masses) == pytest.approx(one.units(one.x)[1][0])
