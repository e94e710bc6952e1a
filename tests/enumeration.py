"""h of several outputs, optimal networks and their components by plain enumeration, with nothing of the library.

h(N) = max |N^T (X u)_+| is attained at the greatest singular vector of X^T D N on the flat of some rows, D a pattern.
A pattern too many does no harm, since |N^T (X u)_+| itself is looked at in every direction that is found.
"""

from itertools import combinations, product

import numpy as np


def flat_of(rows):
    """An orthonormal basis of what is orthogonal to the rows (j, d)."""
    _, singular, right = np.linalg.svd(rows)
    return right[int((singular > 1e-10).sum()) :].T


def patterns(X, rng):
    """(P, n) all signs of X u and more, for X of full rank: those around the rays of rows that are moved a little."""
    n, d = X.shape
    moved = X + 1e-6 * rng.standard_normal(X.shape)
    found = []
    for some in map(list, combinations(range(n), d - 1)):
        sides = np.sign(moved @ np.linalg.svd(np.vstack([moved[some], np.zeros(d)]))[2][-1])
        for around in product((-1, 1), repeat=d - 1):
            for way in (sides, -sides):
                way = way.copy()
                way[some] = around
                found.append(way)
    return np.unique(found, axis=0) > 0


def directions(X, N, rng):
    """(q, d) unit vectors with all maximisers of |N^T (X u)_+| among them, unless they are a continuum."""
    d = X.shape[1]
    maps = np.einsum("pn,nd,nc->pdc", patterns(X, rng).astype(float), X, N)
    found = []
    for j in range(d):
        for some in map(list, combinations(range(len(X)), j)):
            L = flat_of(X[some]) if some else np.eye(d)
            if L.shape[1]:
                top = np.linalg.svd(np.einsum("dl,pdc->plc", L, maps))[0][:, :, 0] @ L.T
                found += [top, -top]
    return np.vstack(found)


def values(X, N, U):
    """|N^T (X u)_+| of every row of U."""
    return np.linalg.norm(np.maximum(U @ X.T, 0) @ N, axis=1)


def tight(X, N, rng):
    """(h, (k, d) the directions of that value)."""
    U = directions(X, N, rng)
    heights = values(X, N, U)
    kept = []
    for u in U[heights >= heights.max() * (1 - 1e-9)]:
        if all(np.linalg.norm(u - other) > 1e-5 for other in kept):
            kept.append(u)
    return heights.max(), np.array(kept)


def vertices(A, y):
    """(V, k) the vertices of {c >= 0 : A c = y}: every set of independent columns that makes y."""
    k, found = A.shape[1], []
    for size in range(1, min(A.shape) + 1):
        for some in map(list, combinations(range(k), size)):
            c, _, rank, _ = np.linalg.lstsq(A[:, some], y, rcond=1e-9)
            if rank == size and np.linalg.norm(A[:, some] @ c - y) < 1e-9 * np.linalg.norm(y) and c.min() > 1e-9:
                found.append(np.zeros(k))
                found[-1][some] = c
    return np.array(found)


def components(points, m):
    """How many components m slots have: slots with given units are a polytope, and two polytopes share corners."""
    used = np.flatnonzero((points > 0).any(axis=0)).tolist()
    supports = [np.flatnonzero(point).tolist() for point in points]
    leader: dict = {}

    def lead(node):
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for slots in product(used, repeat=m):
        corners = [
            (v, places)
            for v, support in enumerate(supports)
            for places in product(*([i for i in range(m) if slots[i] == unit] for unit in support))
        ]
        for corner in corners:
            leader[lead(corner)] = lead(corners[0])
    return len({lead(node) for node in list(leader)})
