"""A path of networks: its objective, its neurons and its function as it runs."""

import numpy as np
from numpy.typing import NDArray

from dualscape.data.tables import Table
from dualscape.figures.inputs import drawable_inputs
from dualscape.figures.layers import (
    BLUE,
    GREEN,
    GREY,
    INK,
    RED,
    Axis,
    DoesNotApplyError,
    Field,
    Frame,
    Layer,
    Lines,
    Points,
)
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.landscape.paths.path import Path

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
TIME = Axis("time t along the path", limits=(0.0, 1.0))
#: Moments of a picture that moves; points between corners in pictures that stand still, over the whole path.
MOMENTS, SAMPLES = 41, 400
#: With more pieces than this the places where they meet are not marked: marks would hide the line.
MARKED = 60
NEURONS = "neurons"
SIGNS = ((1.0, BLUE, "neurons with sign +", "circle"), (-1.0, GREEN, "neurons with sign -", "diamond"))


def network_path_objective(path: Path) -> Scene:
    """The objective along the path, and its exact maximum."""
    t = times_of(path)
    values = np.array([path.objective(s) for s in t])
    most = path.max_objective
    layers: list[Layer] = [
        Lines((np.array([[0.0, most], [1.0, most]]),), f"exact maximum {most:.8g}", RED, 1.5, "dash"),
        Lines((np.column_stack([t, values]),), "objective", BLUE, 2.0),
    ]
    if len(path.pieces) <= MARKED:
        layers.append(Points(np.column_stack([path.times, path.objectives]), "where pieces meet", BLUE, 6.0))
    how = (
        "It is the same everywhere."
        if path.constant
        else "It never rises."
        if path.falls
        else f"It exceeds the greater of its ends by {path.barrier:.6g}."
    )
    caption = (
        f"The objective of the networks on a path of {plural(len(path.pieces), 'piece')} and width {path.width}. {how} "
        "On every piece it is convex, so that the maximum is where two meet and no sampling is needed for it."
    )
    # What is rounding must not fill the picture.
    spread = max(most - float(values.min()), 1e-3 * abs(most), 1e-12)
    axis = Axis("objective", limits=(most - 1.1 * spread, most + 0.15 * spread))
    title = "Objective along the path"
    return Scene("network-path-objective", title, caption, (TIME, axis), tuple(layers), height=420)


def network_path_masses(path: Path) -> Scene:
    """The signed mass of every slot along the path."""
    t = times_of(path)
    networks = [path.at(s) for s in t]
    if not any(network.masses.any() for network in networks):
        raise DoesNotApplyError("No network on the path has a neuron with mass, so there are no masses to draw.")
    signed, several = np.array([network.signs * network.masses for network in networks]), path.problem.c > 1
    layers: list[Layer] = []
    for sign, colour, name, _ in SIGNS:
        pieces = tuple(
            np.column_stack([t[part], signed[part, j]])
            for j in range(path.width)
            for part in _stretches(sign * signed[:, j] > 0)
        )
        if pieces:
            layers.append(Lines(pieces, NEURONS if several else name, colour, 1.5))
    how = "" if several else ", upwards where its sign is + and downwards where it is -"
    caption = (
        f"Each line is one of {plural(path.width, 'slot')}: its mass{how}. A slot takes another direction or "
        f"{'output' if several else 'sign'} only at mass 0, or turns as long as no row crosses its hyperplane."
    )
    axes = (TIME, Axis("mass" if several else "sign times mass"))
    return Scene("network-path-masses", "Masses along the path", caption, axes, tuple(layers), height=420)


def network_path_neurons(path: Path) -> Scene:
    """Directions and masses of all slots as the path runs: a picture that moves."""
    times = _moments(path)
    networks = [path.at(t) for t in times]
    vectors = [network.masses[:, None] * network.directions for network in networks]
    places, labels, shown = _projected(vectors, path.problem.design.coordinates)
    reach = float(np.abs(np.concatenate(places)).max())
    if not reach:
        raise DoesNotApplyError("No network on the path has a neuron with mass, so there are no neurons to draw.")
    frames, several = [], path.problem.c > 1
    there = [entry for entry in SIGNS if any((net.masses[net.signs == entry[0]] > 0).any() for net in networks)]
    for t, network, at in zip(times, networks, places, strict=True):
        layers: list[Layer] = []
        for sign, colour, name, symbol in there:
            mine, said = np.flatnonzero((network.signs == sign) & (network.masses > 0)), NEURONS if several else name
            rays = tuple(np.vstack([np.zeros(2), at[j]]) for j in mine)
            hover = tuple(f"slot {j}: mass {network.masses[j]:.6g}" for j in mine)
            layers += [
                Lines(rays or (np.zeros((1, 2)),), "", colour, 1.5),
                Points(at[mine].reshape(-1, 2), said, colour, 9.0, symbol, (), hover),
            ]
        frames.append(Frame(f"t = {t:.3f}", tuple(layers)))
    caption = (
        f"Each ray is one of {plural(path.width, 'slot')}: it points where the neuron does and is as long as its mass "
        f"is great. {shown}A neuron that changes its direction shrinks to 0 first."
    )
    limits = (-1.1 * reach, 1.1 * reach)
    axes = (Axis(labels[0], limits=limits), Axis(labels[1], limits=limits))
    still: tuple[Layer, ...] = (Points(np.zeros((1, 2)), "", GREY, 4.0),)
    title = "Neurons as the path runs"
    return Scene("network-path-neurons", title, caption, axes, still, True, 520, tuple(frames))


