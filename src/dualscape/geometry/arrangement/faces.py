"""All faces of a central arrangement of few hyperplanes, degenerate or not, as sign vectors.

Every face but the origin has a ray of the arrangement in its closure, since the normals span the space. Around a ray
the arrangement is that of the hyperplanes through it, in one dimension less, and all others keep their sign there: so
the faces are found ray by ray, and where more hyperplanes than are needed meet in a ray, by recursion.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from dualscape.running.interruption import interrupted

Matrix = NDArray[np.float64]
Signs = NDArray[np.int8]
#: A hyperplane passes through a ray that is no further from it; normals are independent above this singular value.
ON_RAY, INDEPENDENT = 1e-13, 1e-14
#: A ray is that of normals which are off by this at most; where more meet in one, faces may be so much further off.
ROUNDED, AROUND = 4e-15, 100.0
#: Sets of hyperplanes whose rays are found together.
TOGETHER = 20_000


@dataclass(frozen=True, eq=False)
class FaceGroup:
    """Faces of one dimension.

    Attributes:
        signs: (F, N) the side of every hyperplane, 0 for those that hold the face.
        basis: (F, r, m) orthonormal bases of the spans of the faces.
    """

    signs: Signs
    basis: Matrix


def count_of_faces(N: int, r: int) -> float:
    """How many faces N hyperplanes in general position in r dimensions have, the origin left out.

    >>> count_of_faces(2, 2), count_of_faces(3, 2)
    (8.0, 12.0)
    """
    return float(sum(comb(N, j) * cells_of(N - j, r - j) for j in range(r)))


def cells_of(N: int, r: int) -> int:
    """How many cells N hyperplanes in general position in r dimensions have.

    >>> cells_of(3, 2)
    6
    """
    return 2 * sum(comb(N - 1, k) for k in range(r)) if N else 1


class UnlistedError(Exception):
    """What was asked for faces did not wait for all of them."""


def face_groups(rows: Matrix, expired: Callable[[], bool] = interrupted) -> tuple[list[FaceGroup], float]:
    """All faces but the origin of the hyperplanes z_g.u = 0, by dimension, for unit rows z_g (N, r) of rank r.

    Returns:
        The faces; and how far from those listed any other face may lie, on the unit sphere: where more hyperplanes meet
        in a ray than are needed, or rounding does not tell, small faces may be missing there.

    Raises:
        UnlistedError: not all were found when `expired` said so.

    >>> [len(group.signs) for group in face_groups(np.eye(2))[0]]
    [4, 4]
    """
    signs, off = sign_vectors(rows, expired)
    signs = signs[signs.any(axis=1)]
    found: dict[int, list[FaceGroup]] = {}
    held = (signs == 0).sum(axis=1)
    for count in np.unique(held).tolist():
        some = signs[held == count]
        for dimension, which, basis in _bases(rows, some, count):
            found.setdefault(dimension, []).append(FaceGroup(some[which], basis))
    return [
        FaceGroup(np.vstack([g.signs for g in groups]), np.concatenate([g.basis for g in groups]))
        for _, groups in sorted(found.items())
    ], off


def _bases(rows: Matrix, signs: Signs, count: int) -> Iterator[tuple[int, NDArray[np.intp], Matrix]]:
    """(dimension, which of the faces (F, N), their bases) for faces that `count` hyperplanes hold."""
    r = rows.shape[1]
    if count == 0:
        yield r, np.arange(len(signs)), np.broadcast_to(np.eye(r), (len(signs), r, r)).copy()
        return
    normals = rows[np.nonzero(signs == 0)[1].reshape(-1, count)]
    _, singular, right = np.linalg.svd(normals, full_matrices=True)
    # Where hyperplanes only nearly meet in a ray it is one all the same.
    ranks = np.minimum((singular > INDEPENDENT).sum(axis=1), r - 1)
    for rank in np.unique(ranks).tolist():
        which = np.flatnonzero(ranks == rank)
        yield r - rank, which, np.ascontiguousarray(right[which, rank:].transpose(0, 2, 1))


def sign_vectors(rows: Matrix, expired: Callable[[], bool] = interrupted) -> tuple[Signs, float]:
    """(the sign vectors (F, N) of all faces, the origin included; how far others may be off), for unit rows (N, r)."""
    N, r = rows.shape
    none = np.zeros((1, N), dtype=np.int8)
    if r == 0:
        return none, 0.0
    parts = [none]
    directions, through, off = _rays(rows, expired)
    sides = np.where(through, 0, np.sign(directions @ rows.T)).astype(np.int8)
    simple = through.sum(axis=1) == r - 1
    if simple.any():
        local = np.array(list(product((-1, 0, 1), repeat=r - 1)), dtype=np.int8)
        around = np.repeat(sides[simple], len(local), axis=0)
        places = np.nonzero(through[simple])[1].reshape(int(simple.sum()), r - 1)
        around[np.arange(len(around))[:, None], np.repeat(places, len(local), axis=0)] = np.tile(
            local, (int(simple.sum()), 1)
        )
        parts.append(around)
    for j in np.flatnonzero(~simple).tolist():
        if expired():
            raise UnlistedError
        here = np.flatnonzero(through[j])
        inside = rows[here] @ np.linalg.svd(directions[j : j + 1], full_matrices=True)[2][1:].T
        local, further = sign_vectors(inside / np.linalg.norm(inside, axis=1)[:, None], expired)
        off = max(off, further)
        around = np.repeat(sides[j : j + 1], len(local), axis=0)
        around[:, here] = local
        parts.append(around)
    return np.unique(np.vstack(parts), axis=0), off


def _rays(rows: Matrix, expired: Callable[[], bool]) -> tuple[Matrix, NDArray[np.bool_], float]:
    """(directions (R, r) of all rays, both ways; (R, N) which hyperplanes pass through each; how far faces are off)."""
    N, r = rows.shape
    if r == 1:
        return np.array([[1.0], [-1.0]]), np.zeros((2, N), dtype=bool), 0.0
    subsets = combinations(range(N), r - 1)
    directions, through, off = [], [], 0.0
    for _ in range(0, comb(N, r - 1), TOGETHER):
        if expired():
            raise UnlistedError
        some = np.array([subset for subset, _ in zip(subsets, range(TOGETHER), strict=False)], dtype=np.intp)
        _, singular, right = np.linalg.svd(rows[some], full_matrices=True)
        known = singular[:, -1] > INDEPENDENT
        chosen, rays = some[known], right[known, -1]
        distance = np.abs(rays @ rows.T)
        distance[np.arange(len(rays))[:, None], chosen] = -1.0
        unsure = (distance >= 0) & (distance <= ON_RAY)
        off = max(off, float(np.where(unsure, np.maximum(distance, ROUNDED), 0.0).max(initial=0.0)))
        directions.append(rays)
        through.append(distance <= ON_RAY)
    rays, on = np.vstack(directions), np.vstack(through)
    # Rays in which many hyperplanes meet come once for each choice among them.
    first = np.sort(np.unique(on, axis=0, return_index=True)[1])
    rays, on = rays[first], on[first]
    return np.vstack([rays, -rays]), np.vstack([on, on]), AROUND * off
