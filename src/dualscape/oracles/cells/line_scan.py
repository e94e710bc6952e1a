"""The inner loop of the exact oracle: bound every pattern on a range of lines of the arrangement.

F(u) = linear.u + sum_g kappa_g (z_g.u)_+ is convex across the first M hyperplanes and concave across the others, so
that only the cells of the first M need a look: on each of them F is concave, and its gradient g at any point of the
cell bounds it by |g|. g is carried from cell to cell along a line, which excludes most patterns in O(r). What is left
tries the multipliers of the last projection, which often hold for the next cells too, and only then projects anew.
A pattern and its complement are bounded together, since the arrangement is symmetric.
"""

import numpy as np

from dualscape.geometry.arrangement.lines import is_swept, mark_owned, next_subset, unrank
from dualscape.geometry.arrangement.sweep import (
    MOST_OPEN,
    begin_line,
    bottom_pattern,
    make_work,
    start_line,
    vertex_signs,
)
from dualscape.geometry.climbs import climb, crossings
from dualscape.geometry.cones import concave_caps, settle
from dualscape.oracles.cells.multipliers import OTHER, OWN, keep_multipliers, make_multipliers, still_excluded
from dualscape.oracles.cells.pattern_bound import make_scratch, pattern_bound
from dualscape.oracles.maximisers import record_unit
from dualscape.running.compiled import kernel, part
from dualscape.tolerances import EPS


@part()
def _bound_pattern(rows, columns, kappa, linear, M, bits, way, turn, size, floor, sign, room, found, state):
    """Bound one pattern (its complement for way 1); record local maximisers above the floor, keep the multipliers."""
    scratch, flips, pattern, before, best, multipliers, _ = room
    N, r = rows.shape
    u, active, lam = scratch[1], scratch[2], scratch[3]
    for k in range(N):
        before[k] = bits[k] != (way == OTHER)
        pattern[k] = before[k]
    bound, m, interesting = pattern_bound(rows, columns, kappa, linear, pattern, turn, size, floor, scratch)
    keep_multipliers(kappa, M, before, pattern, active, lam, m, way, multipliers)
    state[2] += 1
    if bound > state[0]:
        state[0] = bound
    if not interesting:
        return
    norm = 0.0
    for a in range(r):
        best[a] = u[a]
        norm += u[a] * u[a]
    norm = np.sqrt(norm)
    settle(rows, pattern, active, m, best)
    if crossings(columns, kappa, 1.0, best, flips) > 0:
        # A kink across which F rises: the local maximum is in another cone, which may be thinner than the turn.
        norm, _, _ = climb(rows, columns, kappa, linear, 1.0, best, pattern, active, lam)
    if norm > floor:
        record_unit(found, state, best, norm, sign)


@part()
def _bound_both(rows, columns, kappa, linear, whole, M, g, bits, prune2, turn, size, floor, sign, room, found, state):
    """Bound the pattern `bits` of gradient g, and its complement, whose gradient is `whole` - g."""
    multipliers, trial = room[5], room[6]
    r = rows.shape[1]
    norm2, other2 = 0.0, 0.0
    for a in range(r):
        norm2 += g[a] * g[a]
        other2 += (whole[a] - g[a]) * (whole[a] - g[a])
    state[4] += 2
    if not norm2 <= prune2 and not still_excluded(rows, kappa, M, bits, g, OWN, turn, size, floor, multipliers, trial):
        _bound_pattern(rows, columns, kappa, linear, M, bits, OWN, turn, size, floor, sign, room, found, state)
    if not other2 <= prune2:
        for a in range(r):
            g[a] = whole[a] - g[a]
        if not still_excluded(rows, kappa, M, bits, g, OTHER, turn, size, floor, multipliers, trial):
            _bound_pattern(rows, columns, kappa, linear, M, bits, OTHER, turn, size, floor, sign, room, found, state)
        for a in range(r):
            g[a] = whole[a] - g[a]


