"""Components of the optimal networks of width m from first principles, without the theory of the staircase.

Theta*_m is a union of convex sets, one for each assignment of units to the m slots: {masses >= 0, fit = y*}. Two of
them meet where the slots on which they disagree are zero, hence exactly when the units on the agreeing slots can
make y* by themselves. Whether a set of units can is decided by non-negative least squares.

A partial labelling leaves some slots zero (label k). It is a point of every labelling that fills those slots, so the
components are those of the graph that joins each partial labelling with its fillings of one slot.
"""

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import nnls
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def feasible_sets(A: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For every set of columns, as a bit mask, whether its cone contains y; (2^k,) booleans."""
    k = A.shape[1]
    feasible = np.zeros(1 << k, dtype=bool)
    for units in range(1, 1 << k):
        members = [j for j in range(k) if units >> j & 1]
        feasible[units] = any(feasible[units & ~(1 << j)] for j in members) or (
            nnls(A[:, members], y)[1] <= 1e-8 * np.linalg.norm(y)
        )
    return feasible


def count_components(A: np.ndarray, y: np.ndarray, m: int) -> tuple[int, int]:
    """(components, single points) of Theta*_m for y != 0, over all (k + 1)^m partial labellings."""
    k = A.shape[1]
    place = (k + 1) ** np.arange(m)
    labels = np.arange((k + 1) ** m)[:, None] // place % (k + 1)
    units = np.zeros(len(labels), dtype=np.int64)
    for slot in range(m):
        units |= np.where(labels[:, slot] < k, 1 << labels[:, slot], 0)
    nodes = np.flatnonzero(feasible_sets(A, y)[units])
    partial = [nodes[labels[nodes, slot] == k] for slot in range(m)]
    one = np.concatenate([p for p in partial for _ in range(k)])
    other = np.concatenate([p + (label - k) * place[slot] for slot, p in enumerate(partial) for label in range(k)])
    ends = np.searchsorted(nodes, one), np.searchsorted(nodes, other)
    graph = coo_matrix((np.ones(len(one), dtype=np.int8), ends), shape=(len(nodes), len(nodes)))
    count, component = connected_components(graph, directed=False)
    full = (labels[nodes] < k).all(axis=1)
    alone = np.bincount(component[full], minlength=count) == 1
    single = [labels[node] for node, c in zip(nodes[full], component[full], strict=True) if alone[c]]
    return int(count), sum(int(np.linalg.matrix_rank(A[:, row]) == m) for row in single)


@st.composite
def systems(draw):
    n, k = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    row = st.lists(st.integers(-2, 2), min_size=k, max_size=k)
    A = np.array(draw(st.lists(row, min_size=n, max_size=n)), dtype=float)
    A[0] = draw(st.lists(st.integers(1, 2), min_size=k, max_size=k))
    c = np.array(draw(st.lists(st.integers(0, 2), min_size=k, max_size=k)), dtype=float)
    return A, A @ (c if c.any() else np.ones(k))
