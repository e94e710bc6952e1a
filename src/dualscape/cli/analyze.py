"""`dualscape analyze`: the main job."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.group import CATALOGUE, NOTHING_YET, stop
from dualscape.cli.options import Positive, option
from dualscape.errors import InputError
from dualscape.running.interruption import heeding
from dualscape.running.listener import INTERRUPTED, Listener

if TYPE_CHECKING:
    from dualscape.analysis import Analysis, Draft
    from dualscape.data.tables import Table
    from dualscape.report.hints import Judgement
    from dualscape.report.terminal import Reporter
    from dualscape.running.progress import Event, Progress

#: Seconds after Ctrl-C: until when the analysis is waited for, when the report is told to stop, and until when that is
#: waited for. What needs longer is left out, so that the program ends within a second.
ANALYSIS_GRACE, REPORT_PATIENCE, REPORT_GRACE = 0.3, 0.45, 0.75
#: Seconds for the analysis, but no more than half of the limit, when start and reading have taken all of it.
LEAST_LEFT = 0.5
#: Options that name a file that is written.
FILES = ("json_path", "report_path", "checkpoint")
#: Options that define the problem.
SETTINGS = ("loss", "bias", "features_per_neuron", "free", "free_decay", "beta", "beta_fraction")
POSITIVE = Positive(min=0, min_open=True)


@click.command()
@click.argument("data")
@option("--target", metavar="COLUMN", help="Target column: its name, or its number counted from 0.")
@option(
    "--features",
    metavar="A,B,...",
    help='Feature columns, by name or number ("a, b" for a name with a comma); all others if unsaid.',
    several="give it once, with commas between the columns",
)
@option("--beta", type=float, metavar="B", help="Weight decay beta, of the objective above.")
@option("--beta-fraction", type=POSITIVE, metavar="F", help="Weight decay as a fraction of beta_max.")
@option("--loss", metavar="NAME", help="squared (default) or logistic.")
@option("--bias", metavar="NAME", help="penalised (default), free or none.")
@option("--free", metavar="NAME", help="Without weight decay: none (default), constant, linear or affine.")
@option("--free-decay", type=POSITIVE, metavar="R", help="Penalise the weights w of --free by R/2 |w|^2 after all.")
@option(
    "--features-per-neuron",
    type=int,
    metavar="Q",
    help="Each neuron sees at most Q features (and the bias); all if unsaid.",
)
@option(
    "--standardize/--no-standardize",
    default=False,
    help="Centre and scale the features and, for regression, the target. Off by default.",
)
@option("--header/--no-header", default=None, help="Whether a text file begins with column names; found out if unsaid.")
@option(
    "--oracle", default="auto", metavar="NAME", help="auto (default), cells or bisection (exact), or ascent (searches)."
)
@option(
    "--time-limit",
    type=POSITIVE,
    metavar="SECONDS",
    help="Return the best network so far, and what is proven of it, after this long.",
)
@option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save long certifications to FILE, and go on from it after an interruption.",
)
@option(
    "--executor",
    default="threads",
    metavar="NAME",
    help="Who shares a proof: threads (default), processes, or a dask scheduler's address, tcp://HOST:8786.",
)
@option("--device", metavar="NAME", help="A PyTorch device for searches and patterns, such as cuda.")
@option(
    "--max-vertices",
    type=click.IntRange(min=1),
    default=20_000,
    metavar="N",
    show_default=True,
    help="List up to this many irreducible optimal networks; sample them beyond.",
)
@option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write the result as JSON (- for standard output)."
)
@option(
    "--report", "report_path", type=click.Path(path_type=Path), help="Write a self-contained HTML report (- likewise)."
)
@option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_obj
def analyze(listener: Listener, data: str, **options: Any) -> None:
    """Train to the certified optimum and describe all optimal networks.

    DATA is a CSV, TSV, Parquet or NPZ file (arrays X and y), - for a table on standard input, or catalogue:NAME.

    \b
    dualscape analyze catalogue:diabetes-bmi-s5 --report report.html
    dualscape analyze data.csv --target price --beta-fraction 0.1 --standardize

    It minimises 1/2 sum_i (f(x_i) - y_i)^2 + beta/2 sum_j (|u_j|^2 + alpha_j^2) over networks f(x) = sum_j alpha_j
    max(u_j . x, 0) of every width; sums, not means, over rows i and neurons j. With --loss logistic the first sum is
    sum_i log(1 + exp(-y_i f(x_i))). scikit-learn's alpha is this beta. PyTorch's weight_decay is 2 beta / n with the
    mean of squares over n rows, 2 beta with their sum, beta / n with the mean of the logistic loss.

    Ctrl-C ends it within about a second, with what is proven by then; the output that was asked for is written.
    It exits with 0, with 2 after an error, and with 130 after Ctrl-C.
    """
    _check_files(data, {f"--{name.removesuffix('_path')}": options[name] for name in FILES})
    job = _Job(data, options, listener.begun)
    if listener.run(job.load, grace=0.0) is None:
        job.hush()
        stop(listener, NOTHING_YET, INTERRUPTED)
    analysis = listener.run(job.analyse, grace=ANALYSIS_GRACE)
    if analysis is None:
        with heeding(listener.wish):
            analysis = job.so_far()
    if analysis is None:
        stop(listener, NOTHING_YET, INTERRUPTED)
    _show(job, analysis, listener)


def _check_files(data: str, files: dict[str, Path | None]) -> None:
    """Raise InputError where an option names a file that cannot be written, or one that is used for something else."""
    from dualscape.running.files import check_writable, followed

    if data != "-" and not data.startswith(CATALOGUE):
        try:
            os.stat(data)
        except FileNotFoundError:
            raise InputError(
                f"{data} does not exist; check the path (catalogue problems are written {CATALOGUE}NAME)"
            ) from None
        except (OSError, ValueError):
            pass  # reading it says why
    seen: dict[Path, str] = {}
    for name, path in files.items():
        if path is None:
            continue
        real = followed(path)
        if data != "-" and real == followed(data):
            raise InputError(f"{path} is the data itself and would be overwritten; give another output file")
        if real in seen:
            raise InputError(f"{seen[real]} and {name} both name {path}; give them different files")
        seen[real] = name
        check_writable(path)


def _load(data: str, options: dict[str, Any], progress: "Progress") -> tuple["Table", dict[str, Any]]:
    """The table and what defines the problem: loss, bias, beta, beta_fraction."""
    from dualscape.data.formats.values import split_names
    from dualscape.data.tables import read_table, standardize
    from dualscape.model.losses import get_loss

    given = {name: options[name] for name in SETTINGS if options[name] is not None}
    if "beta" in given and "beta_fraction" in given:
        raise InputError("--beta and --beta-fraction were both given; give exactly one")
    if data.startswith(CATALOGUE):
        table, settings = _from_catalogue(data.removeprefix(CATALOGUE), options, given)
    else:
        settings = {"loss": "squared", "bias": "penalised", **given}
        if "beta" not in given and "beta_fraction" not in given:
            raise InputError("give the weight decay: --beta B, or --beta-fraction F of beta_max (0.1 is a good start)")
        loss = get_loss(settings["loss"])
        features = options["features"] and split_names(options["features"])
        table = read_table(
            data,
            target=options["target"],
            features=features,
            loss=loss.name,
            header=options["header"],
            progress=progress,
        )
    if options["standardize"]:
        table = standardize(table, target=get_loss(settings["loss"]).target == "numbers")
    return table, settings


def _from_catalogue(name: str, options: dict[str, Any], given: dict[str, Any]) -> tuple["Table", dict[str, Any]]:
    from dualscape.data.catalogue import get

    entry = get(name)
    for inapplicable in ("target", "features", "header"):
        if options[inapplicable] is not None:
            raise InputError(f"--{inapplicable} does not apply to catalogue problems; leave it out")
    settings: dict[str, Any] = {"loss": entry.loss, "bias": entry.bias, "free": entry.free}
    if "beta" not in given and "beta_fraction" not in given:
        settings |= {"beta": entry.beta} if entry.beta is not None else {"beta_fraction": entry.beta_fraction}
    return entry.table(), settings | given


class _Job:
    """One call of `analyze`: what the thread that computes shares with the one that listens."""

    def __init__(self, data: str, options: dict[str, Any], begun: float) -> None:
        self.data, self.options, self._begun = data, options, begun
        self.reporter: Reporter | None = None
        self.table: Table | None = None
        self._settings: dict[str, Any] = {}
        self._draft: Draft | None = None

    def load(self) -> bool:
        """Read the data, and all modules that take time."""
        with self._reading() as progress:
            self.table, self._settings = _load(self.data, self.options, progress)
        from dualscape.report import terminal  # noqa: F401

        if self.options["report_path"]:
            from dualscape.report import report  # noqa: F401 (after Ctrl-C there is no time for it)

        return True

    @contextmanager
    def _reading(self) -> Iterator["Progress"]:
        """Gives the progress of reading. Only large files tell any: what is wrong with others is said without rich."""
        tell: Progress | None = None

        def first(event: "Event") -> None:
            nonlocal tell
            if tell is None:
                tell = stack.enter_context(self._told().stage("reading"))
            tell(event)

        with ExitStack() as stack:
            yield first

    def _told(self) -> "Reporter":
        from dualscape.report.terminal import Reporter

        self.reporter = self.reporter or Reporter(quiet=self.options["quiet"])
        return self.reporter

    def analyse(self) -> "Analysis":
        """Analyse the data."""
        from dualscape.analysis import analyze as run
        from dualscape.cli.kernels import when_compiling
        from dualscape.model.problem import Problem
        from dualscape.report.terminal import describe_choice
        from dualscape.running.checkpoint import Checkpoint
        from dualscape.running.executors import open_executor
        from dualscape.running.threads import one_blas_thread

        assert self.table is not None
        table, settings, options, reporter = self.table, self._settings, self.options, self._told()
        sys.set_int_max_str_digits(0)  # counts such as 2000! are printed in full
        fraction = settings.pop("beta_fraction", None)
        settings = {"beta": 1.0, "feature_names": table.feature_names, "classes": table.classes, **settings}
        problem = Problem(table.X, table.y, **settings)
        checkpoint = None if options["checkpoint"] is None else Checkpoint(options["checkpoint"])
        with one_blas_thread():
            choice = problem.space.choice(options["oracle"], options["time_limit"])
        with when_compiling(reporter.say), open_executor(options["executor"]) as executor:
            reporter.say(describe_choice(choice))
            return run(
                problem,
                beta_fraction=fraction,
                oracle=options["oracle"],
                time_limit=self._time_left(),
                device=options["device"],
                executor=executor,
                checkpoint=checkpoint,
                max_vertices=options["max_vertices"],
                stage=reporter.stage,
                begun=self._begin,
            )

    def _time_left(self) -> float | None:
        """Seconds until the limit, which counts from the program's start; something at least, whatever reading took."""
        limit: float | None = self.options["time_limit"]
        return None if limit is None else max(limit - (time.monotonic() - self._begun), min(0.5 * limit, LEAST_LEFT))

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

    def report(self, analysis: "Analysis", judgement: "Judgement") -> str:
        """The page of the report."""
        from dualscape.report.report import render

        assert self.table is not None
        assert self.reporter is not None
        with self.reporter.stage("report"):
            return render(
                analysis.solution,
                analysis.optimal_set,
                analysis.staircase,
                notes=(*self.table.notes, *analysis.notes),
                table=self.table,
                title=self.data.removeprefix(CATALOGUE),
                judgement=judgement,
            )


