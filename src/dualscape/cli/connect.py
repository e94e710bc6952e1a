"""`dualscape connect`: from one optimal network to another, or why that cannot be."""

from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.between import MODEL, OUTPUT, SHARED, TRUST, WIDTH, BetweenJob
from dualscape.cli.job import run_job
from dualscape.cli.options import option
from dualscape.running.listener import Listener

if TYPE_CHECKING:
    from dualscape.landscape.paths.connect import Disconnected
    from dualscape.landscape.paths.path import Path
    from dualscape.model.problem import Problem


@click.command(params=[*SHARED])
@click.argument("a", type=MODEL)
@click.argument("b", type=MODEL)
@click.argument("data")
@option(
    "--sublevel",
    is_flag=True,
    help="Any two networks, by a path that never exceeds the greater objective of theirs.",
)
@WIDTH
@TRUST
@OUTPUT
@click.pass_obj
def connect(listener: Listener, a: File, b: File, data: str, **options: Any) -> None:
    """Lead one optimal network to another through optimal networks alone, or say why that cannot be.

    A and B are .npz files with arrays U (m, p) and alpha (m,), and bias (m,) and output_bias where there are any, or
    the JSON of `dualscape analyze`. DATA and the other options are as for `analyze`.

    \b
    dualscape connect one.npz two.npz data.csv --target price --beta 0.5 --width 6

    Where there is no path of that width, the width from which on there is one is said. It exits with 0 in either case,
    with 2 after an error, and with 130 after Ctrl-C.
    """
    run_job(ConnectJob(data, {"a": a, "b": b, **options}, listener.begun), listener)


class ConnectJob(BetweenJob):
    """One call of `connect`."""

    def compute(self, problem: "Problem", **how: Any) -> "Path | Disconnected":
        from dualscape.landscape.optimal_set import optimal_set
        from dualscape.landscape.paths.connect import connect as run
        from dualscape.landscape.paths.sublevel import connect_sublevel
        from dualscape.solver import solve

        problem = self.problem_at(problem, how)
        a, b, width = self.read(problem, "a"), self.read(problem, "b"), self.options["width"]
        if self.options["sublevel"]:
            return self.written(connect_sublevel(problem, a, b, width=width))
        with self.stage("solve") as progress:
            solution = solve(problem, progress=progress, **how)
        with self.stage("optimal set") as progress:
            optima = optimal_set(solution, max_vertices=self.options["max_vertices"], progress=progress)
        return self.written(run(optima, a, b, width=width))
