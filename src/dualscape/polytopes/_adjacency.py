"""Compiled loops over packed supports: adjacency of extreme rays, and a minimum spanning tree of unions."""

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from dualscape.running.compiled import kernel
from dualscape.running.interruption import check

Bits = NDArray[np.uint64]
Index = NDArray[np.intp]
#: Words that a compiled loop looks at before it asks whether somebody wishes to stop: some hundredths of a second.
PORTION = 50_000_000


@kernel(inline="always")
def _popcount(x):  # type: ignore[no-untyped-def]
    x = x - ((x >> uint64(1)) & uint64(0x5555555555555555))
    x = (x & uint64(0x3333333333333333)) + ((x >> uint64(2)) & uint64(0x3333333333333333))
    x = (x + (x >> uint64(4))) & uint64(0x0F0F0F0F0F0F0F0F)
    return (x * uint64(0x0101010101010101)) >> uint64(56)


@kernel()
def adjacent_pairs(zeros: Bits, above: Index, below: Index, need: int, room: int):  # type: ignore[no-untyped-def]
    """Pairs (i, j), i above and j below, that are adjacent rays.

    Args:
        zeros: (V, W) packed zero sets.
        above, below: the rays on either side of the new inequality.
        need: adjacent rays share at least this many zeros.
        room: most pairs wanted.

    Returns:
        (pairs (q, 2), True), or (what was found, False) when there are more than `room`.
    """
    V, W = zeros.shape
    pairs = np.empty((max(min(room, 1024), 1), 2), dtype=np.intp)
    found = 0
    shared = np.empty(W, dtype=np.uint64)
    killer = 0  # the ray that refuted the last pair often refutes the next
    for i in above:
        for j in below:
            count = np.int64(0)
            for w in range(W):
                shared[w] = zeros[i, w] & zeros[j, w]
                count += np.int64(_popcount(shared[w]))
            if count < need:
                continue
            adjacent = True
            for offset in range(V):
                r = killer + offset
                if r >= V:
                    r -= V
                if r in (i, j):
                    continue
                inside = True
                for w in range(W):
                    if shared[w] & ~zeros[r, w]:
                        inside = False
                        break
                if inside:
                    adjacent = False
                    killer = r
                    break
            if not adjacent:
                continue
            if found == room:
                return pairs[:found], False
            if found == len(pairs):
                larger = np.empty((min(2 * found, room), 2), dtype=np.intp)
                for l in range(found):
                    larger[l, 0], larger[l, 1] = pairs[l, 0], pairs[l, 1]
                pairs = larger
            pairs[found, 0] = i
            pairs[found, 1] = j
            found += 1
    return pairs[:found], True


def union_tree(supports: Bits) -> NDArray[np.int64]:
    """Prim's minimum spanning tree of the complete graph with weights |S_i u S_j|.

    Returns:
        (V - 1, 3) rows (i, j, weight) in the order in which the edges were added.
    """
    V, W = supports.shape
    best, parent, todo = np.full(V, 1 << 30, dtype=np.int64), np.zeros(V, dtype=np.int64), np.arange(1, V)
    tree = np.empty((V - 1, 3), dtype=np.int64)
    portion = max(PORTION // (V * W), 1)
    for first in range(0, V - 1, portion):
        check()
        _grow(supports, best, parent, todo, tree, first, min(first + portion, V - 1))
    return tree


@kernel()
def _grow(supports: Bits, best, parent, todo, tree, first: int, last: int):  # type: ignore[no-untyped-def]
    """Edges `first` to `last` of the tree; the vertices that are not in it come first in `todo`."""
    V, W = supports.shape
    current = tree[first - 1, 1] if first else 0
    for step in range(first, last):
        left = V - 1 - step
        nearest = 0
        for t in range(left):
            v = todo[t]
            count = np.int64(0)
            for w in range(W):
                count += np.int64(_popcount(supports[current, w] | supports[v, w]))
            if count < best[v]:
                best[v] = count
                parent[v] = current
            b, c = best[v], best[todo[nearest]]
            if b < c or (b == c and v < todo[nearest]):
                nearest = t
        current = todo[nearest]
        tree[step, 0] = parent[current]
        tree[step, 1] = current
        tree[step, 2] = best[current]
        todo[nearest] = todo[left - 1]
