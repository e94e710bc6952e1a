"""Kernels of both exact oracles: how long a maximiser is, its rounding included, and the list of those found.

A maximiser is the sum of terms u = g + sum lam_l sigma_l z_l that a projection (`geometry.cones.project`) has left: g
the gradient of F on a pattern, the rest what holds u in its cone. |u| bounds F there.
"""

import numpy as np

from dualscape.running.compiled import part
from dualscape.tolerances import DEFAULT, EPS

#: Units no coordinate of which differs by more are listed once.
APART = DEFAULT.apart


@part()
def rounded(u, lam, m, N, size):
    """(|u|, a bound on the rounding of |g + sum lam c|)."""
    norm, masses = 0.0, 0.0
    for a in range(len(u)):
        norm += u[a] * u[a]
    for l in range(m):
        masses += lam[l]
    norm = np.sqrt(norm)
    r = len(u)
    # Up to N rows make g; every step of the projection adds one more term to it or to u.
    return norm, (3 * N + 40 * r + 80) * EPS * (size + masses) + 4 * r * EPS * norm


@part()
def resummed(rows, kappa, linear, bits, u, active, lam, m, size):
    """u again from its terms, with compensated sums: (|u|, a bound on the rounding, free of the factor N)."""
    N, r = rows.shape
    masses, norm = 0.0, 0.0
    for l in range(m):
        masses += lam[l]
    for a in range(r):
        total, lost = linear[a], 0.0
        for k in range(N + m):
            if k < N:
                term = kappa[k] * rows[k, a] if bits[k] else 0.0
            else:
                l = k - N
                term = lam[l] * rows[active[l], a] if bits[active[l]] else -lam[l] * rows[active[l], a]
            new = total + term
            lost += (total - new) + term if abs(total) >= abs(term) else (term - new) + total
            total = new
        u[a] = total + lost
        norm += u[a] * u[a]
    norm = np.sqrt(norm)
    # One rounding a product; those of the sums are of second order.
    return norm, 4 * EPS * (size + masses) + (4 * r + 8) * EPS * norm


@part()
def record_unit(found, state, unit, norm, sign):
    """Append unit / norm to found unless it is there; state[1] counts them even when there is no room left."""
    r = len(unit)
    filled = min(int(state[1]), found.shape[0])
    for j in range(filled):
        same = found[j, r] == sign
        for a in range(r):
            same = same and abs(found[j, a] - unit[a] / norm) <= APART
        if same:
            return
    if filled < found.shape[0]:
        for a in range(r):
            found[filled, a] = unit[a] / norm
        found[filled, r] = sign
    state[1] += 1
