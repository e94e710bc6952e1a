"""The squared loss by hand."""

import numpy as np

from dualscape.model.losses import get_loss


def test_squared_loss_by_hand():
    loss = get_loss("squared")
    assert loss.value(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == 2.5
    assert loss.dual(np.array([1.0, 2.0]), np.array([3.0, 1.0])) == 2.5
    assert loss.best_scale(np.array([2.0]), np.array([1.0]), 10.0) == 0.5
