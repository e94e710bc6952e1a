"""What the command line shows of a solution path."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dualscape.landscape.path_draft import SolutionPath
from dualscape.report.path_words import EVENT_HEAD, POINT_HEAD, event_row, path_headline, point_row, spread_over

MOST_ROWS = 25


def show_path(path: SolutionPath, notes: tuple[str, ...]) -> None:
    """The path in words, a table of its points and one of its events.

    Args:
        path: a path of at least one point.
        notes: sentences about the data.
    """
    console = Console(highlight=False)
    problem = path.problem
    console.print(Text(problem.title))
    for note in dict.fromkeys((*notes, *path.notes)):
        console.print(Text(f"note: {note}", style="yellow"))
    console.print()
    every = path.certified == len(path.points)
    console.print(Text(path_headline(path), style="bold green" if every else "bold yellow"))
    console.print(Text(path.checks.explain()))
    console.print()
    chosen = spread_over(len(path.points), MOST_ROWS)
    rows = [point_row(path.points[j]) for j in chosen]
    console.print(_table("Points", POINT_HEAD, rows, len(path.points) - len(chosen)))
    if path.events:
        console.print()
        events = [event_row(event) for event in path.events[:MOST_ROWS]]
        console.print(_table("Events", EVENT_HEAD, events, len(path.events) - len(events)))


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]], more: int) -> Table:
    table = Table(title=title, title_justify="left")
    for name in head:
        table.add_column(name, justify="left" if name in ("verdict", head[-1]) else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    if more:
        table.caption = f"{more:,} more are in the JSON output"
    return table
