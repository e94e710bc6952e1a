"""A landscape on the plane of three networks."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.curves.curve import Curve
from dualscape.curves.plane import Plane
from dualscape.curves.weight_space import WeightSpace
from dualscape.errors import InputError
from dualscape.figures.layers import ORANGE, RED, Axis, DoesNotApplyError, Field, Labels, Layer, Lines, Points
from dualscape.figures.network_paths import times_of
from dualscape.figures.scene import Scene
from dualscape.landscape.paths.path import Path
from dualscape.model.network import Network
from dualscape.model.problem import Problem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Numbers n m d up to which a report draws the plane of a path.
DRAWN = 1_000_000
NAMES = ("a", "b", "c")


def plane(
    through: Plane,
    value: Callable[[Vector], float],
    *,
    names: Sequence[str] = NAMES,
    curve: Curve | None = None,
    count: int = 41,
) -> Scene:
    """Values (of a loss) on a plane through three networks; a curve is seen from above it.

    Args:
        through: the plane.
        value: a number for weights (N,), such as `WeightSpace.value` or `TorchSpace.measure` without an error.
        names: of the three networks.
        curve: a curve in the same space of weights.
        count: points of the grid in each direction.
    """
    way = None if curve is None else np.array([through.coordinates(curve.at(t)) for t in np.linspace(0, 1, 101)])
    return _drawn(through, value, names, way, "the curve, seen from above the plane", count)


def network_plane(
    problem: Problem, networks: Sequence[Network], path: Path | None = None, names: Sequence[str] = NAMES
) -> Scene:
    """The objective on the plane through three networks in the space of weights; a path is projected onto it."""
    if len(networks) != 3:
        raise InputError(f"a plane goes through three networks, got {len(networks)}")
    width = max(network.width for network in networks)
    if path is not None:
        width = max(width, path.width)
    space = _space(problem, width)
    try:
        through = Plane.through(*map(space.vector, networks))
    except InputError as reason:
        raise DoesNotApplyError(f"No plane is drawn: {reason}.") from None
    way = None
    if path is not None:
        way = np.array([through.coordinates(space.vector(path.at(t))) for t in times_of(path)])
    return _drawn(through, space.value, names, way, "the path, seen from above the plane", 41)


def network_path_plane(path: Path) -> Scene:
    """The objective on the plane through the ends of a path and its corner farthest off the line between them."""
    inner = path.corners[1:-1]
    if not inner:
        raise DoesNotApplyError("The path has one piece, so that no third network spans a plane with its ends.")
    if path.problem.n * path.width * path.problem.d > DRAWN:
        raise DoesNotApplyError("The plane of a path is drawn for small networks alone.")
    space = _space(path.problem, path.width)
    start, end = space.vector(path.start), space.vector(path.end)
    along = (end - start) / (float(np.linalg.norm(end - start)) or 1.0)
    off = [space.vector(corner) - start for corner in inner]
    far = int(np.argmax([np.linalg.norm(v - (v @ along) * along) for v in off]))
    return network_plane(path.problem, (path.start, path.end, inner[far]), path, ("start", "end", "corner"))


def _drawn(
    through: Plane,
    value: Callable[[Vector], float],
    names: Sequence[str],
    way: Matrix | None,
    called: str,
    count: int,
) -> Scene:
    if len(names) != 3:
        raise InputError(f"three networks have three names, got {len(names)}")
    xs, ys, values = through.grid(value, count)
    own = [value(through.at(x, y)) for x, y in through.corners]
    least = min(float(values.min()), *own)
    # Far from the networks losses grow fast, which would leave one colour for all that matters.
    above = values - least
    colours = np.log10(above + 1e-3 * (float(np.median(above)) or 1.0))
    layers: list[Layer] = [Field(xs, ys, colours, "log10 of the excess, from 1/1000 of its median")]
    if way is not None:
        layers.append(Lines((way,), called, ORANGE, 2.5))
    lift = np.array([0.0, 0.04 * float(np.ptp(ys))])
    layers += [Points(through.corners, "", RED, 10.0), Labels(through.corners + lift, tuple(names), "white", 15.0)]
    said = ", ".join(f"{name}: {number:.6g}" for name, number in zip(names, own, strict=True))
    caption = (
        f"The landscape on the plane through three networks ({said}), above the least value on it, {least:.6g}. "
        "Distances are those of weights; networks off the plane are not seen, so that a wall here need not be one."
    )
    axes = (Axis(f"distance from {names[0]} towards {names[1]}"), Axis("distance across"))
    return Scene("network-plane", "The plane of three networks", caption, axes, tuple(layers), height=560)


def _space(problem: Problem, width: int) -> WeightSpace:
    try:
        return WeightSpace(problem, width)
    except InputError as reason:
        raise DoesNotApplyError(f"No plane is drawn: {reason}.") from None
