"""The report: one self-contained HTML page that says what was proven, and shows it."""

import html
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from dualscape import figures
from dualscape.data.tables import Table
from dualscape.errors import expect
from dualscape.figures.layers import DoesNotApplyError
from dualscape.figures.numbers import grouped, plural
from dualscape.figures.plotly_renderer import element
from dualscape.figures.scene import Scene
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.staircase import Staircase
from dualscape.report.hints import Judgement, judge
from dualscape.report.page import page
from dualscape.report.words import words
from dualscape.running.files import write_whole
from dualscape.running.interruption import check, interrupted, interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.solver.solution import Solution

WIDE = 10  # coordinates up to which the table of units has a column for each
LARGEST = 5  # coordinates named per unit beyond that
ROWS = 200  # units listed at most

HEADLINES = {"global": "Globally optimal", "bounded": "Bounded", "none": "No certificate"}
LEFT_OUT = (
    "The set of all optimal networks, the staircase and the figures that show them need a certified global optimum, "
    "so they are left out here. What follows describes the network that was found."
)


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
) -> str:
    """The text of the page; `judgement` is the fit and the hints, where they are known already."""
    expect(solution, Solution, "write_report", Problem="solve(problem)", OptimalSet="solve(problem)")
    if optimal_set is not None:
        expect(optimal_set, OptimalSet, "write_report", Staircase="it as staircase=...")
    certified = solution.certificate.verdict == "global"
    default = (
        "All optimal networks of a training problem" if certified else "A trained network and what is proven of it"
    )
    heading = html.escape(title or default)
    drawn, missing = _gallery(solution, optimal_set, staircase, table)
    judgement = judgement or judge(solution, None if table is None else table.scaling)
    warnings = optimal_set.warnings if optimal_set is not None else ()
    body = [
        f"<h1>{heading}</h1>",
        _verdict(solution),
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
        _key_numbers(solution, optimal_set, staircase),
        words("unit neuron", "slack", "irreducible", "guaranteed") if optimal_set is not None else "",
        _staircase_section(staircase),
        _units_section(solution, optimal_set),
        "<h2>Figures</h2>",
        '<noscript><p class="warning">The figures need JavaScript; the numbers above do not.</p></noscript>',
        *(_figure(scene) for scene in drawn),
        _missing(missing),
    ]
    return page(heading, "\n".join(part for part in body if part))


