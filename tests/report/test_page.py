"""The page of a report: it loads nothing, and names are data."""

import pytest

from dualscape.report import report
from pages import NASTY, Page, solved


@pytest.mark.parametrize("name", ["talk", "parity"])
def test_nothing_is_loaded(name):
    page = Page(report.render(*solved(name)))
    assert not page.stack
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        assert not {"src", "href", "srcset"} & attributes.keys()
    policies = [a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv")]
    assert policies
    assert policies[0].startswith("default-src 'none'")


def test_names_are_escaped():
    text = report.render(*solved("talk"), title=NASTY)
    page = Page(text)
    assert NASTY in page.text
    assert "img" not in [tag for tag, _ in page.tags]


def test_written_whole(tmp_path):
    path = tmp_path / "report.html"
    report.write_report(path, *solved("talk"))
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
