"""The documents tell the truth: their Python runs, and their commands give the output that they show."""

import doctest
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dualscape.cli import commands

ROOT = Path(__file__).parents[1]
#: Documents whose examples run; those of one document share a folder and their names, in their order.
RUN = ("README.md", "docs/usage.md", "docs/data.md")
LINKED = (*RUN, "docs/json.md")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def text_of(document):
    return (ROOT / document).read_text(encoding="utf-8")


def numbers(text):
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def run_python(block, names, document):
    test = doctest.DocTestParser().get_doctest(block, names, document, document, 0)
    assert doctest.DocTestRunner().run(test, clear_globs=False).failed == 0
    names.update(test.globs)


def run_commands(block):
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        program, *arguments = command.split()
        assert program == "dualscape"
        result = CliRunner(env={"COLUMNS": "80"}).invoke(commands, arguments)
        assert result.exit_code == 0, result.output
        if not shown.strip():
            continue
        given = "\n".join(line.rstrip() for line in result.stdout.splitlines())
        assert NUMBER.sub("#", given).split() == NUMBER.sub("#", shown).split()
        # What is zero up to rounding differs between machines.
        for ours, theirs in zip(numbers(given), numbers(shown), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("document", RUN)
def test_examples(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{i},{(7 * i) % 11},{i % 4}" for i in range(20))
    for name in ("data.csv", "new.csv"):
        Path(name).write_text(f"size,age,price\n{rows}\n", encoding="utf-8")
    blocks = re.findall(r"```(pycon|console)\n(.*?)```", text_of(document), flags=re.DOTALL)
    assert blocks
    names = {}
    for language, block in blocks:
        if language == "pycon":
            run_python(block, names, document)
        else:
            run_commands(block)


@pytest.mark.parametrize("document", LINKED)
def test_links(document):
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(document)):
        assert ((ROOT / document).parent / target).exists(), target