@part()
def _bound_choices(
    rows,
    columns,
    kappa,
    linear,
    whole,
    M,
    g,
    bits,
    doubtful,
    doubts,
    prune2,
    turn,
    size,
    floor,
    sign,
    room,
    found,
    state,
):
    """`_bound_both` for both sides of every doubtful hyperplane; overwrites g."""
    r = rows.shape[1]
    near = g.copy()
    for choice in range(1 << doubts):
        for a in range(r):
            g[a] = near[a]
        for b in range(doubts):
            k = doubtful[b]
            if choice >> b & 1:
                bits[k] = not bits[k]
                for a in range(r):
                    g[a] += kappa[k] * (1.0 if bits[k] else -1.0) * rows[k, a]
        _bound_both(
            rows, columns, kappa, linear, whole, M, g, bits, prune2, turn, size, floor, sign, room, found, state
        )
        for b in range(doubts):
            if choice >> b & 1:
                bits[doubtful[b]] = not bits[doubtful[b]]


@part()
def _vertex_gradient(weighted, g, bits, i, after, subset, size, here):
    """Gradient of the vertex's cell: g knows hyperplane i as before the vertex and the subset's rows as absent."""
    r = len(here)
    for a in range(r):
        here[a] = g[a]
    if bits[i] == after:
        for a in range(r):
            here[a] += weighted[i, a] if after else -weighted[i, a]
    for l in range(size):
        if bits[subset[l]]:
            for a in range(r):
                here[a] += weighted[subset[l], a]


# Any order of the sum will do for its error bound, so that it may be vectorised.
@part(fastmath={"reassoc", "contract"})
def _gradient(pulls, linear, bits, g):
    """g = linear + the pulls (r, N) of the hyperplanes whose bit is set."""
    for a in range(len(linear)):
        total = 0.0
        for k in range(len(bits)):
            total += pulls[a, k] if bits[k] else 0.0
        g[a] = linear[a] + total


@part()
def _carry(weighted, work, count, owned, g, positions, before):
    """Carry the gradient g along a line: where its own vertices are, the gradients before them, and their number.

    The rows of `weighted`, g and those of `before` are filled up with zeros to a multiple of four numbers.
    """
    order, slope = work[0], work[2]
    filled = 0
    for a in range(0, len(g), 4):
        # Four at a time, in registers.
        g0, g1, g2, g3 = g[a], g[a + 1], g[a + 2], g[a + 3]
        filled = 0
        for position in range(count):
            i = order[position]
            # What is not the line's own is overwritten: a branch here would often be guessed wrong.
            positions[filled] = position
            before[filled, a], before[filled, a + 1], before[filled, a + 2], before[filled, a + 3] = g0, g1, g2, g3
            filled += owned[i]
            change = 1.0 if slope[i] >= 0.0 else -1.0
            g0 += change * weighted[i, a]
            g1 += change * weighted[i, a + 1]
            g2 += change * weighted[i, a + 2]
            g3 += change * weighted[i, a + 3]
    return filled


@part()
def _mark_open(weighted, whole, crossed, before, work, subset, size, prune2, cells, is_open):
    """How many vertices of a line have a cell that |g| alone does not exclude, or signs that are not sure.

    Args:
        weighted: (N, r) kappa_k z_k.
        whole: (r,) gradient of a cell and of its complement together.
        crossed: (m,) the hyperplanes that the line meets at these vertices.
        before: (>= m, .) gradients before each of them, with the rows of the subset as absent.
        work: of the line.
        subset: the hyperplanes that hold the line, `size` of them.
        size: their number.
        prune2: square of the length up to which a gradient excludes its cell.
        cells: room, (size + 4, N).
        is_open: (N,) which vertices they are; written.
    """
    slope, own, mu, sure = work[2], work[4], work[5], work[6]
    m = len(crossed)
    norm2, other2, value, turned = cells[0], cells[1], cells[2], cells[3]
    for j in range(m):
        i = crossed[j]
        norm2[j], other2[j] = 0.0, 0.0
        turned[j] = (1.0 if own[i] < 0.0 else 0.0) - (0.0 if slope[i] >= 0.0 else 1.0)
        for l in range(size):
            cells[4 + l, j] = 1.0 if mu[l, i] < 0.0 else 0.0
    for a in range(len(whole)):
        total = whole[a]
        for j in range(m):
            value[j] = before[j, a] + turned[j] * weighted[crossed[j], a]
        for l in range(size):
            behind, weight = cells[4 + l], weighted[subset[l], a]
            for j in range(m):
                value[j] += behind[j] * weight
        for j in range(m):
            norm2[j] += value[j] * value[j]
            other2[j] += (total - value[j]) * (total - value[j])
    count = 0
    for j in range(m):
        # Written so that what is not a number stays open.
        is_open[j] = not (norm2[j] <= prune2 and other2[j] <= prune2 and sure[crossed[j]])
        count += is_open[j]
    return count


