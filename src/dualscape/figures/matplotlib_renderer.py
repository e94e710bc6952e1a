"""Scenes to matplotlib, for paper."""

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LightSource, to_rgb
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from dualscape.figures.layers import GREY, INK, Area, Axis, Field, Frame, Labels, Layer, Lines, Picture, Points, Surface

DPI = 100
PANELS = 4  # moments of a picture that moves
POINT = 72 / DPI  # points per pixel
MARKERS = {"circle": "o", "ring": "o", "diamond": "D", "square": "s", "cross": "X", "star": "*"}
DASHES = {"solid": "-", "dash": "--", "dot": ":"}


def to_figure(scene: Picture) -> Figure:
    """A static figure with the scene's title above and its legend below it."""
    figure = Figure(figsize=(8.6, scene.height / DPI + 0.6), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    shown = _moments(scene.frames)
    kind = {"projection": "3d"} if scene.dimension == 3 else {}
    panels: Any = figure.subplots(1, len(shown) or 1, squeeze=False, sharey=scene.dimension == 2, subplot_kw=kind)[0]
    for at, axes in enumerate(panels):
        moving = shown[at].layers if shown else ()
        for order, layer in enumerate((*scene.layers, *moving)):
            # One bar of colours serves all panels.
            _draw(figure if axes is panels[-1] else None, axes, layer, scene.dimension, order)
        _frame(axes, scene)
        if shown:
            axes.set_title(shown[at].title, fontsize=9, parse_math=False)
            axes.label_outer()
    if shown:
        figure.suptitle(scene.title, x=0.01, ha="left", fontsize=11, parse_math=False)
    else:
        panels[0].set_title(scene.title, loc="left", fontsize=11, parse_math=False)
    handles, labels = panels[-1].get_legend_handles_labels()
    if labels:
        legend = figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def _moments(frames: tuple[Frame, ...]) -> list[Frame]:
    """Some of the frames, the first and the last among them."""
    if not frames:
        return []
    return [frames[k] for k in np.unique(np.linspace(0, len(frames) - 1, PANELS).round().astype(int)).tolist()]


def _draw(figure: Figure | None, axes: Any, layer: Layer, dimension: int, order: int) -> None:
    match layer:
        case Points():
            _points(figure, axes, layer, dimension, order)
        case Lines():
            for i, piece in enumerate(layer.pieces):
                axes.plot(
                    *piece.T,
                    color=layer.colour,
                    lw=layer.width * POINT,
                    ls=DASHES[layer.dash],
                    alpha=layer.opacity,
                    label=layer.name if i == 0 and layer.name else None,
                    zorder=2 + 0.01 * order,
                )
        case Area():
            axes.fill(*layer.outline.T, color=layer.colour, alpha=layer.opacity, lw=0, label=layer.name or None)
        case Surface():
            _surface(axes, layer)
        case Field():
            _field(figure, axes, layer)
        case Labels():
            for at, text in zip(layer.at, layer.texts, strict=True):
                _write(axes, at, text, layer.colour, layer.size * POINT, "center")


def _write(axes: Any, at: Any, text: str, colour: str, size: float, align: str) -> None:
    axes.text(*at, text, color=colour, fontsize=size, ha=align, va="center", parse_math=False, zorder=9)


def _points(figure: Figure | None, axes: Any, layer: Points, dimension: int, order: int) -> None:
    ring = layer.symbol == "ring"
    by_value = not isinstance(layer.colour, str)
    face: Any = layer.colour
    if ring and isinstance(layer.colour, str):
        face = tuple(c + (1 - c) * 0.82 for c in to_rgb(layer.colour))
    marks = axes.scatter(
        *layer.at.T,
        s=(np.asarray(layer.size, dtype=float) * POINT) ** 2,
        marker=MARKERS[layer.symbol],
        c=face if by_value else [face],
        cmap="viridis" if by_value else None,
        vmin=layer.limits[0] if layer.limits else None,
        vmax=layer.limits[1] if layer.limits else None,
        edgecolors=layer.colour if ring else INK if by_value else "white",
        linewidths=1.6 if ring else 0.6,
        zorder=3 + 0.01 * order,
        **({"depthshade": False} if dimension == 3 else {}),
    )
    if layer.name:
        # The legend shows one mark of usual size, whatever the sizes and values.
        sample = INK if by_value else layer.colour
        edge = sample if ring else "white"
        style = {"marker": MARKERS[layer.symbol], "color": "none" if ring else sample, "edgecolors": edge}
        axes.scatter(*[[]] * dimension, s=40, label=layer.name, **style)
    if by_value and layer.scale and figure is not None:
        figure.colorbar(marks, ax=axes, shrink=0.8).set_label(layer.scale, parse_math=False)
    for at, text in zip(layer.at, layer.texts, strict=False):
        _write(axes, at, text if ring else f"   {text}", INK, 9, "center" if ring else "left")


def _surface(axes: Any, layer: Surface) -> None:
    corners = layer.points[layer.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    kept = lengths > 1e-12 * lengths.max(initial=1e-300)
    light = LightSource(60, 50).direction
    shade = 0.72 + 0.28 * np.abs(normals[kept] @ light / lengths[kept])
    colours = np.column_stack(
        [np.clip(shade[:, None] * to_rgb(layer.colour), 0, 1), np.full(kept.sum(), layer.opacity)]
    )
    axes.add_collection3d(Poly3DCollection(corners[kept], facecolors=colours, edgecolors="none"))
    axes.auto_scale_xyz(*layer.points.T)
    if layer.name:
        # Collections in space have no legend entry of their own.
        axes.plot([], [], [], "s", color=layer.colour, alpha=max(layer.opacity, 0.4), label=layer.name)


def _field(figure: Figure | None, axes: Any, layer: Field) -> None:
    low, high = layer.limits or (None, None)
    mesh = axes.pcolormesh(layer.xs, layer.ys, layer.values, shading="gouraud", zorder=0, vmin=low, vmax=high)
    if figure is not None:
        figure.colorbar(mesh, ax=axes, shrink=0.8).set_label(layer.scale, parse_math=False)


def _frame(axes: Any, scene: Picture) -> None:
    for letter, axis in zip("xyz", scene.axes, strict=False):
        _axis(axes, letter, axis)
    if scene.dimension == 2:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
    else:
        axes.view_init(22, 38)
    if scene.equal:
        axes.set_aspect("equal", adjustable="box")


def _axis(axes: Any, letter: str, axis: Axis) -> None:
    getattr(axes, f"set_{letter}label")(axis.label, parse_math=False)
    if axis.log:
        getattr(axes, f"set_{letter}scale")("log")
    if axis.limits is not None:
        getattr(axes, f"set_{letter}lim")(*axis.limits)
    if axis.ticks is not None:
        texts = [text for _, text in axis.ticks]
        getattr(axes, f"set_{letter}ticks")([p for p, _ in axis.ticks], texts, parse_math=False)
    if axis.hidden:
        getattr(axes, f"set_{letter}ticks")([])
        if not hasattr(axes, "zaxis"):
            axes.spines["left" if letter == "y" else "bottom"].set_visible(False)
    elif letter in "xy" and not hasattr(axes, "zaxis"):
        axes.grid(True, axis=letter, color=GREY, alpha=0.15)
