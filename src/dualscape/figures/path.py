"""A solution path: objective, masses and number of neurons against the weight decay."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dualscape.figures.layers import BLUE, GREEN, GREY, ORANGE, RED, Axis, DoesNotApplyError, Layer, Lines, Points
from dualscape.figures.numbers import ends, plural
from dualscape.figures.scene import Scene
from dualscape.landscape.path_draft import SolutionPath
from dualscape.landscape.path_point import PathPoint
from dualscape.model.network import Network

Matrix = NDArray[np.float64]
BETA = "weight decay \N{GREEK SMALL LETTER BETA}"
#: Units of neighbouring points are drawn as one if they are no further apart than this.
SAME = 0.5


def path_objective(path: SolutionPath) -> Scene:
    """The objective, and what it is made of: the loss and the penalty."""
    points = _several(path)
    penalty = path.betas * path.masses
    rows = (
        ("objective", BLUE, path.objectives),
        ("loss", ORANGE, path.objectives - penalty),
        ("penalty: beta times the masses", GREEN, penalty),
    )
    layers: list[Layer] = [
        Lines((np.column_stack([path.betas, values]),), name, colour, 2.0) for name, colour, values in rows
    ]
    verdicts = [point.solution.certificate.verdict for point in points]
    hover = tuple(map(repr, points))
    for verdict, name, symbol in (
        ("global", "certified", "circle"),
        ("bounded", "bounded", "diamond"),
        ("none", "searched only", "cross"),
    ):
        which = [j for j, found in enumerate(verdicts) if found == verdict]
        if which:
            at = np.column_stack([path.betas[which], path.objectives[which]])
            layers.append(Points(at, name, BLUE, 5.0, symbol, (), tuple(hover[j] for j in which)))
    caption = (
        f"The objective at {plural(len(points), 'weight decay')}, {path.certified} of them certified optima. It is a "
        "concave function that rises with beta; its slope is the sum of the masses."
    )
    return _scene("path-objective", "The solution path: objective", caption, "objective", layers)


def path_masses(path: SolutionPath) -> Scene:
    """The mass of every unit of the networks of the path, those of one sign upwards and of the other downwards."""
    points = _several(path)
    traces = _traces(points)
    if not traces:
        raise DoesNotApplyError("The zero network is optimal along the whole path, so there are no masses to draw.")
    layers: list[Layer] = []
    several = path.problem.c > 1
    sides = ((1.0, BLUE, "mass of a unit with sign +"), (-1.0, GREEN, "the same with sign -"))
    for sign, colour, name in ((1.0, BLUE, "mass of a unit"),) if several else sides:
        pieces = tuple(trace * [1.0, sign] for side, trace in traces if side == sign)
        if pieces:
            layers.append(Lines(pieces, name, colour, 1.5))
    layers += _marks(path)
    caption = (
        f"Each line is one unit neuron, {plural(len(traces), 'line')} in all: how its mass changes with beta in the "
        f"network found{'' if several else ', upwards where its sign is + and downwards where it is -'}. Lines that "
        "begin or end at 0 are units that enter or leave; lines of neighbouring betas are joined where the directions "
        "are near."
    )
    label = "mass" if several else "sign times mass"
    return _scene("path-masses", "The solution path: masses", caption + _events_said(path), label, layers)


def path_neurons(path: SolutionPath) -> Scene:
    """The number of neurons: of the network found, the least possible, the optimal units, and the dimension."""
    points = _several(path)
    rows = (
        ("neurons of the network found", GREY, [float(point.neurons) for point in points], "solid"),
        ("optimal units k", ORANGE, [_number(point.k) for point in points], "dot"),
        ("fewest neurons m*", BLUE, [_number(point.m_star) for point in points], "solid"),
        ("dimension of the optimal set", RED, [_number(point.dimension) for point in points], "dash"),
    )
    layers: list[Layer] = []
    for name, colour, values, dash in rows:
        pieces = _known(path.betas, np.array(values))
        if pieces:
            layers.append(Lines(pieces, name, colour, 2.0, dash))
    layers += _marks(path)
    caption = (
        "How many neurons the optima have along the path. Where only bounds of a number are known the lower one is "
        "drawn, and what is not known is left out. Where the dimension is above 0 the optimal set is no point."
    )
    return _scene("path-neurons", "The solution path: neurons", caption + _events_said(path), "number", layers)


# --- parts ------------------------------------------------------------------------------------------------
def _several(path: SolutionPath) -> tuple[PathPoint, ...]:
    if len(path.points) < 2:
        raise DoesNotApplyError(f"The path has {plural(len(path.points), 'point')}, and a line needs two.")
    return path.points


def _scene(name: str, title: str, caption: str, label: str, layers: list[Layer]) -> Scene:
    return Scene(name, title, caption, (Axis(BETA, log=True), Axis(label)), tuple(layers), height=420)


def _number(value: int | tuple[int, int] | None) -> float:
    return np.nan if value is None else float(ends(value)[0])


def _known(betas: Matrix, values: Matrix) -> tuple[Matrix, ...]:
    """The stretches of the line that are known, at least two points each."""
    known = np.flatnonzero(np.isfinite(values))
    parts = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return tuple(np.column_stack([betas[part], values[part]]) for part in parts if len(part) > 1)


def _marks(path: SolutionPath) -> list[Layer]:
    """Events, on the axis."""
    if not path.events:
        return []
    at = np.array([[event.beta, 0.0] for event in path.events])
    hover = tuple(f"beta = {event.beta:.7g}: {event.explain()}" for event in path.events)
    return [Points(at, "event", RED, 6.0, "diamond", (), hover)]


def _events_said(path: SolutionPath) -> str:
    return f" Marks on the axis are the {plural(len(path.events), 'event')} that were located." if path.events else ""


def _traces(points: tuple[PathPoint, ...]) -> list[tuple[float, Matrix]]:
    """(sign, (q, 2) of beta and mass) of each unit as long as it can be followed from point to point."""
    done: list[tuple[float, list[tuple[float, float]]]] = []
    open_: list[int] = []
    networks = [point.solution.network.prune() for point in points]
    for at, (point, network) in enumerate(zip(points, networks, strict=True)):
        before, latest = (networks[at - 1], points[at - 1].beta) if at else (None, 0.0)
        followed = _followed(before, network) if before is not None else {}
        now: list[int] = []
        for j in range(network.width):
            if j in followed:
                trace = open_[followed[j]]
            else:
                trace = len(done)
                done.append((float(network.signs[j]), [(latest, 0.0)] if at else []))
            done[trace][1].append((point.beta, float(network.masses[j])))
            now.append(trace)
        for trace in set(open_) - set(now):
            done[trace][1].append((point.beta, 0.0))
        open_ = now
    return [(sign, np.array(trace)) for sign, trace in done if len(trace) > 1]


def _followed(before: Network, network: Network) -> dict[int, int]:
    """Which unit of the network before each unit is, as far as one is near."""
    if before.width == 0 or network.width == 0:
        return {}
    gaps = network.architecture.gaps(network.units, before.units)
    rows, columns = linear_sum_assignment(np.minimum(gaps, 2 * SAME))
    return {int(j): int(i) for j, i in zip(rows, columns, strict=True) if gaps[j, i] <= SAME}
