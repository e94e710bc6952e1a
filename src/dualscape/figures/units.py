"""The units of the optimal network as functions of one or two inputs."""

import numpy as np
from numpy.typing import NDArray

from dualscape.data.tables import Table
from dualscape.figures.inputs import Inputs, drawable_inputs, line_through_box
from dualscape.figures.layers import BLUE, GREEN, INK, ORANGE, Axis, DoesNotApplyError, Field, Layer, Lines, Points
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.model.architectures import GatedReLU
from dualscape.model.network import Network
from dualscape.oracles.hull.slots import Slots
from dualscape.solver.solution import Solution

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
GRID = 71
LABELLED = 14
#: How far from where a gated unit jumps its two sides are drawn, as a share of the picture.
JUMP = 1e-6


def units(solution: Solution, optimal_set: OptimalSet | None = None, table: Table | None = None) -> Scene:
    """What each unit contributes to the fit.

    With the optimal set, the units shown are those of the mean of the vertices that are known; of all of them, it is an
    optimal network that uses every unit that any uses. Without it, those of the network that was found. The table says
    what was standardised and what classes are called.
    """
    inputs = drawable_inputs(solution.problem, table)
    network = solution.network.prune() if optimal_set is None else mean_network(optimal_set)
    if not network.masses.any():
        raise DoesNotApplyError("The network has no neurons, so there are no units to draw.")
    which = which_network(optimal_set)
    draw = _curves if len(inputs.features) == 1 else _kinks
    return draw(inputs, network, which)


def which_network(optimal_set: OptimalSet | None) -> str:
    """The network that is drawn, in words."""
    if optimal_set is None:
        return "the network found"
    if optimal_set.dimension == 0:
        return "the optimal network"
    if optimal_set.vertices_complete:
        return "the mean of all irreducible optimal networks"
    return "the mean of the irreducible optimal networks that are known"


def mean_network(optimal_set: OptimalSet) -> Network:
    """The optimal network whose masses are the mean of the known vertices, one neuron per unit of the optimal set."""
    masses = optimal_set.known_vertices.mean(axis=0)
    return optimal_set.problem.network(optimal_set.units, masses)


def borders(network: Network) -> Matrix:
    """(m, d) normals of the hyperplanes on which the neurons bend or jump."""
    return network.architecture.borders(network.units)


def bending(network: Network) -> NDArray[np.intp]:
    """(q,) the neuron, or the subnetwork, that each of `borders` belongs to."""
    if network.architecture.layers == 2:
        return np.arange(network.width)
    return Slots.of(network.directions, network.seen).owner


def contributions(inputs: Inputs, network: Network, points: Matrix) -> Matrix:
    """(k, m) what every neuron adds to the prediction at the points (k, q)."""
    return network.contributions(inputs.rows(points))


def grid_with_kinks(inputs: Inputs, network: Network, count: int = 200) -> Vector:
    """Points on the line of a single feature, the kinks of all neurons among them."""
    low, high = inputs.box()
    slopes, offsets = inputs.affine(borders(network))
    bent = np.abs(slopes[:, 0]) > 0
    kinks = -offsets[bent] / slopes[bent, 0]
    if isinstance(network.architecture, GatedReLU):
        aside = JUMP * (high[0] - low[0])
        kinks = np.concatenate([kinks - aside, kinks + aside])
    inside = kinks[(kinks > low[0]) & (kinks < high[0])]
    return np.unique(np.concatenate([np.linspace(low[0], high[0], count), inside]))


def _curves(inputs: Inputs, network: Network, which: str) -> Scene:
    xs = grid_with_kinks(inputs, network)
    parts = contributions(inputs, network, xs[:, None])
    layers: list[Layer] = []
    for sign, colour, name in ((1, BLUE, "units with s = +1"), (-1, GREEN, "units with s = -1")):
        chosen = np.flatnonzero((network.signs == sign) & (network.masses > 0))
        pieces = tuple(np.column_stack([xs, parts[:, j]]) for j in chosen)
        dash = "solid" if sign > 0 else "dash"
        layers.append(Lines(pieces, name if len(chosen) else "", colour, 1.5, dash))
    total = network.fit(inputs.rows(xs[:, None]))
    free = network.free != "none"
    if free:
        part = np.column_stack([xs, total - parts.sum(axis=1)])
        layers.append(Lines((part,), "free features", ORANGE, 1.5, "dot"))
    layers.append(Lines((np.column_stack([xs, total]),), "their sum", INK, 3.0))
    data = inputs.data[:, 0]
    layers += inputs.marks(np.column_stack([data, inputs.problem.y]), 8.0)
    caption = (
        f"Each thin line is what one of {plural(int((network.masses > 0).sum()), 'unit')} adds in {which}, "
        f"{'the dotted one what the free features add; ' if free else ''}the thick line is their sum. "
        f"{_inside(inputs, network)} of them bend between the lowest and the highest data point: there the fit has its "
        "kinks; the others act as straight lines on the data."
    )
    return Scene(
        "units", "The units and their sum", caption, (Axis(inputs.labels[0]), Axis(inputs.output)), tuple(layers)
    )


