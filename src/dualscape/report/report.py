"""The report: one self-contained HTML page that says what was proven, and shows it."""

import html
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from dualscape import figures
from dualscape.data.tables import Table
from dualscape.errors import expect
from dualscape.figures.layers import DoesNotApplyError
from dualscape.figures.plotly_renderer import element
from dualscape.figures.scene import Scene
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.near_staircase import NearStaircase
from dualscape.landscape.staircase import Staircase
from dualscape.landscape.three_layer_set import ThreeLayerSet
from dualscape.report.hints import Judgement, judge
from dualscape.report.page import page
from dualscape.report.sections import key_numbers, near_table, staircase_table, units_table, verdict
from dualscape.report.words import words
from dualscape.running.files import write_whole
from dualscape.running.interruption import check, interrupted, interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.solver.solution import Solution


def write_report(
    path: str | os.PathLike[str],
    solution: Solution,
    optimal_set: OptimalSet | None = None,
    staircase: Staircase | None = None,
    *,
    notes: Sequence[str] = (),
    title: str | None = None,
    table: Table | None = None,
) -> None:
    """Write the page; nothing is left behind, and an older page is kept, when that fails.

    Args:
        path: the HTML file.
        solution: the solved problem.
        optimal_set: its optimal set; None when the verdict is not "global".
        staircase: the staircase of the optimal set; None when there is none.
        notes: sentences about the data, shown under the verdict.
        title: heading of the page.
        table: where the data come from: what was standardised, and what the classes are called.

    Raises:
        InputError: the file cannot be written.

    >>> import tempfile
    >>> from dualscape.model.problem import Problem
    >>> from dualscape.solver import solve
    >>> solution = solve(Problem([[-1.0], [0.0], [2.0]], [1.0, 0.0, 1.0], beta=0.1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(Path(folder) / "report.html", solution, title="Three points")
    ...     len(list(Path(folder).iterdir()))
    1
    """
    text = render(solution, optimal_set, staircase, notes=notes, title=title, table=table)
    write_whole(Path(path), text)


@interruptible()
@one_blas_thread()
def render(
    solution: Solution,
    optimal_set: OptimalSet | None = None,
    staircase: Staircase | None = None,
    *,
    notes: Sequence[str] = (),
    title: str | None = None,
    table: Table | None = None,
    judgement: Judgement | None = None,
    near: NearStaircase | None = None,
    epsilon: float | None = None,
    three_layers: ThreeLayerSet | None = None,
) -> str:
    """The text of the page.

    Args:
        solution, optimal_set, staircase, notes, title, table: as for `write_report`.
        judgement: the fit and the hints, where they are known already.
        near: how near-optimal networks are connected.
        epsilon: the height above the optimum at which that is said in numbers.
        three_layers: the optimal networks where they have three layers.
    """
    expect(solution, Solution, "write_report", Problem="solve(problem)", OptimalSet="solve(problem)")
    if optimal_set is not None:
        expect(optimal_set, OptimalSet, "write_report", Staircase="it as staircase=...")
    certified = solution.certificate.verdict == "global"
    default = (
        "All optimal networks of a training problem" if certified else "A trained network and what is proven of it"
    )
    heading = html.escape(title or default)
    drawn, missing = gallery(_wanted(solution, optimal_set, staircase, table, near, epsilon))
    judgement = judgement or judge(solution, None if table is None else table.scaling)
    warnings = optimal_set.warnings if optimal_set is not None else ()
    body = [
        f"<h1>{heading}</h1>",
        verdict(solution),
        f"<p>{html.escape(judgement.fit.explain())}</p>",
        *(f'<p class="hint">Hint: {html.escape(hint)}.</p>' for hint in judgement.hints),
        *(f'<p class="warning">Warning: {html.escape(warning)}.</p>' for warning in warnings),
        *(
            f"<p>{html.escape(note)}</p>"
            for note in dict.fromkeys((solution.stopped.note, *notes))
            if note and note not in warnings
        ),
        words("gap", "objective"),
        "<h2>Key numbers</h2>",
        key_numbers(solution, optimal_set, staircase),
        words("unit neuron", "slack", "irreducible", "guaranteed") if optimal_set is not None else "",
        "" if three_layers is None else f"<p>{html.escape(three_layers.describe())}</p>",
        staircase_table(staircase, solution.problem.architecture.among),
        near_table(near, epsilon),
        units_table(solution, optimal_set),
        "<h2>Figures</h2>",
        '<noscript><p class="warning">The figures need JavaScript; the numbers above do not.</p></noscript>',
        *(figure_element(scene) for scene in drawn),
        missing_figures(missing),
    ]
    return page(heading, "\n".join(part for part in body if part))


# --- figures ------------------------------------------------------------------------------------------
def _wanted(
    solution: Solution,
    optimal_set: OptimalSet | None,
    staircase: Staircase | None,
    table: Table | None,
    near: NearStaircase | None,
    epsilon: float | None,
) -> Iterator[Callable[[], Scene]]:
    if staircase is not None:
        yield lambda: figures.staircase(staircase)
        yield lambda: figures.merge_tree(staircase)
    if near is not None:
        yield lambda: figures.near_staircase(near, epsilon)
    if solution.problem.c > 1:
        yield lambda: figures.outputs(solution, optimal_set, () if table is None else table.target_names)
        if solution.problem.X.shape == (2, 2):
            yield lambda: figures.factorisations(solution)
    yield lambda: figures.units(solution, optimal_set, table)
    if solution.problem.features_per_neuron == 1:
        yield lambda: figures.shapes(solution, optimal_set, table)
    if optimal_set is not None and solution.problem.loss.constraint and solution.problem.design.p == 1:
        yield lambda: figures.interpolators(optimal_set, table, beside=figures.with_affine_skip(optimal_set))
    elif optimal_set is not None:
        yield lambda: figures.spread(optimal_set, table)
    yield lambda: figures.rectified_ellipsoid(solution, optimal_set)
    yield lambda: figures.zonotopes(solution, optimal_set)
    if optimal_set is not None:
        yield lambda: figures.polytope(optimal_set)
    yield lambda: figures.convergence(solution)


def gallery(wanted: Iterable[Callable[[], Scene]]) -> tuple[list[Scene], list[str]]:
    """Figures that apply, and one line for each that does not."""
    drawn: list[Scene] = []
    missing: list[str] = []
    for figure in wanted:
        try:
            check()
            drawn.append(figure())
        except DoesNotApplyError as reason:
            missing.append(str(reason))
        except KeyboardInterrupt:
            if not interrupted():
                raise
            missing.append("Some figures were left out because the program was interrupted.")
    return drawn, missing


def figure_element(scene: Scene) -> str:
    """A scene with its title and caption, as HTML."""
    return (
        f"<figure>\n<h3>{html.escape(scene.title)}</h3>\n{element(scene)}\n"
        f"<figcaption>{html.escape(scene.caption)}</figcaption>\n{_figure_words(scene)}</figure>"
    )


def _figure_words(scene: Scene) -> str:
    return words("zonotope") + "\n" if "zonotope" in scene.caption.lower() + scene.title.lower() else ""


def missing_figures(reasons: list[str]) -> str:
    """Why figures are left out, as HTML."""
    if not reasons:
        return ""
    lines = "".join(f"<li>{html.escape(reason)}</li>" for reason in dict.fromkeys(reasons))
    return f'<h2>Figures that do not apply here</h2>\n<ul class="soft">{lines}</ul>'
