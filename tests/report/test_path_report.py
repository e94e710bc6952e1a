import pytest

from dualscape.errors import InputError
from dualscape.landscape.solution_path import solution_path
from dualscape.report.path_report import render_path, write_path_report
from pages import Page
from paths import line_path


def test_the_page_says_first_what_is_certified():
    page = Page(render_path(line_path(), title="A line", notes=("A note.",)))
    assert page.text.index("Certified path") < page.text.index("Figures")
    for part in ("A line", "A note.", "6 certified; 2 events", "The solution path: masses", "sign - enters"):
        assert part in page.text


def test_a_search_is_not_called_certified():
    page = Page(render_path(solution_path(line_path().problem, [3.0, 1.0], oracle="ascent")))
    assert "Certified path" not in page.text
    assert "Path that is not certified everywhere" in page.text
    assert "2 of 2 points are results of a search" in page.text


def test_one_point_has_no_figures_and_says_why(tmp_path):
    write_path_report(tmp_path / "one.html", solution_path(line_path().problem, [3.0]))
    assert "The path has 1 point" in (tmp_path / "one.html").read_text(encoding="utf-8")


def test_what_is_refused(tmp_path):
    with pytest.raises(InputError, match="write_path_report takes a SolutionPath"):
        write_path_report(tmp_path / "no.html", line_path().problem)
    assert list(tmp_path.iterdir()) == []
