"""What is shown of a path of networks, or of why there is none: JSON, terminal, page."""

import html
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from dualscape import __version__, figures
from dualscape.figures.scene import Scene
from dualscape.landscape.paths.connect import Disconnected
from dualscape.landscape.paths.path import Path
from dualscape.model.network import Network
from dualscape.prediction.models.trained import gates_of
from dualscape.prediction.predictor import SCHEMA
from dualscape.report.page import page
from dualscape.report.report import figure_element, gallery, missing_figures
from dualscape.report.sections import grid

#: Corners that are shown at most; the JSON has all.
MOST_ROWS = 25
HEAD = ("time", "objective", "neurons")


def path_headline(found: Path | Disconnected) -> str:
    """The result in a line or two."""
    if isinstance(found, Disconnected):
        return f"{'No path' if found.decided else 'Not decided'}: {found.reason}."
    count = "1 piece" if len(found.pieces) == 1 else f"{len(found.pieces)} pieces"
    return (
        f"A path of width {found.width} in {count} that {found.note}. Objective from {found.objectives[0]:.12g} to "
        f"{found.objectives[-1]:.12g}, nowhere above {found.max_objective:.12g}."
        if not found.note.startswith("every")
        else f"A path of width {found.width} in {count} on which {found.note}: objective {found.max_objective:.12g}."
    )


def network_path_to_dict(found: Path | Disconnected, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The path as plain numbers; docs/json.md says what each key means.

    >>> from dualscape.model.problem import Problem
    >>> problem = Problem([[1.0]], [1.0], beta=0.1, bias="none")
    >>> path = Path(problem, (Network([[1.0]], [1.0], [0.4]), Network([[1.0]], [1.0], [0.9])))
    >>> content = network_path_to_dict(path)
    >>> content["path"]["falls"], content["path"]["times"]
    (True, [0.0, 1.0])
    """
    shared: dict[str, Any] = {"schema": SCHEMA, "version": __version__, "notes": list(notes)}
    if isinstance(found, Disconnected):
        names = ("width", "decided", "reason", "components", "isolated", "connects_at")
        values = {name: getattr(found, name) for name in names}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return shared | {"path": None, "disconnected": values}
    checked = found.verify()
    return shared | {
        "path": {
            "width": found.width,
            "pieces": len(found.pieces),
            "times": found.times.tolist(),
            "objectives": found.objectives.tolist(),
            "max_objective": found.max_objective,
            "barrier": found.barrier,
            "climb": found.climb,
            "falls": found.falls,
            "constant": found.constant,
            "weight_decay": found.weight_decay,
            "note": found.note,
            "verification": {"ok": checked.ok, "reason": checked.reason, "jump": checked.jump, "bend": checked.bend},
            "start": _network(found.start),
            "end": _network(found.end),
        },
        "disconnected": None,
    }


def _network(network: Network) -> dict[str, Any]:
    names = ("directions", "signs", "masses", "imbalance", "free_weights")
    outputs, gates = {} if network.outputs is None else {"outputs": network.outputs.tolist()}, gates_of(network)
    if gates is not None:
        outputs["gates"] = gates.tolist()
    return outputs | {name: getattr(network, name).tolist() for name in names}


def show_network_path(found: Path | Disconnected, notes: tuple[str, ...]) -> None:
    """The path in words."""
    console = Console(highlight=False)
    for note in notes:
        console.print(Text(f"note: {note}", style="yellow"))
    good = isinstance(found, Path) and (found.falls or found.constant)
    console.print(Text(path_headline(found), style="bold green" if good else "bold yellow"))
    if isinstance(found, Path):
        console.print(Text(f"Checked: {found.verify().reason}."))


def render_network_path(
    found: Path | Disconnected, notes: tuple[str, ...] = (), title: str = "A path of networks"
) -> str:
    """The text of the page."""
    good = isinstance(found, Path) and (found.falls or found.constant)
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f'<div class="verdict {"global" if good else "bounded"}">{html.escape(path_headline(found))}</div>',
        *(f"<p>{html.escape(note)}</p>" for note in notes),
    ]
    if isinstance(found, Path):
        body += [f"<p>{html.escape(found.problem.title)}. Checked: {html.escape(found.verify().reason)}.</p>"]
        drawn, missing = gallery(_wanted(found))
        body += ["<h2>Figures</h2>"]
        body += ['<noscript><p class="warning">The figures need JavaScript; the numbers do not.</p></noscript>']
        body += [*map(figure_element, drawn), missing_figures(missing)]
        body += ["<h2>Corners</h2>", grid(HEAD, _rows(found))]
    return page(html.escape(title), "\n".join(body))


def _wanted(path: Path) -> list[Callable[[], Scene]]:
    return [
        lambda: figures.network_path_objective(path),
        lambda: figures.network_path_masses(path),
        lambda: figures.network_path_neurons(path),
        lambda: figures.network_path_functions(path),
        lambda: figures.network_path_curves(path),
        lambda: figures.network_path_plane(path),
    ]


def _rows(path: Path) -> list[tuple[str, ...]]:
    shown = np.unique(np.linspace(0, len(path.corners) - 1, MOST_ROWS).round().astype(int))
    return [
        (f"{path.times[k]:.4g}", f"{path.objectives[k]:.12g}", str(int((path.corners[k].masses > 0).sum())))
        for k in shown.tolist()
    ]
