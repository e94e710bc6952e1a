"""The solution path: the optimum, and all optimal networks, as functions of the weight decay beta.

It is walked downwards from beta_max, where the zero network is optimal; every point begins with the network of the one
before and gets its own certificate. Mishkin and Pilanci (2023) study it as a path of the convex program.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import ContradictionError, DualscapeError, InputError, NotCertifiedError, expect
from dualscape.landscape.events import Locator, PathEvent, Structure
from dualscape.landscape.optimal_set import OptimalSet, optimal_set
from dualscape.landscape.path_checks import PathChecks, better_elsewhere, check_points
from dualscape.landscape.path_point import PathPoint
from dualscape.landscape.saved_points import SavedPoints
from dualscape.landscape.staircase import staircase
from dualscape.model.arrays import finite_array
from dualscape.model.beta_max import Interval
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
SEARCHES = 4
#: What points are that are not certified, by verdict.
STATES = {"none": "results of a search, of which nothing is proven", "bounded": "bounded only"}
#: What is known of beta_max at first.
UNKNOWN = Interval(0.0, np.inf)
#: Without betas the last point is this fraction of beta_max.
LEAST = 0.01


@dataclass(frozen=True, eq=False)
class SolutionPath:
    """The points of a path, beta falling, and the events between them.

    Attributes:
        problem: the problem; its own beta does not matter.
        beta_max: the interval that holds beta_max; its upper end is inf when directions were only searched.
        points: one for each beta, the greatest first.
        events: in the order in which beta meets them as it falls.
        precision: relative width of the intervals in which events are located.
        checks: what must hold between the points, and by how much it does.
        notes: what is missing, and what to beware of.
    """

    problem: Problem
    beta_max: Interval
    points: tuple[PathPoint, ...]
    events: tuple[PathEvent, ...]
    precision: float
    checks: PathChecks
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        if not self.points:
            return "SolutionPath(0 points)"
        return (
            f"SolutionPath({len(self.points)} points, beta {self.points[0].beta:.6g} to {self.points[-1].beta:.6g}, "
            f"{self.certified} certified, {len(self.events)} events)"
        )

    @property
    def betas(self) -> Vector:
        """(p,) the weight decays, falling."""
        return np.array([point.beta for point in self.points])

    @property
    def objectives(self) -> Vector:
        """(p,) the objectives."""
        return np.array([point.objective for point in self.points])

    @property
    def masses(self) -> Vector:
        """(p,) the sums of masses."""
        return np.array([point.mass for point in self.points])

    @property
    def certified(self) -> int:
        """Number of points with the verdict "global"."""
        return sum(point.solution.certificate.verdict == "global" for point in self.points)


@dataclass(eq=False)
class PathDraft:
    """What a path has come to so far. Another thread may ask for it when it cannot wait for the end.

    Attributes:
        problem: the problem.
        precision: as in SolutionPath; None: events are not located.
        beta_max: the interval that holds it, once known.
        wanted: the betas that were asked for, falling.
        points, events: as in SolutionPath.
        located: how many intervals between points have been looked at for events.
        late: whether the time limit ended it.
    """

    problem: Problem
    precision: float | None
    beta_max: Interval = UNKNOWN
    wanted: tuple[Problem, ...] = ()
    points: list[PathPoint] = field(default_factory=list)
    events: list[PathEvent] = field(default_factory=list)
    located: int = 0
    late: bool = False

    def result(self) -> SolutionPath:
        """The path as far as it has come.

        Raises:
            ContradictionError: two points contradict each other.
        """
        points = tuple(self.points)
        return SolutionPath(
            self.problem,
            self.beta_max,
            points,
            tuple(self.events),
            self.precision or np.inf,
            check_points(points),
            tuple(self._notes(points)),
        )

    def _notes(self, points: tuple[PathPoint, ...]) -> list[str]:
        notes = []
        if not self.beta_max.exact:
            notes.append("beta_max was only searched for: the value given is a lower bound")
        if len(points) < len(self.wanted):
            why = "the time limit ended the path" if self.late else "interrupted"
            notes.append(f"{why}: {len(points)} of {len(self.wanted)} points are here")
        verdicts = [point.solution.certificate.verdict for point in points]
        for verdict, words in STATES.items():
            if verdict in verdicts:
                notes.append(f"{verdicts.count(verdict)} of {len(points)} points are {words}")
        without = sum(Structure.at(point) is None for point in points)
        if self.precision is not None and without:
            notes.append(f"events are located between certified points only; {without} points have no optimal set")
        elif self.precision is not None and self.located < len(points) - 1:
            notes.append(f"events below beta = {points[self.located].beta:.6g} are left out for want of time")
        notes += dict.fromkeys(point.left_out for point in points if point.left_out)
        return notes


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
        device: a PyTorch device on which searches rise and patterns stream, such as "cuda".
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
    if precision is not None and not (np.isfinite(precision) and 0 < precision < 1):
        raise InputError(f"precision must lie between 0 and 1, got {precision:g}; None does not look for events")
    given = None if betas is None else _falling(betas)
    if given is None and not n_betas >= 1:
        raise InputError(f"n_betas must be 1 or more, got {n_betas}")
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
        network: Network | None = None
        for at, problem in enumerate(draft.wanted):
            check()
            if effort.expired():
                draft.late = True
                return
            limit = self._limit(len(draft.wanted) - at, effort)
            solution = self.saved.load(problem) or self._solve(problem, network, limit, at)
            self.saved.keep(solution)
            draft.points.append(self._described(solution))
            network = solution.network
            self._tell("points", at + 1, len(draft.wanted), draft.points[-1])

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

    def _solve(self, problem: Problem, start: Network | None, limit: float | None, at: int) -> Solution:
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
            late = self.effort.expired()
            reason = "the time limit left too little time for it" if late else str(error)
            missing = "optimal set" if optima is None else "staircase"
            return PathPoint(solution, optima, None, f"beta = {solution.problem.beta:.6g}: no {missing}: {reason}")

    def _certified(self, beta: float, near: Structure) -> OptimalSet:
        """The optimal set at a beta between points, from what the optimum is there or nearby."""
        problem, effort = self.draft.problem.with_beta(beta), self.effort
        names = problem.space.choice(self.oracle, self._limit(1)).provers
        found = certify_dual(problem, near.network, near.nu, oracle=names, effort=effort)
        solution = Solution(problem, near.network, near.nu, found, (), Stopped.CONVERGED)
        if found.verdict != "global":
            limit = self._limit(1)
            solution = solve(
                problem, oracle=self.oracle, start=near.network, time_limit=limit, executor=effort.executor
            )
        check()
        if solution.certificate.verdict != "global":
            raise NotCertifiedError(f"the optimum at beta = {beta:.6g} is not certified; give it more time")
        return optimal_set(solution, effort=effort)

    def _tell(self, stage: str, done: int, total: int, point: PathPoint) -> None:
        verdict = point.solution.certificate.verdict
        note = f"beta = {point.beta:.6g}, objective {point.objective:.9g}, {point.neurons} neurons ({verdict})"
        self.progress(Event(stage, done, total, note, point.solution.network))
