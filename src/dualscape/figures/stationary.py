"""Stationary points of a small problem by their objective, and the way down from a network."""

import numpy as np

from dualscape.figures.layers import BLUE, GREEN, GREY, INK, ORANGE, RED, Axis, DoesNotApplyError, Layer, Lines, Points
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.landscape.paths.path import Path
from dualscape.landscape.stationary.points import GLOBAL, LOCAL, SADDLE, StationaryPoints

STYLES = {GLOBAL: (BLUE, "circle"), LOCAL: (ORANGE, "diamond"), SADDLE: (GREY, "cross")}
#: So many networks are drawn on each piece of a path.
ON_PIECE = 24


def stationary_points(found: StationaryPoints) -> Scene:
    """All stationary points: the objective against the number of neurons, with their kind."""
    layers: list[Layer] = []
    for kind, (colour, symbol) in STYLES.items():
        points = [point for point in found.points if point.kind == kind]
        if not points:
            continue
        at = np.array([[point.network.width, point.objective] for point in points])
        layers.append(Points(at, kind, colour, 11.0, symbol, (), tuple(map(repr, points))))
    best = float(found.values[0])
    widest = max(point.network.width for point in found.points)
    layers.append(Lines((np.array([[-0.3, best], [widest + 0.3, best]]),), "least objective", INK, 1.0, "dot"))
    counts = {kind: sum(point.kind == kind for point in found.points) for kind in STYLES}
    every = "all there are" if found.complete else f"those of at most {plural(found.width, 'neuron')} that were found"
    caption = (
        f"The stationary points of the problem, {every}, up to the order and the splitting of neurons: "
        f"{counts[GLOBAL]} of the least objective {best:.6g}, {plural(counts[LOCAL], 'local minimum', 'local minima')} "
        f"of networks of that width, which one more neuron leaves, and {plural(counts[SADDLE], 'saddle')}. "
        f"{found.sets:,} sets of faces were gone over."
    )
    ticks = tuple((float(m), str(m)) for m in range(widest + 1))
    axes = (Axis("independent neurons", ticks=ticks), Axis("objective"))
    return Scene("stationary-points", "Stationary points", caption, axes, tuple(layers))


def descent(path: Path | None, lower_bound: float = -np.inf) -> Scene:
    """The objective along the path down from a network, beside the lower bound that is proven."""
    if path is None:
        raise DoesNotApplyError("No better network was found, so there is no way down to draw.")
    t = np.unique(
        np.concatenate([np.linspace(a, b, ON_PIECE) for a, b in zip(path.times, path.times[1:], strict=False)])
    )
    values = np.array([path.objective(at) for at in t])
    corners = np.column_stack([path.times, path.objectives])
    layers: list[Layer] = [
        Lines((np.column_stack([t, values]),), "objective", BLUE, 2.0),
        Points(corners, "where pieces meet", BLUE, 5.0),
    ]
    bound = ""
    if np.isfinite(lower_bound):
        layers.append(Lines((np.array([[0.0, lower_bound], [1.0, lower_bound]]),), "lower bound", GREEN, 1.0, "dash"))
        bound = f" No network has an objective below {lower_bound:.9g}."
    top = int(np.argmax(path.objectives))
    layers.append(Points(corners[[top]], "exact maximum", RED, 9.0, "diamond"))
    caption = (
        f"The objective along a path of {plural(len(path.pieces), 'piece')} and {plural(path.width, 'neuron')}, from "
        f"{path.objectives[0]:.9g} to {path.objectives[-1]:.9g}. On each piece it is convex, so that its maximum, "
        f"{path.max_objective:.9g}, is that of a corner.{bound}"
    )
    return Scene("descent", "The way down", caption, (Axis("t"), Axis("objective")), tuple(layers), height=420)
