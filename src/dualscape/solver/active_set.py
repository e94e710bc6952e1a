"""Active set on the Gram matrix: finds the support of the master problem fast; `master` then makes it exact.

minimise 1/2 c.G c - b.c over c >= 0, G = A^T A for unit columns A and b = A^T target - price. Each change of the
support costs a row of a Cholesky factor; where it is large, whole blocks of changes come first, at the price of one
new factor each. The Gram matrix squares the condition number, so only the support is trusted.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs

from dualscape.geometry.cones import NONE_HELD, NOWHERE, SUMS
from dualscape.running.compiled import kernel, part

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A column within this (squared) distance of the span of the support depends on it.
DEPENDENT = 1e-11
#: Supports of at least so many columns change by blocks first, by this share of them at a time, until so few columns
#: are on the wrong side that changing one after the other is quicker, or until so many blocks in a row did not help.
BLOCKS_FROM, SHARE, FEW_WRONG, PATIENCE = 200, 0.25, 20, 2


def solve_gram(G: Matrix, b: Vector, start: Vector, tolerance: float) -> Vector:
    """Approximate minimiser of 1/2 c.G c - b.c over c >= 0, shape (k,), from `start` >= 0; its support is independent.

    Args:
        G: (k, k) Gram matrix of unit columns.
        b: (k,).
        start: (k,).
        tolerance: a column whose derivative is within this of zero stays out.
    """
    if np.count_nonzero(start) >= BLOCKS_FROM:
        start = exchange_blocks(G, b, start, tolerance)
    return np.asarray(gram_active_set(G, b, start, tolerance))


def exchange_blocks(G: Matrix, b: Vector, start: Vector, tolerance: float) -> Vector:
    """Block principal pivoting: masses (k,) >= 0 on a support from which few single changes are left to do.

    Each block solves for the support without signs, then all columns that came out negative leave and those that would
    help most enter (Portugal, Judice and Vicente 1994). It may cycle, so that it ends when it no longer helps.
    """
    support = np.flatnonzero(start > 0)
    best, fewest, idle = start, len(b) + 1, 0
    while len(support):
        factor, failed = dpotrf(G[np.ix_(support, support)], lower=1, overwrite_a=1, clean=0)
        if failed:
            independent = find_independent(G, support)
            support = support[independent] if not independent.all() else np.delete(support, failed - 1)
            continue
        masses = dpotrs(factor, b[support], lower=1)[0]
        c = np.zeros_like(b)
        c[support] = masses
        surplus = b - G @ c
        surplus[support] = 0.0
        entering = np.flatnonzero(surplus > tolerance)
        wrong = len(entering) + int((masses <= 0).sum())
        idle = 0 if wrong < fewest else idle + 1
        if wrong < fewest:
            best, fewest = np.maximum(c, 0.0), wrong
        if wrong <= FEW_WRONG or idle == PATIENCE:
            break
        most = max(int(SHARE * len(support)), FEW_WRONG)
        entering = entering[np.argsort(-surplus[entering], kind="stable")[:most]]
        support = np.concatenate([support[masses > 0], entering])
    return best


@part(fastmath=SUMS)
def _dot(u, v):
    total = 0.0
    for i in range(len(u)):
        total += u[i] * v[i]
    return total


@part(fastmath=SUMS)
def _append(G, L, support, m, k):
    """Row m of the factor for column k; returns its squared distance from the span of the support."""
    rest = G[k, k]
    for i in range(m):
        value = G[k, support[i]]
        for a in range(i):
            value -= L[i, a] * L[m, a]
        value /= L[i, i]
        L[m, i] = value
        rest -= value * value
    L[m, m] = np.sqrt(rest) if rest > 0 else 0.0
    return rest


@kernel()
def find_independent(G, columns):
    """Which of the columns do not depend on those before them, (m,) booleans."""
    L = np.zeros((len(columns), len(columns)))
    support = np.empty(len(columns), dtype=np.int64)
    independent = np.zeros(len(columns), dtype=np.bool_)
    m = NONE_HELD
    for j in range(len(columns)):
        if _append(G, L, support, m, columns[j]) > DEPENDENT:
            support[m] = columns[j]
            independent[j] = True
            m += 1
    return independent


@part(fastmath=SUMS)
def _solve_transposed(L, m, rhs):
    """rhs <- L^{-T} rhs for the leading m rows, along the rows of L: its columns are not contiguous."""
    for i in range(m - 1, -1, -1):
        rhs[i] /= L[i, i]
        value = rhs[i]
        for a in range(i):
            rhs[a] -= L[i, a] * value


@part(fastmath=SUMS)
def _solve(L, m, rhs):
    """rhs <- (L L^T)^{-1} rhs for the leading m rows."""
    for i in range(m):
        value = rhs[i]
        for a in range(i):
            value -= L[i, a] * rhs[a]
        rhs[i] = value / L[i, i]
    _solve_transposed(L, m, rhs)


@part(fastmath=SUMS)
def _remove(L, support, m, position):
    """The factor without the column at `position`, by plane rotations; returns the new size."""
    for i in range(position, m - 1):
        support[i] = support[i + 1]
        for a in range(i + 2):
            L[i, a] = L[i + 1, a]
    cosine, sine = np.ones(m), np.zeros(m)
    for i in range(position, m - 1):
        # Row by row, which is contiguous: the rotations of the rows above first, then the one that this row needs.
        left = L[i, position]
        for j in range(position, i):
            right = L[i, j + 1]
            L[i, j] = cosine[j] * left + sine[j] * right
            left = cosine[j] * right - sine[j] * left
        length = np.hypot(left, L[i, i + 1])
        if length > 0.0:
            cosine[i], sine[i] = left / length, L[i, i + 1] / length
        L[i, i], L[i, i + 1] = length, 0.0
    return m - 1


@kernel(fastmath=SUMS)
def gram_active_set(G, b, start, tolerance):
    """Approximate minimiser of 1/2 c.G c - b.c over c >= 0, from `start` >= 0, shape (k,); support independent."""
    k = len(b)
    c = start.copy()
    L = np.zeros((k + 1, k + 1))
    support = np.empty(k + 1, dtype=np.int64)
    inside = np.zeros(k, dtype=np.bool_)
    trial = np.empty(k + 1)
    m = NONE_HELD
    for j in range(k):
        if c[j] > 0:
            if _append(G, L, support, m, j) > DEPENDENT:
                support[m] = j
                inside[j] = True
                m += 1
            else:
                c[j] = 0.0
    entering = NOWHERE
    for _ in range(20 * k + 100):
        if entering >= 0:
            if _append(G, L, support, m, entering) <= DEPENDENT:
                # Along the kernel the fit stays and the price falls: move until one column is used up.
                for i in range(m):
                    trial[i] = -L[m, i]
                _solve_transposed(L, m, trial)
                step, leaving = np.inf, NOWHERE
                for i in range(m):
                    if trial[i] < 0 and -c[support[i]] / trial[i] < step:
                        step, leaving = -c[support[i]] / trial[i], i
                if leaving < 0:
                    return c
                for i in range(m):
                    c[support[i]] = max(c[support[i]] + step * trial[i], 0.0)
                c[support[leaving]] = 0.0
                inside[support[leaving]] = False
                m = _remove(L, support, m, leaving)
                if _append(G, L, support, m, entering) <= 0:
                    return c
                c[entering] = step
            support[m] = entering
            inside[entering] = True
            m += 1
        while m > 0:
            for i in range(m):
                trial[i] = b[support[i]]
            _solve(L, m, trial)
            step, leaving = 1.0, NOWHERE
            for i in range(m):
                if trial[i] <= 0:
                    here = c[support[i]] / (c[support[i]] - trial[i]) if c[support[i]] > trial[i] else 0.0
                    if leaving < 0 or here < step:
                        step, leaving = here, i
            for i in range(m):
                c[support[i]] = max(c[support[i]] + step * (trial[i] - c[support[i]]), 0.0)
            if leaving < 0:
                break
            c[support[leaving]] = 0.0
            inside[support[leaving]] = False
            m = _remove(L, support, m, leaving)
        entering, best = NOWHERE, tolerance
        for j in range(k):
            if not inside[j]:
                surplus = b[j] - _dot(G[j], c)
                if surplus > best:
                    entering, best = j, surplus
        if entering < 0:
            break
    return c
