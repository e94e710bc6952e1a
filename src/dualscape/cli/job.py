"""What the commands that compute on data have in common: read, compute, heed Ctrl-C, print and write."""

import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from dualscape.cli.group import CATALOGUE, NOTHING_YET, stop
from dualscape.errors import InputError
from dualscape.running.interruption import heeding
from dualscape.running.listener import INTERRUPTED, Listener

if TYPE_CHECKING:
    from dualscape.data.tables import Table
    from dualscape.model.problem import Problem
    from dualscape.report.terminal import Reporter
    from dualscape.running.progress import Event, Progress

Result = TypeVar("Result")
#: Seconds after Ctrl-C: until when the work is waited for, when the report is told to stop, and until when that is
#: waited for. What needs longer is left out, so that the program ends within a second.
WORK_GRACE, REPORT_PATIENCE, REPORT_GRACE = 0.3, 0.45, 0.75
#: Seconds for the analysis, but no more than half of the limit, when start and reading have taken all of it.
LEAST_LEFT = 0.5
#: Options that name a file that every command writes.
FILES = ("json_path", "report_path", "checkpoint")
#: Options that define the problem.
SETTINGS = (
    "loss", "activation", "architecture", "bias", "features_per_neuron", "free", "free_decay", "beta", "beta_fraction",
)  # fmt: skip


def run_job(job: "Job[Result]", listener: Listener) -> None:
    """Do it, then print the result and write what was asked for; after Ctrl-C, what there is time for."""
    _check_files(job.data, {f"--{name.removesuffix('_path')}": job.options[name] for name in job.files})
    if listener.run(job.load, grace=0.0) is None:
        job.hush()
        stop(listener, NOTHING_YET, INTERRUPTED)
    result = listener.run(job.work, grace=WORK_GRACE)
    if result is None:
        with heeding(listener.wish):
            result = job.so_far()
    if result is None:
        stop(listener, NOTHING_YET, INTERRUPTED)
    _show(job, result, listener)


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


def _load(data: str, options: dict[str, Any], progress: "Progress", one_beta: bool) -> tuple["Table", dict[str, Any]]:
    """The table and what defines the problem: loss, activation, bias, beta, beta_fraction; beta is 1 where not one of
    them is asked for."""
    from dualscape.data.formats.values import split_names
    from dualscape.data.tables import read_table, standardize
    from dualscape.model.losses import get_loss

    given = {name: options[name] for name in SETTINGS if options.get(name) is not None}
    if "beta" in given and "beta_fraction" in given:
        raise InputError("--beta and --beta-fraction were both given; give exactly one")
    if data.startswith(CATALOGUE):
        table, settings = _from_catalogue(data.removeprefix(CATALOGUE), options, given)
    else:
        settings = {"loss": "squared", "bias": "penalised", **given}
        loss = get_loss(settings["loss"])
        if one_beta and "beta" not in given and "beta_fraction" not in given and not loss.constraint:
            raise InputError("give the weight decay: --beta B, or --beta-fraction F of beta_max (0.1 is a good start)")
        features = options["features"] and split_names(options["features"])
        table = read_table(
            data,
            target=options["target"],
            features=features,
            loss=loss.text,
            sample_weight=options["sample_weight"],
            header=options["header"],
            progress=progress,
        )
    for decay in ("beta", "beta_fraction"):
        if decay in given and get_loss(settings["loss"]).constraint:
            name = decay.replace("_", "-")
            raise InputError(f"--loss {settings['loss']} takes no --{name}, since its fit is prescribed; leave it out")
    if not one_beta:
        settings = {name: value for name, value in settings.items() if name != "beta_fraction"} | {"beta": 1.0}
        if get_loss(settings["loss"]).constraint:
            raise InputError(f"loss {settings['loss']} has no weight decay and so no path; use dualscape analyze")
    if options["standardize"]:
        table = standardize(table, target=get_loss(settings["loss"]).target == "numbers")
    return table, settings


def _from_catalogue(name: str, options: dict[str, Any], given: dict[str, Any]) -> tuple["Table", dict[str, Any]]:
    from dualscape.data.catalogue import get
    from dualscape.model.losses import get_loss

    entry = get(name)
    for inapplicable in ("target", "features", "sample_weight", "header"):
        if options[inapplicable] is not None:
            raise InputError(f"--{inapplicable.replace('_', '-')} does not apply to catalogue problems; leave it out")
    settings: dict[str, Any] = {
        "loss": entry.loss,
        **({} if {"activation", "architecture"} & given.keys() else entry.kind),
        "bias": entry.bias,
        "features_per_neuron": entry.features_per_neuron,
        "free": entry.free,
        # That of the free features it comes with, and no others.
        "free_decay": 0.0 if given.get("free") else entry.free_decay,
    }
    constraint = get_loss(given.get("loss", entry.loss)).constraint
    if "beta" not in given and "beta_fraction" not in given and not constraint:
        settings |= {"beta": entry.beta} if entry.beta is not None else {"beta_fraction": entry.beta_fraction}
    return entry.table(), settings | given


