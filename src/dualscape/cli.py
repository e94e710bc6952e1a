"""The command line. It parses, calls and shows; everything heavy is imported inside the commands."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dualscape import __version__
from dualscape.errors import ContradictionError, DualscapeError, InputError
from dualscape.interruption import heeding
from dualscape.listener import INTERRUPTED, Listener

if TYPE_CHECKING:
    from dualscape.analysis import Analysis, Draft
    from dualscape.catalogue import Entry
    from dualscape.tables import Table
    from dualscape.terminal import Reporter

CATALOGUE = "catalogue:"
#: Seconds after Ctrl-C: until when the analysis is waited for, when the report is told to stop, and until when that is
#: waited for. What needs longer is left out, so that the program ends within a second.
ANALYSIS_GRACE, REPORT_PATIENCE, REPORT_GRACE = 0.3, 0.45, 0.75
POSITIVE = click.FloatRange(min=0, min_open=True)

NOTHING_YET = "interrupted before there was a result; nothing was written"

#: Exit code after a contradiction (EX_SOFTWARE of sysexits).
CONTRADICTION = 70


class Commands(click.Group):
    """Commands that end with exit code 0, with 2 and one line on the error stream, or after Ctrl-C with 130.

    70 says that dualscape has contradicted itself, which is never the fault of the input.
    """

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run and exit."""
        extra["standalone_mode"] = False
        listener = extra["obj"] = extra.get("obj") or Listener()
        given = sys.argv[1:] if args is None else list(args)
        try:
            super().main(given or ["--help"], *rest, **extra)
        except (click.ClickException, DualscapeError) as error:
            message = error.format_message() if isinstance(error, click.ClickException) else str(error)
            code = CONTRADICTION if isinstance(error, ContradictionError) else 2
            _stop(listener, " ".join(message.split()), code)
        except (click.Abort, KeyboardInterrupt):
            _stop(listener, NOTHING_YET, INTERRUPTED)
        except MemoryError:
            _stop(listener, "out of memory; use fewer rows or features, a smaller --max-vertices, or --oracle ascent")
        listener.leave(0 if listener.wish.since is None else INTERRUPTED)


def _stop(listener: Listener, message: str, code: int = 2) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    listener.leave(code if listener.wish.since is None else INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="dualscape")
def commands() -> None:
    """The loss landscape of regularised ReLU networks, exactly."""


@commands.command()
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="Target column: its name, or its number counted from 0.")
@click.option("--features", metavar="A,B,...", help="Feature columns, by name or number; all others when not given.")
@click.option("--beta", type=float, metavar="B", help="Weight decay.")
@click.option("--beta-fraction", type=POSITIVE, metavar="F", help="Weight decay as a fraction of beta_max.")
@click.option("--loss", metavar="NAME", help="squared (default) or logistic.")
@click.option("--bias", metavar="NAME", help="penalised (default) or none.")
@click.option(
    "--standardize/--no-standardize",
    default=False,
    help="Centre and scale the features and, for regression, the target. Off by default.",
)
@click.option(
    "--header/--no-header", default=None, help="Whether a text file begins with column names; found out if unsaid."
)
@click.option(
    "--oracle", default="auto", metavar="NAME", help="auto (default), cells or bisection (exact), or ascent (searches)."
)
@click.option(
    "--time-limit",
    type=POSITIVE,
    metavar="SECONDS",
    help="Return the best network so far, and what is proven of it, after this long.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save long certifications to FILE, and go on from it after an interruption.",
)
@click.option(
    "--executor",
    default="threads",
    metavar="NAME",
    help="Who shares a proof: threads (default), processes, or a dask scheduler's address, tcp://HOST:8786.",
)
@click.option("--device", metavar="NAME", help="A PyTorch device for searches and patterns, such as cuda.")
@click.option(
    "--max-vertices",
    type=click.IntRange(min=1),
    default=20_000,
    metavar="N",
    show_default=True,
    help="List up to this many irreducible optimal networks; sample them beyond.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the result as JSON.")
