"""What each unit adds to two outputs: arrows along its output vector, as long as its mass."""

import numpy as np

from dualscape.figures.layers import BLUE, INK, Axis, DoesNotApplyError, Lines, Points
from dualscape.figures.scene import Scene
from dualscape.figures.units import mean_network, which_network
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.solver.solution import Solution

#: Arrows that have a number beside them.
LABELLED = 30


def outputs(solution: Solution, optimal_set: OptimalSet | None = None, names: tuple[str, ...] = ()) -> Scene:
    """The output vectors of the neurons, times their masses, for networks with two outputs; `names` are the targets."""
    if solution.problem.c != 2:
        raise DoesNotApplyError("Output vectors are drawn as arrows for networks with two outputs.")
    network = solution.network if optimal_set is None else mean_network(optimal_set)
    if network.width == 0:
        raise DoesNotApplyError("The network has no neurons, so there are no output vectors to draw.")
    tips = network.masses[:, None] * network.units.opened(2)[1]
    lines = tuple(np.vstack([np.zeros(2), tip]) for tip in tips)
    texts = tuple(str(j) for j in range(len(tips))) if len(tips) <= LABELLED else ()
    first, second = names or ("output 0", "output 1")
    caption = (
        f"Each arrow is a neuron of {which_network(optimal_set)}: where it is active it pulls the two predictions in "
        "this direction, and its length is its mass. Numbers are those of the units."
    )
    layers = (Lines(lines, "output vector times mass", BLUE, 2.0), Points(tips, "", INK, 7.0, texts=texts))
    return Scene("outputs", "Output vectors", caption, (Axis(first), Axis(second)), layers, True)