class Job(ABC, Generic[Result]):
    """One call of a command on data: what the thread that computes shares with the one that listens.

    Attributes:
        one_beta: whether the command works at one weight decay, which must be given then.
        files: options that name a file that is written.
    """

    one_beta = True
    files: tuple[str, ...] = FILES

    def __init__(self, data: str, options: dict[str, Any], begun: float) -> None:
        self.data, self.options, self._begun = data, options, begun
        self.reporter: Reporter | None = None
        self.table: Table | None = None
        self._settings: dict[str, Any] = {}
        #: Of beta_max, where the weight decay was given as a fraction.
        self.fraction: float | None = None

    def load(self) -> bool:
        """Read the data, and all modules that take time."""
        with self._reading() as progress:
            self.table, self._settings = _load(self.data, self.options, progress, self.one_beta)
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

    def stage(self, name: str) -> "AbstractContextManager[Progress]":
        """Gives the progress of a stage."""
        return self._told().stage(name)

    def _told(self) -> "Reporter":
        from dualscape.report.terminal import Reporter

        self.reporter = self.reporter or Reporter(quiet=self.options["quiet"])
        return self.reporter

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the data."""
        assert self.table is not None
        return self.table.notes

    def work(self) -> Result:
        """Compute."""
        from dualscape.cli.kernels import when_compiling
        from dualscape.model.problem import Problem
        from dualscape.report.terminal import describe_choice
        from dualscape.running.checkpoint import Checkpoint
        from dualscape.running.executors import open_executor
        from dualscape.running.threads import one_blas_thread

        assert self.table is not None
        table, settings, options, reporter = self.table, self._settings, self.options, self._told()
        sys.set_int_max_str_digits(0)  # counts such as 2000! are printed in full
        self.fraction = settings.pop("beta_fraction", None)
        settings = {"feature_names": table.feature_names, "classes": table.classes, **settings}
        if self.fraction is not None:
            settings["beta"] = 1.0
        settings["sample_weight"] = table.sample_weight
        problem = Problem(table.X, table.y, **settings)
        checkpoint = None if options["checkpoint"] is None else Checkpoint(options["checkpoint"])
        with one_blas_thread():
            choice = problem.space.choice(options["oracle"], options["time_limit"])
        with when_compiling(reporter.say), open_executor(options["executor"]) as executor:
            reporter.say(describe_choice(choice))
            how = {"oracle": options["oracle"], "time_limit": self._time_left(), "device": options["device"]}
            return self.compute(problem, executor=executor, checkpoint=checkpoint, **how)

    @abstractmethod
    def compute(self, problem: "Problem", **how: Any) -> Result:
        """The result, with an oracle, a time limit, a device, an executor and a checkpoint."""

    @abstractmethod
    def so_far(self) -> Result | None:
        """The result as far as it has come; None before there is any."""

    @abstractmethod
    def content(self, result: Result) -> dict[str, Any]:
        """The result as JSON."""

    @abstractmethod
    def show(self, result: Result) -> None:
        """Print the result."""

    @abstractmethod
    def page(self, result: Result) -> str:
        """The page of the report."""

    def _time_left(self) -> float | None:
        """Seconds until the limit, which counts from the program's start; something at least, whatever reading took."""
        limit: float | None = self.options["time_limit"]
        return None if limit is None else max(limit - (time.monotonic() - self._begun), min(0.5 * limit, LEAST_LEFT))

    def hush(self) -> None:
        """Take away the progress of what has not ended."""
        if self.reporter is not None:
            self.reporter.close()

    def report(self, result: Result) -> str:
        """The page of the report, with its progress."""
        assert self.reporter is not None
        with self.reporter.stage("report"):
            return self.page(result)


def _show(job: Job[Result], result: Result, listener: Listener) -> None:
    """Print the result and write what was asked for; after Ctrl-C, what there is time for."""
    from dualscape.report.analysis_json import write_json
    from dualscape.running.files import STANDARD_OUTPUT, write_whole

    quiet, json_path, report_path = (job.options[name] for name in ("quiet", "json_path", "report_path"))
    quiet = quiet or STANDARD_OUTPUT in (json_path, report_path)
    if json_path:
        write_json(json_path, job.content(result))
    if not quiet:
        job.show(result)
    page = None
    if report_path:
        page = listener.run(lambda: job.report(result), patience=REPORT_PATIENCE, grace=REPORT_GRACE)
    if page is not None:
        write_whole(report_path, page)
    elif report_path:
        job.hush()
        click.echo(f"interrupted: {report_path} was not written, for want of time", err=True)
    for path in (json_path, report_path if page is not None else None):
        if path and not quiet:
            click.echo(f"wrote {path}")
