"""Losses of a clipped slope, at the ends of their domain."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses import Huber, Squared, SquaredHinge

FAR = pytest.mark.parametrize("size", [1e3, 1e60])


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_domain_with_weights_is_decided_exactly(w, delta):
    """A dual variable that is outside by less than rounding is outside, and no gradient is."""
    loss, y = Huber(delta, weights=[w]), np.zeros(1)
    edge = -loss.gradient(np.array([-2e3]), y)
    assert Fraction(edge[0]) <= Fraction(w) * Fraction(delta)
    assert np.isfinite(loss.dual(edge, y))
    above = np.nextafter(edge, np.inf)
    assert Fraction(above[0]) > Fraction(w) * Fraction(delta)
    assert loss.dual(above, y) == -np.inf
    assert loss.nearest_dual(above, y).tolist() == edge.tolist()


@pytest.mark.parametrize("loss", [Huber(0.3), Huber(0.3, weights=[0.7, 3.0]), SquaredHinge()])
def test_a_scale_leaves_nu_inside(loss):
    y = np.array([1.0, -1.0])
    nu = loss.nearest_dual(np.array([5.0, -0.1]), y) * 7.3
    t = loss.best_scale(nu, y, 1e300)
    assert t > 0
    assert np.isfinite(loss.dual_bound(t * nu, y))


def test_a_wrong_sign_leaves_no_scale_but_zero():
    assert SquaredHinge().best_scale(np.array([1.0, 1e-300]), np.array([1.0, -1.0]), 1.0) == 0


@FAR
def test_slopes_are_bounded_far_out(size):
    y = np.array([1.0, -1.0])
    wrong = TwoFloat.of(-size * y)
    assert Huber(0.5).gradient(wrong.hi, y).tolist() == [-0.5, 0.5]
    assert Huber(0.5).fine_gradient(wrong, y)[0].hi.tolist() == [-0.5, 0.5]
    assert Huber(0.5).value(wrong.hi, y) == pytest.approx(size, rel=1e-2)
    assert SquaredHinge().value(-wrong.hi, y) == 0
    assert SquaredHinge().gradient(-wrong.hi, y).tolist() == [0, 0]


def test_a_second_part_decides_which_side_of_the_end_it_is():
    y, tiny = np.zeros(3), 2.0**-60
    found, _ = Huber(1.0).fine_gradient(TwoFloat(np.ones(3), np.array([-tiny, 0.0, tiny])), y)
    assert found.lo.tolist() == [-tiny, 0.0, 0.0]


def test_the_squared_loss_has_room_everywhere():
    y = np.array([1.0, -1.0])
    assert Squared().room(np.array([1e9, 0.0]), y).tolist() == [1, 1]
    assert Huber(1.0).room(np.array([1.0, -0.25]), y).tolist() == [0, 0.75]
    assert SquaredHinge().room(np.array([0.5, 0.0]), y).tolist() == [0.5, 0]


def test_curvature_can_be_raised_where_there_is_none():
    """To a share of the greatest that there can be: every row of this fit is beyond delta."""
    W = Huber(1.0, weights=[1.0, 4.0]).hessian(np.array([9.0, 9.0]), np.zeros(2))
    assert W.root(np.ones(2)).tolist() == [0, 0]
    assert W.raised(0.25).root(np.ones(2)).tolist() == [0.5, 1]
