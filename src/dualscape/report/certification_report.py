"""The report of a network: one self-contained HTML page."""

import html
from collections.abc import Callable, Sequence

from dualscape import figures
from dualscape.figures.scene import Scene
from dualscape.prediction.certify import Certification
from dualscape.report.certification_words import neuron_head, neuron_rows, sentences
from dualscape.report.page import page
from dualscape.report.report import figure_element, gallery, missing_figures
from dualscape.report.sections import grid
from dualscape.report.words import words
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread

MOST_ROWS = 200
HEADLINES = {
    "global": "Globally optimal",
    "not global": "Not optimal",
    "bounded": "Bounded",
    "none": "No certificate",
}


@interruptible()
@one_blas_thread()
def render_certification(found: Certification, *, notes: Sequence[str] = (), title: str = "A trained network") -> str:
    """The text of the page.

    Args:
        found: the certification.
        notes: sentences about the network and the data.
        title: heading of the page.
    """
    kind = "global" if found.verdict == "global" else "bounded"
    drawn, missing = gallery(_wanted(found))
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f'<div class="verdict {kind}"><strong>{HEADLINES[found.verdict]}</strong>{html.escape(found.explain())}</div>',
        f"<p>{html.escape(found.problem.title)}, beta = {found.problem.beta:.6g}. What is minimised: "
        f"{html.escape(found.problem.objective_in_words)}.</p>",
        *(f"<p>{html.escape(note)}</p>" for note in dict.fromkeys(notes)),
        *(f"<p>{html.escape(sentence)}</p>" for sentence in sentences(found)),
        words("gap", "objective", "unit neuron"),
        "<h2>The way down</h2>" if drawn else "",
        '<noscript><p class="warning">The figures need JavaScript; the numbers do not.</p></noscript>' if drawn else "",
        *map(figure_element, drawn),
        missing_figures(missing),
        f"<h2>{found.problem.architecture.part.capitalize()}s</h2>",
        grid(neuron_head(found), neuron_rows(found, MOST_ROWS)),
    ]
    return page(html.escape(title), "\n".join(filter(None, body)))


def _wanted(found: Certification) -> list[Callable[[], Scene]]:
    path = found.path
    if path is None:
        return []
    return [
        lambda: figures.network_path_objective(path),
        lambda: figures.network_path_masses(path),
        lambda: figures.network_path_neurons(path),
        lambda: figures.network_path_functions(path),
    ]
