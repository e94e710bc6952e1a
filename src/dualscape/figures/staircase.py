"""The staircase of connectivity, drawn from the real components."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.components import Filtration, Mark, filtration_of, marks
from dualscape.figures.layers import BLUE, GREY, INK, RED, Axis, DoesNotApplyError, Labels, Layer, Lines, Points
from dualscape.figures.numbers import compact, ends, grouped, plural
from dualscape.figures.scene import Scene
from dualscape.landscape.staircase import Row, Staircase

Matrix = NDArray[np.float64]
LIMIT, FEW = 32, 14  # marks per column, and when there are many columns
BOTTOM = -0.08  # lower end of the axis on which marks lie between 0 and 1
LABEL, MARGINS = 85, 160  # pixels for the numbers above the marks, and for legend and ticks
MANY = 9  # columns from which on numbers above them are shortened


def staircase(staircase: Staircase) -> Scene:
    """One column per width: red dots are isolated optima, blue rings continua, lines lead to what contains them."""
    if ends(staircase.M_star)[1] == 0:
        raise DoesNotApplyError("The zero network is the only optimal network, so the staircase has no steps.")
    if not staircase.rows:
        raise DoesNotApplyError("No optimal network is as narrow as the widths listed, so there are no steps to draw.")
    return _steps(staircase) if staircase.exact else _intervals(staircase)


# --- all components known -----------------------------------------------------------------------------
def _steps(staircase: Staircase) -> Scene:
    filtration = filtration_of(staircase.tree)
    limit = LIMIT if len(staircase.rows) <= MANY else FEW
    columns = {row.m: marks(filtration, row.m, limit) for row in staircase.rows}
    sizes = _sizes(columns)
    room = int(np.clip(max(_gaps(column, sizes).sum() for column in columns.values()), 180, 640))
    places = {mark: at for column in columns.values() for mark, at in _place(filtration, column, sizes, room)}
    height = room + LABEL + MARGINS
    top = _top(height)
    counts = _counts(staircase.rows, (1.04 + top) / 2)
    layers = [*_joins(columns, places), *_dots(places), *_rings(places, sizes), *counts, *_bound(staircase)]
    aggregated = any(len(mark.components) > 1 for mark in places)
    axes = (Axis("width m", _ticks(staircase), _reach(staircase)), Axis(hidden=True, limits=(BOTTOM, top)))
    return Scene(
        "staircase",
        "The staircase of connectivity",
        _caption(staircase, aggregated),
        axes,
        tuple(layers),
        height=height,
    )


def _top(height: int) -> float:
    """Upper end of the axis that leaves LABEL pixels above 1 for the numbers."""
    share = LABEL / (height - MARGINS)
    return (1 - share * BOTTOM) / (1 - share)


def _sizes(columns: dict[int, list[Mark]]) -> dict[Mark, float]:
    """Diameters in pixels; rings grow with the number of vertices, to at most what a column has room for."""
    every = [mark for column in columns.values() for mark in column]
    largest = float(np.clip(640 / len(columns), 24, 56))
    most = max(np.log2(mark.vertices) for mark in every) or 1.0
    return {
        mark: 10.0 if mark.isolated else 16 + (largest - 16) * float(np.log2(mark.vertices) / most) for mark in every
    }


def _gaps(column: list[Mark], sizes: dict[Mark, float]) -> NDArray[np.float64]:
    """Pixels from each mark to the next one up."""
    diameters = np.array([sizes[mark] for mark in column])
    return (diameters[1:] + diameters[:-1]) / 2 + 4


def _place(
    filtration: Filtration, column: list[Mark], sizes: dict[Mark, float], room: int
) -> Iterator[tuple[Mark, tuple[float, float]]]:
    """Marks of a column with their positions: near their members, and not on top of one another."""
    total = max(len(filtration.sizes) - 1, 1)
    position = {v: i / total for i, v in enumerate(filtration.order())}
    wanted = {mark: float(np.mean([position[v] for v in mark.members])) for mark in column}
    ordered = sorted(column, key=wanted.__getitem__)
    gaps = _gaps(ordered, sizes) / room
    if len(column) == 1:
        heights = np.array([0.5])
    else:
        heights = _spaced(np.array([wanted[mark] for mark in ordered]), gaps / max(gaps.sum(), 1.0))
    for mark, height in zip(ordered, heights, strict=True):
        yield mark, (float(mark.width), float(height))


def _spaced(wanted: NDArray[np.float64], gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Increasing positions within [0, 1] with at least these gaps: pushed up and then back down."""
    heights = wanted.copy()
    for i, gap in enumerate(gaps):
        heights[i + 1] = max(heights[i + 1], heights[i] + gap)
    heights[-1] = min(heights[-1], 1.0)
    for i in range(len(gaps) - 1, -1, -1):
        heights[i] = min(heights[i], heights[i + 1] - gaps[i])
    return heights


