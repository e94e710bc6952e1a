"""Normals of hyperplanes: random ones and those of a lattice."""

import numpy as np


def unit_rows(rng, N, r, lattice=False):
    rows = rng.integers(-2, 3, size=(N, r)).astype(float) if lattice else rng.standard_normal((N, r))
    rows = np.vstack([rows[np.abs(rows).max(axis=1) > 0], np.eye(1, r)])
    return rows / np.linalg.norm(rows, axis=1)[:, None]
