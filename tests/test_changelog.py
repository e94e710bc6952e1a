"""The changelog keeps its form, and the version is the same wherever it stands."""

import re
import tomllib
from pathlib import Path

import dualscape

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_the_first_section_is_of_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == dualscape.__version__
    first = re.search(r"^## (.*)$", TEXT, flags=re.MULTILINE).group(1)
    named, _, when = first.partition(" - ")
    assert named == f"[{dualscape.__version__}]"
    assert when == "Unreleased" or re.fullmatch(r"\d{4}-\d\d-\d\d", when)


def test_its_sections_are_those_of_keep_a_changelog():
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", section, flags=re.MULTILINE)
        assert kinds
        assert len(set(kinds)) == len(kinds)
        assert set(kinds) <= set(KINDS)
        # Every line is in a section, and none is empty.
        for part in re.split(r"^### .*\n", section, flags=re.MULTILINE)[1:]:
            assert part.strip().startswith("* ")
            assert all(line.startswith(("* ", "  ")) for line in part.splitlines() if line)