def _show(job: _Job, analysis: "Analysis", listener: Listener) -> None:
    """Print the result and write what was asked for; after Ctrl-C, what there is time for."""
    from dualscape.report.analysis_json import to_dict, write_json
    from dualscape.report.hints import judge
    from dualscape.report.terminal import show
    from dualscape.running.files import STANDARD_OUTPUT, write_whole

    assert job.table is not None
    quiet, json_path, report_path = (job.options[name] for name in ("quiet", "json_path", "report_path"))
    quiet = quiet or STANDARD_OUTPUT in (json_path, report_path)
    judgement = judge(analysis.solution, job.table.scaling)
    if json_path:
        write_json(json_path, to_dict(analysis, job.table.notes, table=job.table, judgement=judgement))
    if not quiet:
        show(analysis, job.table.notes, job.table.scaling, judgement)
    page = None
    if report_path:
        page = listener.run(lambda: job.report(analysis, judgement), patience=REPORT_PATIENCE, grace=REPORT_GRACE)
    if page is not None:
        write_whole(report_path, page)
    elif report_path:
        job.hush()
        click.echo(f"interrupted: {report_path} was not written, for want of time", err=True)
    for path in (json_path, report_path if page is not None else None):
        if path and not quiet:
            click.echo(f"wrote {path}")
