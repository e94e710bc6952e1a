"""Components of the optimal networks of width m from first principles, without the theory of the staircase.

Theta*_m is a union of convex sets, one for each assignment of units to the m slots: {masses >= 0, fit = y*}. Two of
them meet where the slots on which they disagree are zero, hence exactly when the units on the agreeing slots can
make y* by themselves. Whether a set of units can is decided by non-negative least squares.
"""

from itertools import combinations, product

import numpy as np
from scipy.optimize import nnls


def feasible_sets(A: np.ndarray, y: np.ndarray) -> set[frozenset[int]]:
    """All sets of columns whose cone contains y."""
    k, found = A.shape[1], set()
    for size in range(k + 1):
        for units in combinations(range(k), size):
            residual = nnls(A[:, units], y)[1] if units else np.linalg.norm(y)
            if residual <= 1e-8 * max(np.linalg.norm(y), 1e-300):
                found.add(frozenset(units))
    return found


def count_components(A: np.ndarray, y: np.ndarray, m: int) -> tuple[int, int]:
    """(components, single points) of Theta*_m. Label k marks a slot that is zero: a point where labellings meet."""
    k = A.shape[1]
    feasible = feasible_sets(A, y)
    nodes = [s for s in product(range(k + 1), repeat=m) if frozenset(s) - {k} in feasible]
    number = {s: i for i, s in enumerate(nodes)}
    parent = list(range(len(nodes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for s in nodes:
        for slot in range(m):
            if s[slot] == k:
                for label in range(k):
                    filled = (*s[:slot], label, *s[slot + 1 :])
                    parent[root(number[filled])] = root(number[s])
    labellings: dict[int, list[tuple[int, ...]]] = {}
    for s, i in number.items():
        labellings.setdefault(root(i), []).extend([s] if k not in s else [])
    return len(labellings), sum(_is_a_point(A, y, found) for found in labellings.values())


def _is_a_point(A: np.ndarray, y: np.ndarray, labellings: list[tuple[int, ...]]) -> bool:
    """Whether all these labellings, which hang together, have one network in common and no other."""
    if not np.any(y):
        return True
    return len(labellings) == 1 and np.linalg.matrix_rank(A[:, labellings[0]]) == len(labellings[0])
