"""Climbing to local maximisers of s nu^T max(X u, a X u) from units at hand, many at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.climbs import climb_all
from dualscape.geometry.hinges import Hinges
from dualscape.geometry.leaky import EVEN
from dualscape.geometry.minorants import Pieces, rise_by_hops
from dualscape.oracles.base import Matrix, Vector
from dualscape.running.threads import Threads
from dualscape.units import Units

#: Units times entries of the data from which on several threads climb.
THREADED = 200_000
#: Starts that climb together between two looks at the clock, fewer where the data have more entries.
CHUNK, CHUNK_ENTRIES = 32, 1_000_000


def climb_from(
    hinges: Hinges, nu: Vector, units: Units, *, expired: Callable[[], bool] = lambda: False
) -> tuple[Units, NDArray[np.bool_], list[NDArray[np.int64]]]:
    """Local maximisers reached from q units: (these, hyperplane signs (q, N), what holds each).

    A start from which nothing positive is reached comes back as the zero direction, and so does what is left once
    `expired` says that time is up. Where u and -u compute the same, the maximisers are upright.
    """
    kappa, linear = hinges.reduce(nu)
    q, r = len(units), hinges.rank
    # Copies, which can be written to: what cannot would be compiled for by itself.
    starts, turns = np.ascontiguousarray(units.directions @ hinges.basis), np.array(units.signs, dtype=float)
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
    climbed = units.turned(_as_directions(found, hinges))
    if hinges.slope == EVEN:
        bits ^= climbed.inverted()[:, None]
        climbed = climbed.upright()
    return climbed, bits, [active[j, : held[j]].copy() for j in range(q)]


def hop_from(
    hinges: Hinges, nu: Vector, units: Units, *, hops: int = 0, expired: Callable[[], bool] = lambda: False
) -> Units:
    """Local maximisers reached from q units, by leaps that may pass near ones, and then by hops.

    For searches: from most starts it is quicker than `climb_from` and ends as high; with `hops`, tries across one
    hyperplane each, it ends higher. What reaches nothing positive, or nothing in time, is the zero direction.
    """
    if len(units) == 0 or expired():
        return units.turned(np.zeros_like(units.directions))
    kappa, linear = hinges.reduce(nu)
    starts, found = units.directions @ hinges.basis, np.zeros((len(units), hinges.rank))
    pieces = Pieces.both(hinges.rows, kappa, linear)
    for piece, sign in zip(pieces, (1.0, -1.0), strict=True):
        which = np.flatnonzero(units.signs == sign)
        own, risen = np.ascontiguousarray(starts[which]), np.zeros((len(which), hinges.rank))

        def hop_part(part: slice, piece: Pieces = piece, own: Matrix = own, risen: Matrix = risen) -> None:
            rise_by_hops(piece.linear, piece.concave, piece.convex, own[part], hops, risen[part])

        _in_parts(hop_part, len(which), hinges, expired)
        found[which] = risen
    return units.turned(_as_directions(found, hinges))


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
