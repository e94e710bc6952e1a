"""Vectors that are orthogonal to some columns, and how far one is from being so exactly (THEORY_MORE A2, A3)."""

from fractions import Fraction
from operator import mul

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.exact_elimination import dependencies
from dualscape.geometry.tall import shortened, weighted_gram
from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.losses.curvature import Curvature
from dualscape.tolerances import EPS

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Operations up to which dependence is decided in fractions, which takes some 50 ms.
FEW = 20_000


def distance(M: Matrix, nu: Vector, room: Vector) -> Vector:
    """How far the entries of nu are, at most, from a nu' with M^T nu' = 0 exactly: shape (n,).

    nu' = nu - W M z with (M^T W M) z = M^T nu and W the room that the entries have. For any T with
    |I - T^T (M^T W M) T| <= eta < 1 it holds |T^-1 z| <= |T^T M^T nu| / (1 - eta), and |W M z| <= |W M T| |T^-1 z|
    row by row. Columns that depend on others in the rows with room need no z: what they demand is what the others do.

    Args:
        M: (n, q) the columns, of lengths near one.
        nu: (n,) the vector.
        room: (n,) >= 0, how far each entry may move, up to a common factor; 0: not at all.

    Returns:
        The distances, 0 where there is no room; inf in all rows where rounding hides that there is a nu'.

    >>> distance(np.ones((2, 1)), np.array([1.0, -0.75]), np.array([1.0, 0.0])).round(6)
    array([0.2525, 0.    ])
    """
    T = _inverse_root(M, room)
    if T.shape[1] < M.shape[1]:
        deciding = _deciding_columns(M, nu, room, T.shape[1])
        if deciding is None:
            return np.full(len(nu), np.inf)
        M = np.ascontiguousarray(M[:, deciding])
        T = _inverse_root(M, room)
    if not M.shape[1]:
        return np.zeros(len(nu))
    pull = (TwoFloat.of(M.T) @ TwoFloat.of(nu[:, None]))[:, 0]
    scaled = (TwoFloat.of(T.T) @ pull[:, None])[:, 0].hi
    wide, n, q = np.abs(T), len(nu), len(T)
    lost = wide.T @ (2 * ROUNDING * (n * (np.abs(M).T @ np.abs(nu)) + q * np.abs(pull.hi)))
    eta = _from_identity(M, room, T)
    if not eta < 0.5:
        return np.full(len(nu), np.inf)
    distance = float(np.linalg.norm(np.abs(scaled) * (1 + 4 * EPS) + lost)) / (1 - eta)
    reach = np.linalg.norm(M @ T, axis=1) + 1.01 * (2 * q + 4) * EPS * np.linalg.norm(np.abs(M) @ wide, axis=1)
    return np.asarray(1.01 * room * reach * distance)


def projected(M: Matrix, nu: Vector, room: Vector) -> Vector:
    """The nu' = nu - W M z with M^T nu' = 0 up to rounding, (n,); M, nu and W = diag(room) as in `distance`.

    >>> projected(np.ones((2, 1)), np.array([1.0, -0.75]), np.array([1.0, 0.0])).round(12).tolist()
    [0.75, -0.75]
    """
    N = np.sqrt(room)[:, None] * M
    return np.asarray(nu - room * (M @ Curvature.of(N, 0.0).solve(M.T @ nu)))


def _inverse_root(M: Matrix, room: Vector) -> Matrix:
    """T (q, r) with T^T (M^T W M) T near the identity, r the rank."""
    return Curvature.of(shortened(np.sqrt(room)[:, None] * M), 0.0).inverse_root


def _deciding_columns(M: Matrix, nu: Vector, room: Vector, rank: int) -> list[int] | None:
    """So many columns that decide for all: if M^T nu' = 0 in them, then in all, for any nu' that is nu without room.

    A column decides for another if it is the same combination of others in every row with room and in what nu demands
    where there is none. None where that is not so, or not seen with little work.
    """
    moving = np.flatnonzero(room > 0)
    fixed = np.flatnonzero((room == 0) & (nu != 0))
    seen = np.flatnonzero(M[moving].any(axis=0) | M[fixed].any(axis=0))
    if len(seen) == rank:
        return seen.tolist()
    weighted = np.sqrt(room[moving])[:, None] * M[np.ix_(moving, seen)]
    rows = np.unique(M[np.ix_(moving, seen)], axis=0)
    if (rows.size + len(fixed)) * len(seen) > FEW:
        return None
    held = [Fraction(value) for value in nu[fixed].tolist()]
    columns = [
        [*map(Fraction, rows[:, k].tolist()), sum(map(mul, held, map(Fraction, M[fixed, j].tolist())), Fraction(0))]
        for k, j in enumerate(seen)
    ]
    if len(seen) - len(dependencies(columns)) != rank:
        return None
    # Those that are clearest from one another; that they are independent is for what is made of them to show.
    left, chosen = weighted.copy(), []
    for _ in range(rank):
        best = int(np.argmax(np.linalg.norm(left, axis=0)))
        chosen.append(best)
        direction = left[:, best] / np.linalg.norm(left[:, best])
        left -= np.outer(direction, direction @ left)
        left[:, chosen] = 0.0
    return sorted(seen[chosen].tolist())


def _from_identity(M: Matrix, room: Vector, T: Matrix) -> float:
    """A bound on |I - T^T (M^T W M) T|, W = diag(room); in twice the precision where double says too little."""
    wide, (n, q) = np.abs(T), M.shape
    terms = 1.01 * (n + 2 * q + 4) * (wide.T @ weighted_gram(np.abs(M), room) @ wide)
    bound = float(np.linalg.norm(np.abs(np.eye(q) - T.T @ weighted_gram(M, room) @ T) + EPS * terms))
    if bound < 0.5:
        return bound
    gram = TwoFloat.of(M.T) @ (TwoFloat.of(room[:, None]) * TwoFloat.of(M))
    near = TwoFloat.of(np.eye(q)) - TwoFloat.of(T.T) @ (gram @ TwoFloat.of(T))
    return float(np.linalg.norm(np.abs(near.hi) * (1 + 4 * EPS) + 8 * ROUNDING * terms))
