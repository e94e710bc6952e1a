"""`dualscape path`: the optimum as a function of the weight decay."""

from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.analyze import analyze
from dualscape.cli.group import CATALOGUE
from dualscape.cli.job import Job, run_job
from dualscape.cli.options import Positive, option
from dualscape.errors import InputError
from dualscape.running.listener import Listener

if TYPE_CHECKING:
    from dualscape.landscape.path_draft import PathDraft, SolutionPath
    from dualscape.model.problem import Problem

#: Options of `analyze` that a path has no use for: it goes through weight decays.
ONE_BETA = ("beta", "beta_fraction", "max_vertices", "epsilon")
SHARED = [parameter for parameter in analyze.params if parameter.name not in ONE_BETA]


@click.command(params=[*SHARED])
@option("--betas", metavar="B,B,...", help="Weight decays; without them --n-betas from beta_max down to 0.01 beta_max.")
@option(
    "--n-betas",
    type=click.IntRange(min=1),
    default=100,
    metavar="N",
    show_default=True,
    help="How many weight decays, in equal ratios.",
)
@option(
    "--precision",
    type=Positive(min=0, min_open=True, max=1, max_open=True),
    default=1e-6,
    metavar="P",
    show_default=True,
    help="Locate events to this share of beta.",
)
@option("--events/--no-events", default=True, help="Whether to locate events. On by default.")
@click.pass_obj
def path(listener: Listener, data: str, **options: Any) -> None:
    """Follow the certified optimum as the weight decay falls.

    DATA and the options are as for `analyze`. For each weight decay: objective, masses, neurons, and all optimal
    networks where the optimum is certified; between them the events: a unit enters or leaves, or the set of optimal
    networks stops being a point.

    \b
    dualscape path catalogue:diabetes-bmi-s5 --report path.html
    dualscape path data.csv --target price --standardize --betas 100,30,10 --json path.json

    Ctrl-C ends it within about a second, with the points that are done by then; the output that was asked for is
    written. It exits with 0, with 2 after an error, and with 130 after Ctrl-C.
    """
    given = options["betas"]
    betas = None if given is None else [_number(text) for text in given.split(",")]
    run_job(PathJob(data, {**options, **dict.fromkeys(ONE_BETA), "betas": betas}, listener.begun), listener)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"--betas: {text.strip()!r} is no number; give numbers with commas between them") from None
    if not 0 < value < float("inf"):
        raise InputError(f"--betas: {text.strip()} is no weight decay; give numbers above 0")
    return value


class PathJob(Job["SolutionPath"]):
    """One call of `path`."""

    one_beta = False
    _draft: "PathDraft | None" = None

    def compute(self, problem: "Problem", **how: Any) -> "SolutionPath":
        from dualscape.landscape.solution_path import solution_path

        betas, n_betas = self.options["betas"], self.options["n_betas"]
        precision = self.options["precision"] if self.options["events"] else None
        with self.stage("path") as progress:
            more = {"n_betas": n_betas, "precision": precision, "progress": progress, "begun": self._begin}
            found = solution_path(problem, betas, **more, **how)
        if not found.points:
            raise InputError("the time limit ended the path before its first point; give more (--time-limit)")
        return found

    def _begin(self, draft: "PathDraft") -> None:
        self._draft = draft

    def so_far(self) -> "SolutionPath | None":
        self.hush()
        return self._draft.result() if self._draft is not None and self._draft.points else None

    def content(self, result: "SolutionPath") -> dict[str, Any]:
        from dualscape.report.path_json import path_to_dict

        return path_to_dict(result, self.notes, table=self.table)

    def show(self, result: "SolutionPath") -> None:
        from dualscape.report.path_terminal import show_path

        show_path(result, self.notes)

    def page(self, result: "SolutionPath") -> str:
        from dualscape.report.path_report import render_path

        return render_path(result, notes=self.notes, title=self.data.removeprefix(CATALOGUE))