def _joins(columns: dict[int, list[Mark]], places: dict[Mark, tuple[float, float]]) -> list[Layer]:
    pieces: list[Matrix] = []
    for width, column in columns.items():
        home = {v: mark for mark in columns.get(width + 1, []) for v in mark.members}
        for mark in column:
            targets = dict.fromkeys(home[v] for v in mark.members if v in home)
            pieces += [np.array([places[mark], places[target]]) for target in targets]
    return [Lines(tuple(pieces), "lies in, one width further", GREY, 1.2, opacity=0.7)]


def _dots(places: dict[Mark, tuple[float, float]]) -> list[Layer]:
    chosen = [mark for mark in places if mark.isolated]
    if not chosen:
        return []
    at = np.array([places[mark] for mark in chosen])
    texts = tuple(f"x {len(mark.components)}" if len(mark.components) > 1 else "" for mark in chosen)
    hover = tuple(
        f"{plural(len(mark.components), 'network')} of exactly {mark.width} neurons:\nisolated, in each order of its "
        "neurons"
        for mark in chosen
    )
    return [Points(at, "isolated point", RED, 10.0, "circle", texts, hover)]


def _rings(places: dict[Mark, tuple[float, float]], sizes: dict[Mark, float]) -> list[Layer]:
    chosen = [mark for mark in places if not mark.isolated]
    if not chosen:
        return []
    at = np.array([places[mark] for mark in chosen])
    several = [len(mark.components) > 1 for mark in chosen]
    texts = tuple(
        f"x {len(mark.components):,}" if lump else f"{mark.vertices:,}"
        for mark, lump in zip(chosen, several, strict=True)
    )
    diameters = np.array([sizes[mark] for mark in chosen])
    hover = tuple(
        f"{plural(len(mark.components), 'connected component')} with more than one point:\n"
        f"{plural(mark.vertices, 'irreducible network')} inside"
        for mark in chosen
    )
    name = "continuum (number: irreducible networks in it)"
    return [Points(at, name, BLUE, diameters, "ring", texts, hover)]


def _counts(rows: tuple[Row, ...], height: float) -> list[Layer]:
    at = np.array([[row.m, height] for row in rows], dtype=float)
    texts = tuple(_count_text(row, len(rows) > MANY) for row in rows)
    return [Labels(at, texts, INK, 11.0 if len(rows) <= MANY else 9.0)]


def _count_text(row: Row, short: bool) -> str:
    if short:
        return compact(row.components, most=5)
    noun = "component" if row.components == 1 else "components"
    return f"{compact(row.components)}\n{noun},\n{compact(row.isolated)} isolated"


def _bound(staircase: Staircase) -> list[Layer]:
    """Beyond the last column nothing changes; the guaranteed width is marked there."""
    last, bound = staircase.rows[-1].m, ends(staircase.general_bound)[0]
    if bound <= last:
        return []
    line = np.array([[last + 0.25, 0.5], [last + 0.75, 0.5]])
    ring = Points(np.array([[last + 1.0, 0.5]]), "", GREY, 24.0, "ring", ("1",), (f"guaranteed from width {bound}",))
    return [Lines((line,), "", GREY, 1.5, "dot"), ring]


