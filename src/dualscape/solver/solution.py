"""What the solver returns, and its rounds on the way."""

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.model.arrays import features_of
from dualscape.model.certificate import Certificate, certify_dual
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT, Tolerances
from dualscape.units import Units


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


@dataclass
class Log:
    """Rounds so far, and the clock."""

    began: float = field(default_factory=time.monotonic)
    rounds: list[Round] = field(default_factory=list)

    @property
    def violation(self) -> float:
        """That of the last round; inf before there is one."""
        return self.rounds[-1].violation if self.rounds else np.inf

    def add(self, objective: float, violation: float, oracle: str, network: Network, progress: Progress) -> None:
        """One more round; `progress` is told of it."""
        entry = Round(objective, violation, network.width, time.monotonic() - self.began, oracle)
        self.rounds.append(entry)
        note = f"objective {entry.objective:.9g}, {entry.units} neurons, violation {violation:.1e} ({oracle})"
        progress(Event("solve", len(self.rounds), None, note, network))


@dataclass(frozen=True, eq=False)
class Solution:
    """A trained network with its evidence.

    Attributes:
        problem: what was solved.
        network: the network found, balanced, with as few neurons as a basic solution needs.
        nu: (n,) the dual variable that the certificate rests on: -grad L at its fit, or where a relaxation proves, one
            for which it proves more.
        certificate: what is proven of it.
        history: one entry per round.
        stopped: why the solver stopped; equal to its word, with `words` and a `note` on what to do about it.
            "converged": nothing improves the network; "cost": a search found nothing more and without a time limit a
            proof would have taken too long to be begun; "rounds": it used all its rounds; "time" or "interrupted".
    """

    problem: Problem
    network: Network
    nu: NDArray[np.float64]
    certificate: Certificate
    history: tuple[Round, ...]
    stopped: Stopped

    def predict(self, X: ArrayLike, free: ArrayLike | None = None) -> NDArray[np.float64]:
        """f(x) (n,) for features X (n, p) in the units of the problem.

        The columns of a data frame are found by their names in the problem, in whatever order, and others are let be;
        those of an array are the features in their order. `network.predict` knows no names. `free` (n, q) are the free
        features of these rows where they are a matrix of one's own.

        Raises:
            InputError: a column is missing, or X is not a table of finite numbers.
        """
        return self.network.predict(features_of(X, self.problem.feature_names), free)

    def alone(self) -> "Solution":
        """The same without what a relaxation would go on from at another weight decay, matrices of all rows."""
        answer = replace(self.certificate.answer, relaxed=None)
        return replace(self, certificate=replace(self.certificate, answer=answer))

    def __repr__(self) -> str:
        found, m = self.certificate, self.network.width
        return f"Solution({found.verdict}, objective {found.primal:.12g}, {m} neurons, {self.stopped})"


def at_once(
    problem: Problem, network: Network, oracle: str, tolerances: Tolerances = DEFAULT
) -> tuple[NDArray[np.float64], Certificate]:
    """(nu, certificate) of a network as it stands, with the bound that can be had at once."""
    nu = problem.dual_of(network)
    return nu, certify_dual(problem, network, nu, oracle=oracle, effort=Effort(deadline=0.0), tolerances=tolerances)


def unfinished(problem: Problem, network: Network | None, oracle: str) -> Solution:
    """The solution that a network is, or the zero network, while the solver has not ended: for who can wait no longer.

    Args:
        problem: the problem.
        network: the best network so far, or None.
        oracle: name of the oracle that bounds h(nu).
    """
    found = network or problem.network(Units.none(problem.space.d), np.zeros(0))
    found = problem.completed(found) if problem.loss.constraint else found
    nu, certificate = at_once(problem, found, oracle)
    return Solution(problem, found, nu, certificate, (), Stopped.INTERRUPTED)
