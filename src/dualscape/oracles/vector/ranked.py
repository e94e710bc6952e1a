"""Units with several outputs, best first, as answers."""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.leaky import EVEN, leaky
from dualscape.geometry.tall import blocks
from dualscape.oracles.base import HingeOracle, OracleAnswer, Question
from dualscape.oracles.proof import agreed
from dualscape.oracles.ranked import Ranked
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def vector_scores(X: Matrix, nu: Vector, units: Units, slope: float = 0.0) -> Vector:
    """v^T N^T sigma(X u) of every unit, (k,), for data X (n, d), nu (n c,), row by row, and the slope of sigma below 0.

    >>> vector_scores(np.eye(2), np.array([3.0, 0.0, 0.0, 4.0]), Units(np.eye(2), np.eye(2))).tolist()
    [3.0, 4.0]
    """
    N = nu.reshape(len(X), -1)
    total = np.zeros((len(units), N.shape[1]))
    for part in blocks(len(X)):
        heights = X[part] @ units.directions.T
        total += leaky(heights, slope).T @ N[part]
    return np.asarray((total * units.outputs).sum(axis=1))


def rank(hinges: Hinges, nu: Vector, units: Units, same: float = DEFAULT.direction) -> Ranked:
    """These units once each, best first, with their values; those of no direction left out.

    Where u and -u compute the same one of them is kept.
    """
    alive = units.take(units.alive()).normalised()
    alive = alive.upright() if hinges.slope == EVEN else alive
    return Ranked(alive, vector_scores(hinges.X, nu, alive, hinges.slope)).once(same)


def answer_of(
    oracle: HingeOracle,
    question: Question,
    units: Units,
    upper: float,
    looked_at: int,
    stopped: Stopped = Stopped.FINISHED,
) -> OracleAnswer:
    """The answer of an exact oracle that lists these units.

    Raises:
        ContradictionError: a unit has a value above the upper bound by more than the rounding of the value.
    """
    ranked = rank(oracle.hinges, question.nu, units, DEFAULT.apart)
    lower = float(ranked.values[0]) if len(ranked.values) else 0.0
    upper = max(min(upper, oracle.reach.bound(question.nu)), question.above)
    upper = agreed(oracle.reach, question.nu, lower, upper, oracle.name)
    return OracleAnswer(*ranked.above(question.above), lower, upper, oracle.name, looked_at, stopped)
