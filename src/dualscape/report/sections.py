"""The sections of the report that are words and tables: verdict, key numbers, staircase and units, as HTML."""

import html
from collections.abc import Iterable, Sequence

import numpy as np

from dualscape.figures.numbers import grouped, plural
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.paths.near_staircase import NearStaircase
from dualscape.landscape.staircase import Staircase
from dualscape.model.architectures import RELU, Architecture, GatedReLU
from dualscape.report.near_words import near_rows, near_summary, near_title
from dualscape.report.subnetworks import ABOUT, subnetwork_rows
from dualscape.report.words import words
from dualscape.solver.solution import Solution

WIDE = 10  # coordinates up to which the table of units has a column for each
LARGEST = 5  # coordinates named per unit beyond that
ROWS = 200  # units listed at most

HEADLINES = {"global": "Globally optimal", "bounded": "Bounded", "none": "No certificate"}
LEFT_OUT = (
    "The set of all optimal networks, the staircase and the figures that show them need a certified global optimum, "
    "so they are left out here. What follows describes the network that was found."
)


def verdict(solution: Solution) -> str:
    """What is proven, in a box."""
    certificate = solution.certificate
    headline = HEADLINES[certificate.verdict]
    rest = certificate.explain().removeprefix(f"{headline}.").strip()
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


