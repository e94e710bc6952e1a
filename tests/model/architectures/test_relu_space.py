"""Faces of ReLU units: the linear pieces of their columns."""

import numpy as np
import pytest

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.relu_space import ReLUSpace
from rough_states import rough_state


def test_faces_of_some_units_are_those_of_all():
    state = rough_state()
    _, dimensions, faces_of = state.task.space.faces(state.nu, state.units)
    every = faces_of(np.arange(len(dimensions)))
    assert np.bincount(every.owner, minlength=len(dimensions)).tolist() == dimensions.tolist()
    assert len(set(dimensions)) > 2
    chosen = np.array([3, 1, 0, 5])
    some = faces_of(chosen)
    for place, unit in enumerate(chosen):
        np.testing.assert_allclose(some.basis[:, some.owner == place], every.basis[:, every.owner == unit], atol=1e-12)
        np.testing.assert_allclose(
            some.jacobian[:, some.owner == place], every.jacobian[:, every.owner == unit], atol=1e-12
        )
    assert faces_of(chosen[:0]).jacobian.shape == (state.task.space.n, 0)


def test_faces_are_the_linear_pieces_of_the_columns():
    state = rough_state()
    space = state.task.space
    climbed, _, faces_of = space.faces(state.nu, state.units)
    which = np.flatnonzero(climbed.alive())
    units, faces = climbed.take(which), faces_of(which)
    rng = np.random.default_rng(0)
    move = 1e-9 * rng.standard_normal(len(faces.owner))
    w = units.directions.copy()
    np.add.at(w, faces.owner, (faces.basis * move).T)
    moved = space.columns(units.turned(w))
    v = move + (faces.basis * units.directions[faces.owner].T).sum(axis=0)
    for j in range(len(units)):
        mine = faces.owner == j
        np.testing.assert_allclose(faces.jacobian[:, mine] @ v[mine], moved[:, j], atol=1e-12)


@pytest.mark.parametrize(
    "X",
    [
        np.random.default_rng(0).standard_normal((12, 3)),
        np.array([[1.0, 2.0], [-1.0, -2.0], [2.0, 4.0], [0.0, 0.0], [3.0, -1.0]]),
        np.array([[1.0], [-2.0], [3.0]]),
        np.array([[1.0, 1.0]]),
    ],
    ids=["generic", "parallel and opposite", "one coordinate", "one row"],
)
def test_spanning_units_span_the_columns_of_all(X):
    space, rng = ReLUSpace(X), np.random.default_rng(1)
    some, all_ = (space.columns(units) for units in (space.spanning(rng), space.random(500, rng)))
    rank = np.linalg.matrix_rank(all_, 1e-9)
    assert np.linalg.matrix_rank(some, 1e-9) == np.linalg.matrix_rank(np.hstack([some, all_]), 1e-9) == rank


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.4, -1.0])
def test_scores_pulls_pieces_and_climbs_of_every_slope(slope):
    rng = np.random.default_rng(1)
    X, nu = rng.standard_normal((9, 3)), rng.standard_normal(9)
    space = ReLUSpace(X, slope=slope)
    units = space.random(40, rng)
    columns = space.columns(units)
    np.testing.assert_allclose(space.scores(nu, units), nu @ columns, atol=1e-14)
    np.testing.assert_allclose(space.together(units), columns.sum(axis=1), atol=1e-13)
    np.testing.assert_allclose((space.pull(nu, units) * units.directions).sum(axis=1), nu @ columns, atol=1e-13)
    climbed, pieces = space.pieces(nu, units)
    alive = np.flatnonzero(climbed.alive())
    risen, there = climbed.take(alive), pieces.take(alive)
    assert (space.scores(nu, risen) >= space.scores(nu, units.take(alive)) - 1e-13).all()
    np.testing.assert_allclose(there.slopes.T * (X @ risen.directions.T), space.columns(risen), atol=1e-13)
    stand = there.stand(TwoFloat.of(nu))
    np.testing.assert_allclose(stand.directions.hi, risen.directions, atol=1e-9)
    np.testing.assert_allclose(stand.values.hi, space.scores(nu, risen), rtol=1e-12)
    assert len(there.left(risen.directions, 1e-9)) == 0
    _, _, faces_of = space.faces(nu, units)
    faces = faces_of(alive)
    inside = (faces.basis * risen.directions[faces.owner].T).sum(axis=0)
    for j in range(len(alive)):
        mine = faces.owner == j
        np.testing.assert_allclose(faces.jacobian[:, mine] @ inside[mine], space.columns(risen)[:, j], atol=1e-12)
