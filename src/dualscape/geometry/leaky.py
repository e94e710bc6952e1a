"""The activation max(z, a z) of two-layer networks, a its slope below 0: 0 for ReLU, -1 for the absolute value."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: The slope with which u and -u compute the same.
EVEN = -1.0


def leaky(heights: Floats, slope: float = 0.0) -> Floats:
    """max(z, slope z) of every entry, in place, for slope <= 1.

    >>> leaky(np.array([-2.0, 3.0]), 0.25), leaky(np.array([-2.0, 3.0]), -1.0)
    (array([-0.5,  3. ]), array([2., 3.]))
    """
    return np.maximum(heights, slope * heights if slope else 0.0, out=heights)


def bent(slope: float = 0.0) -> str:
    """The activation of u_j . x as a formula in plain text.

    >>> bent(), bent(0.2), bent(-1.0)
    ('max(u_j . x, 0)', 'max(u_j . x, 0.2 u_j . x)', '|u_j . x|')
    """
    known = {0.0: "max(u_j . x, 0)", EVEN: "|u_j . x|"}
    return known.get(slope, f"max(u_j . x, {slope!r} u_j . x)")


def slopes(active: NDArray[np.bool_], slope: float = 0.0) -> Floats:
    """What entries are multiplied by: 1 where they are positive, the slope elsewhere.

    >>> slopes(np.array([True, False]), 0.25)
    array([1.  , 0.25])
    """
    return np.where(active, 1.0, slope)
