"""A curve of low loss between two networks, learned (Garipov et al. 2018).

What is minimised is the mean loss over t, uniform in [0, 1], by the inner control points; the ends stay.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from dualscape.curves.curve import Curve
from dualscape.errors import InputError

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: (value, gradient (N,)) of the loss at weights (N,).
Slope = Callable[[Vector], tuple[float, Vector]]


def learn_curve(
    slope: Slope, a: ArrayLike, b: ArrayLike, *, bends: int = 1, kind: str = "bezier", nodes: int = 20, steps: int = 300
) -> Curve:
    """The curve of least mean loss between two networks, from the straight line on, by a quasi-Newton method.

    Args:
        slope: loss and gradient at weights (N,), the same at every call.
        a, b: weights (N,) of the ends.
        bends: inner control points.
        kind: "bezier" or "chain".
        nodes: t at which the loss counts, Gauss-Legendre nodes.
        steps: most steps.

    Returns:
        A curve that is no worse, in that mean, than the straight line.

    >>> ring = lambda p: ((p @ p - 1) ** 2, 4 * (p @ p - 1) * p)
    >>> curve = learn_curve(ring, [1.0, 0.0], [0.0, 1.0])
    >>> float(ring(np.array([0.5, 0.5]))[0]), bool(ring(curve.at(0.5))[0] < 0.01)
    (0.25, True)
    """
    line = _line(a, b, bends, kind)
    x, w = np.polynomial.legendre.leggauss(nodes)
    shares, weights = np.array([line.shares(0.5 * (t + 1)) for t in x]), 0.5 * w

    def mean(inner: Vector) -> tuple[float, Vector]:
        points = _points(line, inner)
        found = [slope(theta) for theta in shares @ points]
        gradient = (weights[:, None] * shares[:, 1:-1]).T @ np.array([g for _, g in found])
        return float(weights @ [value for value, _ in found]), gradient.ravel()

    start = line.points[1:-1].ravel()
    found = minimize(mean, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return Curve(_points(line, found.x), kind) if found.fun <= mean(start)[0] else line


def learn_curve_in_steps(
    slope: Slope,
    a: ArrayLike,
    b: ArrayLike,
    *,
    bends: int = 1,
    kind: str = "bezier",
    steps: int = 2000,
    rate: float = 0.01,
    seed: int = 0,
) -> Curve:
    """The same where the loss is that of another batch at every call: Adam on one random t a step.

    Args:
        slope: loss and gradient at weights (N,), of whatever batch comes next.
        a, b, bends, kind: as for `learn_curve`.
        steps: calls of `slope`.
        rate: the first learning rate; it falls to 0 along half a cosine.
        seed: of the random t.
    """
    line = _line(a, b, bends, kind)
    rng, inner = np.random.default_rng(seed), line.points[1:-1].copy()
    first, second = np.zeros_like(inner), np.zeros_like(inner)
    for step in range(1, steps + 1):
        shares = line.shares(rng.uniform())
        _, gradient = slope(shares @ _points(line, inner.ravel()))
        gradient = shares[1:-1, None] * gradient
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        size = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        inner -= 0.5 * rate * (1 + np.cos(np.pi * step / steps)) * first / (1 - 0.9**step) / size
    return Curve(_points(line, inner.ravel()), kind)


def _line(a: ArrayLike, b: ArrayLike, bends: int, kind: str) -> Curve:
    if bends < 1:
        raise InputError(f"a curve that is learned needs a point to bend it by, got bends={bends}")
    return Curve.straight(a, b, bends=bends, kind=kind)


def _points(line: Curve, inner: Vector) -> Matrix:
    return np.vstack([line.points[:1], inner.reshape(-1, line.points.shape[1]), line.points[-1:]])
