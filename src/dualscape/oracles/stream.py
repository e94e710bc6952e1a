"""Streaming patterns through whole arrays: which lines of the arrangement need a closer look, on a device.

The crossings of many lines are sorted together, and the gradient g of every cell is a cumulative sum along its line.
Where |g| does not exclude a pattern, multipliers are sought by accelerated descent for all such patterns at once: any
multipliers bound it. A line all of whose patterns are excluded is done; the others go to `scan`, which decides on them
as if there were no device. The bounds are those of `bounds`, the margins for rounding those of `scan`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dualscape.devices import open_device
from dualscape.geometry.lines import frame_line, is_swept, mark_owned, next_subset, unrank
from dualscape.oracles.bounds import EPS

#: Entries (lines times hyperplanes) of the arrays for one batch of lines.
BATCH_ENTRIES = 4_000_000
#: Multipliers are sought in so many rounds of so many steps; after each, what is excluded drops out.
ROUNDS, STEPS = 5, 20
#: Where a greater share of the vertices of a batch is open, the threshold is too low for multipliers to pay.
OPEN_SHARE = 0.2

#: (M, rows, kappa, linear, whole, turn, size, floor, columns): what the patterns of all lines share; see `scan_lines`.
Shared = tuple[int, Any, Any, Any, Any, float, float, float, Any]


@njit(cache=True, nogil=True)
def frame_lines(columns, level, subsets, p, q, D, limits):  # type: ignore[no-untyped-def]
    """`frame_line` of every subset (lines, level - 1): its p, q, D.

    limits (lines, 3) = (error of an offset or slope, how far from 0 a sure coefficient is, error of a coefficient);
    the second is inf for a line that is not determined.
    """
    size = level - 1
    Q, R, three = np.empty((level, level)), np.zeros((level, level)), np.empty(3)
    for j in range(len(subsets)):
        three[:] = 0.0
        limits[j, 1] = frame_line(columns, subsets[j], size, Q, R, D[j], p[j], q[j], three)
        limits[j, 0], limits[j, 2] = three[0], three[2]


@njit(cache=True, nogil=True)
def _list_swept(first, lines, n, size):  # type: ignore[no-untyped-def]
    """(positions among `lines` subsets of {1..n} from `first` on, the subsets, owned (., n + 1)) of lines to sweep."""
    positions, subsets = np.empty(lines, dtype=np.int64), np.empty((lines, size), dtype=np.int64)
    subset, count = np.empty(size, dtype=np.int64), 0
    unrank(first, n, size, subset)
    for j in range(lines):
        if j:
            next_subset(subset, n, size)
        if is_swept(subset, size):
            positions[count] = j
            subsets[count] = subset
            count += 1
    owned = np.empty((count, n + 1), dtype=np.bool_)
    for j in range(count):
        mark_owned(subsets[j], size, n, owned[j])
    return positions[:count], subsets[:count], owned


def lines_left(
    form: tuple[Any, ...], level: int, first: int, lines: int, device: str | None
) -> tuple[NDArray[np.bool_], int]:
    """(which of `lines` lines from `first` on are not done, the number of patterns excluded on those that are).

    Args:
        form: the first arguments of `scan_lines` and the last, as `cells` hands them out.
        level: of the lines, at least 2.
        first: the first line.
        lines: how many.
        device: name of a PyTorch device; None computes the same with NumPy.
    """
    columns, M, rows, kappa, linear, _, turn, size, floor = form
    move: Callable[[Any], Any] = np.asarray
    xp: Any = np
    if device is not None:
        import torch

        xp, place = torch, open_device(device)

        def move(array: Any) -> Any:
            return torch.from_numpy(np.ascontiguousarray(array)).to(place)

    whole = 2.0 * linear + kappa @ rows
    shared = (M, *(move(array) for array in (rows, kappa, linear, whole)), turn, size, floor, move(columns))
    left = np.zeros(lines, dtype=bool)
    patterns = 0
    most = max(1, BATCH_ENTRIES // columns.shape[1])
    for begin in range(0, lines, most):
        count = min(most, lines - begin)
        positions, subsets, owned = _list_swept(first + begin, count, M - 1, level - 1)
        own, count = owned.sum(axis=1), len(subsets)
        if count == 0:
            continue
        p, q = np.zeros((count, level + 1)), np.zeros((count, level + 1))
        D, limits = np.zeros((count, level - 1, level)), np.empty((count, 3))
        frame_lines(columns, level, subsets, p, q, D, limits)
        with np.errstate(all="ignore"):
            batch = _lines_left(xp, shared, level, *(move(array) for array in (subsets, owned, p, q, D, limits)))
        batch = np.asarray(batch if device is None else batch.cpu().numpy())
        batch &= own > 0
        left[begin + positions] = batch
        patterns += 2 * int(own[~batch].sum())
    return left, patterns


def _lines_left(
    xp: Any, shared: Shared, level: int, subsets: Any, owned: Any, p: Any, q: Any, D: Any, limits: Any
) -> Any:
    """Which lines of one batch are left, (lines,)."""
    M, rows, kappa, linear, whole, turn, size, floor, columns = shared
    lines, N = len(p), columns.shape[1]
    r = rows.shape[1]
    weighted = kappa[:, None] * rows
    counted = xp.ones_like(subsets[:, :1]).cumsum(0) - 1
    slope, offset = q @ columns[: level + 1], p @ columns[: level + 1]
    total = abs(slope) + abs(offset)
    place = -offset / xp.where(total > 0, total, xp.ones_like(total))
    place = xp.where(slope >= 0, place, -place)
    place[:, 0] = 2.0
    place[counted, subsets] = 2.0
    order = place.argsort(1)
    flat = order + N * counted

    one = xp.ones_like(slope)

    def along(array: Any) -> Any:
        return array.reshape(-1)[flat]

    def number(mask: Any) -> Any:
        return xp.where(mask, one, 0.0 * one)

    # The signs at a vertex: own of the hyperplane that is crossed there, mu of those of the subset.
    own = q[:, level - 1 : level] / slope
    error, clear, lost = limits[:, :1], limits[:, 1:2], limits[:, 2:]
    least = clear * (1.0 + abs(own))
    sure = (abs(own) > least) & (1.0 - abs(place) > lost)
    mu = D[:, :, level - 1 :] - own[:, None, :] * (D @ columns[:level])
    sure &= (abs(mu) > least[:, None, :]).all(1)
    crossed = place <= 1.0
    mine = xp.zeros_like(crossed)
    mine[:, :M] = owned
    relevant = along(crossed & mine)
    doubtful = (relevant & ~along(sure)).any(1) | _any_near(xp, slope, offset, place[:, :M], error, level)
    # The gradient in every cell, along the line.
    backward = number((slope < 0) & crossed)
    ahead = number(along(slope > 0))
    change = (2.0 * ahead - 1.0) * number(along(crossed))
    turned = number(along(own < 0)) + ahead - 1.0
    behind = [number(along(mu[:, l] < 0)) for l in range(level - 1)]
    norm2, other2 = xp.zeros_like(slope), xp.zeros_like(slope)
    gradient = []
    for a in range(r):
        weight = weighted[:, a]
        sorted_weight = weight[order]
        steps = change * sorted_weight
        value = steps.cumsum(1) - steps + (linear[a] + weight[0] + backward @ weight)[:, None]
        value = value + turned * sorted_weight
        for l in range(level - 1):
            value = value + behind[l] * weight[subsets[:, l]][:, None]
        norm2 += value * value
        other2 += (whole[a] - value) ** 2
        gradient.append(value)
    margin = 1.01 * turn * size + (3 * N + 4 * r + 16) * EPS * size
    prune2 = max(floor - margin, 0.0) ** 2
    # Written so that what is not a number stays open.
    looked_at = relevant & ~doubtful[:, None]
    open_cells = [looked_at & ~(norm2 <= prune2), looked_at & ~(other2 <= prune2)]
    left = doubtful
    if int(open_cells[0].sum() + open_cells[1].sum()) > OPEN_SHARE * 2 * lines * N:
        return left | open_cells[0].any(1) | open_cells[1].any(1)
    # As many patterns at once as make arrays of the size of the others.
    portion = max(1, BATCH_ENTRIES // N)
    for way, mask in enumerate(open_cells):
        every, positions = xp.where(mask)
        for begin in range(0, len(every), portion):
            line, position = every[begin : begin + portion], positions[begin : begin + portion]
            vertex = order[line, position]
            before = place[line] < place[line, vertex][:, None]
            bits = xp.where(before, slope[line] > 0, slope[line] < 0)
            bits[:, 0] = True
            each = xp.ones_like(line).cumsum(0) - 1
            for l in range(level - 1):
                bits[each, subsets[line, l]] = mu[line, l, vertex] < 0
            bits[each, vertex] = own[line, vertex] < 0
            g = xp.stack([value[line, position] for value in gradient], 1)
            if way:
                bits, g = ~bits, whole - g
            left[line[_open_after_descent(xp, shared, bits, g)]] = True
    return left


def _any_near(xp: Any, slope: Any, offset: Any, place: Any, error: Any, level: int) -> Any:
    """Lines on which two crossings of the first hyperplanes, place (lines, M), are too near to be told apart."""
    M = place.shape[1]
    count = M - level
    if count < 2:
        return error[:, 0] != error[:, 0]
    squares = (slope * slope + offset * offset)[:, :M]
    smallest = xp.amin(xp.where(place <= 1.0, squares, xp.full_like(squares, np.inf)), 1)
    gap = 2.0 * (error[:, 0] / xp.sqrt(smallest) + 1e-15)
    line = xp.sort(place, 1)
    line = (line if xp is np else line.values)[:, :count]
    around = 2.0 - (line[:, -1] - line[:, 0])
    return ~(around > gap) | ~(xp.amin(line[:, 1:] - line[:, :-1], 1) > gap)


def _open_after_descent(xp: Any, shared: Shared, bits: Any, g: Any) -> Any:
    """Indices of the patterns (patterns, N) with gradients g (patterns, r) that multipliers did not exclude.

    Accelerated projected descent on |g + sum lam_k sigma_k z_k|^2; lam_k of a concave hyperplane ends at its slope.
    """
    M, rows, kappa, _, _, turn, size, floor, _ = shared
    N, r = rows.shape
    caps = xp.where(kappa > 0, xp.full_like(kappa, np.inf), -kappa)
    caps[:M] = np.inf
    stays = xp.ones_like(bits[:, 0] * 1).cumsum(0) - 1
    longest = float(xp.linalg.norm(rows, 2)) ** 2 * (1 + 1e-9)
    sigma = xp.where(bits, xp.ones_like(kappa), -xp.ones_like(kappa))
    lam = ahead = xp.zeros_like(sigma)
    pace = 1.0
    rate = 1.01 * turn + (5 * N + 8 * r + 32) * EPS
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            u = g + (ahead * sigma) @ rows
            new = xp.minimum(xp.clip(ahead - sigma * (u @ rows.T) / longest, 0.0, None), caps)
            faster = 0.5 + (0.25 + pace * pace) ** 0.5
            ahead = new + (pace - 1.0) / faster * (new - lam)
            lam, pace = new, faster
        u = g + (lam * sigma) @ rows
        open_ = ~(xp.sqrt((u * u).sum(1)) + rate * (size + lam[:, :M].sum(1)) <= floor)
        stays, g, sigma, lam, ahead = stays[open_], g[open_], sigma[open_], lam[open_], ahead[open_]
        if len(stays) == 0:
            break
    return stays
