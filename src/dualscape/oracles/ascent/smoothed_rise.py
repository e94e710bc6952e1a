"""Rising on the smoothed score: gradient steps on the sphere for many directions at once, in single precision.

The step function of the active rows is replaced by a ramp that steepens as the steps go on. Directions rise together
in lanes, so that a few rows of the data meet all of them while they are at hand; nothing of the size of the data times
the number of directions is ever written. What comes of it is only where an exact climb begins.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.running.compiled import kernel
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort

Lanes = NDArray[np.float32]
#: Directions that rise together, rows that meet them at a time, and coordinates: `rise` is written out for 4 and 4.
LANES, ROWS, COORDINATES = 64, 4, 4
#: Multiplications between two looks at the clock.
PORTION = 500_000_000
#: Rows that are scored at a time: the heights of all of them would take several times the memory of the data.
SCORED = 8192
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


def filled_up(array: NDArray[np.float64], *multiples: int, unit: float = 1.0) -> NDArray[np.float32]:
    """The array in single precision, in that unit, with zeros up to a multiple of the given lengths."""
    shape = [-(-length // multiple) * multiple for length, multiple in zip(array.shape, multiples, strict=True)]
    filled = np.zeros(shape, dtype=np.float32)
    inside = filled[tuple(slice(length) for length in array.shape)]
    np.divide(array, unit, out=inside, casting="same_kind")
    return filled


def to_lanes(directions: NDArray[np.float64]) -> Lanes:
    """Directions (q, d) as (q / LANES, d, LANES), with lanes and coordinates of zeros at the end."""
    filled = filled_up(directions, LANES, COORDINATES)
    return np.ascontiguousarray(filled.reshape(-1, LANES, filled.shape[1]).transpose(0, 2, 1))


def from_lanes(lanes: Lanes, count: int, dimension: int) -> NDArray[np.float64]:
    """The first `count` directions as unit vectors (count, dimension) in double precision; zero stays zero."""
    directions = lanes.transpose(0, 2, 1).reshape(-1, lanes.shape[1])[:count, :dimension].astype(np.float64)
    norms = np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(directions / np.where(norms > 0, norms, 1.0))


def with_linear_part(
    X: NDArray[np.float64], nu: NDArray[np.float64], slope: float, units: tuple[float, float] = (1.0, 1.0)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and weights with nu^T max(X u, slope X u) as their nu'^T (X' u)_+, for a slope below 1.

    It is (1 - slope) nu^T (X u)_+ and a linear part, which is that of two opposite rows v, -v of opposite weights,
    smoothed or not: v.u = (v.u)_+ - (-v.u)_+. Rows and weights are given in units in which they are near one.

    >>> rows, weights = with_linear_part(np.array([[2.0]]), np.array([3.0]), 0.5)
    >>> [float(weights @ np.maximum(rows @ [u], 0.0)) for u in (1.0, -1.0)]
    [6.0, -3.0]
    """
    if slope == 0.0:
        return X, nu
    longest, largest = units
    pull = slope * ((nu / largest) @ X / longest)
    size = float(np.linalg.norm(pull))
    row, weight = pull / max(size, 1e-300) * longest, size * largest
    return np.vstack([X, row, -row]), np.concatenate([(1.0 - slope) * nu, [weight, -weight]])


