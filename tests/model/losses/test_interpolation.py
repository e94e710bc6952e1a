"""The loss that is a constraint."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses import Interpolation

LOSS, Y = Interpolation(), np.array([1.0, -2.0])


def test_it_is_zero_or_infinite():
    assert LOSS.value(Y, Y) == 0.0
    assert LOSS.value(np.nextafter(Y, 0.0), Y) == np.inf
    exact = TwoFloat.of(Y)
    assert LOSS.value_bounds(exact, np.zeros(2), Y) == (0.0, 0.0)
    assert LOSS.value_bounds(exact, np.full(2, 1e-20), Y) == (0.0, np.inf)
    assert LOSS.value_bounds(TwoFloat(Y, np.array([0.0, 1e-18])), np.full(2, 1e-20), Y) == (np.inf, 0.0)


def test_its_dual_is_linear_and_grows_as_far_as_it_may():
    nu = np.array([3.0, 0.5])
    assert LOSS.dual(nu, Y) == 2.0
    assert 2.0 - 1e-14 < LOSS.dual_bound(nu, Y) < 2.0
    assert (LOSS.best_scale(nu, Y, 7.0), LOSS.best_scale(-nu, Y, 7.0)) == (7.0, 0.0)
    assert LOSS.least(Y) == LOSS.dual(np.zeros(2), Y) == 0.0
    assert LOSS.fit_of(nu, Y, Y + 1) is Y


def test_it_has_no_gradient():
    for derivative in (LOSS.gradient, LOSS.hessian, LOSS.fine_gradient):
        with pytest.raises(InputError, match="interpolation has no gradient"):
            derivative(Y, Y)
