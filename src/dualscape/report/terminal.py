"""What the command line shows: progress on the error stream, the result on standard output."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from dualscape.analysis import Analysis
from dualscape.landscape.paths.near_staircase import NearStaircase
from dualscape.landscape.staircase import Count
from dualscape.model.architectures import RELU, GatedReLU
from dualscape.model.scaling import Scaling
from dualscape.oracles.choice import YEAR, Choice
from dualscape.report.hints import Judgement, judge
from dualscape.report.near_words import near_rows, near_summary, near_title
from dualscape.report.subnetworks import subnetwork_rows
from dualscape.running.progress import Event, silent
from dualscape.running.progress import Progress as Tell

#: A stage shows its progress once it has lasted this many seconds.
PATIENCE = 2.0
#: Without a terminal, seconds from the first line of a stage to the second; from then on, twice as long each time.
FIRST_PAUSE = 10.0
MOST_ROWS = 25
MOST_NAMED = 4


class Reporter:
    """Shows the stages of a computation that take longer than two seconds."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False)
        self._line: _Line | None = None

    def say(self, text: str) -> None:
        """One line, now."""
        if not self._quiet:
            self._console.print(Text(text, style="dim"))

    @contextmanager
    def stage(self, name: str) -> Iterator[Tell]:
        """Gives the progress of a stage."""
        if self._quiet:
            yield silent
        elif self._console.is_terminal:
            self._line = _Line(self._console, name)
            try:
                yield self._line.tell
            finally:
                self._line.close()
        else:
            yield _plain_lines(self._console, name)

    def close(self) -> None:
        """Take away the line of a stage that has not ended, and give the cursor back."""
        if self._line is not None:
            self._line.close()


class _Line:
    """A line that appears after PATIENCE seconds and moves even while no event comes."""

    def __init__(self, console: Console, name: str) -> None:
        self._name = name
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID = self._bar.add_task(name, total=None, note="")
        self._timer = threading.Timer(PATIENCE, self._bar.start)
        self._timer.daemon = True
        self._timer.start()

    def tell(self, event: Event) -> None:
        """Show the event."""
        title, note = _title(self._name, event), _counted(event)
        self._bar.update(self._task, description=title, completed=event.done, total=event.total, note=note)

    def close(self) -> None:
        """Take the line away."""
        self._timer.cancel()
        self._timer.join()
        self._bar.stop()


def _plain_lines(console: Console, name: str) -> Tell:
    """Lines for a file: when something new is done, then ever more rarely, and none twice in a row."""
    begun, due, pause, line = time.monotonic(), 0.0, FIRST_PAUSE, ""
    shown: set[str] = set()

    def tell(event: Event) -> None:
        nonlocal due, pause, line
        now, title = time.monotonic(), _title(name, event)
        new = f"{title}: {_counted(event)}"
        if now - begun < PATIENCE or new == line or (title in shown and now < due):
            return
        if title in shown:
            pause *= 2
        shown.add(title)
        due, line = now + pause, new
        console.print(Text(line))

    return tell


def _title(name: str, event: Event) -> str:
    return name if event.stage == name else f"{name}, {event.stage}"


def _counted(event: Event) -> str:
    of = "" if event.total is None else f" of {event.total:,}"
    return f"{event.done:,}{of}" + (f"  {event.note}" if event.note else "")


# --- before the computation -------------------------------------------------------------------------------
def describe_choice(choice: Choice) -> str:
    """Which oracle was chosen, what it is expected to cost, and how to choose otherwise."""

    def cost(name: str) -> str:
        found = choice.estimates[name]
        if np.isinf(found.seconds):
            return f"{_big(found.looked_at)} {found.counts}, too many"
        return f"{_big(found.looked_at)} {found.counts}, about {_duration(found.seconds)}"

    name = choice.name
    if choice.prover is None:
        kind = "search only: proves nothing"
    elif choice.complete:
        kind = "exact"
    else:
        name, kind = choice.prover, "exact, but too dear to finish: bounds what it can in the time it is given"
    others = [f"--oracle {other}: {cost(other)}" for other in choice.estimates if other != name]
    return f"oracle {name} ({kind}): {cost(name)} a call" + (f" ({'; '.join(others)})" if others else "")


