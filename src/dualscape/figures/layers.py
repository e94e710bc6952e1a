"""A picture as data: axes, layers of coordinates, and a caption that says what to see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import DualscapeError

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

RED = "#c92a2a"  # isolated points
BLUE = "#1864ab"  # continua; units with s = +1
GREEN = "#2b8a3e"  # units with s = -1
ORANGE = "#d9660b"  # what is compared with: the zonotope B, the band of predictors
PURPLE = "#862e9c"  # the first of two classes, beside red
GREY = "#868e96"
INK = "#212529"
NU = "\N{GREEK SMALL LETTER NU}"


class DoesNotApplyError(DualscapeError):
    """The figure does not exist for this problem; the message says why."""


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: what it measures.
        ticks: (position, text) pairs instead of numbers; a text may have several lines.
        limits: (low, high); None to fit the layers.
        log: logarithmic.
        hidden: no ticks and no line.
    """

    label: str = ""
    ticks: tuple[tuple[float, str], ...] | None = None
    limits: tuple[float, float] | None = None
    log: bool = False
    hidden: bool = False


@dataclass(frozen=True, eq=False)
class Points:
    """Marks at the rows of `at` (k, 2 or 3).

    Attributes:
        at: positions.
        name: text in the legend; empty for none.
        colour: one colour, or (k,) values to be coloured by a scale with a bar called `scale`.
        size: diameter in pixels, one or (k,).
        symbol: "circle", "ring" (light inside), "diamond", "square", "cross" or "star".
        texts: (k,) text beside (in a ring: inside) each mark, or empty.
        hover: (k,) text under the pointer, or empty.
        limits: the values in `colour` at the two ends of the scale; None to fit them.
        scale: what the values in `colour` measure; empty for no colour bar.
    """

    at: Matrix
    name: str = ""
    colour: str | Vector = INK
    size: float | Vector = 8.0
    symbol: str = "circle"
    texts: tuple[str, ...] = ()
    hover: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None
    scale: str = ""


@dataclass(frozen=True, eq=False)
class Lines:
    """Polylines, each (k, 2 or 3), drawn alike.

    Attributes:
        pieces: the polylines.
        name: text in the legend; empty for none.
        colour: their colour.
        width: in pixels.
        dash: "solid", "dash" or "dot".
        opacity: 0 to 1.
    """

    pieces: tuple[Matrix, ...]
    name: str = ""
    colour: str = INK
    width: float = 2.0
    dash: str = "solid"
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Area:
    """A filled closed outline (k, 2) in the plane."""

    outline: Matrix
    name: str = ""
    colour: str = BLUE
    opacity: float = 0.25


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles (t, 3) between points (v, 3) in space."""

    points: Matrix
    triangles: NDArray[np.intp]
    name: str = ""
    colour: str = BLUE
    opacity: float = 0.35


@dataclass(frozen=True, eq=False)
class Field:
    """Values (len(ys), len(xs)) on a grid in the plane, as colours.

    Attributes:
        xs, ys: the grid.
        values: one per grid point.
        scale: what the values measure.
        limits: the values at the two ends of the scale; None to fit them.
    """

    xs: Vector
    ys: Vector
    values: Matrix
    scale: str = ""
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Labels:
    """Texts at the rows of `at` (k, 2 or 3)."""

    at: Matrix
    texts: tuple[str, ...]
    colour: str = INK
    size: float = 12.0


Layer = Points | Lines | Area | Surface | Field | Labels


@dataclass(frozen=True)
class Frame:
    """One moment of a picture that moves.

    Attributes:
        title: when it is.
        layers: what is drawn then above the layers of the picture; of the same kinds in every frame.
    """

    title: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Picture:
    """A picture ready to be drawn, by whatever can draw.

    Attributes:
        name: short identifier, also of files.
        title: what is shown.
        caption: what to see in it, in plain words with the actual numbers.
        axes: two or three of them.
        layers: drawn in order.
        frames: moments of a picture that moves: on a page one after the other, on paper some of them side by side.
        equal: one unit is equally long on all axes.
        height: in pixels.
    """

    name: str
    title: str
    caption: str
    axes: tuple[Axis, ...]
    layers: tuple[Layer, ...]
    equal: bool = False
    height: int = 480
    frames: tuple[Frame, ...] = ()

    @property
    def dimension(self) -> int:
        """2 for the plane, 3 for space."""
        return len(self.axes)

    def arrays(self) -> Sequence[Matrix]:
        """All coordinates of points, lines, areas, surfaces and labels."""
        found: list[Matrix] = []
        for layer in (*self.layers, *(layer for frame in self.frames for layer in frame.layers)):
            match layer:
                case Points() | Labels():
                    found.append(layer.at)
                case Lines():
                    found.extend(layer.pieces)
                case Area():
                    found.append(layer.outline)
                case Surface():
                    found.append(layer.points)
                case Field():
                    found.append(np.array([[layer.xs[0], layer.ys[0]], [layer.xs[-1], layer.ys[-1]]]))
        return found
