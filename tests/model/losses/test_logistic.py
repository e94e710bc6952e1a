"""The logistic loss by hand, far out and at the edge of its domain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.errors import InputError
from dualscape.model.losses import Logistic, get_loss


def test_logistic_is_finite_far_out():
    loss, y = get_loss("logistic"), np.array([1.0, -1.0])
    for size in (1e2, 1e4, 1e300):
        wrong = np.array([-size, size])
        assert loss.value(wrong, y) == pytest.approx(2 * size)
        assert loss.value(-wrong, y) < 1e-40
        assert np.isfinite(loss.gradient(wrong, y)).all()
        assert np.isfinite(loss.dual(-loss.gradient(wrong, y), y))


def test_logistic_dual_outside_its_domain():
    loss, y = get_loss("logistic"), np.array([1.0, -1.0])
    assert loss.dual(np.array([1.5, 0.0]), y) == -np.inf
    assert loss.dual(np.array([0.5, 0.5]), y) == -np.inf


def test_logistic_refuses_other_labels():
    with pytest.raises(InputError) as caught:
        get_loss("logistic").check_target(np.array([1.0, 0.0]))
    assert str(caught.value) == (
        "target of the logistic loss must be +1 or -1, but row 1 has 0; "
        "recode the two classes as +1 and -1, or use loss='squared'"
    )


@given(st.floats(1e-6, 1e6))
def test_logistic_domain_with_weights_is_decided_exactly(w):
    loss, y = Logistic(weights=[w]), np.array([1.0])
    above = np.array([np.nextafter(w, np.inf)])
    assert loss.dual(np.array([w]), y) == 0
    assert loss.dual(above, y) == -np.inf
    assert loss.dual(loss.nearest_dual(above, y), y) == 0