@kernel()
def scan_lines(generic, M, rows, kappa, linear, sign, level, first, lines, turn, size, floor, found, state):
    """Bound all patterns of `lines` lines of one level from `first` on.

    `generic` are the normals in general position (`Arrangement.columns`), those with kappa > 0 first, M in number.
    Fills found (room, r + 1) with local maximisers above the floor and `sign`, and
    state = (upper bound, number found, patterns projected, lines or vertices left unresolved, patterns bounded).
    """
    N, r = rows.shape
    columns = np.ascontiguousarray(rows.T)
    work = make_work(N, max(len(generic), 1))
    order, slope = work[0], work[2]
    scratch = make_scratch(N, r)
    concave_caps(kappa, 1.0, scratch[4])
    room = (
        scratch,
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(N, dtype=np.bool_),
        np.empty(r),
        make_multipliers(N, r),
        np.empty(r),
    )
    bits, owned = np.empty(N, dtype=np.bool_), np.empty(N, dtype=np.bool_)
    doubtful = np.empty(MOST_OPEN, dtype=np.int64)
    wide = -(-r // 4) * 4
    g, here = np.zeros(wide), np.empty(r)
    positions, is_open = np.empty(N + 1, dtype=np.int64), np.empty(N, dtype=np.bool_)
    before, cells = np.empty((N + 1, wide)), np.empty((level + 3, N))
    if level == 0:
        if M:
            bottom_pattern(generic, bits)
        else:
            bits[:] = False
        for way in range(2 if M else 1):
            state[4] += 1
            _bound_pattern(rows, columns, kappa, linear, M, bits, way, turn, size, floor, sign, room, found, state)
        return
    weighted = np.zeros((N, wide))
    whole = 2.0 * linear
    for k in range(N):
        for a in range(r):
            weighted[k, a] = kappa[k] * rows[k, a]
            whole[a] += weighted[k, a]
    pulls = np.ascontiguousarray(weighted[:, :r].T)
    # What wrong sides may add to |g| with lam = 0, and the rounding of a gradient carried along a line of N steps.
    margin = 1.01 * turn * size + (3 * N + 4 * r + 16) * EPS * size
    prune2 = max(floor - margin, 0.0) ** 2
    subset = np.zeros(level, dtype=np.int64)
    unrank(first, M - 1, level - 1, subset)
    for step in range(lines):
        if step:
            next_subset(subset, M - 1, level - 1)
        if not is_swept(subset, level - 1):
            continue
        count = start_line(generic, M, level, subset, work)
        if count < 0:
            state[3] += 1
            continue
        begin_line(count, work, bits)
        mark_owned(subset, level - 1, M - 1, owned)
        _gradient(pulls, linear, bits, g)
        filled = _carry(weighted, work, count, owned, g, positions, before)
        crossed = order[positions[:filled]]
        still_open = _mark_open(weighted, whole, crossed, before, work, subset, level - 1, prune2, cells, is_open)
        state[4] += 2 * (filled - still_open)
        if still_open == 0:
            continue
        passed = 0
        for j in range(filled):
            if not is_open[j]:
                continue
            while passed < positions[j]:
                bits[order[passed]] = slope[order[passed]] >= 0.0
                passed += 1
            doubts = vertex_signs(generic, M, level, subset, passed, count, work, bits, doubtful)
            if doubts < 0:
                state[3] += 1
                doubts = 0
            i = order[passed]
            _vertex_gradient(weighted, before[j], bits, i, slope[i] >= 0.0, subset, level - 1, here)
            _bound_choices(
                rows, columns, kappa, linear, whole, M, here, bits, doubtful, doubts, prune2,
                turn, size, floor, sign, room, found, state,
            )  # fmt: skip
            for l in range(level - 1):
                bits[subset[l]] = False
