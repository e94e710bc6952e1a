"""`dualscape descend`: from a trained network down to the optimum, without climbing."""

from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.between import MODEL, OUTPUT, SHARED, TRUST, WIDTH, BetweenJob
from dualscape.cli.job import run_job
from dualscape.cli.options import option
from dualscape.running.listener import Listener

if TYPE_CHECKING:
    from dualscape.landscape.paths.path import Path
    from dualscape.model.problem import Problem


@click.command(params=[parameter for parameter in SHARED if parameter.name != "max_vertices"])
@click.argument("model", type=MODEL)
@click.argument("data")
@option("--to", type=MODEL, metavar="TARGET", help="The optimum at which to end; one is computed if unsaid.")
@WIDTH
@TRUST
@OUTPUT
@click.pass_obj
def descend(listener: Listener, model: File, data: str, **options: Any) -> None:
    """Lead a network down to a global optimum without ever climbing.

    MODEL is an .npz file with arrays U (m, p) and alpha (m,), and bias (m,) and output_bias where there are any, the
    JSON of `dualscape analyze`, or another file that `dualscape certify` takes. DATA and the other options are as for
    `analyze`.

    \b
    dualscape descend model.npz data.csv --target price --beta 0.5 --output path.npz

    From n + 1 neurons on such a path always exists. With fewer it is looked for, and where none is found the path
    climbs by what it says. With fewer than any optimum has it goes down as far as it can.

    It exits with 0, with 2 after an error, and with 130 after Ctrl-C.
    """
    run_job(DescendJob(data, {"model": model, "max_vertices": None, **options}, listener.begun), listener)


class DescendJob(BetweenJob):
    """One call of `descend`."""

    def compute(self, problem: "Problem", **how: Any) -> "Path":
        from dualscape.landscape.paths.descend import descend as run
        from dualscape.solver import solve

        problem = self.problem_at(problem, how)
        network = self.read(problem, "model")
        if self.options["to"] is not None:
            found = run(problem, network, self.read(problem, "to"), width=self.options["width"])
        else:
            with self.stage("solve") as progress:
                solution = solve(problem, start=network, progress=progress, **how)
            found = run(problem, network, solution, width=self.options["width"])
        self.written(found)
        return found
