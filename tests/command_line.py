"""Helpers of the tests of the command line: a small table, runs in this process, and JSON read strictly."""

import json

from click.testing import CliRunner

from dualscape.cli import commands

CSV = "a,b,y\n" + "".join(f"{i},{i * i % 7},{(3 * i) % 5}\n" for i in range(12))


def run(*arguments):
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def strict(path):
    """The content of a JSON file; NaN and Infinity, which are no JSON, are refused."""

    def refuse(name):
        raise AssertionError(name)

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def analysed(tmp_path, *arguments):
    out = tmp_path / "out.json"
    result = run("analyze", *arguments, "--json", out)
    assert result.exit_code == 0, result.output
    return strict(out)
