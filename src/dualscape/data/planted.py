"""Problems whose whole optimal set is known because the dual variable was chosen first (THEORY section 10).

Choose nu with h(nu) = beta; its tight units are then the only units of optimal networks. For any masses c >= 0 on them
and the squared loss, y = A c + nu makes c optimal, and the optimal masses are {c' >= 0 : A c' = A c}.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.data.tables import Table
from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import Question
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
CIRCLE = (30.0, 45.0, 60.0, 75.0, 90.0)


@dataclass(frozen=True, eq=False)
class Planted:
    """A problem (squared loss) with the answer that was put into it.

    Attributes:
        table: the data.
        problem: the training problem.
        network: an optimal network: all k units with the planted masses.
        nu: (n,) the optimal dual variable; h(nu) = beta.
        value: the optimal objective.
    """

    table: Table
    problem: Problem
    network: Network
    nu: Vector
    value: float


def plant(
    X: ArrayLike,
    nu: ArrayLike,
    *,
    beta: float = 0.1,
    masses: ArrayLike | None = None,
    bias: str = "none",
    tight: float = 1e-9,
) -> Planted:
    """The problem on X whose dual optimum is a multiple of nu.

    Args:
        X: (n, p) features.
        nu: (n,) any direction for the dual variable with h(nu) > 0; an exact oracle scales it.
        beta: weight decay.
        masses: (k,) masses of the tight units, best first as the oracle lists them; all 1 when None.
        bias: "penalised" or "none".
        tight: relative slack up to which a unit counts as tight.

    Raises:
        InputError: h(nu) is 0, or the number of masses is not the number of tight units.

    >>> planted = plant([[1.0], [-1.0]], [1.0, 1.0], beta=0.1)
    >>> planted.network.width, round(planted.value, 12), planted.problem.y
    (2, 0.21, array([1.1, 1.1]))
    """
    inputs = np.asarray(X, dtype=np.float64)
    direction = np.asarray(nu, dtype=np.float64)
    probe = Problem(inputs, np.zeros(len(direction)), beta=beta, bias=bias)
    oracle = probe.oracle("cells")
    height = oracle.best_units(Question(direction, above=0.0)).upper
    answer = oracle.best_units(Question(direction, above=(1 - tight) * height))
    if not len(answer.values):
        raise InputError("no unit neuron has a positive value at this nu, so nothing can be planted; choose another nu")
    scaled = beta / answer.lower * direction
    return _plant_on(inputs, scaled, answer.units, beta=beta, masses=masses, bias=bias)


def circle_family(angles: Sequence[float] = CIRCLE, *, beta: float = 0.1, masses: ArrayLike | None = None) -> Planted:
    """n points on a line with n + 1 tight units, whose optimal set is a segment (THEORY section 10).

    Args:
        angles: increasing, in degrees, the first 30 and the last 90.
        beta: weight decay.
        masses: (n + 1,) masses of the units; all 1 when None.

    >>> circle_family().network.width
    6
    """
    theta = np.asarray(angles, dtype=np.float64)
    if len(theta) < 2 or (np.diff(theta) <= 0).any() or theta[0] != 30 or theta[-1] != 90:
        raise InputError(f"the angles must increase from 30 to 90 degrees, got {', '.join(f'{t:g}' for t in theta)}")
    turn = np.deg2rad(theta)
    sums = np.column_stack([np.cos(turn), np.sin(turn)])
    steps = np.diff(sums, axis=0, prepend=np.zeros((1, 2)))[::-1]
    last = sums[-1] - sums[0]
    directions = np.vstack([sums, last / np.linalg.norm(last)])
    X = (steps[:, 0] / steps[:, 1])[:, None]
    units = Units.signed(directions, np.ones(len(directions)))
    return _plant_on(X, beta * steps[:, 1], units, beta=beta, masses=masses, bias="penalised")


def _plant_on(X: Matrix, nu: Vector, units: Units, *, beta: float, masses: ArrayLike | None, bias: str) -> Planted:
    """The planted problem for a nu with h(nu) = beta and its tight units."""
    c = np.ones(len(units)) if masses is None else np.asarray(masses, dtype=np.float64)
    if len(c) != len(units):
        raise InputError(f"{len(units)} units are tight at this nu, but {len(c)} masses were given; give one each")
    network = Network.of(units, c, bias)
    y = network.predict(X) + nu
    problem = Problem(X, y, beta=beta, bias=bias)
    table = Table(X, y, problem.feature_names, "y")
    value = 0.5 * float(nu @ nu) + beta * float(network.masses.sum())
    return Planted(table, problem, network, nu, value)
