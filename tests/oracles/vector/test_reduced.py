"""The reduced form is the function, within its slack."""

import numpy as np
import pytest

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.vector.reduced import ReducedVector


@pytest.mark.parametrize("degenerate", [False, True])
def test_values_and_pulls(degenerate):
    rng = np.random.default_rng(1)
    X = rng.integers(-2, 3, (9, 3)).astype(float) if degenerate else rng.standard_normal((9, 3))
    N = rng.standard_normal((9, 2))
    G = ReducedVector.of(Hinges.of(X), N)
    places = rng.standard_normal((50, G.hinges.rank))
    places /= np.linalg.norm(places, axis=1)[:, None]
    wanted = np.maximum(places @ G.hinges.basis.T @ X.T, 0) @ N
    assert np.abs(G.values(places) - wanted).max() <= G.slack + 1e-13
    maps = G.pulls(places @ G.hinges.rows.T > 0)
    np.testing.assert_allclose(np.einsum("prc,pr->pc", maps, places), wanted, atol=1e-12)
    assert np.linalg.norm(wanted, axis=1).max() <= G.size