def network_path_functions(path: Path, table: Table | None = None) -> Scene:
    """The function of one or two features as the path runs: a picture that moves."""
    inputs = drawable_inputs(path.problem, table)
    times = _moments(path)
    low, high = inputs.box()
    flat = len(inputs.features) == 2
    xs = np.linspace(low[0], high[0], 41 if flat else 201)
    ys = np.linspace(low[1], high[1], 41) if flat else np.zeros(1)
    points = np.column_stack([axis.ravel() for axis in np.meshgrid(xs, ys)])[:, : len(inputs.features)]
    rows = inputs.rows(points)
    values = [path.at(t).fit(rows) for t in times]
    ends = float(min(map(np.min, values))), float(max(map(np.max, values)))
    if ends[0] == ends[1]:
        ends = ends[0] - 0.5, ends[1] + 0.5
    frames = []
    for t, value in zip(times, values, strict=True):
        moving: tuple[Layer, ...]
        if flat:
            moving = (
                Field(xs, ys, value.reshape(len(ys), len(xs)), inputs.output, ends),
                *inputs.marks(inputs.data, 6.0),
            )
        else:
            moving = (Lines((np.column_stack([xs, value]),), "the network", BLUE, 2.5),)
        frames.append(Frame(f"t = {t:.3f}", moving))
    title = "The function as the path runs"
    change = max(float(np.abs(path.problem.fit_of(path.at(t)) - path.problem.fit_of(path.start)).max()) for t in times)
    caption = (
        f"The prediction of the network at {plural(len(times), 'moment')} of the path. On the data it changes by at "
        f"most {change:.3g} from that of the start."
    )
    if flat:
        axes = tuple(Axis(label, limits=(low[i], high[i])) for i, label in enumerate(inputs.labels))
        return Scene("network-path-functions", title, caption, axes, (), False, 560, tuple(frames))
    y = path.problem.y
    below, above = min(ends[0], float(y.min())), max(ends[1], float(y.max()))
    room = 0.08 * (above - below)
    axes = (
        Axis(inputs.labels[0], limits=(float(low[0]), float(high[0]))),
        Axis(inputs.output, limits=(below - room, above + room)),
    )
    marks = inputs.marks(np.column_stack([inputs.data[:, 0], y]), 8.0)
    ends_drawn = tuple(
        Lines((np.column_stack([xs, values[k]]),), name, colour, 1.2, "dot")
        for k, name, colour in ((0, "start", GREY), (-1, "end", INK))
    )
    return Scene("network-path-functions", title, caption, axes, (*ends_drawn, *marks), False, 480, tuple(frames))


# --- parts ------------------------------------------------------------------------------------------------
def times_of(path: Path) -> Vector:
    """The corners of the path, and points between them."""
    each = max(2, SAMPLES // len(path.pieces))
    return np.unique(np.concatenate([path.times, np.linspace(0.0, 1.0, each * len(path.pieces) + 1)]))


def _moments(path: Path) -> Vector:
    return np.linspace(0.0, 1.0, MOMENTS)


def _stretches(held: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Runs of indices at which `held` is true, and the neighbours at which it ends."""
    runs = np.flatnonzero(held)
    if not len(runs):
        return []
    parts = np.split(runs, np.flatnonzero(np.diff(runs) > 1) + 1)
    return [np.arange(max(part[0] - 1, 0), min(part[-1] + 2, len(held))) for part in parts]


def _projected(vectors: list[Matrix], names: tuple[str, ...]) -> tuple[list[Matrix], tuple[str, str], str]:
    """Where vectors (m, d) lie in a plane, its two labels, and what was left out."""
    d = vectors[0].shape[1]
    if d <= 2:
        return (
            [np.pad(v, ((0, 0), (0, 2 - d))) for v in vectors],
            ("coordinate 0", "coordinate 1" if d == 2 else ""),
            "",
        )
    _, sizes, axes = np.linalg.svd(np.vstack(vectors), full_matrices=False)
    share = float((sizes[:2] ** 2).sum() / max((sizes**2).sum(), 1e-300))
    said = f"Of {d} coordinates the two are drawn in which neurons differ most ({100 * share:.3g} % of their squares). "
    return [v @ axes[:2].T for v in vectors], ("first principal direction", "second principal direction"), said
