"""h(nu) from first principles, and data on which exact oracles are tried."""

import itertools
from fractions import Fraction

import numpy as np
from scipy.optimize import nnls

from dualscape.geometry.climbs import climb


def greatest_value(X, nu):
    """h(nu) from the definition: the distance of s X^T D nu to the polar cone, for all 2^n sign vectors.

    Which of them have a cell is not asked: where the cone is thinner, its maximum is a value of the function all the
    same, and no greater than h.
    """
    if not np.abs(X).any():
        return 0.0
    # In units in which squares neither over- nor underflow; rows of zeros have no sign.
    size, rows, weights = np.abs(X).max(), *(part[X.any(axis=1)] for part in (X, nu))
    rows = rows / size
    best = 0.0
    for active in itertools.product([0.0, 1.0], repeat=len(rows)):
        C = (2.0 * np.array(active) - 1.0)[:, None] * rows
        pull = rows.T @ (np.array(active) * weights)
        for sign in (1.0, -1.0):
            # The distance is at most |pull|, which few sign vectors need more than.
            if np.linalg.norm(pull) > best:
                best = max(best, nnls(C.T, -sign * pull)[1])
    return size * best


def exactly(values):
    """Numbers as fractions."""
    return [Fraction(value) for value in np.asarray(values, dtype=float).tolist()]


def exact_hinges(rows, kappa, linear, u):
    """linear.u + sum_g kappa_g (z_g.u)_+ as a fraction."""
    place = exactly(u)
    total = sum(a * b for a, b in zip(exactly(linear), place, strict=True))
    for row, weight in zip(rows, exactly(kappa), strict=True):
        total += weight * max(sum(a * b for a, b in zip(exactly(row), place, strict=True)), Fraction(0))
    return total


def attained(rows, kappa, linear, tries=60):
    """The square of a value that linear.u + sum_g kappa_g (z_g.u)_+ takes on the sphere, up to its sign, as a fraction.

    It is the greatest of those that climbs from random directions end at. There u is right to rounding, and the value
    to rounding squared.
    """
    rng = np.random.default_rng(0)
    rows, (N, r), most = np.ascontiguousarray(rows), rows.shape, Fraction(0)
    columns = np.ascontiguousarray(rows.T)
    bits, active, lam = np.empty(N, dtype=bool), np.empty(r + 1, dtype=np.int64), np.empty(r + 1)
    for sign in np.repeat([1.0, -1.0], tries):
        u = rng.standard_normal(r)
        climb(rows, columns, kappa, linear, sign, u, bits, active, lam)
        if u.any():
            value = max(Fraction(int(sign)) * exact_hinges(rows, kappa, linear, u), Fraction(0))
            most = max(most, value * value / sum(v * v for v in exactly(u)))
    return most


def just_below(square):
    """The greatest double whose square is below this fraction."""
    found = float(np.nextafter(float(square) ** 0.5, np.inf))
    while Fraction(found) ** 2 >= square:
        found = float(np.nextafter(found, 0.0))
    return found


def random_hinges(seed, N=8, r=3):
    """(rows, kappa, linear) of unit normals."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((N, r))
    return rows / np.linalg.norm(rows, axis=1)[:, None], rng.standard_normal(N), rng.standard_normal(r)


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
