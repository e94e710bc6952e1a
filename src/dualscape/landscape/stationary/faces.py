"""Faces of the arrangement that the rows of the data make: where a neuron may be, up to its length.

On a face every row has its side, or goes through it, and what a neuron computes is linear. A face of dimension q is the
cone of a pattern in a subspace of dimension q, which the rows that go through it cut out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from dualscape.geometry.arrangement.arrangement import Arrangement
from dualscape.geometry.leaky import slopes

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rows this short in a subspace, as a share of their length, are zero there.
ON = 1e-9


@dataclass(frozen=True, eq=False)
class Face:
    """One face.

    Attributes:
        basis: (d, q) orthonormal: its subspace.
        through: (n,) which rows go through it.
        sides: (n,) +1 or -1, where a row is positive or negative on it, 0 where it goes through it.
        columns: (n, q) what a neuron in the direction of each basis vector would compute, D X basis.
    """

    basis: Matrix
    through: NDArray[np.bool_]
    sides: Vector
    columns: Matrix


def faces(X: Matrix, slope: float = 0.0) -> Iterator[Face]:
    """All faces on which some row is computed, from the cells to the rays.

    >>> len(list(faces(np.eye(2)))), len(list(faces(np.eye(2), -1.0)))
    (5, 8)
    """
    d = X.shape[1]
    lengths = np.linalg.norm(X, axis=1)
    seen: set[bytes] = set()
    for count in range(d):
        for chosen in combinations(range(len(X)), count):
            basis = null_space(X[list(chosen)]) if count else np.eye(d)
            if basis.shape[1] != d - count:
                continue
            inside = X @ basis
            through = np.linalg.norm(inside, axis=1) <= ON * lengths
            key = through.tobytes()
            if key in seen:
                continue
            seen.add(key)
            for sides in _cells(inside[~through]):
                every = np.zeros(len(X))
                every[~through] = sides
                columns = slopes(every > 0, slope)[:, None] * inside
                if columns.any():
                    yield Face(basis, through, every, columns)


def _cells(rows: Matrix) -> Iterator[Vector]:
    """The sides of rows in the cells that they make."""
    if rows.shape[1] == 1:
        yield np.sign(rows[:, 0])
        yield -np.sign(rows[:, 0])
        return
    for block in Arrangement.of(rows).patterns():
        yield from np.where(block, 1.0, -1.0)
