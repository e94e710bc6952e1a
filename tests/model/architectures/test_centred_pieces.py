"""Linear pieces of units with a free bias: where they stand, in which directions they turn, and who has left one."""

import numpy as np
import pytest

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.free_bias_space import FreeBiasSpace
from dualscape.oracles import Question
from free_biases import balanced


@pytest.mark.parametrize("p", [1, 2, 3])
def test_pieces_stand_at_the_maximisers(p):
    rng = np.random.default_rng(2)
    X, nu = rng.standard_normal((10, p)), balanced(rng, 10)
    space = FreeBiasSpace(X)
    answer = space.oracle("cells").best_units(Question(nu, above=0.1))
    units, pieces = space.pieces(nu, answer.units)
    at = pieces.stand(TwoFloat.of(nu))
    np.testing.assert_allclose(at.values.hi, answer.values, rtol=1e-12)
    np.testing.assert_allclose(at.directions.hi, answer.units.directions, atol=1e-9)
    np.testing.assert_allclose(at.columns.hi, space.columns(units), atol=1e-9)
    # The bias goes with the direction to far below the rounding of either: every unit's kink is at a row.
    lifted = TwoFloat.of(np.column_stack([X, np.ones(len(X))]))
    heights = lifted @ at.directions.T
    assert (np.abs(heights.hi + heights.lo).min(axis=0) < 1e-28).all()
    assert len(pieces.left(at.directions.hi, 1e-13)) == 0
    beyond = at.directions.hi.copy()
    beyond[:, :-1] *= -1.0
    assert pieces.left(beyond, 1e-13).tolist() == list(range(len(units)))
    some = np.array([1, 0])
    swapped = pieces.take(some).replaced(some, pieces.take(np.array([0, 1])))
    np.testing.assert_array_equal(swapped.stand(TwoFloat.of(nu)).directions.hi[some], at.directions.hi[:2])
    for j in range(len(units)):
        free, jacobian = pieces.turning(j)
        inside = free.T @ at.directions.hi[j]
        assert np.linalg.norm(inside) == pytest.approx(1.0)
        np.testing.assert_allclose(jacobian @ inside, at.columns.hi[:, j], atol=1e-12)
