"""Scenes to plotly: as plain dictionaries (no import of plotly), as its Figure, or as a page on its own."""

import html
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.layers import GREY, INK, Area, Axis, Field, Frame, Labels, Layer, Lines, Picture, Points, Surface

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
SYMBOLS = {
    "circle": "circle",
    "ring": "circle",
    "diamond": "diamond",
    "square": "square",
    "cross": "x",
    "star": "star",
}
SYMBOLS_3D = SYMBOLS | {"star": "diamond-open"}
# Equal steps in lightness, so that it also reads in grey (viridis, at nine of its points).
SCALE = [
    [i / 8, colour]
    for i, colour in enumerate(
        ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
    )
]
REMOVED = ("select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetCameraLastSave3d", "tableRotation")
#: Milliseconds that all frames of a picture take when it is played.
PLAYING = 6000
CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": list(REMOVED),
}


def figure_dict(scene: Picture) -> dict[str, Any]:
    """{"data": [...], "layout": {...}} as plotly.js takes it; only numbers, strings, lists and dictionaries."""
    still, layout = _all_traces(scene.layers, scene.dimension), _layout(scene)
    if not scene.frames:
        return {"data": still, "layout": layout}
    moments = [_all_traces(frame.layers, scene.dimension) for frame in scene.frames]
    moving = list(range(len(still), len(still) + len(moments[0])))
    frames = [{"name": str(k), "data": data, "traces": moving} for k, data in enumerate(moments)]
    return {"data": still + moments[0], "layout": layout | _controls(scene.frames), "frames": frames}


def _all_traces(layers: tuple[Layer, ...], dimension: int) -> list[dict[str, Any]]:
    return [trace for layer in layers for trace in _traces(layer, dimension)]


