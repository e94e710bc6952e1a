"""Relaxed training: the dual variable that is best for the bound of the relaxation, and that bound.

The network's own nu need not be it (THEORY section 4.4). With products M in place of all neurons of one sign, or of all
that have several outputs, training is a convex program whose optimum is no greater than that of training at any width.
The splitting of `oracles.relaxation` solves it, products and loss in turn, and at any time nu = -grad L(f) and the
multipliers give a bound on h(nu).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.model.certificate import Certificate, certificate_of, certify_dual, lower_bound
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer, Question
from dualscape.oracles.lifted import LiftedOracle
from dualscape.oracles.relaxation.oracle import MOST, RelaxationOracle
from dualscape.oracles.relaxation.pace import LITTLE
from dualscape.oracles.relaxation.products import Relaxed
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import one_blas_thread
from dualscape.solver.relaxed_outputs import OutputIterates
from dualscape.solver.relaxed_rows import RelaxedRows
from dualscape.solver.relaxed_signs import SignedIterates
from dualscape.tolerances import Tolerances

Vector = NDArray[np.float64]
#: Oracles whose bound is that of a relaxation.
RELAXING = (RelaxationOracle.name, LiftedOracle.name)
#: As LITTLE, where more is to be had of the time at the network's own nu.
ENOUGH = 1e-2
#: With at most so many hyperplanes, or a gap of relaxed training below the second number, parts at the network's own nu
#: come near to their end; elsewhere they are asked at a nu away from it, by this share of the way at most.
FEW_ROWS, LOOSE, FARTHEST = 60, 0.1, 0.6
#: Of the time that is left, the share of an exact oracle that a relaxation follows.
BEFORE_SHARE = 0.5


def applies(problem: Problem, network: Network) -> bool:
    """Whether training of this problem can be relaxed, from a network with neurons.

    It takes ReLU units of the rows, and a loss that has a slope: none that prescribes the fit.
    """
    if problem.loss.constraint or not network.masses.any():
        return False
    space = problem.space
    if isinstance(space, VectorSpace):
        return 1 + space.hinges.count + space.hinges.rank + space.c <= MOST
    return problem.c == 1 and RelaxedRows.of(problem) is not None


@one_blas_thread()
def relaxed_training(
    problem: Problem,
    network: Network,
    *,
    effort: Effort,
    progress: Progress = silent,
    little: float = LITTLE,
    relaxed: Sequence[Relaxed] | None = None,
) -> tuple[Vector, OracleAnswer]:
    """(nu (n,), what is proven of h(nu)) with the greatest lower bound on the optimum that was found in time.

    `seen` of the answer are units that the products suggest: a search may go on from them. From its `relaxed`
    relaxed training of the same rows goes on at another weight decay, or from another network.

    Args:
        problem: one that this applies to.
        network: a trained network, to begin with.
        effort: how long.
        progress: told of the bound.
        little: it ends when some rounds have improved the bound by less than this share.
        relaxed: that of an earlier answer, to begin with.
    """
    kind = OutputIterates if problem.c > 1 else SignedIterates
    training = kind(problem, network, little, Arrays.of(effort.device))
    training.go_on(relaxed or ())
    nu, upper = training.nu, training.at_once(effort)
    stopped = training.run(effort, progress)
    if training.dual > lower_bound(problem, nu, training.answer(upper)):
        nu, upper = training.nu, min(training.upper, problem.space.reach.bound(training.nu))
    return nu, replace(training.answer(upper), stopped=stopped, seen=training.suggested(), relaxed=training.relaxed)


def ask_or_relax(
    problem: Problem,
    network: Network,
    oracles: Sequence[str],
    question: Question,
    *,
    effort: Effort,
    progress: Progress = silent,
) -> tuple[Vector, OracleAnswer]:
    """(nu, what is proven of it): the question, or where the relaxation is asked, the nu that is best for it.

    Args:
        problem: the problem.
        network: a trained network.
        oracles: names in the order in which they are asked; a relaxation after others goes on where time ended them.
        question: what they are asked.
        effort: what they may use; progress likewise.
    """
    before = _before_relaxation(oracles)
    if before:
        how = {"effort": effort.first(BEFORE_SHARE), "progress": progress}
        answer = problem.space.ask(oracles[:before], question, **how)  # type: ignore[arg-type]
        if answer.stopped is not Stopped.TIME or effort.expired():
            return question.nu, answer
        if (answer.values > question.above).any():
            return question.nu, replace(answer, stopped=Stopped.ENOUGH)
        found = ask_or_relax(problem, network, oracles[before:], question, effort=effort, progress=progress)
        better = lower_bound(problem, *found) > lower_bound(problem, question.nu, answer)
        return found if better or (found[1].values > question.above).any() else (question.nu, answer)
    if not _relaxed_first(problem, network, oracles, effort):
        return question.nu, problem.space.ask(oracles, question, effort=effort, progress=progress)
    # Units of several outputs are not parted.
    then = oracles if problem.c == 1 else oracles[1:]
    goes_on = effort.deadline is not None and len(then) > 0
    little = ENOUGH if goes_on and problem.c == 1 else LITTLE
    how = {"effort": effort, "progress": progress, "little": little, "relaxed": question.relaxed}
    relaxed = relaxed_training(problem, network, **how)  # type: ignore[arg-type]
    if not goes_on or relaxed[1].stopped is not Stopped.RELAXED:
        return relaxed
    between = _between(problem, network, question.nu, *relaxed)
    if between is not None:
        answer = problem.space.ask(then[:1], Question(between, above=0.0), effort=effort, progress=progress)
        if lower_bound(problem, between, answer) > lower_bound(problem, *relaxed):
            return between, replace(answer, seen=relaxed[1].seen)
        return relaxed[0], replace(relaxed[1], stopped=answer.stopped or Stopped.RELAXED)
    # At the network's own nu the relaxation parts units by their sides, for as long as there is time.
    answer = problem.space.ask(then, question, effort=effort, progress=progress)
    better = lower_bound(problem, question.nu, answer) > lower_bound(problem, *relaxed)
    if better or (answer.values > problem.beta).any():
        return question.nu, replace(answer, seen=relaxed[1].seen, relaxed=relaxed[1].relaxed)
    return relaxed[0], replace(relaxed[1], stopped=answer.stopped or Stopped.RELAXED)


def certify_or_relax(
    problem: Problem,
    network: Network,
    nu: Vector,
    *,
    oracles: Sequence[str],
    effort: Effort,
    tolerances: Tolerances,
    relaxed: Sequence[Relaxed] | None = None,
    progress: Progress = silent,
) -> tuple[Vector, Certificate]:
    """(nu, certificate) of a network: at its own nu, or where the relaxation is asked first, at the best for it."""
    if not _before_relaxation(oracles) and not _relaxed_first(problem, network, oracles, effort):
        how = {"oracle": oracles, "effort": effort, "tolerances": tolerances, "progress": progress}
        return nu, certify_dual(problem, network, nu, **how)  # type: ignore[arg-type]
    question = Question(nu, (1 + tolerances.violation) * problem.beta, relaxed=relaxed)
    nu, answer = ask_or_relax(problem, network, oracles, question, effort=effort, progress=progress)
    return nu, certificate_of(problem, network, nu, answer, tolerances=tolerances)


def _between(problem: Problem, network: Network, own: Vector, relaxed: Vector, answer: OracleAnswer) -> Vector | None:
    """(n,) a nu between the network's and that of relaxed training, where parts would not close the gap at the former.

    That of relaxed training is best before units are parted, the network's once they are parted without end: the
    greater the gap, the nearer to the former. Every nu between proves a bound.
    """
    rows = RelaxedRows.of(problem)
    if problem.c > 1 or rows is None or rows.hinges.count <= FEW_ROWS:
        return None
    dual = lower_bound(problem, relaxed, answer)
    gap = problem.objective(network) / dual - 1 if dual > 0 else np.inf
    if gap < LOOSE:
        return None
    share = min(gap, FARTHEST)
    nu = own + share * (relaxed - own)
    return problem.profile.nearest_dual(nu, problem.target) if problem.free.rank else nu


def _before_relaxation(oracles: Sequence[str]) -> int:
    """How many oracles are asked before a relaxation; 0 where none follows."""
    return next((i for i, name in enumerate(oracles) if name in RELAXING), 0)


def _relaxed_first(problem: Problem, network: Network, oracles: Sequence[str], effort: Effort) -> bool:
    return oracles[0] in RELAXING and not effort.expired() and applies(problem, network)