def key_numbers(solution: Solution, optimal_set: OptimalSet | None, staircase: Staircase | None) -> str:
    """The numbers of the problem, the certificate, the optimal set and the staircase, a table each."""
    problem, certificate = solution.problem, solution.certificate
    tables = [
        [
            ("rows n", f"{problem.n:,}"),
            ("coordinates of a neuron d", f"{problem.d:,}"),
            ("activation", problem.architecture.title),
            ("bias", problem.bias),
            *([("free features", problem.free.title)] if problem.free.q else []),
            ("loss", problem.loss.title),
            *([] if problem.loss.constraint else [("weight decay β", f"{problem.beta:.10g}")]),
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
        count, kinks = f"{len(optimal_set.known_vertices):,}", optimal_set.functions
        tables.append(
            [
                ("optimal unit neurons k", f"{optimal_set.k:,}"),
                ("rank of their columns", f"{optimal_set.rank:,}"),
                ("dimension of the optimal polytope", f"{optimal_set.dimension:,}"),
                ("its vertices", count if optimal_set.vertices_complete else f"more than {count}"),
                *([] if kinks is None else [("kinks", f"{kinks.count:,}")]),
                *([] if kinks is None else [("dimension of the optimal functions", f"{kinks.dimension:,}")]),
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
                (f"guaranteed: {staircase.guarantee}", grouped(staircase.general_bound)),
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


def staircase_table(staircase: Staircase | None, among: str = "") -> str:
    """Components at every width, of networks that `among` narrows down; nothing without a staircase."""
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
        f"<h2>The staircase</h2>\n<p>How the optimal networks{among} of each width are connected. Every order of the "
        "neurons of an isolated network is a component of its own; the last column counts without regard to order."
        "</p>\n"
        f"{words('component', 'isolated point')}\n"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def near_table(near: NearStaircase | None, epsilon: float | None) -> str:
    """Components at every width of networks that are at most so much above the optimum; nothing where not asked for."""
    if near is None or epsilon is None:
        return ""
    return (
        f"<h2>{html.escape(near_title(epsilon))}</h2>\n<p>How many connected components hold an optimal network, or "
        "bounds on it: at least so many, since an isolated network cannot be left so low; at most so many, since paths "
        f"join the rest. {near_summary(near, epsilon)}.</p>\n"
        f"{grid(['width m', 'components with an optimal network'], near_rows(near, epsilon))}"
    )


def units_table(solution: Solution, optimal_set: OptimalSet | None) -> str:
    """The optimal units with the masses that they can have; without a certificate those of the network."""
    network = solution.network.prune()
    if network.width and solution.problem.architecture.layers == 3:
        head, lines = subnetwork_rows(network, solution.problem.design.coordinates)
        more = f'<p class="soft">The first {ROWS} of {len(lines):,} inner neurons.</p>' if len(lines) > ROWS else ""
        return f"<h2>Subnetworks</h2>\n<p>{ABOUT}.</p>\n{grid(head, lines[:ROWS])}{more}{_free_table(solution)}"
    units = network.units if optimal_set is None else optimal_set.units
    masses = network.masses[None, :] if optimal_set is None else optimal_set.known_vertices
    if len(units) == 0:
        return f"<h2>Units</h2>\n<p>There are none: the zero network is optimal.</p>{_free_table(solution)}"
    names = solution.problem.design.coordinates
    gated, several = isinstance(solution.problem.architecture, GatedReLU), solution.problem.c > 1
    gates, outputs = units.opened(solution.problem.c)
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
        leads = _output(outputs[j]) if several else "+1" if units.signs[j] > 0 else "-1"
        rows.append([str(j), leads, *([str(gates[j])] if gated else []), *values])
    table = grid(["unit", "output" if several else "s", *(["gate"] if gated else []), *columns, *ranges], rows)
    more = f'<p class="soft">The first {ROWS} of {len(units):,} units.</p>' if len(units) > ROWS else ""
    heading = "Units" if optimal_set is None else "The optimal units"
    about = _about(solution.problem.architecture, optimal_set)
    return f"<h2>{heading}</h2>\n<p>{about}</p>\n{table}{more}{_free_table(solution)}"


def _free_table(solution: Solution) -> str:
    """The weights of the free features in the network found; nothing without any."""
    free, weights = solution.problem.free, solution.network.free_weights
    if not free.q:
        return ""
    rows = [[name, f"{weight:.6g}"] for name, weight in zip(free.names[:ROWS], weights[:ROWS], strict=True)]
    more = f'<p class="soft">The first {ROWS} of {free.q:,} features.</p>' if free.q > ROWS else ""
    return (
        "<h3>Free features</h3>\n<p>What the network found adds to its neurons. Other optimal networks may share their "
        f"fit with the neurons otherwise.</p>\n{grid(['feature', 'weight'], rows)}{more}"
    )


def _about(architecture: Architecture, optimal_set: OptimalSet | None) -> str:
    text = "Neuron j computes s · mass · max(direction · x, 0)"
    if architecture.per_row > 1:
        text = f"Neuron j is a term of {architecture.formula}; here alpha_j = mass · output and u_j its direction"
    elif architecture.key != RELU.key:
        text = f"Neuron j is a term of {architecture.formula}, with alpha_j = s · mass and u_j its direction"
    text += "; its twin, which computes the same, is as good" * (architecture.twins > 1)
    if optimal_set is None:
        return f"{text}. These are the neurons of the network found; nothing is claimed about others."
    among = optimal_set.problem.architecture.among
    text += (
        f". Every optimal network{among}, of any width, is made of these units and no others. The last two columns "
        "give the "
    )
    if not optimal_set.vertices_complete:
        return f"{text}range of the mass over the irreducible optimal networks that are known."
    return f"{text}range of the mass over all optimal networks: a unit whose least mass is above 0 cannot be missing."


def _largest(direction: "np.ndarray[tuple[int], np.dtype[np.float64]]", names: tuple[str, ...]) -> str:
    order = np.argsort(-np.abs(direction), kind="stable")[:LARGEST]
    return ", ".join(f"{names[i]} {direction[i]:+.4f}" for i in order)


def _output(output: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> str:
    """An output vector; its largest entries alone where there are many."""
    if len(output) <= LARGEST:
        return ", ".join(f"{value:+.4f}" for value in output)
    return _largest(output, tuple(str(i) for i in range(len(output))))


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of numbers under their names, as HTML."""
    top = "".join(f'<th scope="col" class="number">{html.escape(name)}</th>' for name in head)
    lines = "".join(
        "<tr>" + "".join(f'<td class="number">{html.escape(value)}</td>' for value in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'