def _ticks(staircase: Staircase) -> tuple[tuple[float, str], ...]:
    notes = {row.m: [str(row.m)] for row in staircase.rows}
    bound = ends(staircase.general_bound)[0]
    for width, text in (
        (ends(staircase.m_star)[0], "m*"),
        (ends(staircase.M_star)[0], "M*"),
        (ends(staircase.connected_from)[0], "connected"),
        (bound, "guaranteed"),
    ):
        if width in notes:
            notes[width].append(text)
    last = staircase.rows[-1].m
    ticks = [(float(m), "\n".join(lines)) for m, lines in notes.items()]
    return (*ticks, (float(last + 1), f"{bound}\n\nguaranteed")) if bound > last else tuple(ticks)


def _reach(staircase: Staircase) -> tuple[float, float]:
    first, last = staircase.rows[0].m, staircase.rows[-1].m
    return first - 0.6, last + (1.6 if ends(staircase.general_bound)[0] > last else 0.6)


def _caption(staircase: Staircase, aggregated: bool) -> str:
    twins = f" and each of the {staircase.twins}^m choices between its units and their twins" * (staircase.twins > 1)
    text = (
        "Every column is the set of optimal networks of one width. The smallest of them have m* = "
        f"{plural(ends(staircase.m_star)[0], 'neuron')}; the last isolated ones, red, which no optimal path leaves, "
        f"have M* = {grouped(staircase.M_star)}; from width {grouped(staircase.connected_from)} on all optimal "
        f"networks are connected. The general guarantee {staircase.guarantee} is {grouped(staircase.general_bound)}. "
        "Marks count networks up to the order of their neurons; the numbers on top count components of the weights "
        f"themselves, where each of the m! orders of an isolated network{twins} is a component of its own."
    )
    if aggregated:
        text += (
            " Where a column has many components, those that lead to the same place share a mark that says how many "
            "they are."
        )
    return text


# --- only bounds known --------------------------------------------------------------------------------
def _intervals(staircase: Staircase) -> Scene:
    lines = (
        ("m*: fewest neurons", staircase.m_star, RED),
        ("M*: most neurons of an irreducible network", staircase.M_star, RED),
        ("connected from", staircase.connected_from, BLUE),
        (f"guaranteed: {staircase.guarantee}", staircase.general_bound, GREY),
    )
    layers: list[Layer] = []
    for row, (name, width, colour) in enumerate(lines):
        first, last = ends(width)
        assert last is not None
        at = np.array([[first, -row], [last, -row]], dtype=float)
        layers += [Lines((at,), "", colour, 6.0), Points(at, "", colour, 12.0, "square")]
        layers.append(Labels(np.array([[(first + last) / 2, 0.32 - row]]), (f"{name}: {grouped(width)}",), INK))
    why = (
        "Optimal units form a continuum" if staircase.continuous else "Not all irreducible optimal networks are listed"
    )
    caption = (
        f"{why}, so the steps are known only to lie in intervals: the "
        f"smallest optimal network needs {grouped(staircase.m_star)} neurons, the largest irreducible one "
        f"{grouped(staircase.M_star)}, and the least width from which on the optimal networks are connected is "
        f"{grouped(staircase.connected_from)}. A single square means that the number is exact."
    )
    reached = [float(at) for layer in layers if isinstance(layer, Points) for at in layer.at[:, 0]]
    low, high = min(reached), max(reached)
    margin = 0.5 * (high - low) + 1
    step = max(1, round((high - low) / 12))
    ticks = tuple((float(m), str(m)) for m in range(int(low), int(high) + 1, step))
    axes = (Axis("width m", ticks, (low - margin, high + margin)), Axis(hidden=True, limits=(-3.6, 0.8)))
    return Scene("staircase", "The staircase of connectivity, in bounds", caption, axes, tuple(layers), height=340)
