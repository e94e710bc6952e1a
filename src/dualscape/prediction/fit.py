"""How well predictions fit targets, in the measures that everybody knows; shown wherever a result is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from dualscape.model.scaling import Scaling
from dualscape.solver.solution import Solution

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Measures of a fit, in which every row counts once, whatever its weight in the loss.

    Attributes:
        n: number of rows.
        measures: by name. Squared loss: "r2", 1 - sum (y - f)^2 / sum (y - mean)^2, and "rmse", the root of the mean of
            (y - f)^2, in the units of the original target; Huber loss: besides "mae", the mean of |y - f|. Two classes:
            "accuracy", the share of rows whose class is predicted (the second class where f > 0); logistic loss:
            besides "log_loss", the mean of log(1 + exp(-y f)), natural logarithm. Several classes: both, the
            class of the greatest output being predicted. None for what is not defined: R^2 of a target that does not
            vary.
        rescaled: whether the network saw the target in other units.

    >>> fit_of("squared", np.array([1.0, 2.0]), np.array([1.0, 4.0])).explain()
    'R^2 = 0.111111, RMSE = 1.41421 on these 2 rows.'
    """

    n: int
    measures: Mapping[str, float | None]
    rescaled: bool = False

    def explain(self) -> str:
        """The measures in one sentence."""
        found = self.measures
        if not found:
            return ""
        rows = "this 1 row" if self.n == 1 else f"these {self.n:,} rows"
        if "accuracy" in found:
            log_loss = f", log-loss {found['log_loss']:.6g}" if "log_loss" in found else ""
            return f"Accuracy {100 * (found['accuracy'] or 0.0):.4g} %{log_loss} on {rows}."
        units = " (in the units of the original target)" if self.rescaled else ""
        mae = f", MAE = {found['mae']:.6g}" if "mae" in found else ""
        rmse = f"RMSE = {found['rmse']:.6g}{mae}{units}"
        if found["r2"] is None:
            return f"{rmse} on {rows}; R^2 is not defined, since the target does not vary."
        return f"R^2 = {_rounded(found['r2'])}, {rmse} on {rows}."


def _rounded(r2: float) -> str:
    return f"{r2:,.0f}" if r2 <= -1000 else f"{r2:.6g}"


def _regression(f: Vector, y: Vector) -> dict[str, float | None]:
    # Errors and deviations are divided by their size first: squares of huge numbers overflow.
    error, deviation = y - f, y - y.mean(axis=0)
    size = float(max(np.abs(error).max(), np.abs(deviation).max())) or 1.0
    left, all_of_it = float(np.sum((error / size) ** 2)), float(np.sum((deviation / size) ** 2))
    r2 = None if not np.ptp(y, axis=0).any() or all_of_it == 0 else 1.0 - left / all_of_it
    return {"r2": r2, "rmse": size * float(np.sqrt(left / y.size))}


def _robust(f: Vector, y: Vector) -> dict[str, float | None]:
    return {**_regression(f, y), "mae": float(np.abs(y - f).mean())}


def _classes(f: Vector, y: Vector) -> dict[str, float | None]:
    return {"accuracy": float(np.mean((f > 0) == (y > 0)))}


def _probabilities(f: Vector, y: Vector) -> dict[str, float | None]:
    return {**_classes(f, y), "log_loss": float(-log_expit(y * f).mean())}


def _several_classes(f: Vector, y: Vector) -> dict[str, float | None]:
    right = f.argmax(axis=1) == y.argmax(axis=1)
    return {"accuracy": float(right.mean()), "log_loss": float((logsumexp(f, axis=1) - (f * y).sum(axis=1)).mean())}


#: Measures by the name of the loss.
MEASURES: dict[str, Callable[[Vector, Vector], dict[str, float | None]]] = {
    "squared": _regression,
    "huber": _robust,
    "logistic": _probabilities,
    "multinomial": _several_classes,
    "squared-hinge": _classes,
    "interpolation": _regression,
}


def fit_of(loss: str, f: Vector, y: Vector, *, rescaled: bool = False) -> Fit:
    """The measures of a loss for predictions f (n,) of targets y (n,), in the units in which they are given.

    Args:
        loss: the loss as `get_loss` takes it; one without measures gives an empty fit.
        f: predictions, before they become classes; (n, c) with several outputs, whose squares are then summed over all.
        y: targets; -1 and +1 for two classes; of several (n, K) with a 1 for the class of each row.
        rescaled: whether the network saw the target in other units.
    """
    name = loss.partition(":")[0]
    return Fit(len(y), MEASURES[name](f, y) if name in MEASURES else {}, rescaled)


def training_fit(solution: Solution, scaling: Scaling | None = None) -> Fit:
    """How well a network fits the data it was trained on, in the units of the original target.

    Args:
        solution: the solution.
        scaling: what standardising did to the data; None for data taken as they are.
    """
    problem, network = solution.problem, solution.network
    f, y = problem.fit_of(network), problem.y
    if problem.c > 1:
        f, y = f.reshape(-1, problem.c), problem.Y
    if scaling is not None and scaling.of_target:
        f, y = scaling.original_target(f), scaling.original_target(y)
    return fit_of(problem.loss.name, f, y, rescaled=scaling is not None and scaling.of_target)