class SmoothedScores:
    """The scores s nu^T max(X u, a X u) of one nu with their kinks rounded off, in single precision.

    Args:
        X: (n, d) data.
        nu: (n,).
        lengths: (n,) of the rows of X, not all zero.
        effort: whose deadline ends a rise early, and whose device rises.
        pool: the threads that share the work.
        slope: a, that of the activation below 0.
    """

    def __init__(
        self,
        X: NDArray[np.float64],
        nu: NDArray[np.float64],
        lengths: NDArray[np.float64],
        effort: Effort,
        pool: Executor,
        slope: float = 0.0,
    ) -> None:
        # In units in which nothing over- or underflows.
        longest, largest = float(lengths.max()), max(float(np.abs(nu).max()), 1e-300)
        X, nu = with_linear_part(X, nu, slope, (longest, largest))
        self._rows = filled_up(X, ROWS, COORDINATES, unit=longest)
        self._weights = filled_up(nu, ROWS, unit=largest)
        self._unit, self._length = longest * largest, float(lengths.mean()) / longest
        self._effort, self._pool = effort, pool

    def rise(
        self, directions: NDArray[np.float64], signs: NDArray[np.float64], smoothing: float, stride: float, steps: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(risen (q, d), their scores (q,)) of unit directions (q, d) with signs (q,); scores 0 of what is out of time,
        but for the first few.

        Args:
            directions: where to begin.
            signs: of the scores that rise.
            smoothing: width of the ramp at the beginning, in mean lengths of the rows.
            stride: by how many radians a step turns a direction at the beginning.
            steps: how many; ramp and stride shrink to nothing over them.
        """
        if len(directions) == 0:
            return directions, np.zeros(0)
        lanes = to_lanes(directions)
        turns = np.resize(signs.astype(np.float32), lanes.shape[::2])
        width = smoothing * self._length
        if self._effort.device is None:
            blocks = range(len(lanes))
            list(self._pool.map(lambda block: self._rise(lanes[block], turns[block], width, stride, steps), blocks))
            values = np.concatenate(list(self._pool.map(self._scores, lanes, turns, blocks)))
        else:
            values = self._rise_on_device(self._effort.device, lanes, turns, width, stride, steps)
        return from_lanes(lanes, *directions.shape), values[: len(signs)]

    def _rise(self, lanes: Lanes, turns: NDArray[np.float32], width: float, stride: float, steps: int) -> None:
        """One block of lanes, in place."""
        portion = max(1, PORTION // (2 * self._rows.size * LANES))
        for first in range(0, steps, portion):
            if self._effort.expired():
                return
            last = min(first + portion, steps)
            rise(self._rows, self._weights, lanes, turns, np.float32(width), np.float32(stride), first, last, steps)

    def _scores(self, lanes: Lanes, turns: NDArray[np.float32], block: int) -> NDArray[np.float64]:
        """Of one block of lanes; once time is up 0 for all blocks but the first, so that something is seen."""
        if block > 0 and self._effort.expired():
            return np.zeros(LANES)
        scores = np.zeros(LANES, dtype=np.float32)
        for first in range(0, len(self._rows), SCORED):
            heights = self._rows[first : first + SCORED] @ lanes
            scores += self._weights[first : first + SCORED] @ np.maximum(heights, np.float32(0.0), out=heights)
        return np.asarray(scores * turns, dtype=float) * self._unit

    def _rise_on_device(
        self, name: str, lanes: Lanes, turns: NDArray[np.float32], width: float, stride: float, steps: int
    ) -> NDArray[np.float64]:
        """All blocks of lanes (blocks, d, LANES) with signs (blocks, LANES), in place, on a device; their scores."""
        there = Arrays.of(name)
        data, nu = there.move(self._rows), there.move(self._weights)
        most = max(1, DEVICE_ENTRIES // (len(self._rows) * LANES))
        scores = np.zeros(turns.shape)
        for first in range(0, len(lanes), most):
            if first > 0 and self._effort.expired():
                break
            part = lanes[first : first + most]
            flat = there.move(part.transpose(1, 0, 2).reshape(part.shape[1], -1))
            signs = there.move(turns[first : first + most].reshape(-1))
            risen = rise_in_arrays(there.xp, data, nu, flat, signs, width, stride, steps, self._effort.expired)
            values = signs * (nu @ there.xp.clip(data @ risen, 0.0, None))
            part[:] = there.fetch(risen).reshape(part.shape[1], len(part), LANES).transpose(1, 0, 2)
            scores[first : first + most] = there.fetch(values).reshape(len(part), LANES)
        return scores.reshape(-1) * self._unit


@kernel(fastmath=True, error_model="numpy")
def rise(rows, weights, lanes, signs, width, stride, first, last, steps):
    """Steps `first` to `last` of `steps` for one block of lanes, in place; all arrays in single precision.

    Args:
        rows: (n, d) data, n a multiple of ROWS, d of COORDINATES.
        weights: (n,) nu.
        lanes: (d, LANES) directions, overwritten.
        signs: (LANES,) the sign of each.
        width: of the ramp at the beginning, in the units of the rows.
        stride: length of a step at the beginning, whatever the slope: it turns a direction by no more radians.
        first: step to begin with.
        last: step to end before.
        steps: all steps; ramp and step length shrink to nothing over them.
    """
    # Multiples of four already: said again, the compiler need not ask whether an index is negative.
    n, d = rows.shape[0] // 4 * 4, rows.shape[1] // 4 * 4
    # Four rows and four coordinates at a time: every number that is loaded enters several sums.
    active, square = np.empty((4, LANES), dtype=np.float32), np.empty(LANES, dtype=np.float32)
    pull = np.empty((d, LANES), dtype=np.float32)
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    for step in range(first, last):
        rest = np.float32(1.0 - step / steps)
        steepness = half / (width * rest)
        for a in range(d):
            for l in range(LANES):
                pull[a, l] = zero
        for i in range(0, n, 4):
            for l in range(LANES):
                active[0, l], active[1, l], active[2, l], active[3, l] = half, half, half, half
            for a in range(0, d, 4):
                x0, y0 = rows[i, a] * steepness, rows[i, a + 1] * steepness
                z0, w0 = rows[i, a + 2] * steepness, rows[i, a + 3] * steepness
                x1, y1 = rows[i + 1, a] * steepness, rows[i + 1, a + 1] * steepness
                z1, w1 = rows[i + 1, a + 2] * steepness, rows[i + 1, a + 3] * steepness
                x2, y2 = rows[i + 2, a] * steepness, rows[i + 2, a + 1] * steepness
                z2, w2 = rows[i + 2, a + 2] * steepness, rows[i + 2, a + 3] * steepness
                x3, y3 = rows[i + 3, a] * steepness, rows[i + 3, a + 1] * steepness
                z3, w3 = rows[i + 3, a + 2] * steepness, rows[i + 3, a + 3] * steepness
                for l in range(LANES):
                    p, q, s, t = lanes[a, l], lanes[a + 1, l], lanes[a + 2, l], lanes[a + 3, l]
                    active[0, l] += (x0 * p + y0 * q) + (z0 * s + w0 * t)
                    active[1, l] += (x1 * p + y1 * q) + (z1 * s + w1 * t)
                    active[2, l] += (x2 * p + y2 * q) + (z2 * s + w2 * t)
                    active[3, l] += (x3 * p + y3 * q) + (z3 * s + w3 * t)
            for b in range(4):
                weight = weights[i + b]
                for l in range(LANES):
                    active[b, l] = min(max(active[b, l], zero), one) * weight
            for a in range(0, d, 4):
                x0, x1, x2, x3 = rows[i, a], rows[i + 1, a], rows[i + 2, a], rows[i + 3, a]
                y0, y1, y2, y3 = rows[i, a + 1], rows[i + 1, a + 1], rows[i + 2, a + 1], rows[i + 3, a + 1]
                z0, z1, z2, z3 = rows[i, a + 2], rows[i + 1, a + 2], rows[i + 2, a + 2], rows[i + 3, a + 2]
                w0, w1, w2, w3 = rows[i, a + 3], rows[i + 1, a + 3], rows[i + 2, a + 3], rows[i + 3, a + 3]
                for l in range(LANES):
                    p, q, s, t = active[0, l], active[1, l], active[2, l], active[3, l]
                    pull[a, l] += (x0 * p + x1 * q) + (x2 * s + x3 * t)
                    pull[a + 1, l] += (y0 * p + y1 * q) + (y2 * s + y3 * t)
                    pull[a + 2, l] += (z0 * p + z1 * q) + (z2 * s + z3 * t)
                    pull[a + 3, l] += (w0 * p + w1 * q) + (w2 * s + w3 * t)
        square[:] = zero
        for a in range(d):
            for l in range(LANES):
                square[l] += pull[a, l] * pull[a, l]
        for l in range(LANES):
            length = stride * rest * signs[l]
            active[0, l] = length / np.sqrt(square[l]) if square[l] > zero else zero
        square[:] = zero
        for a in range(d):
            for l in range(LANES):
                lanes[a, l] += active[0, l] * pull[a, l]
                square[l] += lanes[a, l] * lanes[a, l]
        # A step that leads to 0 leaves no direction; such a start is out.
        for l in range(LANES):
            square[l] = one / np.sqrt(square[l]) if square[l] > zero else one
        for a in range(d):
            for l in range(LANES):
                lanes[a, l] *= square[l]