def _controls(frames: tuple[Frame, ...]) -> dict[str, Any]:
    """A button that plays the frames, one that stops, and a slider."""
    still: dict[str, Any] = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": True},
        "transition": {"duration": 0},
    }
    play = still | {"fromcurrent": True, "frame": {"duration": PLAYING // len(frames), "redraw": True}}
    buttons = [
        {"label": "Play", "method": "animate", "args": [None, play]},
        {"label": "Stop", "method": "animate", "args": [[None], still]},
    ]
    steps = [
        {"label": _text(frame.title), "method": "animate", "args": [[str(k)], still]} for k, frame in enumerate(frames)
    ]
    place: dict[str, Any] = {"x": 0, "y": -0.28, "xanchor": "left", "yanchor": "top"}
    slider: dict[str, Any] = {
        "steps": steps,
        "x": 0.24,
        "len": 0.76,
        "y": -0.2,
        "yanchor": "top",
        "ticklen": 0,
        "minorticklen": 0,
    }
    menu = {"type": "buttons", "direction": "left", "buttons": buttons, "showactive": False, **place}
    # The labels of all moments would lie on top of each other: only that of the present one is shown.
    now = {"prefix": "", "xanchor": "left", "font": {"color": INK, "size": 13}}
    slider |= {"currentvalue": now, "font": {"color": "rgba(0,0,0,0)", "size": 1}}
    return {"updatemenus": [menu], "sliders": [slider], "margin": {"l": 60, "r": 20, "t": 64, "b": 130}}


def to_figure(scene: Picture) -> "Figure":
    """A plotly Figure."""
    from plotly.graph_objects import Figure

    return Figure(figure_dict(scene))


def library() -> str:
    """The text of plotly.js from the installed wheel."""
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")


def to_json(value: Any) -> str:
    """JSON that is safe inside a <script> element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def element(scene: Picture) -> str:
    """HTML of one figure, for a page that has loaded the library."""
    name = html.escape(f"figure-{scene.name}", quote=True)
    label = html.escape(scene.title, quote=True)
    figure = figure_dict(scene)
    frames = f'.then(()=>Plotly.addFrames("{name}",{to_json(figure["frames"])}))' if scene.frames else ""
    return (
        f'<div id="{name}" class="plot" role="img" aria-label="{label}" style="height:{scene.height}px"></div>\n'
        f'<script>Plotly.newPlot("{name}",{to_json(figure["data"])},{to_json(figure["layout"])},{to_json(CONFIG)})'
        f"{frames}</script>"
    )


def page(scene: Picture) -> str:
    """A self-contained HTML page with one figure."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(scene.title)}</title>\n'
        f'<script>{library()}</script></head>\n<body style="font-family:{FONT}"><h1>{html.escape(scene.title)}</h1>\n'
        f"{element(scene)}\n<p>{html.escape(scene.caption)}</p></body></html>\n"
    )


# --- layers -------------------------------------------------------------------------------------------
def _text(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")


def _numbers(values: NDArray[Any]) -> list[Any]:
    """Seven significant digits are more than a screen shows, and keep the file small."""
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return list(array.ravel().tolist())
    return [float(f"{v:.7g}") if np.isfinite(v) else None for v in array.ravel()]


def _coordinates(at: NDArray[np.float64]) -> dict[str, list[Any]]:
    return {axis: _numbers(at[:, i]) for i, axis in enumerate("xyz"[: at.shape[1]])}


def _legend(name: str) -> dict[str, Any]:
    return {"name": _text(name), "showlegend": bool(name)}


def _traces(layer: Layer, dimension: int) -> list[dict[str, Any]]:
    match layer:
        case Points():
            return [_points(layer, dimension)]
        case Lines():
            return [_lines(layer, dimension)] if layer.pieces else []
        case Area():
            return [_area(layer)]
        case Surface():
            return [_surface(layer)]
        case Field():
            return [_field(layer)]
        case Labels():
            return [_labels(layer, dimension)]


def _scatter(dimension: int) -> str:
    return "scatter3d" if dimension == 3 else "scatter"


def _points(layer: Points, dimension: int) -> dict[str, Any]:
    size = layer.size if isinstance(layer.size, float | int) else _numbers(layer.size)
    marker: dict[str, Any] = {
        "size": size,
        "symbol": (SYMBOLS_3D if dimension == 3 else SYMBOLS)[layer.symbol],
        "line": {"width": 1, "color": "white"},
        "opacity": 1,
    }
    if isinstance(layer.colour, str):
        marker["color"] = layer.colour
    else:
        bar = {"title": {"text": _text(layer.scale), "side": "right"}, "thickness": 12, "outlinewidth": 0}
        marker |= {
            "color": _numbers(layer.colour),
            "colorscale": SCALE,
            "showscale": bool(layer.scale),
            "colorbar": bar,
        }
        marker |= _ends(layer.limits, "c") | {"line": {"width": 1, "color": INK}}
    if layer.symbol == "ring" and isinstance(layer.colour, str):
        marker |= {"line": {"width": 2.5, "color": layer.colour}, "color": _pale(layer.colour)}
    trace: dict[str, Any] = {"type": _scatter(dimension), "mode": "markers", "marker": marker, **_legend(layer.name)}
    trace |= _coordinates(layer.at)
    if layer.texts:
        trace |= {
            "mode": "markers+text",
            "text": [_text(t) for t in layer.texts],
            "textfont": {"size": 12, "color": INK},
        }
        trace["textposition"] = "middle center" if layer.symbol == "ring" else "middle right"
    if layer.hover:
        trace |= {"hovertext": [_text(t) for t in layer.hover], "hoverinfo": "text"}
    return trace


def _pale(colour: str, amount: float = 0.82) -> str:
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(c + (255 - c) * amount):02x}" for c in channels)


def _lines(layer: Lines, dimension: int) -> dict[str, Any]:
    gap = np.full((1, dimension), np.nan)
    joined = np.vstack([part for piece in layer.pieces for part in (piece, gap)][:-1])
    return {
        "type": _scatter(dimension),
        "mode": "lines",
        "line": {"color": layer.colour, "width": layer.width * (1.6 if dimension == 3 else 1), "dash": layer.dash},
        "opacity": layer.opacity,
        "hoverinfo": "skip",
        "connectgaps": False,
        **_legend(layer.name),
        **_coordinates(joined),
    }


def _area(layer: Area) -> dict[str, Any]:
    channels = ",".join(str(int(layer.colour[i : i + 2], 16)) for i in (1, 3, 5))
    return {
        "type": "scatter",
        "mode": "lines",
        "fill": "toself",
        "fillcolor": f"rgba({channels},{layer.opacity})",
        "line": {"width": 0, "color": layer.colour},
        "hoverinfo": "skip",
        **_legend(layer.name),
        **_coordinates(layer.outline),
    }


def _surface(layer: Surface) -> dict[str, Any]:
    corners = {axis: layer.triangles[:, i].tolist() for i, axis in enumerate("ijk")}
    return {
        "type": "mesh3d",
        "color": layer.colour,
        "opacity": layer.opacity,
        "flatshading": True,
        "lighting": {"ambient": 0.65, "diffuse": 0.5, "specular": 0.05},
        "hoverinfo": "skip",
        **corners,
        **_legend(layer.name),
        **_coordinates(layer.points),
    }


def _field(layer: Field) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "x": _numbers(layer.xs),
        "y": _numbers(layer.ys),
        "z": [_numbers(row) for row in layer.values],
        "colorbar": {"title": {"text": _text(layer.scale), "side": "right"}, "thickness": 12, "outlinewidth": 0},
        "zsmooth": "best",
        "colorscale": SCALE,
        **_ends(layer.limits, "z"),
    }


