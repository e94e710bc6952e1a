"""Units with a free bias on data: columns, linear pieces and where they stand, each against differences and search."""

import numpy as np
import pytest

from dualscape.model.architectures import RELU
from dualscape.model.architectures.free_bias_space import FreeBiasSpace
from dualscape.oracles import Question
from dualscape.oracles.thresholds import ThresholdsOracle
from dualscape.units import Units
from free_biases import balanced


def a_space(seed=0, n=9, p=2):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, p)), balanced(rng, n)
    return FreeBiasSpace(X), X, nu, rng


def test_columns_are_those_of_the_network():
    space, X, nu, rng = a_space()
    units = space.random(6, rng)
    lifted = np.column_stack([X, np.ones(len(X))])
    assert np.array_equal(space.columns(units), RELU.columns(lifted, units))
    np.testing.assert_allclose(space.scores(nu, units), nu @ space.columns(units), rtol=1e-12)
    assert space.priced.tolist() == [1.0, 1.0, 0.0]
    np.testing.assert_allclose(np.linalg.norm(units.directions * space.priced, axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_units_move_on_their_faces_as_these_say(p):
    """Directions and masses come back from the coordinates, and columns are linear in them."""
    space, _, nu, rng = a_space(1, 10, p)
    climbed, dimensions, faces_of = space.faces(nu, space.random(12, rng))
    alive = np.flatnonzero(climbed.directions.any(axis=1))
    assert len(alive) > 3
    faces = faces_of(alive)
    units = climbed.take(alive)
    assert len(faces.owner) == dimensions[alive].sum()
    start = (faces.basis * units.directions[faces.owner].T).sum(axis=0)
    masses = rng.uniform(0.5, 2.0, len(alive))
    directions, found = faces.units(masses[faces.owner] * start, len(alive))
    np.testing.assert_allclose(found, masses, rtol=1e-10)
    np.testing.assert_allclose(directions, units.directions, atol=1e-10)
    moved = start + 1e-6 * rng.standard_normal(len(start))
    directions, found = faces.units(moved, len(alive))
    columns = space.columns(units.turned(directions)) * found
    made = np.zeros_like(columns)
    np.add.at(made.T, faces.owner, (faces.jacobian * moved).T)
    np.testing.assert_allclose(columns, made, atol=1e-12)


def test_other_rows_and_other_scales_have_the_same_units():
    space, _, _, rng = a_space(3)
    units = space.random(5, rng)
    np.testing.assert_allclose(space.scaled(-4).columns(units), space.columns(units) / 16, rtol=1e-12)
    assert space.scaled(0) is space
    which = np.array([0, 4, 5])
    np.testing.assert_allclose(space.rows(which).columns(units), space.columns(units)[which])


def test_one_feature_has_an_oracle_of_its_own():
    space, _, nu, _ = a_space(4, 8, 1)
    assert space.choice().prover == "thresholds"
    assert isinstance(space.oracle(), ThresholdsOracle)
    found = space.prove("auto", Question(nu, above=0.0))
    other = space.prove("cells", Question(nu, above=0.0))
    assert found.upper == pytest.approx(other.upper, rel=1e-12)
    assert "thresholds" not in a_space()[0].kinds


def test_what_has_no_unit_stands_nowhere():
    space, *_ = a_space()
    none = Units.none(3)
    assert len(space.climb(np.zeros(9), none)) == 0
    assert not space.climb(np.zeros(9), space.random(3, np.random.default_rng(0))).directions.any()
