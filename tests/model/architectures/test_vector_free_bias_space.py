"""Units with a free bias and several outputs on data: columns, gradients, faces, pieces, plateaus, other data."""

from fractions import Fraction

import numpy as np
import pytest

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import VectorReLU
from dualscape.model.architectures.vector_free_bias_space import VectorFreeBiasSpace
from dualscape.oracles import Question
from dualscape.units import Units
from exact_values import exactly


def a_space(seed=0, n=9, p=2, c=2):
    rng = np.random.default_rng(seed)
    X, N = rng.standard_normal((n, p)), rng.standard_normal((n, c))
    return VectorFreeBiasSpace(X, c), X, (N - N.mean(axis=0)).ravel(), rng


def test_columns_and_gradients_are_those_of_the_network():
    space, X, nu, rng = a_space()
    units = space.random(6, rng)
    lifted = np.column_stack([X, np.ones(len(X))])
    assert np.array_equal(space.columns(units), VectorReLU(2).columns(lifted, units))
    np.testing.assert_allclose(space.scores(nu, units), nu @ space.columns(units), rtol=1e-12)
    np.testing.assert_allclose((space.pulls(nu, units)[1] * units.outputs).sum(axis=1), space.scores(nu, units))
    assert space.priced.tolist() == [1.0, 1.0, 0.0]
    assert (space.n, space.c, space.per_row) == (18, 2, 2)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_units_move_on_their_faces_as_these_say(p):
    """Weights come back from the coordinates, and fits are products of them."""
    space, _, nu, rng = a_space(1, 10, p)
    climbed, dimensions, faces_of = space.faces(nu, space.random(12, rng))
    alive = np.flatnonzero(climbed.directions.any(axis=1))
    assert len(alive) > 3
    faces, units = faces_of(alive), climbed.take(alive)
    assert len(faces.owner) + 2 * len(alive) == dimensions[alive].sum()
    masses = rng.uniform(0.5, 2.0, len(alive))
    inner, outer = faces.weights(units, masses)
    back, found = faces.units(inner, outer)
    np.testing.assert_allclose(found, masses, rtol=1e-10)
    np.testing.assert_allclose(back.directions, units.directions, atol=1e-10)
    inner = inner + 1e-6 * rng.standard_normal(len(inner))
    back, found = faces.units(inner, outer)
    heights = np.zeros((10, len(alive)))
    np.add.at(heights.T, faces.owner, (faces.jacobian * inner).T)
    np.testing.assert_allclose(space.columns(back) @ found, (heights @ outer).ravel(), atol=1e-11)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_pieces_stand_at_the_maximisers(p):
    space, X, nu, rng = a_space(2, 10, p)
    answer = space.oracle("faces").best_units(Question(nu, above=0.1))
    units, pieces = space.pieces(nu, answer.units)
    at = pieces.stand(TwoFloat.of(nu))
    np.testing.assert_allclose(at.values.hi, answer.values, rtol=1e-12)
    np.testing.assert_allclose(at.directions.hi, answer.units.directions, atol=1e-9)
    np.testing.assert_allclose(at.outputs, answer.units.outputs, atol=1e-9)
    np.testing.assert_allclose(at.columns.hi, space.columns(units), atol=1e-9)
    # The bias goes with the direction to far below the rounding of either: every unit's kink is at a row.
    heights = TwoFloat.of(np.column_stack([X, np.ones(len(X))])) @ at.directions.T
    assert (np.abs(heights.hi + heights.lo).min(axis=0) < 1e-28).all()
    assert len(pieces.left(at.directions.hi, 1e-13)) == 0
    swapped = pieces.take(np.array([1, 0])).replaced(np.array([1, 0]), pieces.take(np.array([0, 1])))
    np.testing.assert_array_equal(swapped.stand(TwoFloat.of(nu)).outputs[[1, 0]], at.outputs[:2])
    gaps = space.eigenvalue_gaps(nu, units)
    assert (gaps > 0).all()
    assert (gaps == 1).all() == (p == 1)
    step, t = rng.standard_normal((10, 2)), 1e-6
    step -= step.mean(axis=0)
    moved = space.climb(nu + t * step.ravel(), units)
    for j in range(len(units)):
        direction, output = pieces.turned(j, at, step.ravel())
        np.testing.assert_allclose((moved.directions - units.directions)[j] / t, direction, atol=1e-3)
        np.testing.assert_allclose((moved.outputs - units.outputs)[j] / t, output, atol=1e-3)


def test_continua_are_between_units_of_one_direction_and_one_output():
    space = VectorFreeBiasSpace(np.array([[0.0], [1.0], [3.0]]), 2)
    v = np.array([[0.6, 0.8], [0.6, 0.8 + 1e-12], [0.8, 0.6], [0.6, 0.8]])
    units = Units(np.array([[1.0, 0.0], [1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]), v)
    pairs, middles, open_ = space.continua(units)
    assert pairs.tolist() == [[1, 0]]
    assert middles.directions.tolist() == [[1.0, -0.5]]
    assert open_.tolist() == [True, False, False, False]


def test_other_rows_and_other_scales_have_the_same_units():
    space, _, _, rng = a_space(3)
    units = space.random(5, rng)
    np.testing.assert_allclose(space.scaled(-4).columns(units), space.columns(units) / 16, rtol=1e-12)
    assert space.scaled(0) is space
    which = np.array([0, 4])
    np.testing.assert_allclose(space.rows(which).columns(units), space.columns(units)[[0, 1, 8, 9]])
    beyond = units.turned(units.directions + np.array([0.0, 0.0, 1e6]))
    brought = space.columns(space.within(beyond)).reshape(9, 2, 5) - space.columns(beyond).reshape(9, 2, 5)
    assert np.ptp(brought, axis=0).max() < 1e-9  # a constant for each output
    assert np.abs(space.within(beyond).directions).max() < 10


def test_units_stand_on_differences_of_rows_with_all_their_digits():
    """On a line a score is the length of a sum of N_i (x_i - x_a), here of rows whose differences have more digits."""
    rng = np.random.default_rng(5)
    x = np.array([1e3, 1e-3, 1.0, -1e2, 7e-2]) * rng.uniform(0.5, 1.0, 5)
    N = rng.standard_normal((5, 2))
    space, nu = VectorFreeBiasSpace(x[:, None], 2), (N - N.mean(axis=0)).ravel()
    units, pieces = space.pieces(nu, space.random(12, rng))
    at = pieces.stand(TwoFloat.of(nu))
    for j in range(len(units)):
        centre = exactly(x)[pieces.centres[j]]
        rows = [(exactly(nu.reshape(5, 2)[i]), exactly(x)[i] - centre) for i in np.flatnonzero(pieces.slopes[j])]
        squares = sum(sum(row[k] * gap for row, gap in rows) ** 2 for k in range(2))
        value = Fraction(float(at.values.hi[j])) + Fraction(float(at.values.lo[j]))
        assert abs(value * value - squares) <= squares / 10**26
