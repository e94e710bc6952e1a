"""Gated units on data: columns, pulls, the best unit of each gate, and which gates there are."""

import numpy as np
import pytest

from dualscape.geometry import tall
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.gated import GatedReLU
from dualscape.units import Units


@pytest.fixture(params=[2, 4096])
def example(request, monkeypatch):
    monkeypatch.setattr(tall, "ROWS", request.param)
    rng = np.random.default_rng(0)
    X, nu, gated = rng.standard_normal((9, 3)), rng.standard_normal(9), GatedReLU(8)
    units = Units.signed(
        rng.standard_normal((12, 3)), rng.choice([-1.0, 1.0], 12), rng.integers(8, size=12), 8
    ).normalised()
    return X, nu, gated, gated.on(X), units


def test_columns_scores_and_pulls(example):
    X, nu, gated, space, units = example
    columns = space.columns(units)
    np.testing.assert_allclose(columns, gated.columns(X, units), atol=1e-15)
    np.testing.assert_allclose(space.together(units), columns.sum(axis=1), atol=1e-14)
    np.testing.assert_allclose(space.scores(nu, units), nu @ columns, atol=1e-14)
    np.testing.assert_allclose((space.pull(nu, units) * units.directions).sum(axis=1), nu @ columns, atol=1e-14)
    into = np.empty((9, 12))
    assert space.columns(units, out=into) is into
    np.testing.assert_array_equal(space.scaled(3).columns(units), 8 * columns)
    np.testing.assert_array_equal(space.rows(np.array([1, 4])).columns(units), columns[[1, 4]])
    assert space.scaled(0) is space


def test_climbing_leads_to_the_best_direction_of_the_gate(example):
    _, nu, _, space, units = example
    climbed, pieces = space.pieces(nu, units)
    np.testing.assert_array_equal(climbed.outputs, units.outputs)
    np.testing.assert_array_equal(climbed.directions, space.climb(nu, units).directions)
    rng = np.random.default_rng(1)
    for j in range(len(units)):
        others = rng.standard_normal((500, 3))
        others /= np.linalg.norm(others, axis=1)[:, None]
        each = Units(others, np.repeat(units.outputs[[j]], 500, axis=0))
        assert space.scores(nu, each).max() <= space.scores(nu, climbed)[j]
    stand = pieces.stand(TwoFloat.of(nu))
    np.testing.assert_allclose(stand.directions.hi, climbed.directions, atol=1e-14)
    np.testing.assert_allclose(stand.columns.hi, space.columns(climbed), atol=1e-14)
    assert len(pieces.left(-climbed.directions, 1e-9)) == 0
    _, dimensions, faces_of = space.faces(nu, units)
    faces = faces_of(np.array([3, 0]))
    assert faces.owner.tolist() == [0] * dimensions[3] + [1] * dimensions[0]
    for place, j in enumerate((3, 0)):
        mine = faces.owner == place
        inside = faces.basis[:, mine].T @ climbed.directions[j]
        np.testing.assert_allclose(faces.jacobian[:, mine] @ inside, space.columns(climbed)[:, j], atol=1e-14)


def test_a_gate_that_opens_on_few_rows_has_a_small_face():
    X = np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [-1.0, 1.0, 5.0]])
    space = GatedReLU([[1.0, 0.0, 0.0], [-1.0, -1.0, -1.0]]).on(X)
    units = Units.signed(np.eye(3)[:2], np.ones(2), np.array([0, 1]), 2)
    climbed, dimensions, _ = space.faces(np.ones(3), units)
    assert dimensions.tolist() == [1, 0]
    assert climbed.directions.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_gates_that_open_on_the_same_rows_are_one():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    gates = [[1.0, 1.0], [2.0, 1.0], [1.0, -1.0], [3.0, -1.0], [-1.0, -1.0]]
    space = GatedReLU(gates).on(X)
    assert space.which.tolist() == [0, 2, 4]
    assert space.oracle().name == "gates"
    assert set(space.random(30, np.random.default_rng(0)).gates.tolist()) == {0, 2, 4}
    assert space.estimate("gates").looked_at == 3


def test_units_of_one_gate_are_gathered_at_no_cost(example):
    """Their sum is one unit, of the same fit and no more mass."""
    _, _, _, space, units = example
    masses = np.random.default_rng(2).uniform(0, 1, len(units))
    found, total = space.gathered(units, masses)
    assert sorted(set(units.gates.tolist())) == found.gates.tolist()
    np.testing.assert_allclose(space.columns(found) @ total, space.columns(units) @ masses, atol=1e-14)
    assert total.sum() <= masses.sum()
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1.0)
    twin = Units(-units.directions[:1], units.outputs[:1])
    assert len(space.gathered(Units.join([units.take(slice(1)), twin]), np.ones(2))[0]) == 0
