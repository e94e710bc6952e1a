"""Rising on the smoothed score: gradient steps on the sphere for many directions at once, in single precision.

The step function of the active rows is replaced by a ramp that steepens as the steps go on. Directions rise together
in lanes, so that one row of the data meets all of them while it is at hand; nothing of the size of the data times the
number of directions is ever written. What comes of it is only where an exact climb begins.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Lanes = NDArray[np.float32]
#: Directions that rise together.
LANES = 64
#: Multiplications between two looks at the clock.
PORTION = 500_000_000


def to_lanes(directions: NDArray[np.float64]) -> Lanes:
    """Directions (q, d) as (q / LANES, d, LANES), the last lanes filled up with zeros."""
    q, d = directions.shape
    padded = np.zeros((-(-q // LANES) * LANES, d), dtype=np.float32)
    padded[:q] = directions
    return np.ascontiguousarray(padded.reshape(-1, LANES, d).transpose(0, 2, 1))


def from_lanes(lanes: Lanes, count: int) -> NDArray[np.float64]:
    """The first `count` directions as unit vectors (count, d) in double precision; zero stays zero."""
    directions = lanes.transpose(0, 2, 1).reshape(-1, lanes.shape[1])[:count].astype(np.float64)
    norms = np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(directions / np.where(norms > 0, norms, 1.0))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def rise(rows, weights, lanes, signs, width, height, stride, first, last, steps):
    """Steps `first` to `last` of `steps` for one block of lanes, in place; all arrays in single precision.

    Args:
        rows: (n, d) data.
        weights: (n,) nu.
        lanes: (d, LANES) directions, overwritten.
        signs: (LANES,) the sign of each.
        width: of the ramp at the beginning, in the units of the rows.
        height: the value that is looked for; steps are measured against it.
        stride: length of a step at the beginning.
        first: step to begin with.
        last: step to end before.
        steps: all steps; ramp and step length shrink to nothing over them.
    """
    n, d = rows.shape
    active, square = np.empty(LANES, dtype=np.float32), np.empty(LANES, dtype=np.float32)
    pull = np.empty((d, LANES), dtype=np.float32)
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    for step in range(first, last):
        rest = np.float32(1.0 - step / steps)
        steepness = half / (width * rest)
        pull[:] = zero
        for i in range(n):
            for l in range(LANES):
                active[l] = half
            for a in range(d):
                x = rows[i, a] * steepness
                for l in range(LANES):
                    active[l] += x * lanes[a, l]
            weight = weights[i]
            for l in range(LANES):
                active[l] = min(max(active[l], zero), one) * weight
            for a in range(d):
                x = rows[i, a]
                for l in range(LANES):
                    pull[a, l] += x * active[l]
        square[:] = zero
        for a in range(d):
            for l in range(LANES):
                square[l] += pull[a, l] * pull[a, l]
        most = zero
        for l in range(LANES):
            most = max(most, square[l])
        # A step is measured against the value that is looked for, but never turns by much more than a radian.
        length = stride * rest / max(height, np.float32(0.1) * np.sqrt(most), np.float32(1e-30))
        square[:] = zero
        for a in range(d):
            for l in range(LANES):
                lanes[a, l] += length * signs[l] * pull[a, l]
                square[l] += lanes[a, l] * lanes[a, l]
        # A step that leads to 0 leaves no direction; such a start is out.
        for l in range(LANES):
            square[l] = one / np.sqrt(square[l]) if square[l] > zero else one
        for a in range(d):
            for l in range(LANES):
                lanes[a, l] *= square[l]
