"""What |G| is at most over a cone of the vector bisection, in parts that its kernel calls.

Over lam >= 0 the value at u = sum lam_k v_k is, along an output q, at most p.lam and across it at most
|A^T lam| + s.lam. Where no hyperplane crosses, p.lam is the value itself and s is 0.

Two proofs use it. The length of both together is convex and homogeneous: at most g.lam for its values g_k at the v_k,
and for any w that is <= |w| + sqrt(r) max_k (g_k - w.v_k)_+ over the unit ball, with the v_k of l1-norm one inside an
orthant. And for any x > 1, 1/x + 1/y = 1, its square is at most (p.lam)^2 + x |A^T lam|^2 + y (s.lam)^2, so that
it is <= t |u| where

    M = t^2 V V^T - p p^T - x A A^T - y s s^T

is copositive: if it is positive definite, or without what is positive off its diagonal. That keeps how outputs turn
from generator to generator, which lengths do not: of the iris data a tenth of the cones is left.
"""

import numpy as np

from dualscape.running.compiled import part
from dualscape.tolerances import EPS

#: Sweeps of the ascent for the multipliers of a cone.
SWEEPS = 25


@part()
def spread(kappa, weights, V, B, own, high, K, rest, along, across, aside):  # type: ignore[no-untyped-def]
    """Into along (r,), across (r, c) and aside (r,): p, A and s of the cone V.

    Args:
        kappa: (N, c) changes of slope across hyperplanes.
        weights: (N,) their lengths.
        V: (r, r) generators.
        B: (r, c) what the hyperplanes that do not cross sum to.
        own: (K,) those that cross, and
        high: (K, r) their heights at the generators.
        rest: (K, r) to work with.
    """
    r, c = B.shape
    for k in range(r):
        for o in range(c):
            total = 0.0
            for i in range(r):
                total += V[k, i] * B[i, o]
            across[k, o] = total
    for j in range(K):
        above, below = 0.0, 0.0
        for k in range(r):
            above += max(high[j, k], 0.0)
            below += max(-high[j, k], 0.0)
        # Where more of the cone is above, l - z is left, which is what is below.
        side = -1.0 if above > below else 1.0
        for k in range(r):
            rest[j, k] = 0.5 * max(side * high[j, k], 0.0)
            middle = max(high[j, k], 0.0) - rest[j, k]
            for o in range(c):
                across[k, o] += middle * kappa[own[j], o]
    q, size = np.zeros(c), 0.0
    for o in range(c):
        for k in range(r):
            q[o] += across[k, o]
        size += q[o] * q[o]
    if size > 0:
        q /= np.sqrt(size)
    for k in range(r):
        total = 0.0
        for o in range(c):
            total += across[k, o] * q[o]
        for o in range(c):
            across[k, o] -= total * q[o]
        # Sides may differ: without kinks the value is linear, and else its length is.
        along[k], aside[k] = total if K == 0 else abs(total), 0.0
    for j in range(K):
        kink = 0.0
        for o in range(c):
            kink += q[o] * kappa[own[j], o]
        turn = np.sqrt(max(weights[own[j]] ** 2 - kink * kink, 0.0))
        for k in range(r):
            along[k] += rest[j, k] * abs(kink)
            aside[k] += rest[j, k] * turn


@part()
def lies_below(V, along, across, aside, value):  # type: ignore[no-untyped-def]
    """Whether it is proven that |G(u)| <= value |u| over the cone: M is copositive."""
    r, c = across.shape
    if not value > 0.0:
        return False
    turned, kinked = 0.0, 0.0
    for k in range(r):
        kinked += (aside[k] / value) ** 2
        for o in range(c):
            turned += (across[k, o] / value) ** 2
    turned, kinked = np.sqrt(turned), np.sqrt(kinked)
    x = 1.0 + kinked / turned if turned > 0.0 else 0.0
    y = 1.0 + turned / kinked if kinked > 0.0 else 0.0
    M, less = np.empty((r, r)), np.empty((r, r))
    for k in range(r):
        for i in range(k + 1):
            inner, outer = 0.0, 0.0
            for j in range(r):
                inner += V[k, j] * V[i, j]
            for o in range(c):
                outer += (across[k, o] / value) * (across[i, o] / value)
            kinks = (aside[k] / value) * (aside[i] / value)
            M[k, i] = inner - (along[k] / value) * (along[i] / value) - x * outer - y * kinks
            less[k, i] = min(M[k, i], 0.0)
        # Where the diagonal is positive, no term is above one: entries are off by less than (r + 4 c + 20) eps, and a
        # factor is that of a matrix whose entries are off by r + 2 of them.
        M[k, k] -= 4 * r * (r + 2 * c + 12) * EPS
        less[k, k] = M[k, k]
    return _has_factor(less) or _has_factor(M)


@part()
def _has_factor(M):  # type: ignore[no-untyped-def]
    """Whether M, of which the lower half is read and written over, has a Cholesky factor."""
    r = len(M)
    for k in range(r):
        if not M[k, k] > 0.0:
            return False
        for i in range(k + 1, r):
            for j in range(k + 1, i + 1):
                M[i, j] -= M[i, k] / M[k, k] * M[j, k]
    return True


@part()
def bound_of(V, along, across, aside):  # type: ignore[no-untyped-def]
    """A bound on |G| over the part of the cone in the unit ball: |w| + sqrt(r) max (g_k - w.v_k)_+ for two w."""
    r, c = across.shape
    g = np.empty(r)
    for k in range(r):
        total = 0.0
        for o in range(c):
            total += across[k, o] * across[k, o]
        g[k] = np.hypot(along[k], np.sqrt(total) + aside[k])
    gram = V @ V.T
    lam, pull = np.zeros(r), np.zeros(r)
    for _ in range(SWEEPS):
        moved = 0.0
        for k in range(r):
            new = max(lam[k] + (g[k] - pull[k]) / gram[k, k], 0.0)
            step = new - lam[k]
            if step != 0.0:
                moved = max(moved, abs(step) * np.sqrt(gram[k, k]))
                for i in range(r):
                    pull[i] += step * gram[k, i]
                lam[k] = new
        if moved <= 1e-14 * g.max():
            break
    found = _for(V, g, V.T @ lam)
    # The w at which all v_k have their g_k, by elimination.
    A, w = V.copy(), g.copy()
    for k in range(r):
        p = k + np.argmax(np.abs(A[k:, k]))
        if A[p, k] == 0.0:
            return found
        for i in range(r):
            A[k, i], A[p, i] = A[p, i], A[k, i]
        w[k], w[p] = w[p], w[k]
        for j in range(k + 1, r):
            factor = A[j, k] / A[k, k]
            for i in range(k, r):
                A[j, i] -= factor * A[k, i]
            w[j] -= factor * w[k]
    for k in range(r - 1, -1, -1):
        for i in range(k + 1, r):
            w[k] -= A[k, i] * w[i]
        w[k] /= A[k, k]
    other = _for(V, g, w)
    return other if other < found else found


@part()
def _for(V, g, w):  # type: ignore[no-untyped-def]
    """|w| + sqrt(r) max_k (g_k - w.v_k)_+."""
    r = len(g)
    missing, length = 0.0, 0.0
    for k in range(r):
        total = 0.0
        for i in range(r):
            total += V[k, i] * w[i]
        missing = max(missing, g[k] - total)
        length += w[k] * w[k]
    return np.sqrt(length) + np.sqrt(r) * missing
