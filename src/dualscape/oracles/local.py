"""Local maximisers of s nu^T (X u)_+ : climbing to them, and listing them once."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dualscape.geometry.cones import climb_all
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import Matrix, OracleAnswer, Vector

#: Two units of equal sign closer than this are the same local maximiser.
SAME_UNIT = 1e-7
#: Units times entries of the data from which on several threads climb.
THREADED = 200_000
#: Starts that climb together between two looks at the clock, fewer where the data have more entries.
CHUNK, CHUNK_ENTRIES = 32, 1_000_000


def scores(X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Vector:
    """s_j nu^T (X u_j)_+ in plain NumPy, shape (q,)."""
    return np.asarray(signs * (nu @ np.maximum(X @ directions.T, 0.0)))


def climb_from(
    hinges: Hinges,
    nu: Vector,
    directions: Matrix,
    signs: Vector,
    *,
    expired: Callable[[], bool] = lambda: False,
) -> tuple[Matrix, NDArray[np.bool_], list[NDArray[np.int64]]]:
    """Local maximisers reached from directions (q, d): (directions, hyperplane signs (q, N), what holds each).

    A start from which nothing positive is reached comes back as the zero direction, and so does what is left once
    `expired` says that time is up.
    """
    kappa, linear = hinges.reduce(nu)
    q, r = len(directions), hinges.rank
    # Copies, which can be written to: what cannot would be compiled for by itself.
    starts, turns = np.ascontiguousarray(directions @ hinges.basis), np.array(signs, dtype=float)
    found, bits = np.zeros((q, r)), np.zeros((q, hinges.count), dtype=bool)
    active, lam = np.empty((q, r + 1), dtype=np.int64), np.empty((q, r + 1))
    held = np.zeros(q, dtype=np.int64)
    columns = np.ascontiguousarray(hinges.rows.T)

    def climb_part(part: slice) -> None:
        if not expired():
            climb_all(
                hinges.rows, columns, kappa, linear, turns[part], starts[part],
                found[part], bits[part], active[part], lam[part], held[part],
            )  # fmt: skip

    size = int(np.clip(CHUNK_ENTRIES // max(hinges.rows.size, 1), 1, CHUNK))
    parts = [slice(at, at + size) for at in range(0, q, size)]
    if q * hinges.rows.size > THREADED:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            list(pool.map(climb_part, parts))
    else:
        for part in parts:
            climb_part(part)
    norms = np.linalg.norm(found, axis=1)
    norms[norms == 0] = 1.0
    return (found / norms[:, None]) @ hinges.basis.T, bits, [active[j, : held[j]].copy() for j in range(q)]


def distinct(directions: Matrix, signs: Vector, order: NDArray[np.intp], tolerance: float) -> NDArray[np.intp]:
    """The indices of `order` whose unit is not within `tolerance` of an earlier one of equal sign."""
    # Neighbours along one fixed generic axis are the only ones that can be near.
    axis = np.cos(1.0 + np.arange(directions.shape[1]))
    keys = directions @ axis / np.linalg.norm(axis)
    line = np.argsort(keys, kind="stable")
    place = np.empty(len(line), dtype=np.intp)
    place[line] = np.arange(len(line))
    return _distinct(np.ascontiguousarray(directions), signs, np.asarray(order, np.intp), tolerance, keys, line, place)


@njit(cache=True, nogil=True)
def _distinct(  # type: ignore[no-untyped-def]
    directions, signs, order, tolerance, keys, line, place
):
    kept, filled = np.empty(len(order), dtype=np.intp), 0
    taken = np.zeros(len(line), dtype=np.bool_)
    for j in order:
        near = False
        for way in (-1, 1):
            at = place[j] + way
            while not near and 0 <= at < len(line) and abs(keys[line[at]] - keys[j]) <= tolerance:
                i = line[at]
                if taken[i] and signs[i] == signs[j]:
                    square = 0.0
                    for a in range(directions.shape[1]):
                        square += (directions[i, a] - directions[j, a]) ** 2
                    near = square <= tolerance * tolerance
                at += way
        if not near:
            taken[j] = True
            kept[filled] = j
            filled += 1
    return kept[:filled]


def assemble(
    X: Matrix,
    nu: Vector,
    directions: Matrix,
    signs: Vector,
    *,
    above: float,
    upper: float,
    oracle: str,
    patterns: int,
    stopped: str = "",
) -> OracleAnswer:
    """The answer that lists these units once each, best first, with values recomputed from the data."""
    norms = np.linalg.norm(directions, axis=1)
    alive = norms > 0.5
    directions = directions[alive] / norms[alive, None]
    signs = signs[alive]
    values = scores(X, nu, directions, signs)
    # Ties are broken by the coordinates, so that the answer does not depend on the order of discovery.
    order = np.lexsort((*np.round(directions, 9).T[::-1], signs, -values.round(12)))
    order = order[values[order] > 0]
    kept = distinct(directions, signs, order, SAME_UNIT)
    kept = kept[np.argsort(-values[kept], kind="stable")]
    lower = float(values[kept[0]]) if len(kept) else 0.0
    listed = kept[values[kept] > above] if len(kept) else kept
    return OracleAnswer(
        directions[listed], signs[listed], values[listed], lower, max(upper, lower), oracle, patterns, stopped
    )
