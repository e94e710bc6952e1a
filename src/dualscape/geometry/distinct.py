"""Points that are further apart than a tolerance, each counted once."""

import numpy as np
from numpy.typing import NDArray

from dualscape.running.compiled import kernel


def distinct_points(points: NDArray[np.float64], order: NDArray[np.intp], tolerance: float) -> NDArray[np.intp]:
    """The indices of `order` whose point is not within `tolerance` of an earlier one.

    Args:
        points: (k, q).
        order: the points in question, the first of those that are near to each other is kept.
        tolerance: Euclidean distance.

    >>> distinct_points(np.array([[0.0], [1.0], [1e-9]]), np.arange(3), 1e-6)
    array([0, 1])
    """
    # Neighbours along one fixed generic axis are the only ones that can be near.
    axis = np.cos(1.0 + np.arange(points.shape[1]))
    keys = points @ axis / np.linalg.norm(axis)
    line = np.argsort(keys, kind="stable")
    place = np.empty(len(line), dtype=np.intp)
    place[line] = np.arange(len(line))
    return _distinct(np.ascontiguousarray(points), np.asarray(order, np.intp), tolerance, keys, line, place)


@kernel()
def _distinct(points, order, tolerance, keys, line, place):  # type: ignore[no-untyped-def]
    kept, filled = np.empty(len(order), dtype=np.intp), 0
    taken = np.zeros(len(line), dtype=np.bool_)
    for j in order:
        near = False
        for way in (-1, 1):
            at = place[j] + way
            while not near and 0 <= at < len(line) and abs(keys[line[at]] - keys[j]) <= tolerance:
                i = line[at]
                if taken[i]:
                    square = 0.0
                    for a in range(points.shape[1]):
                        square += (points[i, a] - points[j, a]) ** 2
                    near = square <= tolerance * tolerance
                at += way
        if not near:
            taken[j] = True
            kept[filled] = j
            filled += 1
    return kept[:filled]
