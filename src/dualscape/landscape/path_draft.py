"""What a solution path has found: the whole of it, or as far as it has come."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dualscape.landscape.events import PathEvent, Structure
from dualscape.landscape.path_checks import PathChecks, check_points
from dualscape.landscape.path_point import PathPoint
from dualscape.model.beta_max import Interval
from dualscape.model.problem import Problem

Vector = NDArray[np.float64]
#: What points are that are not certified, by verdict.
STATES = {"none": "results of a search, of which nothing is proven", "bounded": "bounded only"}
#: What is known of beta_max at first.
UNKNOWN = Interval(0.0, np.inf)


@dataclass(frozen=True, eq=False)
class SolutionPath:
    """The points of a path, beta falling, and the events between them.

    Attributes:
        problem: the problem; its own beta does not matter.
        beta_max: the interval that holds beta_max; its upper end is inf when directions were only searched.
        points: one for each beta, the greatest first.
        events: in the order in which beta meets them as it falls.
        precision: relative width of the intervals in which events are located; inf where they were not looked for.
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
        left_out = Counter(point.left_out for point in points if point.left_out)
        notes += [f"{count} of {len(points)} points: {reason}" for reason, count in left_out.items()]
        return notes
