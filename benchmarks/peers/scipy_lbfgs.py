"""scipy's L-BFGS-B on the weights of a wide network, from several random starts."""

import sys

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from peers.harness import RESTARTS, WIDE, Matrix, Race, Vector, main


class TimeUp(Exception):
    """The time is up; raised inside the optimiser, which has no other way out."""


def value_and_gradient(race: Race, weights: Vector) -> tuple[float, Vector]:
    """The objective and its gradient at the weights (U, alpha) in one vector."""
    U, alpha = unpack(weights, race.X.shape[1])
    Z = np.maximum(race.X @ U.T, 0.0)
    f = Z @ alpha
    if race.loss == "squared":
        residual = f - race.y
        value = 0.5 * float(residual @ residual)
    else:
        residual = -race.y * expit(-race.y * f)
        value = float(np.logaddexp(0.0, -race.y * f).sum())
    value += 0.5 * race.beta * float(weights @ weights)
    inner = (residual[:, None] * (Z > 0) * alpha).T @ race.X
    return value, np.concatenate([inner.ravel(), Z.T @ residual]) + race.beta * weights


def unpack(weights: Vector, d: int) -> tuple[Matrix, Vector]:
    """(U, alpha) of shapes (m, d) and (m,)."""
    m = len(weights) // (d + 1)
    return weights[: m * d].reshape(m, d), weights[m * d :]


def contestant(race: Race) -> None:
    """One start after the other until the time is up."""
    d = race.X.shape[1]
    finished = 0
    for restart in range(RESTARTS):
        start = np.random.default_rng(restart).standard_normal(WIDE * (d + 1))
        start[: WIDE * d] /= d**0.5
        start[WIDE * d :] /= WIDE**0.5

        def watch(weights: Vector, restart: int = restart) -> None:
            race.report(lambda: unpack(weights, d), restart=restart)
            if race.over():
                raise TimeUp

        options = {"maxiter": 100_000, "maxfun": 1_000_000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20}
        try:
            result = minimize(
                lambda w: value_and_gradient(race, w),
                start,
                jac=True,
                method="L-BFGS-B",
                callback=watch,
                options=options,
            )
        except TimeUp:
            break
        finished += 1
        race.report(lambda w=result.x: unpack(w, d), always=True, restart=restart)
        if race.over():
            break
    race.finish(note=f"width {WIDE}, {finished} of {RESTARTS} starts finished")


if __name__ == "__main__":
    sys.exit(main(contestant, losses=("squared", "logistic")))
