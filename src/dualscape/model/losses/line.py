"""The least of a convex function along a line, from its slope there: how long a step of Newton's method should be.

Where the curvature jumps, at a row whose slope is clipped, steps that only lower the value may all end short of the
jump, each by a fraction of the last. So what is returned lies beyond the least, where the next step knows of that row.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dualscape.tolerances import EPS

Vector = NDArray[np.float64]
NONE = np.zeros(0)

#: A whole step lowers a function by a share of what its slope promises between these: by half where the curvature is
#: right. Below, the curvature jumps; above, it is far less than what was taken for it.
PROMISED, LINEAR = 1e-4, 0.9
#: The slope that may be left, as a share of the first; no line is longer, and no search has more steps.
LEFT, LONGEST, STEPS = 0.5, 2.0**40, 200


def is_right(decrease: float, promised: float) -> bool:
    """Whether a step that its slope promised so much of is about as long as it should be.

    >>> is_right(0.5, 1.0), is_right(0.99, 1.0), is_right(-0.1, 1.0)
    (True, False, False)
    """
    return PROMISED * promised <= decrease <= LINEAR * promised


def least_along(rise: Callable[[float], float], room: float = LONGEST, jumps: Vector = NONE) -> float:
    """A place t > 0 at the least of a convex function on [0, room], or a little beyond; its value is below that at 0.

    Args:
        rise: the derivative at t, negative at 0; inf or nan where the function overflows.
        room: the end of the line, > 0.
        jumps: places at which the curvature jumps, if they are known: between two of them it takes few steps.

    >>> least_along(lambda t: t - 3.0), least_along(lambda t: t - 3.0, room=2.0)
    (3.0, 2.0)
    >>> steep = lambda t: -1.0 if t < 1e-3 else 1e12 * (t - 1e-3) - 1.0
    >>> 1e-3 < least_along(steep) < 1.0001e-3, 1e-3 < least_along(steep, jumps=np.array([1e-3])) < 1.0001e-3
    (True, True)
    """
    room = min(room, LONGEST)
    low, first = 0.0, rise(0.0)
    below = first
    places = np.unique(jumps[(jumps > 0) & (jumps < room)])
    passed, ahead = 0, len(places)
    while passed < ahead:
        middle = (passed + ahead) // 2
        found = rise(float(places[middle]))
        if found < 0:
            low, below, passed = float(places[middle]), found, middle + 1
        else:
            ahead = middle
    high = float(places[ahead]) if ahead < len(places) else min(max(1.0, 2 * low), room)
    above = rise(high)
    while above < 0:
        if high >= room:
            return high
        low, below, high = high, above, min(2 * high, room)
        above = rise(high)
    # Regula falsi (Illinois), each end of which is given less weight when it stays; halving where that is slow.
    a, b, slow = below, above, 0
    for _ in range(STEPS):
        # By convexity the value at the high end is no greater than that at 0, less half of -below times low.
        enough = above <= -LEFT * first and above * (high - low) <= -0.5 * below * low
        if enough or high - low <= 8 * EPS * high:
            break
        width = high - low
        t = high - b / (b - a) * width
        if slow > 2 or not low < t < high:
            t = low + 0.5 * width
        found = rise(t)
        if found < 0:
            low, below, a, b = t, found, found, 0.5 * b
        else:
            high, above, a, b = t, found, 0.5 * a, found
        slow = 0 if high - low <= 0.5 * width else slow + 1
    return high
