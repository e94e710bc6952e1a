"""The README and docs/data.md tell the truth: their Python runs, and commands give the output that is shown."""

import doctest
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dualscape.cli import commands

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
DATA = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def blocks(language, text=TEXT):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("block", [*blocks("pycon"), *blocks("pycon", DATA)])
def test_python(block):
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def numbers(text):
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def test_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{i},{(7 * i) % 11},{i % 4}" for i in range(20))
    Path("data.csv").write_text(f"size,age,price\n{rows}\n", encoding="utf-8")
    for block in blocks("console"):
        command, _, shown = block.partition("\n")
        program, *arguments = command.removeprefix("$ ").split()
        assert program == "dualscape"
        result = CliRunner(env={"COLUMNS": "80"}).invoke(commands, arguments)
        assert result.exit_code == 0, result.output
        if not shown:
            continue
        given = "\n".join(line.rstrip() for line in result.stdout.splitlines())
        assert NUMBER.sub("#", given).split() == NUMBER.sub("#", shown).split()
        # What is zero up to rounding differs between machines.
        for ours, theirs in zip(numbers(given), numbers(shown), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-9)


def test_links():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
