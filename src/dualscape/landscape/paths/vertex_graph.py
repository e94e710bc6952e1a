"""Shortest ways between points of a polytope of masses that stay within faces of few units."""

import numpy as np
from numpy.typing import NDArray

#: Pairs of points compared at a time.
BLOCK = 4_000_000


def fewest_steps(supports: NDArray[np.bool_], start: int, end: int, width: int) -> list[int] | None:
    """Points from `start` to `end`, as few as can be, each of which and the next use at most `width` units together.

    Args:
        supports: (V, k) the units of the points. All points of the face of two such supports have no more units.
        start, end: two of the points.
        width: the most units.

    Returns:
        Their numbers, both ends included; None where there is no way.

    >>> fewest_steps(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool), 0, 2, 3)
    [0, 1, 2]
    """
    if supports[start].sum() > width or supports[end].sum() > width:
        return None
    units, sizes = supports.astype(np.float32), supports.sum(axis=1)
    before = np.full(len(supports), -1, dtype=np.intp)
    open_ = sizes <= width
    open_[start] = False
    front = np.array([start])
    while len(front) and open_[end]:
        new: list[int] = []
        rest = np.flatnonzero(open_)
        for some in np.array_split(rest, max(1, len(rest) * len(front) // BLOCK)):
            together = sizes[some][:, None] + sizes[front] - units[some] @ units[front].T
            near = together <= width + 0.5
            reached = near.any(axis=1)
            before[some[reached]] = front[near[reached].argmax(axis=1)]
            new += some[reached].tolist()
        front = np.array(new, dtype=np.intp)
        open_[front] = False
    if end != start and before[end] < 0:
        return None
    way = [end]
    while way[-1] != start:
        way.append(int(before[way[-1]]))
    return way[::-1]
