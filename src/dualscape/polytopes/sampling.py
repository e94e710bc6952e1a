"""Points inside {c >= 0 : A c = b}: its analytic centre and random points."""

import numpy as np
from numpy.typing import NDArray

from dualscape.polytopes.polytope import Polytope

Vector = NDArray[np.float64]


def analytic_center(P: Polytope) -> Vector:
    """The point (k,) of P that maximises the sum of logarithms of the active coordinates, by damped Newton steps.

    It does not depend on the units of the coordinates, and a symmetry of P leaves it in place.

    >>> from dualscape.polytopes.polytope import polytope
    >>> analytic_center(polytope(np.ones((1, 3)), np.array([3.0]))).round(9).tolist()
    [1.0, 1.0, 1.0]
    """
    x = P.shares(P.inner)
    if P.dimension == 0:
        return P.inner.copy()
    Z = P.kernel()
    for _ in range(200):
        gradient = Z.T @ (1 / x)
        scaled = Z / x[:, None]
        step = np.linalg.lstsq(scaled.T @ scaled, gradient, rcond=None)[0]
        decrement = float(gradient @ step) ** 0.5 if gradient @ step > 0 else 0.0
        x = x + Z @ step / (1 + decrement)  # the damped step never leaves x > 0 (self-concordance)
        if decrement < 1e-12:
            break
    return np.asarray(P.masses(x))


def hit_and_run(P: Polytope, rng: np.random.Generator, *, steps: int | None = None) -> Vector:
    """A random point (k,) of P, uniform in the limit of many steps.

    Directions are drawn in the metric of the analytic centre, which rounds the polytope.

    Args:
        P: the polytope.
        rng: source of randomness.
        steps: steps from the centre; 20 (dimension + 1) when not given.

    >>> from dualscape.polytopes.polytope import polytope
    >>> point = hit_and_run(polytope(np.ones((1, 3)), np.array([3.0])), np.random.default_rng(0))
    >>> bool((point >= 0).all()), round(float(point.sum()), 9)
    (True, 3.0)
    """
    if P.dimension == 0:
        return P.inner.copy()
    x = P.shares(analytic_center(P))
    Z = P.kernel()
    # Columns of `frame` are orthonormal in the metric sum_j (dx_j / x_j)^2.
    frame = Z @ np.linalg.inv(np.linalg.qr(Z / x[:, None], mode="r"))
    for _ in range(20 * (P.dimension + 1) if steps is None else steps):
        direction = frame @ rng.standard_normal(P.dimension)
        with np.errstate(divide="ignore"):
            ratio = -x / direction
        low = ratio[direction > 0].max(initial=-np.inf)
        high = ratio[direction < 0].min(initial=np.inf)
        x = np.maximum(x + rng.uniform(low, high) * direction, 0.0)
    return np.asarray(P.masses(x))
