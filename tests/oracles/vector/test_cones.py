"""The kernel: what it excludes lies below, whatever the target and the budget, and what is left holds the rest."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.vector.cones import BOUND, DEPTH, FATE, HEAD, OPEN, explore
from dualscape.oracles.vector.reduced import ReducedVector


def orthants(r):
    signs = np.stack(np.meshgrid(*[[1.0, -1.0]] * r, indexing="ij"), axis=-1).reshape(-1, r)
    records = np.zeros((2**r, HEAD + r * r))
    records[:, BOUND] = np.inf
    records[:, HEAD:] = (signs[:, None, :] * np.eye(r)).reshape(2**r, -1)
    return records


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 15), st.integers(1, 4), st.integers(1, 4), st.integers(1, 60))
def test_every_high_direction_is_in_a_cone_that_is_left(seed, n, d, c, budget):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, d)).astype(float) if seed % 2 else rng.standard_normal((n, d))
    hinges = Hinges.of(X)
    r = hinges.rank
    if r == 0:
        return
    G = ReducedVector.of(hinges, rng.standard_normal((n, c)))
    U = rng.standard_normal((400, r))
    U /= np.linalg.norm(U, axis=1)[:, None]
    values = np.linalg.norm(G.values(U), axis=1)
    threshold = float(np.quantile(values, 0.8))
    target = threshold * rng.uniform(1.0, 1.5)
    weights = np.linalg.norm(G.kappa, axis=1)
    out, treated = explore(hinges.rows, G.kappa, weights, G.linear, orthants(r), target, threshold, budget)
    assert treated <= budget
    assert (out[:, DEPTH] <= budget).all()
    if treated < budget:
        assert (out[out[:, FATE] == OPEN, BOUND] <= target).all()
    for u, value in zip(U, values, strict=True):
        if value <= threshold + 1e-9 * G.size:
            continue
        holding = [np.linalg.solve(record[HEAD:].reshape(r, r).T, u).min() >= -1e-9 for record in out]
        assert any(holding)
        assert out[holding, BOUND].max() >= value - 1e-9 * G.size
