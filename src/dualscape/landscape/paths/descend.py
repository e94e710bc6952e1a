"""From any network down to a global optimum without ever climbing (THEORY section 8)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from dualscape.errors import InputError, NotCertifiedError, expect
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.paths.downhill import downhill
from dualscape.landscape.paths.ends import of_one_width
from dualscape.landscape.paths.exchange import best_masses, exchanged, improves
from dualscape.landscape.paths.level import level_corners, rank_of
from dualscape.landscape.paths.path import ROUNDING, Path
from dualscape.landscape.paths.piece import slots
from dualscape.landscape.paths.route import OutOfSlots
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interruptible, until
from dualscape.running.threads import one_blas_thread
from dualscape.solver import Solution, solve


@interruptible()
@one_blas_thread()
def descend(
    problem: Problem,
    network: Network,
    target: Network | Solution | None = None,
    *,
    width: int | None = None,
    time_limit: float | None = None,
) -> Path:
    """A path from a network to a global optimum on which the objective never rises.

    It is sure from width n + 1 on, and from rank + 1 of the columns of both networks; below, it often exists.

    Args:
        problem: the problem.
        network: any network, at which the path starts.
        target: the optimum at which it ends, in this order of neurons; or a solution, computed when not given, of which
            an optimum that fits into the width is taken, in the order in which its neurons are reached.
        width: number of slots; that of `network` when not given.
        time_limit: seconds for the target and the way to it, or None.

    Returns:
        The path, with `falls` and a `note` that says what is known. Where no path was found that never rises, it climbs
        as little as was found, and `climb` is an upper bound on what any path must. Where no optimum has that width, or
        time ran out, it goes down as far as it can: masses change, units enter free slots, and neurons turn.

    Raises:
        InputError: the network is of another problem, or the target has more neurons than the width or is worse.

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> start = Network.from_weights([[1.0, 1.0], [-1.0, 0.5], [0.0, 0.0]], [0.3, -2.0, 1.0])
    >>> path = descend(problem, start)
    >>> path.falls, path.width, round(path.objective(1.0), 9)
    (True, 3, 0.218606798)
    """
    expect(problem, Problem, "descend", Solution="solution.problem")
    problem.needs_two_layers("descend")
    expect(network, Network, "descend", Solution="solution.network")
    width, proven, ordered = network.width if width is None else width, "the target", isinstance(target, Network)
    deadline = Effort.within(time_limit).deadline
    if not isinstance(target, Network):
        solution = target if target is not None else solve(problem, start=network, time_limit=time_limit)
        expect(solution, Solution, "descend")
        target, proven = _target(solution, width, time_limit)
    if target is None:
        return _as_far_as_it_goes(problem, network, width, proven, deadline)
    start, goal = of_one_width(problem, network, target, width, "descend")
    if problem.objective(goal) > problem.objective(start) * (1 + ROUNDING):
        raise InputError(
            f"the target has the objective {problem.objective(goal):.12g}, the network the lesser "
            f"{problem.objective(start):.12g}; descend from it, or use connect_sublevel"
        )
    if not ordered and problem.objective(start) <= problem.objective(goal) * (1 + ROUNDING):
        return Path(problem, (start, start), note=f"stays where it is, which is as good as {proven}")
    try:
        with until(deadline):
            return _path(problem, start, goal, proven, ordered)
    except KeyboardInterrupt:
        check()  # otherwise it was the time
    return _as_far_as_it_goes(problem, network, width, f"time ran out on the way to {proven}", deadline)


def _path(problem: Problem, start: Network, goal: Network, proven: str, ordered: bool) -> Path:
    found: list[Path] = []
    for corners in _ways(problem, start, goal, ordered):
        found.append(Path.of(problem, corners))
        if found[-1].falls:
            return replace(found[-1], note=f"never climbs, and ends at {proven}")
    path = min(found, key=lambda path: path.climb)
    sure = f"one that never climbs is sure from width {rank_of(problem, start, goal) + 1} on"
    if improves(problem, start, goal):
        sure = "it is no optimum: units of the network improve on it"
    note = (
        f"climbs by {path.climb:.6g} on its way to {proven}: an upper bound on what any path of width {path.width} must"
    )
    return replace(path, note=f"{note} ({sure})")


def _ways(problem: Problem, start: Network, goal: Network, ordered: bool) -> Iterator[list[Network]]:
    """Corners from the start to the goal: by the best masses of its units, from where it stands, or further down."""
    better = best_masses(problem, start)
    begun = [start, better] if problem.objective(better) < problem.objective(start) else [start]
    yield [*begun, *exchanged(problem, begun[-1], goal, problem.beta, ordered=ordered)[1:]]
    with suppress(OutOfSlots):
        yield level_corners(problem, start, goal, ordered=ordered)
    lower, _ = downhill(problem, start)
    yield [*lower, *exchanged(problem, lower[-1], goal, problem.beta, ordered=ordered)[1:]]


def _as_far_as_it_goes(problem: Problem, network: Network, width: int, why: str, deadline: float | None) -> Path:
    start, _ = of_one_width(problem, network, network, width, "descend")
    with until(deadline):
        corners, stopped = downhill(problem, start)
    check()
    return Path.of(problem, [*corners, corners[-1]], note=f"never climbs, and ends where {stopped}; {why}")


def _target(solution: Solution, width: int, time_limit: float | None) -> tuple[Network | None, str]:
    """An optimum that fits into the width, and what is known of it; None, and why, where there is none."""
    if solution.network.width <= width:
        return slots(solution.network, width), _said(solution)
    if solution.certificate.verdict == "global":
        try:
            optima = optimal_set(solution, effort=Effort.within(time_limit))
        except NotCertifiedError:
            return None, f"no optimum of so few neurons is known, {solution.network.width} suffice"
        smallest = optima.smallest()
        if smallest.width <= width:
            return smallest, "a proven global optimum"
        if optima.vertices_complete:
            return None, f"no network of width {width} is optimal, the least width is {smallest.width}"
    return (
        None,
        f"no network of width {width} is known that is as good as the best, of {solution.network.width} neurons",
    )


def _said(solution: Solution) -> str:
    if solution.certificate.verdict == "global":
        return "a proven global optimum"
    found = solution.certificate
    above = f"proven to be at most {found.excess_in_words} above the optimum" if found.useful else found.excess_in_words
    return f"the best network known ({above})"
