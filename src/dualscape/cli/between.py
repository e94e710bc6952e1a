"""What the commands that walk from one network to another have in common."""

from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import click

from dualscape.cli.analyze import analyze
from dualscape.cli.group import CATALOGUE
from dualscape.cli.job import Job
from dualscape.cli.options import option
from dualscape.errors import InputError

if TYPE_CHECKING:
    from dualscape.landscape.paths.connect import Disconnected
    from dualscape.landscape.paths.path import Path
    from dualscape.model.network import Network
    from dualscape.model.problem import Problem

#: Options of `analyze` but its table, which comes after the networks, and what it is asked of near-optimal networks.
SHARED = [parameter for parameter in analyze.params[1:] if parameter.name != "epsilon"]
MODEL = click.Path(path_type=File)
WIDTH = option(
    "--width", type=click.IntRange(min=1), metavar="M", help="Slots of all networks; as many as given if unsaid."
)
TRUST = option("--trust-pickle", is_flag=True, help="Load a pickle, which may run any code, of a model that you made.")
OUTPUT = option("--output", type=MODEL, metavar="OUT.npz", help="Write the networks of the path (Path.load reads it).")


class BetweenJob(Job["Path | Disconnected"]):
    """One call of `connect` or `descend`."""

    def load(self) -> bool:
        """Read the data, and see that the path could be written."""
        from dualscape.running.files import check_writable, followed

        output = self.options["output"]
        if output is not None:
            check_writable(output)
            if any(followed(output) == followed(File(model)) for model in self.models):
                raise InputError(f"{output} is a network that is read and would be overwritten; give another file")
        return super().load()

    @property
    def models(self) -> list[File]:
        """The files of networks."""
        return [self.options[name] for name in ("model", "a", "b", "to") if self.options.get(name) is not None]

    def problem_at(self, problem: "Problem", how: dict[str, Any]) -> "Problem":
        """The problem at the weight decay that was asked for."""
        if self.fraction is None:
            return problem
        with self.stage("beta_max") as progress:
            return problem.at_fraction(self.fraction, how["oracle"], progress)

    def read(self, problem: "Problem", name: str) -> "Network":
        """The network of an option or argument."""
        from dualscape.prediction.models.files import read_network

        return read_network(self.options[name], problem, trust_pickle=self.options["trust_pickle"])

    def written(self, found: "Path | Disconnected") -> "Path | Disconnected":
        """The result, whose path is in the file that was asked for."""
        from dualscape.landscape.paths.path import Path

        if self.options["output"] is not None and isinstance(found, Path):
            found.save(self.options["output"])
        return found

    def so_far(self) -> None:
        self.hush()

    def content(self, result: "Path | Disconnected") -> dict[str, Any]:
        from dualscape.report.network_path import network_path_to_dict

        return network_path_to_dict(result, self.notes)

    def show(self, result: "Path | Disconnected") -> None:
        from dualscape.report.network_path import show_network_path

        show_network_path(result, self.notes)

    def page(self, result: "Path | Disconnected") -> str:
        from dualscape.report.network_path import render_network_path

        return render_network_path(result, self.notes, self.data.removeprefix(CATALOGUE))
