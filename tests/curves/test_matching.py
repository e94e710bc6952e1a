"""Matched neurons: permuted copies come back, the function stays, and small networks are matched as well as can be."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from dualscape.curves.matching import matched, matched_orders, permuted_layers
from dualscape.errors import InputError
from dualscape.model.network import Network


def chain(rng, widths=(3, 5, 4, 2)):
    """Linear layers with biases."""
    return [[rng.standard_normal((out, into)), rng.standard_normal(out)] for into, out in pairwise(widths)]


def outputs(layers, x):
    for W, b in layers[:-1]:
        x = np.maximum(W @ x + b, 0)
    return layers[-1][0] @ x + layers[-1][1]


@pytest.mark.parametrize("seed", range(5))
def test_permuted_copies_come_back_and_compute_the_same(seed):
    rng = np.random.default_rng(seed)
    layers = chain(rng)
    orders = [rng.permutation(5), rng.permutation(4)]
    mixed = permuted_layers(layers, orders)
    x = rng.standard_normal(3)
    np.testing.assert_allclose(outputs(mixed, x), outputs(layers, x))
    assert any(not np.array_equal(p[0], q[0]) for p, q in zip(mixed, layers, strict=True))
    back = permuted_layers(mixed, matched_orders(layers, mixed))
    for one, other in zip(back, layers, strict=True):
        for p, q in zip(one, other, strict=True):
            np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize("seed", range(5))
def test_one_hidden_layer_is_matched_as_well_as_can_be(seed):
    rng = np.random.default_rng(seed)
    a, b = (Network.from_weights(rng.standard_normal((5, 2)), rng.standard_normal(5)) for _ in range(2))

    def apart(network):
        pairs = zip(a.weights(), network.weights(), strict=True)
        return sum(np.sum((p - q) ** 2) for p, q in pairs)

    least = min(apart(b.permute(order)) for order in permutations(range(5)))
    assert apart(matched(a, b)) == pytest.approx(least)
    X = rng.standard_normal((4, 2))
    np.testing.assert_allclose(matched(a, b).predict(X), b.predict(X))


def test_convolutions_then_a_linear_layer():
    """Channels of a picture become inputs of the linear layer side by side."""
    rng = np.random.default_rng(0)
    kernels, last = rng.standard_normal((3, 1, 2, 2)), rng.standard_normal((2, 3 * 4))
    order = np.array([2, 0, 1])
    mixed = [[kernels[order]], [last.reshape(2, 3, 4)[:, order].reshape(2, 12)]]
    found = permuted_layers([[kernels], [last]], [order])
    for one, other in zip(found, mixed, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    (back,) = matched_orders([[kernels], [last]], mixed)
    np.testing.assert_array_equal(order[back], np.arange(3))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([[np.ones((2, 2))]], [[np.ones((2, 2))]], "two at least"),
        ([[np.ones(2)], [np.ones((1, 2))]], [[np.ones(2)], [np.ones((1, 2))]], "shape"),
        ([[np.ones((2, 2))], [np.ones((1, 3))]], [[np.ones((2, 2))], [np.ones((1, 3))]], "chain"),
        ([[np.ones((2, 2)), np.ones(3)], [np.ones((1, 2))]], [[np.ones((2, 2))], [np.ones((1, 2))]], "one entry"),
        ([[np.full((2, 2), np.nan)], [np.ones((1, 2))]], [[np.ones((2, 2))], [np.ones((1, 2))]], "NaN"),
        ([[np.ones((2, 2))], [np.ones((1, 2))]], [[np.ones((3, 2))], [np.ones((1, 3))]], "other shapes"),
    ],
)
def test_what_makes_no_chain_is_refused(a, b, message):
    with pytest.raises(InputError, match=message):
        matched_orders(a, b)


def test_other_widths_are_refused():
    one, two = Network([[1.0]], [1.0], [1.0]), Network([[1.0], [1.0]], [1.0, 1.0], [1.0, 2.0])
    with pytest.raises(InputError, match="1 and 2 neurons"):
        matched(one, two)
