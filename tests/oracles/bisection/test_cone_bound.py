"""The bound of one cone against dense directions in it."""

import numpy as np

from dualscape.oracles.bisection.cone_bound import cone_bound, frame_cone, make_bound_work, side_bound
from dualscape.oracles.bisection.frontier import orthants


def test_any_cone_is_bounded():
    """The bound of a random cone against dense directions in it."""
    rng = np.random.default_rng(3)
    r, N = 3, 12
    for _ in range(50):
        rows = rng.standard_normal((N, r))
        rows /= np.linalg.norm(rows, axis=1)[:, None]
        c, linear = rng.standard_normal(N), rng.standard_normal(r)
        V = orthants(r)[rng.integers(8)] + 0.2 * rng.random((r, r))
        split = rng.integers(N + 1)
        c = np.concatenate([np.abs(c[:split]), -np.abs(c[split:])])
        Z = np.ascontiguousarray(V @ rows.T)
        work = make_bound_work(N, r)
        frame_cone(V, linear, work)
        bound = cone_bound(np.abs(c), V, Z, (0, split), (split, N), 2.0, 0.0, 0.0, -np.inf, work)
        u = rng.dirichlet(np.ones(r), 2000) @ V
        u /= np.linalg.norm(u, axis=1)[:, None]
        values = u @ linear + np.maximum(u @ rows.T, 0) @ c
        assert values.max() <= bound * (1 + 1e-12) + 1e-12
        # On one side of each of the first two hyperplanes, if they are convex.
        pair = min(split, 2)
        rest = np.concatenate([rows[:pair], rows[split:]])
        weights, heights = np.concatenate([np.abs(c[:pair]), np.abs(c[split:])]), np.ascontiguousarray(V @ rest.T)
        few = u @ linear + np.maximum(u @ rest.T, 0) @ np.concatenate([c[:pair], c[split:]])
        for choice in range(1 << pair):
            sides = (u @ rest[:pair].T > 0) == np.array([choice >> i & 1 for i in range(pair)], dtype=bool)
            work[9][:] = rng.random(r)
            bound = side_bound(
                weights, V, heights, (0, pair), choice, (pair, len(rest)), 2.0, 0.0, 0.0, -np.inf, work
            )  # fmt: skip
            assert few[sides.all(axis=1)].max(initial=-np.inf) <= bound * (1 + 1e-12) + 1e-12
