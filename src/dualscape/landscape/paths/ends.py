"""What is asked of two networks before there is a path between them."""

import numpy as np

from dualscape.errors import InputError, expect
from dualscape.landscape.paths.piece import slots
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.units import Units


def of_one_width(problem: Problem, a: Network, b: Network, width: int | None, call: str) -> tuple[Network, Network]:
    """Both networks with `width` slots.

    Raises:
        InputError: one is of another problem, or has more neurons; or they differ and no width is given.
    """
    for network in (a, b):
        expect(network, Network, call, Solution="solution.network")
        problem.check(network, call)
        if problem.loss.constraint and not np.isfinite(problem.objective(network)):
            raise InputError("a network does not interpolate, and paths keep the fit; problem.completed(network) does")
    if width is None:
        if a.width != b.width:
            raise InputError(
                f"the networks are of widths {a.width} and {b.width}; give the width that the path is to have"
            )
        width = a.width
    most = max(a.width, b.width)
    if width < most:
        raise InputError(f"a path of width {width} was asked for, but a network is of width {most}; give width={most}")
    return slots(_with_coordinates(problem, a), width), slots(_with_coordinates(problem, b), width)


def _with_coordinates(problem: Problem, network: Network) -> Network:
    """A network without neurons knows no number of coordinates; here it has that of the problem."""
    if network.width:
        return network
    none = Units.none(problem.d, problem.architecture.outputs)
    return Network.of(none, np.zeros(0), problem.bias, problem.architecture, network.free, network.free_weights)
