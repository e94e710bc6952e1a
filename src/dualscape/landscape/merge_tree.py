"""Merge tree of the card filtration: how irreducible networks join as the width grows (THEORY section 7).

C*_m, the optimal masses with at most m nonzero entries, is a union of faces. Two vertices whose supports have a
union of at most m units lie in the face of that union, which is inside C*_m and connected. So it does no harm to
join *all* such pairs, not only the edges of the polytope, and the tree is single linkage with the size of the union.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.polytopes.double_description import pack

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Merge:
    """Two components of the filtration become one at `width`; `younger` is the one that is absorbed (elder rule).

    Attributes:
        width: the width at which they meet.
        elder, younger: the vertices of least support that name the two components.
        born: the width at which the younger one appeared.
    """

    width: int
    elder: int
    younger: int
    born: int


@dataclass(frozen=True, eq=False)
class MergeTree:
    """Persistent connectivity of C*_m as m grows.

    Attributes:
        births: (V,) the width |supp v| at which each vertex appears.
        edges: (V - 1, 3) rows (i, j, width) of a minimum spanning tree, by width.
        merges: the same as mergers of components, in order.

    >>> tree = merge_tree(np.array([[True, False, False], [False, True, True]]))
    >>> tree.births.tolist(), tree.edges.tolist(), tree.bottleneck(0, 1)
    ([1, 2], [[0, 1, 3]], 3)
    """

    births: Index
    edges: Index
    merges: tuple[Merge, ...]

    def components(self, m: int) -> int:
        """Number of connected components of C*_m."""
        return int((self.births <= m).sum() - (self.edges[:, 2] <= m).sum())

    def labels(self, m: int) -> Index:
        """(V,) for each vertex the least vertex of its component in C*_m, -1 for vertices not in it."""
        parent = np.arange(len(self.births))
        for i, j, width in self.edges:
            if width <= m:
                a, b = _root(parent, int(i)), _root(parent, int(j))
                parent[max(a, b)] = min(a, b)
        roots = np.array([_root(parent, v) for v in range(len(parent))], dtype=np.int64)
        return np.where(self.births <= m, roots, -1)

    @cached_property
    def _neighbours(self) -> dict[int, list[tuple[int, int]]]:
        near: dict[int, list[tuple[int, int]]] = {}
        for i, j, width in self.edges.tolist():
            near.setdefault(i, []).append((j, width))
            near.setdefault(j, []).append((i, width))
        return near

    def bottleneck(self, i: int, j: int) -> int:
        """The smallest width at which vertices i and j are connected in C*_m."""
        V = len(self.births)
        if not (0 <= i < V and 0 <= j < V):
            raise InputError(f"vertices are numbered 0..{V - 1}, got {i} and {j}")
        reached = {i: int(self.births[i])}
        stack = [i]
        while stack and j not in reached:
            v = stack.pop()
            for w, width in self._neighbours.get(v, []):
                if w not in reached:
                    reached[w] = max(reached[v], width)
                    stack.append(w)
        return reached[j]


def merge_tree(supports: NDArray[np.bool_]) -> MergeTree:
    """The merge tree of vertices with the given supports (V, k), V >= 1.

    O(V^2) unions of packed supports.
    """
    births = supports.sum(axis=1).astype(np.int64)
    if len(supports) == 1:
        return MergeTree(births, np.zeros((0, 3), dtype=np.int64), ())
    from dualscape.polytopes._adjacency import union_tree

    edges = np.asarray(union_tree(pack(supports)), dtype=np.int64)
    edges[:, :2].sort(axis=1)
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0], edges[:, 2]))]
    return MergeTree(births, edges, _mergers(births, edges))


def _root(parent: NDArray[np.int64], v: int) -> int:
    while parent[v] != v:
        parent[v] = parent[parent[v]]
        v = int(parent[v])
    return v


def _mergers(births: Index, edges: Index) -> tuple[Merge, ...]:
    parent = np.arange(len(births))
    eldest = np.arange(len(births))
    found = []
    for i, j, width in edges.tolist():
        a, b = _root(parent, i), _root(parent, j)
        x, y = sorted((int(eldest[a]), int(eldest[b])), key=lambda v: (births[v], v))
        found.append(Merge(width, x, y, int(births[y])))
        parent[b] = a
        eldest[a] = x
    return tuple(found)
