"""Streaming patterns through whole arrays: which lines of the arrangement need a closer look, on a device.

The signs of all hyperplanes at many vertices at once are one product of matrices, the gradients g of the cells there
another: a device has the arithmetic for that, and sorting the crossings, which saves it, would take longer there. Where
|g| does not exclude a pattern, multipliers are sought by accelerated descent for all such patterns at once: any
multipliers bound it. A line all of whose patterns are excluded is done; the others go to `line_scan`, which decides
as if there were no device. The bounds are those of `pattern_bound`, the margins for rounding those of `line_scan`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.arrangement.line_batches import Frames, LineArrays
from dualscape.oracles.cells.signed_form import SignedForm
from dualscape.running.devices import Arrays
from dualscape.tolerances import EPS

#: Entries (vertices times hyperplanes) of the arrays for one batch of vertices, (lines times hyperplanes) for one of
#: lines and (patterns times hyperplanes) for which multipliers are sought at once: as many as keep a device busy for
#: longer than it takes to tell it what to do; they take about 3 GB there.
VERTEX_ENTRIES, LINE_ENTRIES, OPEN_ENTRIES = 100_000_000, 40_000_000, 100_000_000
#: Multipliers are sought in rounds of so many steps; after each, what is excluded drops out.
STEPS = (6, 10, 14, 30, 40)
#: Where a greater share of the patterns of a batch is open, the threshold is too low for multipliers to pay.
OPEN_SHARE = 0.8
#: More than rounding moves the height of a vertex, known to that, over a hyperplane.
ROUNDING = 1e-14


class Patterns(NamedTuple):
    """What the patterns of all lines share, where they are computed; see `scan_lines`.

    Attributes:
        there: the library.
        M: the first hyperplanes cut cells, the others do not.
        rows: (N, r) normals, as they are.
        columns: (level + 1, N) normals of the arrangement.
        kappa: (N,).
        linear: (r,).
        weighted: (N, r) kappa times rows.
        whole: (r,) gradient of a pattern and its complement together.
        turn: how far normals were turned.
        size: sum of all |kappa| and |linear|.
        floor: what a bound has to be under.
        longest: squared largest singular value of the rows.
    """

    there: Arrays
    M: int
    rows: Any
    columns: Any
    kappa: Any
    linear: Any
    weighted: Any
    whole: Any
    turn: float
    size: float
    floor: float
    longest: float


def lines_left(
    form: SignedForm, level: int, first: int, lines: int, device: str | None
) -> tuple[NDArray[np.bool_], int]:
    """(which of `lines` lines from `first` on are not done, the number of patterns excluded on those that are).

    Args:
        form: what is swept.
        level: of the lines, at least 2.
        first: the first line.
        lines: how many.
        device: name of a PyTorch device; None computes the same with NumPy.
    """
    columns, M, rows, kappa, linear, _, turn, size, floor = form
    there = Arrays.of(device)
    left, excluded = np.zeros(lines, dtype=bool), 0
    most = max(1, LINE_ENTRIES // M)
    with np.errstate(all="ignore"):
        weighted = kappa[:, None] * rows
        patterns = Patterns(
            there=there,
            M=M,
            rows=there.move(rows),
            columns=there.move(columns[: level + 1]),
            kappa=there.move(kappa),
            linear=there.move(linear),
            weighted=there.move(weighted),
            whole=there.move(2.0 * linear + weighted.sum(axis=0)),
            turn=turn,
            size=size,
            floor=floor,
            longest=float(np.linalg.norm(rows, 2)) ** 2 * (1 + 1e-6),
        )
        view = LineArrays(there, columns, M, level)
        for begin in range(0, lines, most):
            positions, subsets = view.swept(first + begin, min(most, lines - begin))
            still, own = (there.fetch(array) for array in _still_open(patterns, view, subsets))
            left[begin + there.fetch(positions)[still]] = True
            excluded += 2 * int(own[~still].sum())
    return left, excluded


def _still_open(patterns: Patterns, view: LineArrays, subsets: Any) -> tuple[Any, Any]:
    """(which of the lines of these subsets (size, lines) are not done, how many vertices are their own)."""
    xp, N = patterns.there.xp, patterns.columns.shape[1]
    owned = view.owned(subsets)
    own = owned.sum(0)
    still = own < 0
    hyperplanes, lines = xp.where(owned)
    frames = view.frames(subsets)
    slopes = tuple(vector.T @ patterns.columns[:, : patterns.M] for vector in (frames.q, frames.p))
    portion, most = max(1, VERTEX_ENTRIES // N), max(1, OPEN_ENTRIES // N)
    waiting: list[tuple[Any, Any, Any]] = []
    for begin in range(0, len(lines), portion):
        line, crossed = lines[begin : begin + portion], hyperplanes[begin : begin + portion]
        bits, sure = _cells(patterns, frames, slopes, subsets, line, crossed)
        still[line[~sure]] = True
        found = _not_pruned(patterns, bits, sure, line)
        if sum(len(part[0]) for part in found) > OPEN_SHARE * 2 * len(line):
            for part in found:
                still[part[0]] = True
            continue
        waiting += found
        if sum(len(part[0]) for part in waiting) > most:
            still[_lines_open(patterns, waiting, most)] = True
            waiting = []
    if waiting:
        still[_lines_open(patterns, waiting, most)] = True
    return still, own


def _lines_open(patterns: Patterns, waiting: list[tuple[Any, Any, Any]], most: int) -> Any:
    """The lines of those of the waiting patterns that multipliers, sought for so many at a time, do not exclude."""
    line, bits, gradient = (patterns.there.xp.concatenate(parts) for parts in zip(*waiting, strict=True))
    batches = [slice(begin, begin + most) for begin in range(0, max(len(line), 1), most)]
    found = [line[some][_open_after_descent(patterns, bits[some], gradient[some])] for some in batches]
    return patterns.there.xp.concatenate(found)


def _cells(
    patterns: Patterns, frames: Frames, slopes: tuple[Any, Any], subsets: Any, line: Any, crossed: Any
) -> tuple[Any, Any]:
    """(bits (vertices, N) of the cells of vertices, and whether rounding leaves none of the first M open).

    Args:
        patterns: what is shared.
        frames: of the lines.
        slopes: slope and offset (lines, M) of the hyperplanes on the lines.
        subsets: (size, lines) of the lines.
        line: (vertices,) on which they are.
        crossed: (vertices,) which hyperplanes cross there.
    """
    xp, M = patterns.there.xp, patterns.M
    size = len(subsets)
    slope, offset = (array[line, crossed] for array in slopes)
    # Of the crossed hyperplane, and of those of the subset: coefficients whose signs are the sides of the cell.
    share = frames.q[size][line] / slope
    D = frames.D[:, :, line]
    others = D[:, size] - share * (D * patterns.columns[: size + 1, crossed]).sum(1)
    sides = xp.concatenate([share[None], others])
    clearly = (abs(sides) > frames.clear[line] * (1.0 + abs(share))).all(0)
    clearly &= abs(slope) > frames.lost[line] * (abs(slope) + abs(offset))
    # The vertex, as a unit vector; it is known up to the error of the angle of the crossing.
    length = (slope * slope + offset * offset) ** 0.5
    turned = xp.where(slope >= 0, 1.0 / length, -1.0 / length)
    vertex = frames.p[:, line] * (turned * slope) - frames.q[:, line] * (turned * offset)
    heights = vertex.T @ patterns.columns
    heights[:, 0] = 1.0
    each = xp.ones_like(line).cumsum(0) - 1
    through = xp.concatenate([crossed[None], subsets[:, line]])
    heights[each, through] = xp.where(sides < 0, xp.ones_like(sides), -xp.ones_like(sides))
    error = 2.0 * frames.error[line]
    sure = clearly & (xp.amin(abs(heights[:, :M]), 1) > error * (1.0 + 1.0 / length) + ROUNDING)
    # Where hyperplanes nearly hold the line, their heights are small, and so are the errors of these.
    (doubted,) = xp.where(clearly & ~sure)
    on = line[doubted]
    lengths = (slopes[0][on] ** 2 + slopes[1][on] ** 2) ** 0.5
    errors = error[doubted, None] * (1.0 + lengths / length[doubted, None]) + ROUNDING
    sure[doubted] = (abs(heights[doubted, :M]) > errors).all(1)
    return heights > 0, sure


def _not_pruned(patterns: Patterns, bits: Any, sure: Any, line: Any) -> list[tuple[Any, Any, Any]]:
    """[(lines, bits, gradients)] of patterns of sure vertices, and of complements, that |g| does not exclude."""
    xp, size = patterns.there.xp, patterns.size
    N, r = patterns.rows.shape
    gradient = patterns.there.double(bits) @ patterns.weighted + patterns.linear
    margin = 1.01 * patterns.turn * size + (3 * N + 4 * r + 16) * EPS * size
    prune = max(patterns.floor - margin, 0.0) ** 2
    found = []
    for way, g in enumerate((gradient, patterns.whole - gradient)):
        # Written so that what is not a number stays open.
        (remains,) = xp.where(sure & ~((g * g).sum(1) <= prune))
        found.append((line[remains], bits[remains] ^ (way == 1), g[remains]))
    return found


def _open_after_descent(patterns: Patterns, bits: Any, g: Any) -> Any:
    """Indices of the patterns (patterns, N) with gradients g (patterns, r) that multipliers did not exclude.

    Accelerated projected descent on |g + sum x_k z_k|^2, in single precision; x_k = lam_k sigma_k has the sign of the
    side, and that of a concave hyperplane ends at its slope. What is found is judged in double precision.
    """
    xp, M, rows, kappa = patterns.there.xp, patterns.M, patterns.rows, patterns.kappa
    N, r = rows.shape
    caps = xp.where(kappa > 0, xp.full_like(kappa, np.inf), -kappa)
    caps[:M] = np.inf
    stays = xp.ones_like(bits[:, 0] * 1).cumsum(0) - 1
    single = patterns.there.single
    normals, steps, limits = single(rows), single(rows.T / patterns.longest), single(caps)
    start = single(g)
    least, most = xp.where(bits, 0.0 * start[:, :1], -limits), xp.where(bits, limits, 0.0 * start[:, :1])
    x = ahead = xp.zeros_like(most)
    pace = 1.0
    rate = 1.01 * patterns.turn + (5 * N + 8 * r + 32) * EPS
    for number in STEPS:
        if len(stays) == 0:
            break
        for _ in range(number):
            new = xp.clip(patterns.there.less_product(ahead, start + ahead @ normals, steps), least, most)
            faster = 0.5 + (0.25 + pace * pace) ** 0.5
            ahead = patterns.there.beyond(x, new, (pace - 1.0) / faster)
            x, pace = new, faster
        exact = xp.minimum(abs(x), caps)
        u = g + xp.where(bits, exact, -exact) @ rows
        masses = patterns.size + exact[:, :M].sum(1)
        open_ = ~(xp.sqrt((u * u).sum(1)) + rate * masses <= patterns.floor)
        stays, g, bits, x, ahead = stays[open_], g[open_], bits[open_], x[open_], ahead[open_]
        start, least, most = start[open_], least[open_], most[open_]
    return stays
