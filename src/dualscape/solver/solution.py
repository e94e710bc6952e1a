"""What the solver returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.certificate import Certificate
from dualscape.network import Network
from dualscape.problem import Problem


@dataclass(frozen=True)
class Round:
    """One round of column generation.

    Attributes:
        objective: primal value after the round.
        violation: h(nu) / beta - 1 as far as the round's oracle saw it.
        units: number of neurons.
        seconds: time since the start.
        oracle: which oracle was asked.
    """

    objective: float
    violation: float
    units: int
    seconds: float
    oracle: str


@dataclass(frozen=True, eq=False)
class Solution:
    """A trained network with its evidence.

    Attributes:
        problem: what was solved.
        network: the network found, balanced, with as few neurons as a basic solution needs.
        nu: (n,) the dual variable -grad L at its fit.
        certificate: what is proven of it.
        history: one entry per round.
        stopped: "converged", "rounds", "time" or "interrupted": why the solver stopped.
    """

    problem: Problem
    network: Network
    nu: NDArray[np.float64]
    certificate: Certificate
    history: tuple[Round, ...]
    stopped: str
