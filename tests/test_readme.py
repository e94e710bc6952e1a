"""The documents tell the truth: their Python runs, their commands give the output that they show, their files exist."""

import doctest
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dualscape.cli import commands

ROOT = Path(__file__).parents[1]
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
#: The examples of one document share a folder and their names, in their order.
DOCUMENTS = ("README.md", "CHANGELOG.md", *PAGES)
LINKED = (*DOCUMENTS, "benchmarks/README.md")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
#: Where a file that a document names may lie.
PLACES = ("", "src/dualscape", "tests", "benchmarks", "src/dualscape/model", "src/dualscape/solver")


def text_of(document):
    return (ROOT / document).read_text(encoding="utf-8")


def numbers(text):
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


def run_doctest(block, names, document):
    test = doctest.DocTestParser().get_doctest(block, names, document, document, 0)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.DocTestRunner(optionflags=options).run(test, clear_globs=False).failed == 0
    names.update(test.globs)


def run_source(block, names, document):
    exec(compile(block, document, "exec"), names)


def run_commands(block, *_):
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


#: What a fenced block is, by its word; no block is of another kind, so that none is left out.
RUN = {"pycon": run_doctest, "python": run_source, "console": run_commands}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_examples(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{i},{(7 * i) % 11},{i % 4}" for i in range(20))
    for name in ("data.csv", "new.csv"):
        Path(name).write_text(f"size,age,price\n{rows}\n", encoding="utf-8")
    text, names = text_of(document), {"__name__": "example"}
    blocks = BLOCK.findall(text)
    assert 2 * len(blocks) == len(re.findall(r"^\s*```", text, flags=re.MULTILINE)), "a fence is not closed"
    assert text.count(">>> ") == sum(block.count(">>> ") for kind, block in blocks if kind == "pycon")
    for kind, block in blocks:
        assert kind in RUN, f"say what this block is ({', '.join(RUN)}), so that it runs: {block}"
        RUN[kind](block, names, document)


@pytest.mark.parametrize("document", LINKED)
def test_links(document):
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(document)):
        assert target.startswith("https://") or ((ROOT / document).parent / target).exists(), target


@pytest.mark.parametrize("document", ["README.md", *PAGES])
def test_files_that_are_named_exist(document):
    for named in re.findall(r"`([\w/]+\.(?:py|md|toml))`", text_of(document)):
        homes = [(ROOT / document).parent, *(ROOT / place for place in PLACES)]
        assert any((home / named).exists() for home in homes), named


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_found_from_the_readme(page):
    assert f"]({page})" in text_of("README.md")