# --- sections -----------------------------------------------------------------------------------------
def _verdict(solution: Solution) -> str:
    certificate = solution.certificate
    words = certificate.explain()
    headline = HEADLINES[certificate.verdict]
    rest = words.removeprefix(f"{headline}.").strip()
    left_out = "" if certificate.verdict == "global" else f"<p>{LEFT_OUT}</p>"
    return (
        f'<div class="verdict {certificate.verdict}"><strong>{headline}</strong>{html.escape(rest)}</div>\n{left_out}'
    )


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td class="number">{html.escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{cells}</table>"


def _key_numbers(solution: Solution, optimal_set: OptimalSet | None, staircase: Staircase | None) -> str:
    problem, certificate = solution.problem, solution.certificate
    tables = [
        [
            ("rows n", f"{problem.n:,}"),
            ("coordinates of a neuron d", f"{problem.d:,}"),
            ("bias", problem.bias),
            ("loss", problem.loss.title),
            ("weight decay β", f"{problem.beta:.10g}"),
        ],
        [
            ("objective", f"{certificate.primal:.12g}"),
            ("proven lower bound", f"{certificate.dual:.12g}" if np.isfinite(certificate.dual) else "none"),
            ("above the optimum, at most", certificate.excess_in_words),
            ("neurons of the network found", f"{solution.network.prune().width:,}"),
            ("solver", _solver(solution)),
        ],
    ]
    if optimal_set is not None:
        count = f"{len(optimal_set.known_vertices):,}"
        tables.append(
            [
                ("optimal unit neurons k", f"{optimal_set.k:,}"),
                ("rank of their columns", f"{optimal_set.rank:,}"),
                ("dimension of the optimal polytope", f"{optimal_set.dimension:,}"),
                ("its vertices", count if optimal_set.vertices_complete else f"more than {count}"),
                ("slack of tight units, of the next", _separation(optimal_set)),
                ("structure", _structure(optimal_set)),
                ("smallest mass share called positive", f"{optimal_set.margin.smallest_positive:.1e}"),
                ("largest mass share called zero", f"{optimal_set.margin.largest_zero:.1e}"),
                ("smallest singular value called positive", f"{optimal_set.resolution.rank.smallest_positive:.1e}"),
                ("relative error of y*", f"{optimal_set.resolution.fit_error:.1e}"),
            ]
        )
    if staircase is not None:
        tables.append(
            [
                ("fewest neurons m*", grouped(staircase.m_star)),
                ("most neurons of an irreducible network M*", grouped(staircase.M_star)),
                ("connected from width", grouped(staircase.connected_from)),
                ("guaranteed: min(m* + M*, n + 1)", grouped(staircase.general_bound)),
                ("guaranteed: min(m* + M*, rank + 1)", grouped(staircase.rank_bound)),
            ]
        )
    # Warnings stand under the verdict already.
    about = f"<p>{html.escape(optimal_set.describe())}</p>" if optimal_set is not None else ""
    return f'<div class="tables">{"".join(_table(t) for t in tables)}</div>\n{about}'


def _solver(solution: Solution) -> str:
    rounds = plural(len(solution.history), "round")
    seconds = f", {solution.history[-1].seconds:.2g} s" if solution.history else ""
    return f"{solution.stopped.words} ({rounds}{seconds})"


def _separation(optimal_set: OptimalSet) -> str:
    following = optimal_set.separation.next
    return f"{optimal_set.separation.tight:.1e}, {f'{following:.1e}' if np.isfinite(following) else 'none near'}"


def _structure(optimal_set: OptimalSet) -> str:
    return "exact" if optimal_set.exact else f"within a perturbation of {optimal_set.perturbation:.1e}"


def _staircase_section(staircase: Staircase | None) -> str:
    if staircase is None:
        return ""
    head = "".join(
        f'<th scope="col" class="number">{name}</th>'
        for name in ("width m", "connected components", "of them isolated points", "components up to order")
    )
    rows = "".join(
        f'<tr><td class="number">{row.m}</td>'
        + "".join(
            f'<td class="number digits">{grouped(count)}</td>'
            for count in (row.components, row.isolated, row.polytope_components)
        )
        + "</tr>"
        for row in staircase.rows
    )
    return (
        "<h2>The staircase</h2>\n<p>How the optimal networks of each width are connected. Every order of the neurons "
        "of an "
        "isolated network is a component of its own; the last column counts without regard to order.</p>\n"
        f"{words('component', 'isolated point')}\n"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _units_section(solution: Solution, optimal_set: OptimalSet | None) -> str:
    network = solution.network.prune()
    units = network.units if optimal_set is None else optimal_set.units
    masses = network.masses[None, :] if optimal_set is None else optimal_set.known_vertices
    if len(units) == 0:
        return "<h2>Units</h2>\n<p>There are none: the zero network is optimal.</p>"
    names = solution.problem.design.coordinates
    wide = len(names) <= WIDE
    columns = [*names] if wide else ["direction (largest coordinates)"]
    ranges = ["mass"]
    if optimal_set is not None:
        known = optimal_set.vertices_complete
        ranges = [f"mass in {'a smallest network' if known else 'the smallest network known'}"]
        ranges += ["least mass", "greatest mass"] if known else ["least mass known", "greatest mass known"]
    smallest = masses[int(np.argmin((masses > 0).sum(axis=1)))]
    digits = 6 if len(names) <= 5 else 4
    rows = []
    for j in range(min(len(units), ROWS)):
        direction = units.directions[j]
        values = [f"{v:.{digits}f}" for v in direction] if wide else [_largest(direction, names)]
        values += [f"{smallest[j]:.6g}"]
        values += [f"{masses[:, j].min():.6g}", f"{masses[:, j].max():.6g}"] if optimal_set is not None else []
        rows.append([str(j), "+1" if units.signs[j] > 0 else "-1", *values])
    table = _grid(["unit", "s", *columns, *ranges], rows)
    more = f'<p class="soft">The first {ROWS} of {len(units):,} units.</p>' if len(units) > ROWS else ""
    heading = "Units" if optimal_set is None else "The optimal units"
    return f"<h2>{heading}</h2>\n<p>{_about(optimal_set)}</p>\n{table}{more}"


def _about(optimal_set: OptimalSet | None) -> str:
    text = "Neuron j computes s · mass · max(direction · x, 0)"
    if optimal_set is None:
        return f"{text}. These are the neurons of the network found; nothing is claimed about others."
    text += (
        ". Every optimal network, of any width, is made of these units and no others. The last two columns give the "
    )
    if not optimal_set.vertices_complete:
        return f"{text}range of the mass over the irreducible optimal networks that are known."
    return f"{text}range of the mass over all optimal networks: a unit whose least mass is above 0 cannot be missing."


def _largest(direction: "np.ndarray[tuple[int], np.dtype[np.float64]]", names: tuple[str, ...]) -> str:
    order = np.argsort(-np.abs(direction), kind="stable")[:LARGEST]
    return ", ".join(f"{names[i]} {direction[i]:+.4f}" for i in order)


def _grid(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f'<th scope="col" class="number">{html.escape(name)}</th>' for name in head)
    lines = "".join(
        "<tr>" + "".join(f'<td class="number">{html.escape(value)}</td>' for value in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


# --- figures ------------------------------------------------------------------------------------------
def _wanted(
    solution: Solution, optimal_set: OptimalSet | None, staircase: Staircase | None, table: Table | None
) -> Iterator[Callable[[], Scene]]:
    if staircase is not None:
        yield lambda: figures.staircase(staircase)
        yield lambda: figures.merge_tree(staircase)
    yield lambda: figures.units(solution, optimal_set, table)
    if optimal_set is not None:
        yield lambda: figures.spread(optimal_set, table)
    yield lambda: figures.rectified_ellipsoid(solution, optimal_set)
    yield lambda: figures.zonotopes(solution, optimal_set)
    if optimal_set is not None:
        yield lambda: figures.polytope(optimal_set)
    yield lambda: figures.convergence(solution)


def _gallery(
    solution: Solution, optimal_set: OptimalSet | None, staircase: Staircase | None, table: Table | None
) -> tuple[list[Scene], list[str]]:
    """Figures that apply, and one line for each that does not."""
    drawn: list[Scene] = []
    missing: list[str] = []
    for figure in _wanted(solution, optimal_set, staircase, table):
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


def _figure(scene: Scene) -> str:
    return (
        f"<figure>\n<h3>{html.escape(scene.title)}</h3>\n{element(scene)}\n"
        f"<figcaption>{html.escape(scene.caption)}</figcaption>\n{_figure_words(scene)}</figure>"
    )


def _figure_words(scene: Scene) -> str:
    return words("zonotope") + "\n" if "zonotope" in scene.caption.lower() + scene.title.lower() else ""


def _missing(reasons: list[str]) -> str:
    if not reasons:
        return ""
    lines = "".join(f"<li>{html.escape(reason)}</li>" for reason in dict.fromkeys(reasons))
    return f'<h2>Figures that do not apply here</h2>\n<ul class="soft">{lines}</ul>'
