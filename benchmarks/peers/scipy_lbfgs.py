"""scipy's L-BFGS-B on the weights of a wide network, from several random starts.

Two layers of width 200, or three with 20 subnetworks of 10 inner neurons.
"""

import sys

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, softmax

from peers.harness import INNER, KINDS, RESTARTS, SUBNETWORKS, WIDE, Matrix, Race, Vector, loss_of, main


class TimeUp(Exception):
    """The time is up; raised inside the optimiser, which has no other way out."""


def shapes(race: Race) -> tuple[tuple[int, ...], ...]:
    """Those of the weights of all layers."""
    d = race.X.shape[1]
    if race.kind == "three layers":
        return (SUBNETWORKS, INNER, d), (SUBNETWORKS, INNER), (SUBNETWORKS,)
    return (WIDE, d), (WIDE,) if race.outputs == 1 else (WIDE, race.outputs)


def unpack(race: Race, weights: Vector) -> tuple[Matrix, ...]:
    """The layers of weights that stand in one vector."""
    sizes = [int(np.prod(shape)) for shape in shapes(race)]
    parts = np.split(weights, np.cumsum(sizes)[:-1])
    return tuple(part.reshape(shape) for part, shape in zip(parts, shapes(race), strict=True))


def slope(race: Race, f: Matrix) -> Matrix:
    """The gradient of the loss at outputs f."""
    if race.loss == "squared":
        return f - race.y
    if race.loss == "logistic":
        return -race.y * expit(-race.y * f)
    return softmax(f, axis=1) - np.eye(race.outputs)[race.y]


def value_and_gradient(race: Race, weights: Vector) -> tuple[float, Vector]:
    """The objective and its gradient at the weights."""
    layers = unpack(race, weights)
    if len(layers) == 3:
        return three_layers(race, *layers)
    U, alpha = layers
    Z = np.maximum(race.X @ U.T, 0.0)
    f = Z @ alpha
    residual = slope(race, f)
    pulled = residual[:, None] * alpha if alpha.ndim == 1 else residual @ alpha.T
    inner = ((Z > 0) * pulled).T @ race.X
    value = loss_of(f, race.y, race.loss) + 0.5 * race.beta * float(weights @ weights)
    return value, np.concatenate([inner.ravel(), (Z.T @ residual).ravel()]) + race.beta * weights


def three_layers(race: Race, W: Matrix, w: Matrix, alpha: Vector) -> tuple[float, Vector]:
    """The same for W (m, r, d), w (m, r) and alpha (m,), whose lengths count to the third power."""
    m, r, d = W.shape
    hidden = np.maximum(race.X @ W.reshape(-1, d).T, 0.0).reshape(-1, m, r)
    Z = np.maximum(np.einsum("nkr,kr->nk", hidden, w), 0.0)
    f = Z @ alpha
    residual = slope(race, f)
    pulled = (Z > 0) * residual[:, None] * alpha
    value, gradient = loss_of(f, race.y, race.loss), []
    slopes = (
        np.einsum("nkr,nd->krd", (hidden > 0) * pulled[:, :, None] * w, race.X, optimize=True),
        np.einsum("nk,nkr->kr", pulled, hidden),
        Z.T @ residual,
    )
    for part, own in zip((W, w, alpha), slopes, strict=True):
        lengths = np.linalg.norm(part.reshape(m, -1), axis=1)
        value += race.beta / 3 * float((lengths**3).sum())
        gradient.append((own + race.beta * lengths.reshape(m, *[1] * (part.ndim - 1)) * part).ravel())
    return value, np.concatenate(gradient)


def started(race: Race, restart: int) -> Vector:
    """Normal weights, divided by the root of what comes into a layer."""
    rng = np.random.default_rng(restart)
    inputs = (race.X.shape[1], INNER, SUBNETWORKS) if race.kind == "three layers" else (race.X.shape[1], WIDE)
    parts = [rng.standard_normal(shape) / size**0.5 for shape, size in zip(shapes(race), inputs, strict=True)]
    return np.concatenate([part.ravel() for part in parts])


def contestant(race: Race) -> None:
    """One start after the other until the time is up."""
    finished = 0
    for restart in range(RESTARTS):

        def watch(weights: Vector, restart: int = restart) -> None:
            race.report(lambda: unpack(race, weights), restart=restart)
            if race.over():
                raise TimeUp

        options = {"maxiter": 100_000, "maxfun": 1_000_000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20}
        try:
            result = minimize(
                lambda w: value_and_gradient(race, w),
                started(race, restart),
                jac=True,
                method="L-BFGS-B",
                callback=watch,
                options=options,
            )
        except TimeUp:
            break
        finished += 1
        race.report(lambda w=result.x: unpack(race, w), always=True, restart=restart)
        if race.over():
            break
    width = f"{SUBNETWORKS} subnetworks of {INNER}" if race.kind == "three layers" else f"width {WIDE}"
    race.finish(note=f"{width}, {finished} of {RESTARTS} starts finished")


if __name__ == "__main__":
    sys.exit(main(contestant, kinds=KINDS))
