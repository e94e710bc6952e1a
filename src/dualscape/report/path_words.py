"""A solution path as rows of words and numbers: the same ones in the terminal and in the report."""

import numpy as np

from dualscape.figures.numbers import grouped
from dualscape.landscape.events import PathEvent
from dualscape.landscape.path_draft import SolutionPath
from dualscape.landscape.path_point import PathPoint

POINT_HEAD = ("beta", "objective", "masses", "neurons", "m*", "k", "dim.", "verdict")
EVENT_HEAD = ("beta", "within a share of", "what happens as beta falls")


def path_headline(path: SolutionPath) -> str:
    """What was computed, in one sentence.

    >>> from dualscape.landscape.solution_path import solution_path
    >>> from dualscape.model.problem import Problem
    >>> path_headline(solution_path(Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0, bias="none"), [9.0, 0.5]))
    '2 points from beta = 9 down to 0.5 (beta_max = 8): 2 certified; 1 event.'
    """
    about = "" if path.beta_max.resolved else "at least "
    events = f"{len(path.events):,} event{'' if len(path.events) == 1 else 's'}"
    return (
        f"{len(path.points):,} points from beta = {path.betas[0]:.6g} down to {path.betas[-1]:.6g} "
        f"(beta_max = {about}{path.beta_max.low:.6g}): {path.certified:,} certified; {events}."
    )


def point_row(point: PathPoint) -> tuple[str, ...]:
    """The cells of a point under POINT_HEAD; a dash where nothing is known."""
    return (
        f"{point.beta:.6g}",
        f"{point.objective:.9g}",
        f"{point.mass:.6g}",
        f"{point.neurons:,}",
        *("-" if count is None else grouped(count) for count in (point.m_star, point.k, point.dimension)),
        point.solution.certificate.verdict,
    )


def event_row(event: PathEvent) -> tuple[str, ...]:
    """The cells of an event under EVENT_HEAD."""
    return f"{event.beta:.8g}", f"{event.precision:.1e}", event.explain()


def spread_over(count: int, most: int) -> list[int]:
    """At most so many of the first `count` integers, evenly spread, the ends among them.

    >>> spread_over(3, 5), spread_over(100, 4)
    ([0, 1, 2], [0, 33, 66, 99])
    """
    return list(range(count)) if count <= most else np.linspace(0, count - 1, most).round().astype(int).tolist()
