"""Hessians as what they do to columns."""

import numpy as np

from dualscape.model.losses import Blocks, Diagonal, Identity


def test_hessians_where_the_loss_is_flat():
    W = Diagonal(np.array([4.0, 0.0, 1e-20]))
    flat = np.array([5.0, 6.0, 7.0])
    assert W.unroot(np.ones(3), flat, 1e-6).tolist() == [0.5, 6.0, 7.0]
    np.testing.assert_allclose(W.raised(0.25).root(np.ones(3)), [2.0, 1.0, 1.0])
    M = np.ones((3, 2))
    assert W.root(M, overwrite=True) is M
    assert M[0].tolist() == [2.0, 2.0]
    same = Identity()
    assert same.raised(0.1) is same
    assert same.unroot(flat, np.zeros(3), 0.5) is flat


def test_blocks_are_their_matrix():
    rng = np.random.default_rng(0)
    B = rng.standard_normal((4, 3, 3))
    blocks = B @ B.transpose(0, 2, 1)
    dense = np.zeros((12, 12))
    for i, block in enumerate(blocks):
        dense[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = block
    W, v = Blocks(blocks), rng.standard_normal(12)
    np.testing.assert_allclose(W.root(W.root(np.eye(12))), dense, atol=1e-12)
    np.testing.assert_allclose(W.times(v), dense @ v)
    np.testing.assert_allclose(W.unroot(W.unroot(v)), np.linalg.solve(dense, v), rtol=1e-8)
    np.testing.assert_allclose(W.lift(v), W.unroot(v))
    raised = W.raised(0.5)
    assert np.linalg.eigvalsh(raised.root(raised.root(np.eye(12)))).min() >= 0.5 * np.linalg.eigvalsh(dense).max() * (
        1 - 1e-12
    )


def test_flat_directions_of_blocks_take_what_stands_in_for_them():
    W = Blocks(np.array([[[0.5, -0.5], [-0.5, 0.5]]]))  # flat along equal entries
    np.testing.assert_allclose(W.unroot(np.array([1.0, -1.0]), np.array([7.0, 7.0]), 1e-6), [8.0, 6.0])
