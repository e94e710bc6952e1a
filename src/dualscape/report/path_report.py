"""The report of a solution path: one self-contained HTML page."""

import html
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from dualscape import figures
from dualscape.errors import InputError, expect
from dualscape.figures.scene import Scene
from dualscape.landscape.path_draft import SolutionPath
from dualscape.report.page import page
from dualscape.report.path_words import EVENT_HEAD, POINT_HEAD, event_row, path_headline, point_row
from dualscape.report.report import figure_element, gallery, missing_figures
from dualscape.report.sections import grid
from dualscape.report.words import words
from dualscape.running.files import write_whole
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread


def write_path_report(
    path: str | os.PathLike[str], found: SolutionPath, *, notes: Sequence[str] = (), title: str | None = None
) -> None:
    """Write the page; nothing is left behind, and an older page is kept, when that fails.

    Args:
        path: the HTML file.
        found: the solution path.
        notes: sentences about the data.
        title: heading of the page.

    Raises:
        InputError: the path has no points, or the file cannot be written.
    """
    expect(found, SolutionPath, "write_path_report", Problem="solution_path(problem)")
    write_whole(Path(path), render_path(found, notes=notes, title=title))


@interruptible()
@one_blas_thread()
def render_path(path: SolutionPath, *, notes: Sequence[str] = (), title: str | None = None) -> str:
    """The text of the page."""
    if not path.points:
        raise InputError("the path has no points, so there is nothing to report; give it more time")
    kind = "global" if path.certified == len(path.points) else "bounded"
    headline = "Certified path" if kind == "global" else "Path that is not certified everywhere"
    drawn, missing = gallery(_wanted(path))
    events = [] if not path.events else ["<h2>Events</h2>", grid(EVENT_HEAD, map(event_row, path.events))]
    body = [
        f"<h1>{html.escape(title or 'The solution path of a training problem')}</h1>",
        f'<div class="verdict {kind}"><strong>{headline}</strong>{html.escape(path_headline(path))}</div>',
        f"<p>{html.escape(path.problem.title)}. {html.escape(path.checks.explain())}</p>",
        *(f"<p>{html.escape(note)}</p>" for note in dict.fromkeys((*notes, *path.notes))),
        words("gap", "objective", "unit neuron"),
        "<h2>Figures</h2>",
        '<noscript><p class="warning">The figures need JavaScript; the numbers below do not.</p></noscript>',
        *map(figure_element, drawn),
        missing_figures(missing),
        *events,
        "<h2>Points</h2>",
        grid(POINT_HEAD, map(point_row, path.points)),
    ]
    return page(html.escape(title or "The solution path of a training problem"), "\n".join(filter(None, body)))


def _wanted(path: SolutionPath) -> list[Callable[[], Scene]]:
    return [
        lambda: figures.path_objective(path),
        lambda: figures.path_masses(path),
        lambda: figures.path_neurons(path),
    ]
