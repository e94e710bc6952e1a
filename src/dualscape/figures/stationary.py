"""Stationary points of a small problem by their objective."""

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.layers import BLUE, GREY, INK, ORANGE, Axis, Layer, Lines, Points
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.landscape.stationary.points import GLOBAL, LOCAL, SADDLE, StationaryPoints

Vector = NDArray[np.float64]
STYLES = {GLOBAL: (BLUE, "circle"), LOCAL: (ORANGE, "diamond"), SADDLE: (GREY, "cross")}
#: Points of one width whose objectives are no further apart than this share of all are drawn side by side.
NEAR, STEP = 0.03, 0.07


def stationary_points(found: StationaryPoints) -> Scene:
    """All stationary points: the objective against the number of neurons, with their kind."""
    layers: list[Layer] = []
    across = _apart(found)
    for kind, (colour, symbol) in STYLES.items():
        which = [j for j, point in enumerate(found.points) if point.kind == kind]
        if which:
            at = np.column_stack([across[which], found.values[which]])
            layers.append(Points(at, kind, colour, 11.0, symbol, (), tuple(repr(found.points[j]) for j in which)))
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


def _apart(found: StationaryPoints) -> Vector:
    """(k,) the numbers of neurons, moved aside where points would cover each other."""
    widths = np.array([float(point.network.width) for point in found.points])
    across = widths.copy()
    near = NEAR * float(np.ptp(found.values))
    for j, value in enumerate(found.values):
        before = widths[:j] == widths[j]
        across[j] += STEP * int(np.count_nonzero(before & (value - found.values[:j] < near)))
    return across
