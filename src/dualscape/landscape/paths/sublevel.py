"""Paths that never exceed the greater objective of their ends (THEORY section 8).

Without weight decay this is the theorem of Nguyen (ICML 2019) that sublevel sets are connected.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from dualscape.errors import InputError, expect
from dualscape.landscape.paths.ends import of_one_width
from dualscape.landscape.paths.exchange import best_masses, exchanged
from dualscape.landscape.paths.level import level_corners, rank_of
from dualscape.landscape.paths.path import ROUNDING, Path
from dualscape.landscape.paths.route import OutOfSlots
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread

#: Shares of the weight decay under which masses are looked for that need few units, where the loss alone counts.
SHARES = (1.0, 1e-2, 1e-4, 1e-6)


@interruptible()
@one_blas_thread()
def connect_sublevel(
    problem: Problem, a: Network, b: Network, *, width: int | None = None, weight_decay: bool = True
) -> Path:
    """A path between two networks on which the objective never exceeds the greater of theirs.

    It is sure from width n + 1 on, and from rank + 1 of the columns of both networks.

    Args:
        problem: the problem.
        a, b: networks of any kind: untrained, unbalanced, with dead or zero neurons.
        width: number of slots; that of both networks when not given.
        weight_decay: False counts the loss alone, without beta/2 sum_j (|u_j|^2 + alpha_j^2).

    Returns:
        The path. Below those widths it may climb, and its `barrier` is an upper bound on what any path must.

    Raises:
        InputError: a network is of another problem, or they have different widths and none was given.

    >>> problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none")
    >>> a = Network([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], [1.0, 1.0, -1.0], [1.0, 3.0, 2.0])
    >>> path = connect_sublevel(problem, a, a.permute([2, 0, 1]))
    >>> path.barrier, bool(path.verify())
    (0.0, True)
    """
    expect(problem, Problem, "connect_sublevel", Solution="solution.problem")
    problem.needs_two_layers("connect_sublevel")
    a, b = of_one_width(problem, a, b, width, "connect_sublevel")
    if problem.loss.constraint and not weight_decay:
        raise InputError("interpolators differ in weight decay alone; leave weight_decay=False out")
    needed = rank_of(problem, a, b) + 1
    first, last = (_lower(problem, network, weight_decay) for network in (a, b))
    found: list[Path] = []
    for middle in _ways(problem, a, b, first, last, problem.beta * (1.0 if weight_decay else SHARES[-1])):
        found.append(Path.of(problem, [a, *middle, b], weight_decay))
        if found[-1].barrier <= ROUNDING * found[-1].size:
            break
    path = min(found, key=lambda path: path.barrier)
    above = path.barrier > ROUNDING * path.size
    note = (
        f"climbs to {path.barrier:.6g} above the greater objective of the ends: an upper bound on what any path of "
        f"width {a.width} must (a path that does not climb is sure from width {needed} on)"
        if above
        else "never exceeds the greater objective of its ends"
    )
    return replace(path, note=note)


def _ways(
    problem: Problem, a: Network, b: Network, first: Network, last: Network, beta: float
) -> Iterator[list[Network]]:
    """Corners from a to b, by way of their better networks or not."""
    yield exchanged(problem, first, last, beta)
    with suppress(OutOfSlots):
        yield level_corners(problem, a, b)


def _lower(problem: Problem, network: Network, weight_decay: bool) -> Network:
    """Better masses for the same units, which need fewer of them; the network itself where none are found."""
    before = Path(problem, (network, network), weight_decay).max_objective
    for share in (1.0,) if weight_decay else SHARES:
        found = best_masses(problem, network, share * problem.beta)
        if Path(problem, (found, found), weight_decay).max_objective <= before:
            return found
    return network
