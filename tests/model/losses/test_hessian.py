"""Hessians as what they do to columns."""

import numpy as np

from dualscape.model.losses import Diagonal, Identity


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