def _inside(inputs: Inputs, network: Network) -> int:
    values = inputs.problem.X @ borders(network.prune()).T
    return int(((values > 0).any(axis=0) & (values < 0).any(axis=0)).sum())


def _kinks(inputs: Inputs, network: Network, which: str) -> Scene:
    low, high = inputs.box(0.1)
    xs, ys = (np.linspace(low[i], high[i], GRID) for i in (0, 1))
    mesh = np.column_stack([c.ravel() for c in np.meshgrid(xs, ys)])
    surface = network.fit(inputs.rows(mesh)).reshape(GRID, GRID)
    target = inputs.problem.y
    size = 6.0 if len(target) > 100 else 10.0
    if inputs.two_classes:
        layers: list[Layer] = [Field(xs, ys, surface, inputs.output)]
        marks = inputs.marks(inputs.data, size)
        said = "The marks are the data, each class in its own colour; where f > 0 the second class is predicted."
    else:
        limits = (float(min(surface.min(), target.min())), float(max(surface.max(), target.max())))
        layers = [Field(xs, ys, surface, inputs.output.replace("prediction", "prediction and target"), limits)]
        marks = [Points(inputs.data, "data", target, size, limits=limits)]
        said = (
            "The marks are the data, coloured by their target on the same scale: a mark that stands out from its "
            "surroundings is one that it does not fit."
        )
    bends, normal, besides = _words(network)
    owner = bending(network)
    slopes, offsets = inputs.affine(borders(network))
    rings: list[Layer] = []
    for sign, colour, name in ((1, BLUE, "kink lines, s = +1"), (-1, GREEN, "kink lines, s = -1")):
        pieces, places, texts = [], [], []
        for j in np.flatnonzero(((network.signs == sign) & (network.masses > 0))[owner]):
            line = line_through_box(slopes[j], float(offsets[j]), low, high)
            if line is None:
                continue
            pieces += [line, _active_side(line, slopes[j], high - low)]
            places.append(_label_place(line, slopes[j]))
            texts.append(f"{owner[j]}")
        layers.append(Lines(tuple(pieces), "", "#ffffff", 5.0, opacity=0.6))
        layers.append(Lines(tuple(pieces), name if pieces else "", colour, 2.5, "solid" if sign > 0 else "dash"))
        if places and len(owner) <= LABELLED:
            rings.append(Points(np.array(places), "", colour, 22.0, "ring", tuple(texts)))
    layers += [*marks, *rings]  # the rings last, so that nothing hides a number
    caption = (
        f"The background is the prediction of {which}, {plural(int((network.masses > 0).sum()), 'unit')}; between the "
        f"lines it is linear{besides}. Every line is where {bends}, {normal}.x = 0, with a short stroke towards the "
        f"side where {normal}.x > 0; {_inside(inputs, network)} of them pass between data points. {said}"
    )
    axes = (Axis(inputs.labels[0], limits=(low[0], high[0])), Axis(inputs.labels[1], limits=(low[1], high[1])))
    return Scene("units", "The units over the data", caption, axes, tuple(layers), height=560)


def _words(network: Network) -> tuple[str, str, str]:
    """(what happens on a line, the letter of its normal, where else the prediction bends)."""
    if isinstance(network.architecture, GatedReLU):
        return "the gate of one unit opens", "g", ""
    if network.architecture.layers == 3:
        besides = ", but for where the sum within a subnetwork becomes positive"
        return "an inner neuron of the subnetwork with that number bends", "W", besides
    return "one unit bends", "u", ""


def _label_place(line: Matrix, slope: Vector) -> Vector:
    """Near that end of the line which lies to the left of the active side, so that opposite units are told apart."""
    left = np.array([-slope[1], slope[0]])
    end, other = line if (line[0] - line[1]) @ left > 0 else line[::-1]
    return np.asarray(0.92 * end + 0.08 * other)


def _active_side(line: Matrix, slope: Vector, size: Vector) -> Matrix:
    """A short stroke from the middle of the line towards growing u.x, in the box's own proportions."""
    across = slope * size**2
    length = 0.04 / max(float(np.linalg.norm(across / size)), 1e-300)
    middle = line.mean(axis=0)
    return np.array([middle, middle + across * length])
