"""The main job in one call: solve, certify, describe all optima, climb the staircase."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from dualscape.checkpoint import Checkpoint
from dualscape.effort import Effort
from dualscape.errors import DualscapeError
from dualscape.optimal_set import OptimalSet, optimal_set
from dualscape.oracles import Choice
from dualscape.problem import Interval, Problem
from dualscape.progress import Progress, silent
from dualscape.solver import Solution, solve
from dualscape.staircase import Staircase, staircase

#: Gives, for a stage named in words, a context in which its progress can be told.
Stage = Callable[[str], AbstractContextManager[Progress]]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything the main job finds out about a problem.

    Attributes:
        problem: what was analysed.
        beta_max: the interval that holds beta_max; its upper end is inf when directions were only searched.
        solution: the network and its certificate.
        optimal_set: all optimal networks, or None when optimality is not certified.
        staircase: their components at every width, or None.
        notes: why something is missing, and what to beware of.
    """

    problem: Problem
    beta_max: Interval
    solution: Solution
    optimal_set: OptimalSet | None
    staircase: Staircase | None
    notes: tuple[str, ...]


def _quiet(_: str) -> AbstractContextManager[Progress]:
    return nullcontext(silent)


def analyze(
    problem: Problem,
    *,
    beta_fraction: float | None = None,
    oracle: str = "auto",
    time_limit: float | None = None,
    device: str | None = None,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    max_vertices: int = 20_000,
    stage: Stage = _quiet,
) -> Analysis:
    """Solve the problem and, if the optimum is certified, describe all optimal networks.

    Args:
        problem: the problem.
        beta_fraction: solve at this fraction of beta_max instead of at the problem's beta.
        oracle: "auto" or a name.
        device: a PyTorch device on which searches rise and patterns stream, such as "cuda".
        time_limit: seconds after which the solver returns the best so far and what is proven of it.
        executor: who shares the exact oracle's work; threads when not given.
        checkpoint: where the exact oracle saves itself, and what it goes on from.
        max_vertices: with more irreducible optimal networks than this they are sampled instead of listed.
        stage: opens a stage and gives its progress.

    >>> analyze(Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")).staircase.connected_from
    3
    """
    provers = Choice.of(problem.X, problem.architecture.oracles, oracle, time_limit).provers
    effort = Effort.within(time_limit, executor=executor, checkpoint=checkpoint, device=device)
    if checkpoint is not None:
        checkpoint.claim(problem.title, problem.key)
    with stage("beta_max") as progress:
        bounds = problem.beta_max_bounds(provers, progress, effort)
    if beta_fraction is not None:
        problem = problem.at_fraction(beta_fraction, provers, bounds=bounds)
    with stage("solve") as progress:
        limit = None if time_limit is None else max(effort.remaining(), 1e-3)
        solution = solve(
            problem,
            oracle=oracle,
            time_limit=limit,
            executor=executor,
            checkpoint=checkpoint,
            device=device,
            progress=progress,
        )
    notes = _stop_notes(solution)
    if not bounds.exact:
        notes.append("beta_max was only searched for: the value given is a lower bound")
    if solution.certificate.verdict != "global":
        notes.append(_why_not(solution))
        return Analysis(problem, bounds, solution, None, None, tuple(notes))
    optima, stairs = None, None
    try:
        with stage("optimal set") as progress:
            unhurried = Effort.within(None, executor=executor, checkpoint=checkpoint)
            optima = optimal_set(solution, max_vertices=max_vertices, effort=unhurried, progress=progress)
        notes += optima.warnings
        with stage("staircase") as progress:
            stairs = staircase(optima, progress=progress)
    except DualscapeError as error:
        notes.append(f"the {'optimal set' if optima is None else 'staircase'} is left out: {error}")
    except KeyboardInterrupt:
        notes.append(f"interrupted: the {'optimal set' if optima is None else 'staircase'} is left out")
    return Analysis(problem, bounds, solution, optima, stairs, tuple(notes))


def _stop_notes(solution: Solution) -> list[str]:
    reasons = {
        "time": "the time limit ended the solver: this is the best network so far",
        "interrupted": "interrupted: this is the best network so far",
        "rounds": "the solver used all its rounds: this is the best network so far",
    }
    return [reasons[solution.stopped]] if solution.stopped in reasons else []


def _why_not(solution: Solution) -> str:
    """Why the optimal set, the widths and the staircase are missing."""
    found = solution.certificate
    missing = "optimal set, widths and staircase are left out: "
    if found.verdict == "none" and solution.stopped != "converged":
        return f"{missing}they need a proven optimum, and the solver stopped before that"
    if found.verdict == "none":
        return f"{missing}oracle '{found.oracle}' only searches, and they need a proven optimum (an exact oracle)"
    return f"{missing}the proven gap of {found.excess:.1e} exceeds {found.tolerance:.0e}"
