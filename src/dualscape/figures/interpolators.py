"""All interpolating networks of least cost, drawn over the points that they interpolate."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dualscape.data.tables import Table
from dualscape.errors import DualscapeError, InputError
from dualscape.figures.inputs import Inputs, drawable_inputs
from dualscape.figures.layers import BLUE, GREEN, ORANGE, Area, Axis, DoesNotApplyError, Layer, Lines
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.figures.units import grid_with_kinks, mean_network
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.optimal_set import optimal_set as find_optima
from dualscape.model.problem import Problem
from dualscape.solver import solve

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Interpolators that differ by less, relative to their size, are one; and vertices that are drawn one by one.
SAME, DRAWN = 1e-9, 6
#: Rows up to which another problem on the same points is solved for the picture.
FEW = 60


def interpolators(optimal_set: OptimalSet, table: Table | None = None, *, beside: OptimalSet | None = None) -> Scene:
    """The band of all optimal interpolators with a few of them as lines.

    Args:
        optimal_set: that of a problem of interpolation in which one feature varies.
        table: where the data come from.
        beside: the optimal set of another problem on the same points, drawn over the first, such as the one with a free
            affine skip connection.

    Raises:
        DoesNotApplyError: the problem is none of interpolation, or has another number of features that vary.
        InputError: the other problem has other points.
    """
    problem = optimal_set.problem
    if not problem.loss.constraint:
        raise DoesNotApplyError("Interpolators are drawn where the fit is prescribed (loss 'interpolation').")
    inputs = drawable_inputs(problem, table)
    if len(inputs.features) != 1:
        raise DoesNotApplyError("Interpolators are drawn as curves, when one feature varies; here two do.")
    if beside is not None and not _same_points(optimal_set, beside):
        raise InputError("the optimal set that is drawn beside must be of a problem on the same points")
    sets = [optimal_set] if beside is None else [optimal_set, beside]
    xs = np.unique(np.concatenate([grid_with_kinks(inputs, mean_network(each)) for each in sets]))
    low, high = optimal_set.spread(inputs.lift(xs[:, None]))
    layers, said = _drawn(optimal_set, inputs, xs, BLUE, ORANGE, "solid", "")
    if beside is not None:
        more, also = _drawn(beside, inputs, xs, GREEN, GREEN, "dash", f" {_what_is_free(beside)}")
        layers, said = [*layers, *more], f"{said} {also}"
    points = np.column_stack([inputs.data[:, 0], problem.y])
    layers += inputs.marks(points, 9.0)
    wide = float((high - low).max())
    caption = f"The points are interpolated at the least cost, {optimal_set.total_mass:.6g}. {said}"
    if wide > SAME * float(np.abs(high).max()):
        at = float(xs[int(np.argmax(high - low))])
        caption += f" The band is widest, {wide:.3g}, at {inputs.labels[0]} = {at:.3g}."
    return Scene(
        "interpolators",
        "All optimal interpolators",
        caption,
        (Axis(inputs.labels[0]), Axis(inputs.output)),
        tuple(layers),
    )


def with_affine_skip(optimal_set: OptimalSet) -> OptimalSet | None:
    """The optimal set of the same problem with a free affine skip connection, to be drawn beside; None where that is
    not to be had, or would take long."""
    problem = optimal_set.problem
    if problem.free.kind != "none" or problem.n > FEW:
        return None
    try:
        skip = Problem(
            problem.inputs,
            problem.y,
            loss=problem.loss,
            bias=problem.bias,
            free="affine",
            architecture=problem.architecture,
            feature_names=problem.feature_names,
        )
        return find_optima(solve(skip))
    except DualscapeError:
        return None


def _same_points(one: OptimalSet, other: OptimalSet) -> bool:
    return np.array_equal(one.problem.inputs, other.problem.inputs) and np.array_equal(one.problem.y, other.problem.y)


def _what_is_free(optimal_set: OptimalSet) -> str:
    kinds = {"constant": "with an output bias", "linear": "with a linear skip", "affine": "with an affine skip"}
    return kinds.get(optimal_set.problem.free.kind, "of the other problem")


def _drawn(
    optimal_set: OptimalSet, inputs: Inputs, xs: Vector, line: str, area: str, dash: str, which: str
) -> tuple[list[Layer], str]:
    """(layers, what they show in words) of one optimal set."""
    low, high = optimal_set.spread(inputs.lift(xs[:, None]))
    if (high - low).max() <= SAME * max(float(np.abs(high).max()), float(np.abs(low).max())):
        curve = np.column_stack([xs, 0.5 * (low + high)])
        name = f"the only optimal interpolator{which}"
        return [
            Lines((curve,), name, line, 2.5, dash)
        ], f"The {'dashed' if dash == 'dash' else 'thick'} line is {name}."
    outline = np.vstack([np.column_stack([xs, low]), np.column_stack([xs, high])[::-1]])
    members = _members(optimal_set)
    pieces = tuple(np.column_stack([xs, optimal_set.network(c).fit(inputs.rows(xs[:, None]))]) for c in members)
    layers: list[Layer] = [
        Area(outline, f"all optimal interpolators{which}", area, 0.3),
        Lines(pieces, f"some of them{which}", line, 1.2, dash),
    ]
    return layers, (
        f"There is a continuum of optimal interpolators{which}: the band holds every one of them, and the lines are "
        f"{plural(len(pieces), 'of them', 'of them')}."
    )


def _members(optimal_set: OptimalSet) -> Matrix:
    """(k', k) masses of some optimal networks: irreducible ones, and from each to the next their middle."""
    known = optimal_set.known_vertices
    chosen = known[np.linspace(0, len(known) - 1, min(DRAWN, len(known))).round().astype(int)]
    between = [t * a + (1 - t) * b for a, b in pairwise(chosen) for t in (0.25, 0.5, 0.75)]
    return np.vstack([chosen, *between[: 2 * DRAWN]])
