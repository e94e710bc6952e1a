"""The functions of single features whose sum a network is, where each of its neurons sees one feature."""

import numpy as np

from dualscape.data.tables import Table
from dualscape.figures.inputs import Inputs
from dualscape.figures.layers import BLUE, GREEN, ORANGE, PURPLE, RED, Axis, DoesNotApplyError, Layer, Lines
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.figures.units import contributions, grid_with_kinks, mean_network, which_network
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.solver.solution import Solution

COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE)
DASHES = ("solid", "dash", "dot")
#: Features that are drawn: those whose functions vary most.
MOST = len(COLOURS) * len(DASHES)


def shapes(solution: Solution, optimal_set: OptimalSet | None = None, table: Table | None = None) -> Scene:
    """What each feature adds to the prediction, along its range.

    With the optimal set, the network is the mean of the vertices that are known, otherwise the one that was found.
    """
    problem = solution.problem
    if problem.features_per_neuron != 1:
        raise DoesNotApplyError("Functions of single features are drawn where each neuron sees one feature.")
    network = solution.network.prune() if optimal_set is None else mean_network(optimal_set)
    drawn: list[tuple[float, str, np.ndarray]] = []
    for feature in range(problem.design.p):
        own = np.flatnonzero((network.directions[:, feature] != 0) & (network.masses > 0))
        inputs = Inputs(problem, (feature,), table)
        low, high = inputs.box(0.0)
        if len(own) == 0 or low[0] == high[0]:
            continue
        xs = np.unique(np.clip(grid_with_kinks(inputs, network), low, high))
        added = contributions(inputs, network, xs[:, None])[:, own].sum(axis=1)
        added -= network.contributions(problem.X)[:, own].sum(axis=1).mean()
        drawn.append((float(np.ptp(added)), inputs.labels[0], np.column_stack([(xs - low) / (high - low), added])))
    if not drawn:
        raise DoesNotApplyError("No neuron sees a feature, so there are no functions of features to draw.")
    drawn.sort(key=lambda one: -one[0])
    layers: list[Layer] = [
        Lines((points,), name, COLOURS[at % len(COLOURS)], 2.5, DASHES[at // len(COLOURS)])
        for at, (_, name, points) in enumerate(drawn[:MOST])
    ]
    free = "" if network.free == "none" else ", beside what the free features add"
    few = f" The {MOST} that vary most are drawn." if len(drawn) > MOST else ""
    caption = (
        f"In {which_network(optimal_set)} every neuron sees one feature, so that the prediction is a constant and the "
        f"sum of {plural(len(drawn), 'function')} of one feature each{free}. Every line is one of them, from the least "
        f"value of its feature in the data to the greatest; each is shifted so that its mean over the data is 0.{few}"
    )
    output = Inputs(problem, (0,), table).output.replace("prediction", "part of the prediction")
    ends = ((0.0, "least"), (1.0, "greatest"))
    return Scene(
        "shapes", "What each feature adds", caption, (Axis("value of the feature", ends), Axis(output)), tuple(layers)
    )
