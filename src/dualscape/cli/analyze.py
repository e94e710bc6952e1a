"""`dualscape analyze`: the main job."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.group import CATALOGUE
from dualscape.cli.job import Job, run_job
from dualscape.cli.options import Positive, option
from dualscape.running.listener import Listener

if TYPE_CHECKING:
    from dualscape.analysis import Analysis, Draft
    from dualscape.model.problem import Problem
    from dualscape.report.hints import Judgement

POSITIVE = Positive(min=0, min_open=True)


@click.command()
@click.argument("data")
@option("--target", metavar="COLUMN", help="Target: its name, or its number from 0; several with commas.")
@option(
    "--features",
    metavar="A,B,...",
    help='Feature columns, by name or number ("a, b" for a name with a comma); all others if unsaid.',
    several="give it once, with commas between the columns",
)
@option(
    "--sample-weight",
    metavar="COLUMN",
    help="Column that says how much each row counts, 0 or more; it is no feature.",
)
@option("--beta", type=float, metavar="B", help="Weight decay beta, of the objective above.")
@option("--beta-fraction", type=POSITIVE, metavar="F", help="Weight decay as a fraction of beta_max.")
@option(
    "--loss",
    metavar="NAME",
    help="squared (default), huber:D, logistic, squared-hinge, multinomial, or interpolation (no beta).",
)
@option("--activation", metavar="NAME", help="relu (default), leaky:A, abs, or gated:COUNT for so many random gates.")
@option(
    "--architecture",
    metavar="NAME",
    help="three-layer, or three-layer:R for at most R inner neurons a subnetwork; two layers if unsaid.",
)
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
    "--oracle",
    default="auto",
    metavar="NAME",
    help="auto (default), cells or bisection (exact), relaxation (bounds in many dimensions), or ascent (searches).",
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
    "--epsilon",
    type=Positive(min=0),
    metavar="E",
    help="Also bound how networks are connected whose objective is at most E above the optimum.",
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
    max(u_j . x, 0) of every width; sums, not means, over rows i and neurons j. The first sum is with --loss logistic
    sum_i log(1 + exp(-y_i f(x_i))), with squared-hinge 1/2 sum_i max(0, 1 - y_i f(x_i))^2, with multinomial, an output
    for each class, sum_i (log sum_k exp(f_k(x_i)) - f_y_i(x_i)), and with huber:D a residual r beyond D counts
    D |r| - D^2 / 2 in place of r^2 / 2. scikit-learn's alpha is this beta. PyTorch's weight_decay is
    2 beta / n with the mean of squares over n rows, 2 beta with their sum, beta / n with the mean of the logistic loss.

    With --loss interpolation it minimises 1/2 sum_j (|u_j|^2 + alpha_j^2) over networks with f(x_i) = y_i in every row.

    Ctrl-C ends it within about a second, with what is proven by then; the output that was asked for is written.
    It exits with 0, with 2 after an error, and with 130 after Ctrl-C.
    """
    run_job(AnalyzeJob(data, options, listener.begun), listener)


class AnalyzeJob(Job["Analysis"]):
    """One call of `analyze`."""

    _draft: "Draft | None" = None
    _judged: "Judgement | None" = None

    def compute(self, problem: "Problem", **how: Any) -> "Analysis":
        from dualscape.analysis import analyze as run

        more = {"beta_fraction": self.fraction, **{name: self.options[name] for name in ("max_vertices", "epsilon")}}
        return run(problem, stage=self.stage, begun=self._begin, **more, **how)

    def _begin(self, draft: "Draft") -> None:
        self._draft = draft

    def so_far(self) -> "Analysis | None":
        self.hush()
        return None if self._draft is None else self._draft.result()

    def _judgement(self, analysis: "Analysis") -> "Judgement":
        """The fit and the hints, made once."""
        from dualscape.report.hints import judge

        assert self.table is not None
        self._judged = self._judged or judge(analysis.solution, self.table.scaling)
        return self._judged

    def content(self, result: "Analysis") -> dict[str, Any]:
        from dualscape.report.analysis_json import to_dict

        return to_dict(result, self.notes, table=self.table, judgement=self._judgement(result))

    def show(self, result: "Analysis") -> None:
        from dualscape.report.terminal import show

        assert self.table is not None
        show(result, self.notes, self.table.scaling, self._judgement(result))

    def page(self, result: "Analysis") -> str:
        from dualscape.report.report import render

        return render(
            result.solution,
            result.optimal_set,
            result.staircase,
            notes=(*self.notes, *result.notes),
            table=self.table,
            title=self.data.removeprefix(CATALOGUE),
            judgement=self._judgement(result),
            near=result.near,
            epsilon=result.epsilon,
            three_layers=result.three_layers,
        )
