"""What losses that are sums over rows share: weights, and their rows."""

import numpy as np
import pytest

from dualscape.errors import MissingError
from dualscape.model.losses import LOSSES, Huber, Loss

# The loss of several outputs a row is tried in test_multinomial.py.
PAID = {name: loss for name, loss in LOSSES.items() if not loss.constraint and loss.target != "classes"}
ALL = pytest.mark.parametrize("loss", PAID.values(), ids=PAID)
Y = np.array([1.0, -1.0, 1.0])


@ALL
def test_weights_on_weights_are_multiplied(loss):
    once, w = loss.weighted(np.array([2.0, 0.5, 3.0])), np.array([1.0, 4.0, 0.25])
    twice = once.weighted(w)
    assert twice.weights.tolist() == [2.0, 2.0, 0.75]
    f = np.array([0.3, 0.2, -2.0])
    np.testing.assert_allclose(twice.gradient(f, Y), w * once.gradient(f, Y), rtol=1e-15)
    assert (loss.weights, once.weights.tolist()) == (None, [2.0, 0.5, 3.0])


@ALL
def test_rows_keep_the_kind_of_loss_and_their_weights(loss):
    part = loss.weighted(np.array([2.0, 0.5, 3.0])).take(np.array([2, 0]))
    assert (type(part), part.text, part.weights.tolist()) == (type(loss), loss.text, [3.0, 2.0])
    assert loss.take(np.array([2, 0])).weights is None


def test_the_parameter_stays_with_weights_and_rows():
    loss = Huber(0.25).weighted(np.array([1.0, 2.0])).take(np.array([1]))
    assert (loss.text, loss.delta, loss.weights.tolist()) == ("huber:0.25", 0.25, [2.0])
    assert loss.key != Huber(0.5, weights=[2.0]).key
    assert loss.key == Huber(0.25, weights=[2.0]).key


def test_a_loss_that_knows_no_weights_says_so():
    class Plain(Huber):
        name = "plain"
        weighted = Loss.weighted

    with pytest.raises(MissingError, match="loss 'plain' cannot take sample_weight: it must implement weighted, which"):
        Plain().weighted(np.ones(2))
