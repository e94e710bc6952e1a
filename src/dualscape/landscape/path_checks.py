"""What must hold between the points of a path, and by how much it does.

The objective of a fixed network is a line in beta, L + beta C with its loss L and cost C, and the optimum V is the
lower envelope of all such lines. So no line may pass below a lower bound that is proven at another beta. From this
follow, within the gaps of the certificates, all that is known of the path: V is concave and rises with beta, the sum of
masses falls and the loss rises.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import ContradictionError
from dualscape.landscape.path_point import PathPoint
from dualscape.tolerances import EPS

Vector = NDArray[np.float64]
#: A network of another point must be better by this share of the objective for it to be said.
BETTER = 1e-9


@dataclass(frozen=True)
class PathChecks:
    """How far neighbouring points are from what must hold; 0 where it holds as it stands.

    Attributes:
        value: the greatest fall of the objective with rising beta, as a share of it.
        mass: the greatest rise of the sum of masses, as a share of the greatest one.
        loss: the greatest fall of the loss, as a share of the objective.
        allowed: (of the mass, of the loss) what the gaps of the certificates allow there, inf without a certificate.
        shortfall: by how much a network of another point is better at a point than its own, as a share of the
            objective: what its search has missed at least.
    """

    value: float
    mass: float
    loss: float
    allowed: tuple[float, float]
    shortfall: float

    def explain(self) -> str:
        """The checks in plain words."""
        worst = max(self.value, self.mass, self.loss)
        lines = ["with rising beta the objective and the loss rise and the sum of masses falls"]
        if worst > 0:
            allowed = max(self.allowed)
            proven = f"their gaps allow {allowed:.1e}" if np.isfinite(allowed) else "not all of them are certified"
            lines.append(f"but for up to {worst:.1e} between neighbouring points ({proven})")
        if self.shortfall > BETTER:
            lines.append(f"the network of another point is better at some point by a share of {self.shortfall:.1e}")
        text = ", ".join(lines)
        return f"{text[0].upper()}{text[1:]}."


class Lines:
    """The objectives of the networks of a path as functions of beta.

    >>> from dualscape.model.problem import Problem
    >>> from dualscape.solver import solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> lines = Lines([PathPoint(solve(problem.with_beta(beta))) for beta in (0.2, 0.1)])
    >>> lines.at(0.2)[0].round(12).tolist(), lines.at(0.1)[0].round(12).tolist()
    ([0.19, 0.1925], [0.1, 0.0975])
    """

    def __init__(self, points: Sequence[PathPoint]) -> None:
        self.betas = np.array([point.beta for point in points])
        self.primal = np.array([point.objective for point in points])
        self.noise = np.array([point.solution.certificate.primal_error for point in points])
        bounds = [point.solution.network.cost_bounds() for point in points]
        self.cost, self._off = np.array(bounds).reshape(-1, 2).T

    def at(self, beta: float) -> tuple[Vector, Vector]:
        """(values, errors), (p,) each: the objective at beta of the network of every point, within an error."""
        away = beta - self.betas
        sizes = np.abs(self.primal) + np.abs(away) * self.cost
        return self.primal + away * self.cost, self.noise + np.abs(away) * self._off + 8 * EPS * sizes


def check_points(points: Sequence[PathPoint]) -> PathChecks:
    """What holds between points of falling beta.

    Raises:
        ContradictionError: a network is below a lower bound that is proven: a fault of the library.
    """
    lines = Lines(points)
    lowest = np.empty(len(points))
    for j, point in enumerate(points):
        dual = point.solution.certificate.dual
        values, errors = lines.at(point.beta)
        i = int((values + errors).argmin())
        lowest[j] = values[i] + errors[i]
        if np.isfinite(dual) and lowest[j] < dual:
            raise ContradictionError(
                f"the lower bound proven at beta = {point.beta!r}",
                dual,
                f"the objective there of the network found at beta = {points[i].beta!r}",
                float(values[i]),
            )
    if len(points) < 2:
        return PathChecks(0.0, 0.0, 0.0, (0.0, 0.0), 0.0)
    objective, mass, beta = lines.primal, lines.cost, lines.betas
    loss = objective - beta * mass
    gap = np.array([point.solution.certificate.gap for point in points])
    size, heaviest = float(np.abs(objective).max()) or 1.0, float(mass.max()) or 1.0
    both = (gap[1:] + gap[:-1]) / -np.diff(beta)
    short = (objective + lines.noise - lowest) / np.where(objective > 0, objective, 1.0)
    return PathChecks(
        max(float(np.diff(objective).max()), 0.0) / size,
        max(float(-np.diff(mass).min()), 0.0) / heaviest,
        max(float(np.diff(loss).max()), 0.0) / size,
        (float(both.max()) / heaviest, float((beta[1:] * both + gap[1:]).max()) / size),
        max(float(short.max()), 0.0),
    )


def better_elsewhere(points: Sequence[PathPoint]) -> list[tuple[int, int]]:
    """(j, i) for each point j, not certified, at which the network of a point i is better than its own: the best i."""
    lines, found = Lines(points), []
    for j, point in enumerate(points):
        if point.solution.certificate.verdict == "global":
            continue
        values, errors = lines.at(point.beta)
        i = int(values.argmin())
        if values[i] + errors[i] < point.objective * (1 - BETTER):
            found.append((j, i))
    return found
