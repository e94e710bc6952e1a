"""The command line beside checkpoints and internal errors: what is refused, what is gone on from, and exit codes."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from dualscape.cli import commands
from dualscape.errors import ContradictionError


def run(*arguments):
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def analysed(tmp_path, *arguments):
    out = tmp_path / "out.json"
    result = run("analyze", *arguments, "--json", out)
    assert result.exit_code == 0, result.output
    return json.loads(out.read_text(encoding="utf-8"))


# --- checkpoints --------------------------------------------------------------------------------------
def test_a_checkpoint_of_the_same_command_is_gone_on_from(tmp_path):
    """One file for beta_max, the solver and the listing, through a run that time cut short."""
    file = ("--checkpoint", tmp_path / "file.npz")
    command = ("catalogue:random-30x3", "--oracle", "bisection", "--beta-fraction", "0.2")
    analysed(tmp_path, *command, *file, "--time-limit", "1e-9")
    first = analysed(tmp_path, *command, *file)
    assert first["certificate"]["verdict"] == "global"
    assert analysed(tmp_path, *command, *file)["certificate"]["primal"] == first["certificate"]["primal"]
    sections = {name.partition("/")[0] for name in np.load(tmp_path / "file.npz").files}
    assert {"owner", "solver"} < sections
    assert sum(name.startswith("bisection-") for name in sections) >= 2


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (("catalogue:random-30x3", "--beta-fraction", "0.3"), "is a checkpoint at 0.2 of beta_max, not at 0.3 "),
        (("catalogue:two-points", "--beta-fraction", "0.2"), "is a checkpoint of another problem (30 rows, 4 "),
    ],
)
def test_a_foreign_checkpoint_is_refused(tmp_path, other, words):
    path = tmp_path / "file.npz"
    arguments = ("--oracle", "bisection", "--checkpoint", path)
    assert run("analyze", "catalogue:random-30x3", "--beta-fraction", "0.2", *arguments).exit_code == 0
    before = np.load(path).files
    result = run("analyze", *other, *arguments)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(f"error: {path} {words}")
    assert np.load(path).files == before


# --- internal errors ----------------------------------------------------------------------------------
@pytest.mark.parametrize("stage", ["solve", "optimal_set", "staircase"])
def test_a_contradiction_is_one_line_and_another_exit_code(tmp_path, monkeypatch, stage):
    def contradict(*_, **__):
        raise ContradictionError("the lower bound", 2.0, "the objective", 1.0)

    monkeypatch.setattr(f"dualscape.analysis.{stage}", contradict)
    result = run("analyze", "catalogue:square", "--json", tmp_path / "out.json")
    assert result.exit_code == 70
    assert result.stderr.splitlines()[-1] == (
        "error: internal error: the lower bound is 2.0, above the objective, which is 1.0; nothing is claimed. Please "
        "report this with the data and the command"
    )
    assert list(tmp_path.iterdir()) == []
