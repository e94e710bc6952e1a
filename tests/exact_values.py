"""h(nu) from first principles, and data on which exact oracles are tried."""

import itertools

import numpy as np
from scipy.optimize import nnls

from dualscape.geometry.arrangement.arrangement import Arrangement


def greatest_value(X, nu):
    """h(nu) from the definition: the distance of s X^T D nu to the polar cone, for every listed pattern."""
    best = 0.0
    for block in Arrangement.of(X, seed=7).patterns():
        for active in block:
            C = np.where(active, 1.0, -1.0)[:, None] * X
            for sign in (1.0, -1.0):
                best = max(best, nnls(C.T, -sign * (X.T @ (active * nu)))[1])
    return best


def dense(X, nu, count=200_000, seed=3):
    u = np.random.default_rng(seed).standard_normal((count, X.shape[1]))
    u /= np.linalg.norm(u, axis=1)[:, None]
    return np.abs(nu @ np.maximum(X @ u.T, 0)).max()


CASES = {
    "gaussian 9 x 3": lambda rng: rng.standard_normal((9, 3)),
    "gaussian 7 x 4": lambda rng: rng.standard_normal((7, 4)),
    "n < d": lambda rng: rng.standard_normal((3, 6)),
    "n = 1": lambda rng: rng.standard_normal((1, 3)),
    "grid": lambda rng: np.column_stack([np.array(list(itertools.product([0, 1, 2], [0, 1, 2])), float), np.ones(9)]),
    "cube": lambda rng: np.array(list(itertools.product([-1, 1], repeat=3)), float),
    "one-hot": lambda rng: np.eye(4)[rng.integers(4, size=12)],
    "one-hot and a number": lambda rng: np.column_stack([np.eye(3)[rng.integers(3, size=9)], rng.standard_normal(9)]),
    "antipodes": lambda rng: (lambda a: np.vstack([a, -a]))(rng.standard_normal((4, 3))),
    "duplicates": lambda rng: np.repeat(rng.standard_normal((4, 3)), 3, axis=0),
    "nearly parallel": lambda rng: np.vstack(
        [v := rng.standard_normal((4, 3)), v + 1e-9 * rng.standard_normal((4, 3))]
    ),
}


def by_hand(X, nu):
    weights = np.abs(nu) * np.linalg.norm(X, axis=1)
    return max(weights[nu > 0].sum(), weights[nu < 0].sum())
