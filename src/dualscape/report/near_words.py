"""Near-optimal networks in words, for the terminal and the page."""

from dualscape.figures.numbers import grouped
from dualscape.landscape.paths.near_staircase import NearStaircase


def near_title(eps: float) -> str:
    """The heading of a table of near-optimal networks."""
    return f"Near-optimal networks: up to {eps:.6g} above"


def near_rows(near: NearStaircase, eps: float) -> list[tuple[str, str]]:
    """For each width the number of components that hold an optimal network, or bounds on it.

    >>> from dualscape import Problem, near_staircase, optimal_set, solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> near = near_staircase(optimal_set(solve(problem)))
    >>> near_rows(near, 0.1)
    [('1', '1'), ('2', '1 to 3')]
    >>> near_summary(near, 0.1)
    'Where the objective may be 0.1 above the optimum, optimal networks are joined from width 1 to 3 on'
    """
    return [(str(row.m), grouped(near.components(row.m, eps))) for row in near.heights]


def near_summary(near: NearStaircase, eps: float) -> str:
    """From which width on they are joined, in a sentence without its stop."""
    width = grouped(near.connected_from(eps))
    return f"Where the objective may be {eps:.6g} above the optimum, optimal networks are joined from width {width} on"
