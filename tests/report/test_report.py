"""The report is one file that loads nothing, says the verdict first, and is written whole or not at all."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.report import report
from dualscape.running.stopped import Stopped
from dualscape.solver import solve
from pages import Page, solved


def with_verdict(solution, verdict):
    dual = -np.inf if verdict == "none" else solution.certificate.dual * 0.9
    gap = solution.certificate.primal - dual
    certificate = replace(solution.certificate, verdict=verdict, dual=dual, gap=gap, relative_gap=0.1)
    return replace(solution, certificate=certificate)


def test_the_verdict_comes_first():
    solution, optima, stairs = solved("talk")
    page = Page(report.render(solution, optima, stairs, title="Two points", notes=("A note.",)))
    place = page.text.index("Globally optimal")
    assert place < page.text.index("Key numbers")
    assert page.text.index("Two points") < place
    assert "A note." in page.text
    assert f"{solution.certificate.primal:.12g}" in page.text


def test_the_staircase_is_exact():
    page = Page(report.render(*solved("parity")))
    for number in ("20,164", "120,961", "2,983,681"):
        assert number in page.text


def test_figures_that_do_not_apply_say_why():
    page = Page(report.render(*solved("parity")))
    assert "Figures that do not apply here" in page.text
    assert "here d = 4" in page.text


@pytest.mark.parametrize(("verdict", "word"), [("bounded", "Bounded"), ("none", "No certificate")])
def test_without_a_certificate_nothing_is_claimed(verdict, word):
    page = Page(report.render(with_verdict(solved("talk")[0], verdict)))
    assert word in page.text
    assert "Globally optimal" not in page.text
    assert "need a certified global optimum" in page.text
    assert "The staircase" not in page.text
    assert "optimal fit" not in page.text


def test_a_search_has_no_bound():
    page = Page(report.render(with_verdict(solved("talk")[0], "none")))
    assert "proven lower bound none" in page.text
    assert "inf" not in page.text.split()


@pytest.mark.parametrize("stop", [stop for stop in Stopped if stop.words])
def test_why_the_solver_stopped_is_said_in_words(stop):
    """With the remedy, once, also where the notes say it."""
    solution = replace(with_verdict(solved("talk")[0], "bounded"), stopped=stop)
    for notes in ((), (stop.note,)):
        page = Page(report.render(solution, notes=notes))
        assert f"solver {stop.words} (" in page.text
        assert page.text.count(stop.note or "this is the best network") == bool(stop.note)


def test_fit_hints_and_repeated_warnings():
    solution, optima, stairs = solved("talk")
    page = Page(report.render(solution, optima, stairs))
    assert "RMSE = 0.05 on these 2 rows; R^2 is not defined" in page.text
    assert "Hint:" not in page.text
    warned = replace(optima, warnings=("something is odd",))
    text = Page(report.render(solution, warned, stairs, notes=("a", "something is odd", "a"))).text
    assert text.count("something is odd") == 1
    zero = solve(solution.problem.with_beta(10.0))
    assert "Hint: beta is at or above beta_max" in Page(report.render(zero)).text


def test_an_older_page_survives_a_failure(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("older", encoding="utf-8")

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report.os, "replace", fail)
    with pytest.raises(InputError, match="No space left"):
        report.write_report(path, *solved("talk"))
    assert path.read_text(encoding="utf-8") == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        report.write_report(tmp_path / "missing" / "report.html", *solved("talk"))
    with pytest.raises(InputError, match="cannot write"):
        report.write_report(tmp_path, *solved("talk"))
    assert not list(tmp_path.iterdir())


def test_drawing_the_report_imports_no_plotting_machinery():
    code = (
        "import sys\n"
        "from dualscape import Problem, solve\nfrom dualscape.report import report\n"
        "report.render(solve(Problem([[1.0], [2.0]], [1, 2], beta=0.1)))\n"
        "assert not {'plotly.graph_objects', 'matplotlib'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_report_says_how_far_above_the_optimum_as_the_verdict_does():
    solution = with_verdict(solved("talk")[0], "bounded")
    page = Page(report.render(solution))
    words = solution.certificate.excess_in_words
    assert words == "11.2 %"  # a lower bound of nine tenths of the objective
    assert f"above the optimum, at most {words}" in page.text
    assert f"({words}) above the optimum" in page.text
    assert f"the objective at most {words} above the optimum" in page.text
    nothing = Page(report.render(with_verdict(solved("talk")[0], "none")))
    assert "above the optimum, at most no useful bound" in nothing.text
