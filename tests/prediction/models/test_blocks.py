"""Subnetworks of a second layer in blocks, and back."""

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.prediction.models.blocks import blocks_of, layers_of


@pytest.mark.parametrize("seed", range(4))
def test_there_and_back(seed):
    rng = np.random.default_rng(seed)
    m, h, p = rng.integers(1, 5), rng.integers(1, 9), 2
    first, bias = rng.standard_normal((h, p)), rng.standard_normal(h)
    second = np.zeros((m, h))
    second[rng.integers(0, m, h), np.arange(h)] = rng.standard_normal(h)
    X = rng.standard_normal((20, p))
    want = np.maximum(np.maximum(X @ first.T + bias, 0) @ second.T, 0)
    blocks = blocks_of(first, second, bias, "net")
    inner = np.maximum(np.einsum("np,krp->nkr", X, blocks.W) + blocks.bias, 0)
    np.testing.assert_allclose(np.maximum(np.einsum("nkr,kr->nk", inner, blocks.w), 0), want, atol=1e-12)
    first, second, bias = layers_of(blocks)
    np.testing.assert_allclose(np.maximum(np.maximum(X @ first.T + bias, 0) @ second.T, 0), want, atol=1e-12)
    assert first.shape == (h, p)


def test_units_that_feed_nothing_are_left_out_when_they_cost_nothing():
    first = np.array([[1.0], [0.0], [2.0]])
    blocks = blocks_of(first, np.array([[1.0, 0.0, 3.0]]), None, "net")
    assert (blocks.W[:, :, 0].tolist(), blocks.w.tolist(), blocks.bias) == ([[1.0, 2.0]], [[1.0, 3.0]], None)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (np.ones((2, 1)), np.ones((1, 3)), "takes 3 numbers, the first gives 2"),
        (np.ones((2, 1)), np.array([[0.0, 1.0], [0.0, 1.0]]), "unit 1 of the first feeds units 0 and 1"),
        (np.ones((2, 1)), np.array([[1.0, 0.0]]), "unit 1 of the first feeds none"),
    ],
)
def test_others_are_refused(first, second, said):
    with pytest.raises(InputError, match=said):
        blocks_of(first, second, None, "net")
