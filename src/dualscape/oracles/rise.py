"""Rising on the smoothed score: gradient steps on the sphere for many directions at once, in single precision.

The step function of the active rows is replaced by a ramp that steepens as the steps go on. Directions rise together
in lanes, so that one row of the data meets all of them while it is at hand; nothing of the size of the data times the
number of directions is ever written. What comes of it is only where an exact climb begins.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dualscape.devices import open_device

Lanes = NDArray[np.float32]
#: Directions that rise together.
LANES = 64
#: Multiplications between two looks at the clock.
PORTION = 500_000_000
#: Entries of the largest array that a device is given.
DEVICE_ENTRIES = 200_000_000


def rise_in_arrays(
    xp: Any,
    rows: Any,
    weights: Any,
    directions: Any,
    signs: Any,
    width: float,
    stride: float,
    steps: int,
    expired: Callable[[], bool],
) -> Any:
    """What `rise` does to all blocks of lanes, by whole arrays of a library: for devices with their own memory.

    Args:
        xp: the library, numpy or torch.
        rows: (n, d) data.
        weights: (n,) nu.
        directions: (d, q) in lanes, q a multiple of LANES.
        signs: (q,).
        width: as in `rise`; so are stride and steps.
        expired: whether to end early.

    Returns:
        The directions after the steps, (d, q).
    """
    pulled = (weights[:, None] * rows).T
    for step in range(steps):
        if expired():
            break
        rest = 1.0 - step / steps
        active = xp.clip(rows @ directions * (0.5 / (width * rest)) + 0.5, 0.0, 1.0)
        pull = pulled @ active
        norms = xp.sqrt((pull * pull).sum(axis=0))
        directions = directions + pull * (stride * rest * signs / xp.where(norms > 0, norms, xp.ones_like(norms)))
        norms = xp.sqrt((directions * directions).sum(axis=0))
        directions = directions / xp.where(norms > 0, norms, xp.ones_like(norms))
    return directions


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


def rise_on_device(
    name: str,
    rows: NDArray[np.float32],
    weights: NDArray[np.float32],
    lanes: Lanes,
    signs: NDArray[np.float32],
    width: float,
    stride: float,
    steps: int,
    expired: Callable[[], bool],
) -> None:
    """`rise` for all blocks of lanes (blocks, d, LANES) with their signs (blocks, LANES), in place, on a device."""
    import torch

    device = open_device(name)
    data, nu = (torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in (rows, weights))
    most = max(1, DEVICE_ENTRIES // (len(rows) * LANES))
    for first in range(0, len(lanes), most):
        part = lanes[first : first + most]
        flat = np.ascontiguousarray(part.transpose(1, 0, 2).reshape(part.shape[1], -1))
        turns = torch.from_numpy(np.ascontiguousarray(signs[first : first + most].reshape(-1))).to(device)
        with torch.inference_mode():
            risen = rise_in_arrays(
                torch, data, nu, torch.from_numpy(flat).to(device), turns, width, stride, steps, expired
            )
        part[:] = risen.cpu().numpy().reshape(part.shape[1], len(part), LANES).transpose(1, 0, 2)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def rise(rows, weights, lanes, signs, width, stride, first, last, steps):
    """Steps `first` to `last` of `steps` for one block of lanes, in place; all arrays in single precision.

    Args:
        rows: (n, d) data.
        weights: (n,) nu.
        lanes: (d, LANES) directions, overwritten.
        signs: (LANES,) the sign of each.
        width: of the ramp at the beginning, in the units of the rows.
        stride: length of a step at the beginning, whatever the slope: it turns a direction by no more radians.
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
        for l in range(LANES):
            length = stride * rest * signs[l]
            active[l] = length / np.sqrt(square[l]) if square[l] > zero else zero
        square[:] = zero
        for a in range(d):
            for l in range(LANES):
                lanes[a, l] += active[l] * pull[a, l]
                square[l] += lanes[a, l] * lanes[a, l]
        # A step that leads to 0 leaves no direction; such a start is out.
        for l in range(LANES):
            square[l] = one / np.sqrt(square[l]) if square[l] > zero else one
        for a in range(d):
            for l in range(LANES):
                lanes[a, l] *= square[l]
