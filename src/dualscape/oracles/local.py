"""Local maximisers of s nu^T (X u)_+ : climbing to them, and listing them once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dualscape.geometry.climbs import climb_all
from dualscape.geometry.hinges import Hinges
from dualscape.geometry.minorants import Pieces, rise_by_hops
from dualscape.geometry.tall import blocks
from dualscape.oracles.base import Matrix, OracleAnswer, Vector
from dualscape.oracles.proof import agreed, capped
from dualscape.threads import Threads

#: Two units of equal sign closer than this are the same local maximiser.
SAME_UNIT = 1e-7
#: An exact oracle lists all that rounding can tell apart: two units as near as 1e-9 may have columns that differ much.
#: What is listed twice is merged by its columns (`solver.refinement`).
SAME_LISTED = 1e-13
#: Units times entries of the data from which on several threads climb.
THREADED = 200_000
#: Heights that are scored at a time, which stay in the cache, and the directions that are in any case.
SCORED_ENTRIES, FEWEST_SCORED = 64_000, 64
#: Starts that climb together between two looks at the clock, fewer where the data have more entries.
CHUNK, CHUNK_ENTRIES = 32, 1_000_000


def scores(X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Vector:
    """s_j nu^T (X u_j)_+ in plain NumPy, shape (q,)."""
    values = np.zeros(len(directions))
    for some in blocks(len(directions), max(SCORED_ENTRIES // max(len(X), 1), FEWEST_SCORED)):
        for part in blocks(len(X)):
            heights = X[part] @ directions[some].T
            values[some] += nu[part] @ np.maximum(heights, 0.0, out=heights)
    return signs * values


class Units(NamedTuple):
    """Units once each, best first: directions (q, d), signs (q,) and their values (q,), which are positive."""

    directions: Matrix
    signs: Vector
    values: Vector

    @classmethod
    def of(cls, X: Matrix, nu: Vector, directions: Matrix, signs: Vector, same: float = SAME_UNIT) -> "Units":
        """From directions (q, d), zero ones among them, and signs (q,), in any order and more than once."""
        norms = np.linalg.norm(directions, axis=1)
        alive = norms > 0.5
        directions, signs = directions[alive] / norms[alive, None], signs[alive]
        return cls(directions, signs, scores(X, nu, directions, signs))._once(same)

    def _once(self, same: float = SAME_UNIT) -> "Units":
        directions, signs, values = self
        # Ties are broken by the coordinates, so that the answer does not depend on the order of discovery.
        order = np.lexsort((*np.round(directions, 9).T[::-1], signs, -values.round(12)))
        order = order[values[order] > 0]
        kept = distinct(directions, signs, order, same)
        return self.take(kept[np.argsort(-values[kept], kind="stable")])

    def take(self, which: slice | NDArray[np.intp]) -> "Units":
        """Some of them."""
        return Units(self.directions[which], self.signs[which], self.values[which])

    def above(self, value: float) -> "Units":
        """Those of a greater value."""
        return self.take(slice(int((self.values > value).sum())))

    def joined(self, others: "Units") -> "Units":
        """These and others, once each."""
        together = zip(self, others, strict=True)
        return Units(*(np.concatenate(pair) for pair in together))._once()


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
        climb_all(
            hinges.rows, columns, kappa, linear, turns[part], starts[part],
            found[part], bits[part], active[part], lam[part], held[part],
        )  # fmt: skip

    _in_parts(climb_part, q, hinges, expired)
    return _as_directions(found, hinges), bits, [active[j, : held[j]].copy() for j in range(q)]


def hop_from(
    hinges: Hinges,
    nu: Vector,
    directions: Matrix,
    signs: Vector,
    *,
    hops: int = 0,
    expired: Callable[[], bool] = lambda: False,
) -> Matrix:
    """Local maximisers (q, d) reached from directions (q, d), by leaps that may pass near ones, and then by hops.

    For searches: from most starts it is quicker than `climb_from` and ends as high; with `hops`, tries across one
    hyperplane each, it ends higher. What reaches nothing positive, or nothing in time, is the zero direction.
    """
    if len(directions) == 0 or expired():
        return np.zeros_like(directions)
    kappa, linear = hinges.reduce(nu)
    starts, found = directions @ hinges.basis, np.zeros((len(directions), hinges.rank))
    pieces = Pieces.both(hinges.rows, kappa, linear)
    for piece, sign in zip(pieces, (1.0, -1.0), strict=True):
        which = np.flatnonzero(signs == sign)
        own, risen = np.ascontiguousarray(starts[which]), np.zeros((len(which), hinges.rank))

        def hop_part(part: slice, piece: Pieces = piece, own: Matrix = own, risen: Matrix = risen) -> None:
            rise_by_hops(piece.linear, piece.concave, piece.convex, own[part], hops, risen[part])

        _in_parts(hop_part, len(which), hinges, expired)
        found[which] = risen
    return _as_directions(found, hinges)


def _in_parts(work: Callable[[slice], None], count: int, hinges: Hinges, expired: Callable[[], bool]) -> None:
    """Do the work on `count` units a chunk at a time, on several threads where it pays, until time is up."""
    size = int(np.clip(CHUNK_ENTRIES // max(hinges.rows.size, 1), 1, CHUNK))
    parts = [slice(at, at + size) for at in range(0, count, size)]

    def work_in_time(part: slice) -> None:
        if not expired():
            work(part)

    if count * hinges.rows.size > THREADED:
        with Threads() as pool:
            list(pool.map(work_in_time, parts))
    else:
        for part in parts:
            work_in_time(part)


def _as_directions(found: Matrix, hinges: Hinges) -> Matrix:
    """Unit vectors in the coordinates of X; zero stays zero."""
    norms = np.linalg.norm(found, axis=1)
    norms[norms == 0] = 1.0
    return np.asarray((found / norms[:, None]) @ hinges.basis.T)


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
    ceiling: Callable[[], float] = lambda: np.inf,
) -> OracleAnswer:
    """The answer that lists these units once each, best first, with values recomputed from the data.

    The upper bound is capped by `trivial_bound` and by `ceiling`, another proven bound, where it is loose.

    Raises:
        ContradictionError: a unit has a value above the upper bound by more than the rounding of the value.
    """
    units = Units.of(X, nu, directions, signs, SAME_LISTED)
    listed = units.above(above)
    lower = float(units.values[0]) if len(units.values) else 0.0
    upper = agreed(X, nu, lower, capped(X, nu, lower, upper, above, ceiling), oracle)
    return OracleAnswer(*listed, lower, upper, oracle, patterns, stopped)
