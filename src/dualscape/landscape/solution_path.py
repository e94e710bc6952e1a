"""The solution path: the optimum, and all optimal networks, as functions of the weight decay beta.

It is walked downwards from beta_max, where the zero network is optimal; every point begins with the network of the one
before and gets its own certificate. Mishkin and Pilanci (2023) study it as a path of the convex program.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import ContradictionError, DualscapeError, InputError, NotCertifiedError, expect
from dualscape.landscape.events import Locator, Structure
from dualscape.landscape.optimal_set import OptimalSet, optimal_set
from dualscape.landscape.path_checks import better_elsewhere
from dualscape.landscape.path_draft import PathDraft, SolutionPath
from dualscape.landscape.path_point import PathPoint
from dualscape.landscape.saved_points import SavedPoints
from dualscape.landscape.staircase import staircase
from dualscape.model.arrays import finite_array
from dualscape.model.certificate import certify_dual
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interrupted, interruptible, until
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import one_blas_thread
from dualscape.solver import Solution, solve

Vector = NDArray[np.float64]
#: Shares of a time limit that go into beta_max, and into the points before events are located, at most.
BETA_MAX_SHARE, POINTS_SHARE = 0.2, 0.7
#: A point may take so many times its even share of the time that is left.
GENEROUS = 2.0
#: Searches in a row that must find nothing, from the network of the point before; neighbours search as well.
SEARCHES = 2
#: Events cannot be located to a smaller share of beta: rounding decides there which masses are positive.
FINEST = 1e-10
#: Without betas the last point is this fraction of beta_max.
LEAST = 0.01


def _unseen(_: PathDraft) -> None:
    pass


@interruptible(partial=True)
@one_blas_thread()
def solution_path(
    problem: Problem,
    betas: ArrayLike | None = None,
    *,
    n_betas: int = 100,
    precision: float | None = 1e-6,
    oracle: str = "auto",
    time_limit: float | None = None,
    device: str | None = None,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress = silent,
    begun: Callable[[PathDraft], None] = _unseen,
) -> SolutionPath:
    """The optimum at many weight decays, each with its certificate, and the events between them.

    Ctrl-C and the time limit end it with the points so far; the notes say what is missing.

    Args:
        problem: the problem; its own beta does not matter.
        betas: (p,) weight decays > 0 in any order; without them `n_betas` from beta_max down to 0.01 beta_max, in equal
            ratios.
        n_betas: how many, where `betas` does not say which.
        precision: relative width of the intervals in which events are located; None does not look for events.
        oracle: "auto" or a name. The points of a search are no more than that: they have no certificate and no events.
        time_limit: seconds for everything.
        device: a PyTorch device on which searches rise, patterns stream and relaxations step, such as "cuda".
        executor: who shares the exact oracle's work; threads when not given.
        checkpoint: a file that keeps the points that are done; a later call on the same problem goes on from them.
        progress: told of every point and event.
        begun: is given the draft of the path, which knows at any time what is found so far.

    Raises:
        InputError: betas are not positive, or beta_max has no fractions since it is 0.
        ContradictionError: two points contradict each other by more than their gaps: a fault of the library.

    >>> path = solution_path(Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=1.0, bias="none"), [3.0, 1.0, 0.1])
    >>> path
    SolutionPath(3 points, beta 3 to 0.1, 3 certified, 4 events)
    >>> [(point.beta, round(point.objective, 9), point.dimension, point.m_star) for point in path.points]
    [(3.0, 1.0, 0, 0), (1.0, 0.75, 1, 1), (0.1, 0.0975, 1, 1)]
    >>> [(event.kind, round(event.beta, 5)) for event in path.events]
    [('enters', 2.0), ('enters', 2.0), ('enters', 2.0), ('dimension', 2.0)]
    """
    expect(problem, Problem, "solution_path", Table="Problem(table.X, table.y, beta=...)")
    problem.needs_two_layers("solution_path")
    if precision is not None and not FINEST <= precision < 1:
        raise InputError(f"precision must be from {FINEST:g} to below 1, got {precision:g}; None looks for no events")
    if problem.loss.constraint:
        raise InputError(f"loss {problem.loss.name!r} has no weight decay and so no path; use solve")
    given = None if betas is None else _falling(betas)
    if given is None and not (isinstance(n_betas, int) and n_betas >= 1):
        raise InputError(f"n_betas must be a whole number, 1 or more, got {n_betas!r}")
    effort = Effort.within(time_limit, executor=executor, device=device)
    walk = _Walk(PathDraft(problem, precision), oracle, effort, SavedPoints(checkpoint, problem, oracle), progress)
    begun(walk.draft)
    try:
        walk.begin(given, n_betas)
        walk.points()
        walk.repair()
        if precision is not None:
            walk.events(precision)
    except KeyboardInterrupt:
        walk.draft.late = walk.draft.late or (not interrupted() and effort.expired())
    finally:
        walk.saved.write()
    return walk.draft.result()


def _falling(betas: ArrayLike) -> Vector:
    """The weight decays once each, the greatest first."""
    values = finite_array(betas, "betas", 1)
    if len(values) == 0:
        raise InputError("betas is empty; give at least one weight decay")
    wrong = np.flatnonzero(values <= 0)
    if len(wrong):
        raise InputError(f"betas[{wrong[0]}] is {values[wrong[0]]:g}; weight decays must be positive")
    return np.unique(values)[::-1]


class _Walk:
    """One call of `solution_path`."""

    def __init__(self, draft: PathDraft, oracle: str, effort: Effort, saved: SavedPoints, progress: Progress) -> None:
        self.draft, self.oracle, self.effort, self.saved, self.progress = draft, oracle, effort, saved, progress

    def begin(self, given: Vector | None, n_betas: int) -> None:
        """beta_max, and the problems at the betas."""
        draft = self.draft
        names = draft.problem.space.choice(self.oracle, self._limit(1)).provers
        bounds = draft.problem.beta_max_bounds(names, self.progress, self.effort.first(BETA_MAX_SHARE))
        draft.beta_max = bounds
        if given is not None:
            draft.wanted = tuple(draft.problem.with_beta(beta) for beta in given.tolist())
        else:
            shares = np.geomspace(1.0, LEAST, n_betas)
            draft.wanted = tuple(draft.problem.at_fraction(share, bounds=bounds) for share in shares.tolist())
        check()

    def points(self) -> None:
        """The points, one after the other."""
        draft, share = self.draft, POINTS_SHARE if self.draft.precision is not None else 1.0
        effort = self.effort.first(share)
        earlier: Solution | None = None
        for at, problem in enumerate(draft.wanted):
            check()
            if effort.expired():
                draft.late = True
                return
            limit = self._limit(len(draft.wanted) - at, effort)
            solution = self.saved.load(problem) or self._solve(problem, earlier, limit, at)
            self.saved.keep(solution)
            draft.points.append(self._described(solution))
            earlier = solution
            self._tell(at + 1, len(draft.wanted), draft.points[-1])

    def repair(self) -> None:
        """Points of a search are searched again from the network of another point that is better there."""
        draft = self.draft
        for j, i in better_elsewhere(draft.points):
            with until(self.effort.deadline):
                check()
            problem = draft.points[j].solution.problem
            again = self._solve(problem, draft.points[i].solution.network, self._limit(1), j)
            if again.certificate.primal < draft.points[j].objective:
                draft.points[j] = self._described(again)
                self.saved.keep(again)

    def events(self, precision: float) -> None:
        """The events between neighbours whose optimal sets are known."""
        draft = self.draft
        locator = Locator(draft.problem, self._certified, precision)
        ends = [Structure.at(point) for point in draft.points]
        for at, (high, low) in enumerate(pairwise(ends)):
            if high is not None and low is not None:
                with until(self.effort.deadline):
                    draft.events += locator.between(high, low)
            draft.located = at + 1
            note = f"{len(draft.events)} found down to beta = {draft.points[at + 1].beta:.6g}"
            self.progress(Event("events", at + 1, len(draft.points) - 1, note))

    # --- one beta ---------------------------------------------------------------------------------------------
    def _limit(self, left: int, effort: Effort | None = None) -> float | None:
        """Seconds for one of so many points, or None."""
        remaining = (effort or self.effort).remaining()
        return None if remaining == np.inf else max(min(GENEROUS / left, 1.0) * remaining, 1e-3)

    def _solve(self, problem: Problem, start: Network | Solution | None, limit: float | None, at: int) -> Solution:
        """The solution at a beta.

        Raises:
            KeyboardInterrupt: it was interrupted, and is no point of the path.
        """
        total = len(self.draft.wanted)
        solution = solve(
            problem,
            oracle=self.oracle,
            start=start,
            time_limit=limit,
            executor=self.effort.executor,
            device=self.effort.device,
            searches=SEARCHES,
            progress=lambda event: self.progress(Event("points", at, total, event.note, event.network)),
        )
        if solution.stopped is Stopped.INTERRUPTED:
            raise KeyboardInterrupt
        return solution

    def _described(self, solution: Solution) -> PathPoint:
        """The point, with all optimal networks where they can be had."""
        solution = solution.alone()
        if solution.certificate.verdict != "global":
            return PathPoint(solution)
        optima = None
        try:
            with until(self.effort.deadline):
                optima = optimal_set(solution, effort=self.effort)
                return PathPoint(solution, optima, staircase(optima, effort=self.effort))
        except ContradictionError:
            raise
        except (KeyboardInterrupt, DualscapeError) as error:
            check()  # what was interrupted may have failed for that alone
            if PathPoint(solution).zero:
                return PathPoint(solution, optima)  # at beta_max rounding hides which units are about to enter
            late = self.effort.expired()
            reason = "the time limit left too little time for it" if late else str(error)
            missing = "optimal set" if optima is None else "staircase"
            return PathPoint(solution, optima, None, f"no {missing}, {reason}")

    def _certified(self, beta: float, near: Structure) -> OptimalSet:
        """The optimal set at a beta between points, from what the optimum is there or nearby."""
        problem, effort = self.draft.problem.with_beta(beta), self.effort
        if near.beta == beta:
            names = problem.space.choice(self.oracle, self._limit(1)).provers
            found = certify_dual(problem, near.network, near.nu, oracle=names, effort=effort)
            solution = Solution(problem, near.network, near.nu, found, (), Stopped.CONVERGED)
        else:
            solution = solve(
                problem,
                oracle=self.oracle,
                start=near.network,
                time_limit=self._limit(1),
                executor=effort.executor,
                device=effort.device,
            )
        check()
        if solution.certificate.verdict != "global":
            raise NotCertifiedError(f"the optimum at beta = {beta:.6g} is not certified; give it more time")
        return optimal_set(solution, effort=effort)

    def _tell(self, done: int, total: int, point: PathPoint) -> None:
        verdict = point.solution.certificate.verdict
        note = f"beta = {point.beta:.6g}, objective {point.objective:.9g}, {point.neurons} neurons ({verdict})"
        self.progress(Event("points", done, total, note, point.solution.network))