def _duration(seconds: float) -> str:
    for unit, length in (("years", YEAR), ("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{_big(round(seconds / length))} {unit}"
    return f"{seconds:.2g} s" if seconds >= 0.01 else "10 ms"


def _big(number: int) -> str:
    """An integer in full up to 12 digits, rounded beyond."""
    if number < 10**12:
        return f"{number:,}"
    digits = str(number)
    return f"{digits[0]}.{digits[1:3]}e{len(digits) - 1}"


# --- the result -------------------------------------------------------------------------------------------
def show(
    analysis: Analysis, notes: tuple[str, ...], scaling: Scaling | None = None, judgement: Judgement | None = None
) -> None:
    """The verdict in words with the fit and hints, then the widths, the staircase and the units.

    Args:
        analysis: the analysis.
        notes: sentences about the data.
        scaling: what standardising did to the data; None for data taken as they are.
        judgement: the fit and the hints, where they are known already.
    """
    console = Console(highlight=False)
    problem = analysis.problem
    names = analysis.problem.design.coordinates
    data = f"{problem.n} rows, {problem.d} coordinates"
    if len(names) <= MOST_NAMED:
        data += f" ({', '.join(names)})"
    kind = "" if problem.architecture.key == RELU.key else f"{problem.architecture.words}, "
    free = f", free {problem.free.title}" if problem.free.q else ""
    console.print(Text(f"{data}; {kind}{problem.loss.title} loss, bias {problem.bias}{free}{_decay(analysis)}"))
    for note in dict.fromkeys((*notes, *analysis.notes)):
        console.print(Text(f"note: {note}", style="yellow"))
    certificate = analysis.solution.certificate
    console.print()
    console.print(Text(certificate.explain(), style="bold green" if certificate.verdict == "global" else "bold yellow"))
    judgement = judgement or judge(analysis.solution, scaling)
    fit = judgement.fit.explain()
    if fit:
        console.print(Text(fit))
    for hint in judgement.hints:
        console.print(Text(f"hint: {hint}", style="bold yellow"))
    if analysis.optimal_set is not None:
        console.print()
        console.print(Text(analysis.optimal_set.describe()))  # its warnings are among the notes
    if analysis.three_layers is not None:
        console.print()
        console.print(Text(analysis.three_layers.describe()))
    if analysis.staircase is not None:
        console.print(Text(_widths(analysis)))
        console.print()
        console.print(_staircase(analysis))
    if analysis.near is not None:
        console.print()
        console.print(_near(analysis.near, analysis.epsilon or 0.0))
        console.print(Text(f"{near_summary(analysis.near, analysis.epsilon or 0.0)}."))
    if analysis.optimal_set.k if analysis.optimal_set else analysis.solution.network.width:
        console.print()
        console.print(_units(analysis, console.width))
    if problem.free.q:
        console.print(Text(_free(analysis)))


def _free(analysis: Analysis) -> str:
    """The weights of the free features in the network found."""
    names, weights = analysis.problem.free.names, analysis.solution.network.free_weights
    shown = [f"{name} {weight:.6g}" for name, weight in zip(names[:MOST_ROWS], weights[:MOST_ROWS], strict=True)]
    more = f" and {len(names) - MOST_ROWS} more" if len(names) > MOST_ROWS else ""
    return f"Free features of the network found: {', '.join(shown)}{more}."


def _decay(analysis: Analysis) -> str:
    """The weight decay, beside beta_max; nothing where there is none."""
    beta, known = analysis.problem.beta, analysis.beta_max
    if known is None:
        return ""
    share = f"{beta / known.low:.4g} of beta_max" if known.low > 0 else "beta_max"
    return f", beta = {beta:.6g} ({share} = {'' if known.resolved else 'at least '}{known.low:.6g})"


def _widths(analysis: Analysis) -> str:
    stairs = analysis.staircase
    assert stairs is not None
    return (
        f"Fewest neurons: m* = {_count(stairs.m_star)}. Most in an irreducible optimum: M* = {_count(stairs.M_star)}. "
        f"{_connected(stairs.connected_from)} "
        f"(guaranteed: {_count(stairs.general_bound)}; with the rank: {_count(stairs.rank_bound)})."
    )


def _connected(width: Count) -> str:
    if isinstance(width, int):
        return f"All optima are connected from width {_big(width)} on"
    return f"All optima are connected from width {_big(width[1] or 0)} on at the latest, not below {_big(width[0])}"


def _count(count: Count | None) -> str:
    if count is None:
        return "unknown"
    if isinstance(count, int):
        return _big(count)
    low, high = count
    return f">= {_big(low)}" if high is None else f"{_big(low)} to {_big(high)}"


def _staircase(analysis: Analysis) -> Table:
    assert analysis.staircase is not None
    rows = analysis.staircase.rows
    table = Table(title="Staircase: optimal networks by width", title_justify="left")
    for heading in ("width", "components", "of them single points", "up to order of neurons"):
        table.add_column(heading, justify="right")
    for row in rows[:MOST_ROWS]:
        table.add_row(str(row.m), _count(row.components), _count(row.isolated), _count(row.polytope_components))
    if len(rows) > MOST_ROWS:
        table.caption = f"{len(rows) - MOST_ROWS} more widths are in the JSON output"
    return table


def _near(near: NearStaircase, eps: float) -> Table:
    table = Table(title=near_title(eps), title_justify="left")
    for heading in ("width", "components with an optimum"):
        table.add_column(heading, justify="right")
    for m, count in near_rows(near, eps)[:MOST_ROWS]:
        table.add_row(m, count)
    return table


def _units(analysis: Analysis, width: int) -> Table:
    """The optimal units with the masses they can have; without a certificate, the network's own neurons."""
    if analysis.problem.architecture.layers == 3:
        return _subnetworks(analysis, width)
    optima, network = analysis.optimal_set, analysis.solution.network
    table = Table(title="Neurons" if optima is None else "Optimal units", title_justify="left")
    if optima is None:
        order = np.argsort(-network.masses, kind="stable")
        units = network.units.take(order)
        masses = [f"{mass:.6g}" for mass in network.masses[order]]
    else:
        known = optima.known_vertices
        units = optima.units
        masses = [_range(low, high) for low, high in zip(known.min(axis=0), known.max(axis=0), strict=True)]
    names = analysis.problem.design.coordinates
    wide = sum(max(len(name), 7) + 3 for name in names) + 40 <= width
    table.add_column("", justify="right")
    gated, several = isinstance(analysis.problem.architecture, GatedReLU), analysis.problem.c > 1
    gates, outputs = units.opened(analysis.problem.c)
    if gated:
        table.add_column("gate", justify="right")
    if several or not gated:
        table.add_column("output" if several else "sign")
    for name in names if wide else ["unit direction: largest coordinates"]:
        table.add_column(Text(name), justify="right" if wide else "left")
    mass = "mass"
    if optima is not None and optima.dimension:
        mass = "mass over all optima" if optima.vertices_complete else "mass over the optima known"
    table.add_column(mass, justify="right", no_wrap=True)
    for j in range(min(len(units), MOST_ROWS)):
        direction = units.directions[j]
        shown = [f"{value:.4f}" for value in direction] if wide else [_largest(names, direction)]
        leads = [str(gates[j])] if gated else []
        if several or not gated:
            leads.append(output_words(outputs[j]) if several else "+-"[int(units.signs[j] < 0)])
        table.add_row(str(j), *leads, *map(Text, shown), masses[j])
    if len(units) > MOST_ROWS:
        table.caption = f"{len(units) - MOST_ROWS} more are in the JSON output"
    return table


def output_words(output: NDArray[np.float64]) -> str:
    """The output vector (c,) of a unit, its largest entries alone where there are many."""
    if len(output) <= MOST_NAMED:
        return " ".join(f"{value:+.3f}" for value in output)
    return _largest(tuple(str(i) for i in range(len(output))), output)


def _subnetworks(analysis: Analysis, width: int) -> Table:
    """The subnetworks of the network found, a line for each inner neuron."""
    names = analysis.problem.design.coordinates
    wide = sum(max(len(name), 7) + 3 for name in names) + 46 <= width
    largest = None if wide else lambda u: _largest(names, u)
    head, rows = subnetwork_rows(analysis.solution.network, names, largest)
    table = Table(title="Subnetworks", title_justify="left")
    for name in head:
        table.add_column(Text(name), justify="right")
    for row in rows[:MOST_ROWS]:
        table.add_row(*row)
    if len(rows) > MOST_ROWS:
        table.caption = f"{len(rows) - MOST_ROWS} more are in the JSON output"
    return table


def _largest(names: tuple[str, ...], direction: NDArray[np.float64]) -> str:
    order = np.argsort(-np.abs(direction), kind="stable")[:MOST_NAMED]
    return ", ".join(f"{names[i]} {direction[i]:.2f}" for i in order if direction[i])


def _range(low: float, high: float) -> str:
    return f"{high:.6g}" if high - low <= 1e-9 * abs(high) else f"{low:.6g} to {high:.6g}"
