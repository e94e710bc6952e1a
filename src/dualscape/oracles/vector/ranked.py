"""Units with several outputs, best first, as answers."""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.tall import blocks
from dualscape.oracles.base import HingeOracle, OracleAnswer, Question
from dualscape.oracles.proof import agreed
from dualscape.oracles.ranked import Ranked
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def vector_scores(X: Matrix, nu: Vector, units: Units) -> Vector:
    """v^T N^T (X u)_+ of every unit, (k,), for data X (n, d) and nu (n c,), row by row.

    >>> vector_scores(np.eye(2), np.array([3.0, 0.0, 0.0, 4.0]), Units(np.eye(2), np.eye(2))).tolist()
    [3.0, 4.0]
    """
    N = nu.reshape(len(X), -1)
    total = np.zeros((len(units), N.shape[1]))
    for part in blocks(len(X)):
        heights = X[part] @ units.directions.T
        total += np.maximum(heights, 0.0, out=heights).T @ N[part]
    return np.asarray((total * units.outputs).sum(axis=1))


def rank(X: Matrix, nu: Vector, units: Units, same: float = DEFAULT.direction) -> Ranked:
    """These units once each, best first, with their values; those of no direction left out."""
    alive = units.take(units.alive()).normalised()
    return Ranked(alive, vector_scores(X, nu, alive)).once(same)


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
    ranked = rank(oracle.hinges.X, question.nu, units, DEFAULT.apart)
    lower = float(ranked.values[0]) if len(ranked.values) else 0.0
    upper = max(min(upper, oracle.reach.bound(question.nu)), question.above)
    upper = agreed(oracle.reach, question.nu, lower, upper, oracle.name)
    return OracleAnswer(*ranked.above(question.above), lower, upper, oracle.name, looked_at, stopped)