def _ends(limits: tuple[float, float] | None, letter: str) -> dict[str, float]:
    return {} if limits is None else {f"{letter}min": limits[0], f"{letter}max": limits[1]}


def _labels(layer: Labels, dimension: int) -> dict[str, Any]:
    return {
        "type": _scatter(dimension),
        "mode": "text",
        "text": [_text(t) for t in layer.texts],
        "textfont": {"size": layer.size, "color": layer.colour},
        "hoverinfo": "skip",
        "showlegend": False,
        **_coordinates(layer.at),
    }


# --- layout -------------------------------------------------------------------------------------------
def _layout(scene: Picture) -> dict[str, Any]:
    axes = {f"{letter}axis": _axis(axis) for letter, axis in zip("xyz", scene.axes, strict=False)}
    layout: dict[str, Any] = {
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 60, "r": 20, "t": 64, "b": 60},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "height": scene.height,
    }
    if scene.dimension == 3:
        layout["scene"] = axes | {
            "aspectmode": "data" if scene.equal else "cube",
            "camera": {"eye": {"x": 1.45, "y": 1.25, "z": 0.75}, "center": {"x": 0, "y": 0, "z": -0.12}},
        }
        layout["margin"] = {"l": 0, "r": 0, "t": 64, "b": 0}
        return layout
    if scene.equal:
        axes["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
        axes["xaxis"]["constrain"] = axes["yaxis"]["constrain"] = "domain"
    for axis in axes.values():
        axis["automargin"] = True
    return layout | axes


def _axis(axis: Axis) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "title": {"text": _text(axis.label)},
        "gridcolor": "#e9ecef",
        "zerolinecolor": "#ced4da",
        "linecolor": GREY,
    }
    if axis.ticks is not None:
        shown |= {
            "tickvals": [p for p, _ in axis.ticks],
            "ticktext": [_text(t) for _, t in axis.ticks],
            "zeroline": False,
        }
        shown["gridcolor"] = "#f1f3f5"
    if axis.limits is not None:
        shown["range"] = [float(np.log10(v)) if axis.log else float(v) for v in axis.limits]
    if axis.log:
        shown |= {"type": "log", "exponentformat": "power", "dtick": None}
    if axis.hidden:
        shown |= {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": ""}
    return shown
