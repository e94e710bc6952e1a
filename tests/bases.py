"""Vertices of {c >= 0 : A c = b} from every independent set of columns, and small systems to try."""

from itertools import combinations

import numpy as np
from hypothesis import strategies as st


def brute_force(A: np.ndarray, b: np.ndarray) -> dict[frozenset[int], np.ndarray]:
    """Vertices by support: every independent set of columns, solved on its own."""
    scale = np.linalg.norm(A, axis=0)
    X, size = A / scale, np.linalg.norm(b)
    rank = np.linalg.matrix_rank(X)
    found = {}
    for r in range(1, rank + 1):
        for support in combinations(range(A.shape[1]), r):
            S = X[:, support]
            if np.linalg.svd(S)[1][-1] < 1e-9:
                continue
            x = np.linalg.lstsq(S, b / size, rcond=None)[0]
            if x.min() > 1e-9 and np.linalg.norm(S @ x - b / size) < 1e-9:
                c = np.zeros(A.shape[1])
                c[list(support)] = x * size / scale[list(support)]
                found[frozenset(support)] = c
    return found


def by_support(points: np.ndarray) -> dict[frozenset[int], np.ndarray]:
    return {frozenset(np.flatnonzero(p).tolist()): p for p in points}


@st.composite
def bounded_systems(draw):
    """Small integers: ties, repeated columns, deficient rank and coordinates that are always zero all occur."""
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    entries = st.integers(-2, 2)
    A = np.array(draw(st.lists(st.lists(entries, min_size=k, max_size=k), min_size=n, max_size=n)), dtype=float)
    A[0] = draw(st.lists(st.integers(1, 3), min_size=k, max_size=k))
    c = np.array(draw(st.lists(st.integers(0, 3), min_size=k, max_size=k)), dtype=float)
    if not c.any():
        c[0] = 1.0
    return A, A @ c