@click.option("--report", "report_path", type=click.Path(path_type=Path), help="Write a self-contained HTML report.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_obj
def analyze(listener: Listener, data: str, **options: Any) -> None:
    """Train to the certified optimum and describe all optimal networks.

    DATA is a CSV, TSV, Parquet or NPZ file (arrays X and y), or catalogue:NAME.

    \b
    dualscape analyze catalogue:diabetes-bmi-s5 --report report.html
    dualscape analyze data.csv --target price --beta-fraction 0.1 --standardize

    Ctrl-C ends it within about a second, with what is proven by then; the output that was asked for is written.
    It exits with 0, with 2 after an error, and with 130 after Ctrl-C.
    """
    _check_outputs(data, options["json_path"], options["report_path"])
    job = _Job(data, options)
    if listener.run(job.load, grace=0.0) is None:
        _stop(listener, NOTHING_YET, INTERRUPTED)
    analysis = listener.run(job.analyse, grace=ANALYSIS_GRACE)
    if analysis is None:
        with heeding(listener.wish):
            analysis = job.so_far()
    if analysis is None:
        _stop(listener, NOTHING_YET, INTERRUPTED)
    _show(job, analysis, listener)


def _check_outputs(data: str, *paths: Path | None) -> None:
    from dualscape.files import check_writable

    given = [path for path in paths if path is not None]
    if len({path.resolve() for path in given}) < len(given):
        raise InputError(f"--json and --report both name {given[0]}; give them different files")
    for path in given:
        if path.resolve() == Path(data).resolve():
            raise InputError(f"{path} is the data itself and would be overwritten; give another output file")
        check_writable(path)


def _load(data: str, options: dict[str, Any]) -> tuple["Table", dict[str, Any]]:
    """The table and what defines the problem: loss, bias, beta, beta_fraction."""
    from dualscape.tables import read_table, standardize

    given = {name: options[name] for name in ("loss", "bias", "beta", "beta_fraction") if options[name] is not None}
    if "beta" in given and "beta_fraction" in given:
        raise InputError("--beta and --beta-fraction were both given; give exactly one")
    if data.startswith(CATALOGUE):
        table, settings = _from_catalogue(data.removeprefix(CATALOGUE), options, given)
    else:
        settings = {"loss": "squared", "bias": "penalised", **given}
        if "beta" not in given and "beta_fraction" not in given:
            raise InputError("give the weight decay: --beta B, or --beta-fraction F of beta_max (0.1 is a good start)")
        from dualscape.losses import get_loss

        loss = get_loss(settings["loss"]).name
        features = options["features"] and [name.strip() for name in options["features"].split(",") if name.strip()]
        table = read_table(data, target=options["target"], features=features, loss=loss, header=options["header"])
    if options["standardize"]:
        table = standardize(table, target=settings["loss"] == "squared")
    return table, settings


def _from_catalogue(name: str, options: dict[str, Any], given: dict[str, Any]) -> tuple["Table", dict[str, Any]]:
    from dualscape.catalogue import get

    entry = get(name)
    for option in ("target", "features", "header"):
        if options[option] is not None:
            raise InputError(f"--{option} does not apply to catalogue problems; leave it out")
    settings: dict[str, Any] = {"loss": entry.loss, "bias": entry.bias}
    if "beta" not in given and "beta_fraction" not in given:
        settings |= {"beta": entry.beta} if entry.beta is not None else {"beta_fraction": entry.beta_fraction}
    return entry.table(), settings | given


class _Job:
    """One call of `analyze`: what the thread that computes shares with the one that listens."""

    def __init__(self, data: str, options: dict[str, Any]) -> None:
        self.data, self.options = data, options
        self.reporter: Reporter | None = None
        self.table: Table | None = None
        self._settings: dict[str, Any] = {}
        self._draft: Draft | None = None

    def load(self) -> bool:
        """Read the data, and all modules that take time."""
        self.table, self._settings = _load(self.data, self.options)
        from dualscape import terminal  # noqa: F401

        if self.options["report_path"]:
            from dualscape import report  # noqa: F401 (after Ctrl-C there is no time for it)

        return True

    def analyse(self) -> "Analysis":
        """Analyse the data."""
        from dualscape.analysis import analyze as run
        from dualscape.checkpoint import Checkpoint
        from dualscape.executors import open_executor
        from dualscape.kernels import when_compiling
        from dualscape.oracles import Choice
        from dualscape.problem import Problem
        from dualscape.terminal import Reporter, describe_choice

        assert self.table is not None
        table, settings, options = self.table, self._settings, self.options
        sys.set_int_max_str_digits(0)  # counts such as 2000! are printed in full
        fraction = settings.pop("beta_fraction", None)
        problem = Problem(table.X, table.y, **{"beta": 1.0, **settings}, feature_names=table.feature_names)
        self.reporter = reporter = Reporter(quiet=options["quiet"])
        checkpoint = None if options["checkpoint"] is None else Checkpoint(options["checkpoint"])
        known = problem.architecture.oracles
        reporter.say(describe_choice(Choice.of(problem.X, known, options["oracle"], options["time_limit"])))
        with when_compiling(reporter.say), open_executor(options["executor"]) as executor:
            return run(
                problem,
                beta_fraction=fraction,
                oracle=options["oracle"],
                time_limit=options["time_limit"],
                device=options["device"],
                executor=executor,
                checkpoint=checkpoint,
                max_vertices=options["max_vertices"],
                stage=reporter.stage,
                begun=self._begin,
            )

    def _begin(self, draft: "Draft") -> None:
        self._draft = draft

    def so_far(self) -> "Analysis | None":
        """The analysis as far as it has come; None before there is a problem."""
        self.hush()
        return None if self._draft is None else self._draft.result()

    def hush(self) -> None:
        """Take away the progress of what has not ended."""
        if self.reporter is not None:
            self.reporter.close()

    def report(self, analysis: "Analysis") -> str:
        """The page of the report."""
        from dualscape.report import render

        assert self.table is not None
        assert self.reporter is not None
        with self.reporter.stage("report"):
            return render(
                analysis.solution,
                analysis.optimal_set,
                analysis.staircase,
                notes=(*self.table.notes, *analysis.notes),
                title=self.data.removeprefix(CATALOGUE),
            )


def _show(job: _Job, analysis: "Analysis", listener: Listener) -> None:
    """Print the result and write what was asked for; after Ctrl-C, what there is time for."""
    from dualscape.analysis_json import to_dict, write_json
    from dualscape.files import write_whole
    from dualscape.terminal import show

    assert job.table is not None
    quiet, json_path, report_path = (job.options[name] for name in ("quiet", "json_path", "report_path"))
    if json_path:
        write_json(json_path, to_dict(analysis, job.table.notes))
    if not quiet:
        show(analysis, job.table.notes)
    page = None
    if report_path:
        page = listener.run(lambda: job.report(analysis), patience=REPORT_PATIENCE, grace=REPORT_GRACE)
    if page is not None:
        write_whole(report_path, page)
    elif report_path:
        job.hush()
        click.echo(f"interrupted: {report_path} was not written, for want of time", err=True)
    for path in (json_path, report_path if page is not None else None):
        if path and not quiet:
            click.echo(f"wrote {path}")


@commands.command()
@click.argument("name", required=False)
def catalogue(name: str | None) -> None:
    """List the named problems, or show what is known of one."""
    from dualscape.catalogue import ENTRIES, get

    if name is not None:
        _show_entry(get(name.removeprefix(CATALOGUE)))
        return
    from rich.console import Console
    from rich.table import Table as RichTable

    table = RichTable(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("what it is")
    table.add_column("answer")
    for entry in ENTRIES.values():
        table.add_row(entry.name, entry.summary, "known" if entry.known.components else "")
    Console(highlight=False).print(table)
    click.echo("\ndualscape catalogue NAME shows one; dualscape analyze catalogue:NAME uses it")


def _default_beta(entry: "Entry") -> str:
    return f"{entry.beta:g}" if entry.beta is not None else f"{entry.beta_fraction:g} beta_max"


def _show_entry(entry: "Entry") -> None:
    table, known = entry.table(), entry.known
    click.echo(f"{entry.name}: {entry.summary}")
    click.echo(f"source: {entry.source}")
    click.echo(f"data: {len(table.y)} rows, {table.X.shape[1]} features ({', '.join(table.feature_names)})")
    click.echo(f"defaults: {entry.loss} loss, bias {entry.bias}, beta {_default_beta(entry)}")
    for note in table.notes:
        click.echo(f"note: {note}")
    facts = {
        "optimal value": known.value,
        "optimal units": known.k,
        "dimension": known.dimension,
        "m*": known.m_star,
        "M*": known.M_star,
    }
    for label, value in facts.items():
        if value is not None:
            click.echo(f"known {label}: {value:.12g}")
    if known.components:
        steps = ", ".join(f"{m}: {count:,}" for m, count in known.components.items())
        click.echo(f"known components by width: {steps}")


def main(listener: Listener | None = None) -> None:
    """The `dualscape` program; a listener that is given hears Ctrl-C already."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a character of a column name is no reason to fail.
            stream.reconfigure(errors="replace")
    commands(obj=listener)
