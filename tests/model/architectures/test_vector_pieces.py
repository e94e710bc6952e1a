"""Where units with several outputs stand, to twice the precision, and how they turn with nu."""

import numpy as np

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.vector_space import VectorSpace


def stood(seed=0, n=7, d=3, c=2):
    rng = np.random.default_rng(seed)
    space, nu = VectorSpace(rng.standard_normal((n, d)), c), rng.standard_normal(n * c)
    units = space.climb(nu, space.random(12, rng))
    climbed, pieces = space.pieces(nu, units.take(units.alive()))
    return space, nu, climbed, pieces


def test_units_stand_where_they_climb_to():
    for seed in range(6):
        space, nu, units, pieces = stood(seed)
        at = pieces.stand(TwoFloat.of(nu))
        assert len(pieces.left(at.directions.hi, 1e-9)) == 0
        np.testing.assert_allclose(at.values.hi, space.scores(nu, units), rtol=1e-13)
        np.testing.assert_allclose(at.directions.hi, units.directions, atol=1e-9)
        np.testing.assert_allclose(at.columns.hi, space.columns(units), atol=1e-9)


def test_pairs_are_singular_to_twice_the_precision():
    _, nu, _, pieces = stood(3)
    at = pieces.stand(TwoFloat.of(nu))
    # The score is stationary in u and v: moved by a rounding of double precision the value falls by its square.
    column = at.columns
    value = (column.T @ TwoFloat.of(nu[:, None])) - TwoFloat(at.values.hi[:, None], at.values.lo[:, None])
    assert np.abs(value.hi).max() < 1e-28


def test_columns_turn_as_the_hessian_of_the_score_says():
    rng, step = np.random.default_rng(9), 1e-6
    for seed in range(4):
        _, nu, _, pieces = stood(seed, c=3)
        e = rng.standard_normal(len(nu))
        at = pieces.stand(TwoFloat.of(nu))
        ends = [pieces.stand(TwoFloat.of(nu + sign * step * e)).columns.hi for sign in (1, -1)]
        for j in range(len(at.values.hi)):
            turns = pieces.turns(j, at, 2.0)
            np.testing.assert_allclose((ends[0] - ends[1])[:, j] / step, turns @ (turns.T @ e), atol=1e-6)


def test_units_turn_as_differences_say():
    rng, step = np.random.default_rng(9), 1e-6
    for seed in range(4):
        for c in (2, 4):
            _, nu, _, pieces = stood(seed, c=c)
            e = rng.standard_normal(len(nu))
            at, up, down = (pieces.stand(TwoFloat.of(nu + by * e)) for by in (0.0, step, -step))
            for j in range(len(at.values.hi)):
                direction, output = pieces.turned(j, at, e)
                np.testing.assert_allclose((up.directions - down.directions).hi[j] / (2 * step), direction, atol=1e-7)
                np.testing.assert_allclose((up.outputs - down.outputs)[j] / (2 * step), output, atol=1e-7)


def test_a_multiple_value_has_no_gap():
    space = VectorSpace(np.eye(2), 2)
    nu = np.array([1.0, 0.0, 0.0, 1.0])
    units = space.climb(nu, space.random(8, np.random.default_rng(0)))
    units, pieces = space.pieces(nu, units.take(units.alive()))
    at = pieces.stand(TwoFloat.of(nu))
    gaps = [pieces.gap(j, at) for j in range(len(units))]
    assert min(gaps) < 1e-12
