"""A bound on h(nu) in O(N r^2), for any size: the hinges replaced by parabolas.

In the reduced form s f(u) = q.u + 1/2 sum_g c_g |z_g.u|, q = s (linear + 1/2 sum kappa z), c = s kappa. For |u| <= 1,

    |z.u| <= (tau + (z.u)^2 / tau) / 2  for every tau > 0   (where c > 0),      |z.u| >= (z.u)^2   (where c < 0),

so that s f(u) <= const + q.u + u.M u <= const + mu + 1/4 q.(mu I - M)^{-1} q for every mu > 0 above the eigenvalues
of M. Any tau gives a true bound; a few rounds of tau <- root mean square of z.u near the maximiser make it a good one.
"""

from collections.abc import Callable

import numpy as np

from dualscape.geometry.tall import weighted_gram
from dualscape.oracles.base import Matrix, Vector
from dualscape.running.interruption import interrupted
from dualscape.tolerances import EPS

ROUNDS = 60
#: Distance of mu from the spectrum, relative to the size of M; rounding is amplified by its inverse.
NEAREST = 1e-5
#: N r^2 above which not even one round is made once somebody wishes to stop.
AT_ONCE = 1e8


def spectral_bound(rows: Matrix, kappa: Vector, linear: Vector, expired: Callable[[], bool] = interrupted) -> float:
    """A proven bound on max over |u| <= 1 of |linear.u + sum_g kappa_g (z_g.u)_+|, rounding included.

    Args:
        rows: (N, r) unit vectors z_g.
        kappa: (N,) weights.
        linear: (r,) linear part.
        expired: whether to be content with what the rounds so far have given.

    >>> h = spectral_bound(np.eye(2), np.array([1.0, 1.0]), np.zeros(2))  # the maximum is sqrt(2)
    >>> bool(2**0.5 <= h < 1.5)
    True
    """
    size = float(np.abs(kappa).sum() + np.linalg.norm(linear))
    if size == 0.0:
        return 0.0
    kappa, linear = kappa / size, linear / size
    return size * max(_one_sided(rows, kappa, linear, expired), _one_sided(rows, -kappa, -linear, expired))


def _one_sided(rows: Matrix, c: Vector, linear: Vector, expired: Callable[[], bool]) -> float:
    N, r = rows.shape
    rising, falling = c > 0, c < 0
    up = rows[rising]
    q = linear + 0.5 * (c @ rows)
    fixed: Matrix | None = None
    tau = np.full(len(up), r**-0.5)
    # Without any parabola: (z.u)_+ <= 1.
    best, square = (float(c[rising].sum() + np.linalg.norm(linear))) * (1 + 8 * N * EPS), np.zeros(len(up))
    for turn in range(ROUNDS):
        if (turn or N * r * r > AT_ONCE) and expired():
            break
        if fixed is None:
            fixed = 0.5 * weighted_gram(rows, np.where(falling, c, 0.0))
        M = fixed + 0.25 * weighted_gram(up, c[rising] / tau)
        values, vectors = np.linalg.eigh(M)
        along = vectors.T @ q
        scale = float(np.abs(values).max()) + float(np.linalg.norm(q)) + 1e-300
        mu = max(float(values[-1]), 0.0) + scale * np.geomspace(NEAREST, 10.0, 60)
        bounds = mu + 0.25 * (along**2 / (mu[:, None] - values)).sum(axis=1)
        least = int(bounds.argmin())
        bound = 0.25 * float(c[rising] @ tau) + float(bounds[least])
        # Sums of N terms make M; its error moves an eigenvalue by as much and is amplified by 1 / NEAREST.
        bound += (N + 40 * r) * EPS / NEAREST * (1.0 + bound)
        if bound >= best * (1 - 1e-4) and turn > 5:
            best = min(best, bound)
            break
        best = min(best, bound)
        u = vectors @ (0.5 * along / (mu[least] - values))
        room = max(1.0 - float(u @ u), 0.0)
        now = (up @ u) ** 2 + room * (up @ vectors[:, -1]) ** 2
        square += (now - square) / (turn + 1)
        tau = np.sqrt(square) + 1e-6
    return best
