"""How far the optimal predictors differ between the data."""

import numpy as np
from numpy.typing import NDArray

from dualscape.data.tables import Table
from dualscape.figures.inputs import Inputs, drawable_inputs
from dualscape.figures.layers import BLUE, INK, ORANGE, Area, Axis, DoesNotApplyError, Field, Layer, Lines, Points
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.figures.units import grid_with_kinks, mean_network
from dualscape.landscape.optimal_set import OptimalSet

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
SAME = 1e-9  # predictions that differ by less, relative to their size, are one
DRAWN = 24  # irreducible networks that are drawn one by one
GRID = 61
GRID_BY_PROGRAMS = 21  # without a full list of vertices every grid point costs two linear programs


def spread(optimal_set: OptimalSet, table: Table | None = None) -> Scene:
    """The lowest and the highest prediction of any optimal network, at and between the data points."""
    if not optimal_set.has_spread:
        raise DoesNotApplyError(
            "Free biases of optimal units may take any value on a plateau, and predictions with them."
        )
    inputs = drawable_inputs(optimal_set.problem, table)
    if optimal_set.dimension == 0:
        raise DoesNotApplyError("All optimal networks are one function, so their predictions do not differ anywhere.")
    if _is_one_function(optimal_set, inputs):
        raise DoesNotApplyError(
            "The optimal networks differ in their neurons, but nowhere on a grid over the data in their predictions."
        )
    return _band(optimal_set, inputs) if len(inputs.features) == 1 else _map(optimal_set, inputs)


def _is_one_function(optimal_set: OptimalSet, inputs: Inputs) -> bool:
    """Whether predictions differ nowhere near the data, tried on a coarse grid."""
    low, high = inputs.box()
    grid = np.meshgrid(*(np.linspace(a, b, 9) for a, b in zip(low, high, strict=True)))
    least, most = optimal_set.spread(inputs.lift(np.column_stack([g.ravel() for g in grid])))
    return bool((most - least).max() <= SAME * max(float(np.abs(most).max()), float(np.abs(least).max())))


def _band(optimal_set: OptimalSet, inputs: Inputs) -> Scene:
    xs = grid_with_kinks(inputs, mean_network(optimal_set), 200 if optimal_set.vertices_complete else 40)
    low, high = optimal_set.spread(inputs.lift(xs[:, None]))
    outline = np.vstack([np.column_stack([xs, low]), np.column_stack([xs, high])[::-1]])
    data = inputs.data[:, 0]
    known = optimal_set.known_vertices
    chosen = np.linspace(0, len(known) - 1, min(DRAWN, len(known))).round().astype(int)
    networks = [optimal_set.network(known[i]) for i in chosen]
    pieces = tuple(np.column_stack([xs, network.fit(inputs.rows(xs[:, None]))]) for network in networks)
    layers: tuple[Layer, ...] = (
        Area(outline, "all optimal predictions", ORANGE, 0.3),
        Lines(pieces, plural(len(pieces), "irreducible optimal network"), BLUE, 1.0),
        *inputs.marks(np.column_stack([data, inputs.problem.y]), 8.0),
        Points(np.column_stack([data, optimal_set.y_star]), "the optimal fit y*", INK, 6.0),
    )
    inside = (xs >= data.min()) & (xs <= data.max())
    caption = (
        "All optimal networks agree at the data points (black), but not between them: the band holds the predictions "
        f"of every one of them. Within the range of the data it is at most {(high - low)[inside].max():.3g} wide, in "
        f"the whole picture {(high - low).max():.3g}. {_drawn(len(pieces), optimal_set)}"
    )
    axes = (Axis(inputs.labels[0]), Axis(inputs.output))
    return Scene("spread", "The spread of all optimal predictors", caption, axes, layers)


def _drawn(count: int, optimal_set: OptimalSet) -> str:
    total = len(optimal_set.known_vertices)
    if count == total and optimal_set.vertices_complete:
        return f"The thin lines are the {plural(count, 'irreducible optimal network')}."
    known = "" if optimal_set.vertices_complete else " that are known"
    return f"The thin lines are {count} of the {total:,} irreducible optimal networks{known}."


def _map(optimal_set: OptimalSet, inputs: Inputs) -> Scene:
    corner, opposite = inputs.box(0.1)
    count = GRID if optimal_set.vertices_complete else GRID_BY_PROGRAMS
    xs, ys = (np.linspace(corner[i], opposite[i], count) for i in (0, 1))
    mesh = np.column_stack([c.ravel() for c in np.meshgrid(xs, ys)])
    low, high = optimal_set.spread(inputs.lift(mesh))
    width = (high - low).reshape(count, count)
    layers: tuple[Layer, ...] = (
        Field(xs, ys, width, "highest - lowest optimal prediction"),
        *inputs.marks(inputs.data, 6.0 if optimal_set.problem.n > 100 else 10.0),
    )
    at = mesh[int(np.argmax(high - low))]
    caption = (
        "How much the predictions of the optimal networks differ from place to place. At the data points they "
        f"agree; in this picture they differ most, by {width.max():.3g}, at {inputs.labels[0]} = {at[0]:.3g}, "
        f"{inputs.labels[1]} = {at[1]:.3g}. The targets range over {np.ptp(optimal_set.problem.y):.3g}."
    )
    axes = (
        Axis(inputs.labels[0], limits=(corner[0], opposite[0])),
        Axis(inputs.labels[1], limits=(corner[1], opposite[1])),
    )
    return Scene("spread", "The spread of all optimal predictors", caption, axes, layers, height=560)
