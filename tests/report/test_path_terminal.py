from dualscape.landscape.solution_path import solution_path
from dualscape.report.path_terminal import MOST_ROWS, show_path
from paths import line_path


def test_what_is_shown(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show_path(line_path(), ("a note of the data",))
    text = capsys.readouterr().out
    for part in ("note: a note of the data", "6 certified; 2 events", "a unit with sign + enters", "global"):
        assert part in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text, "a cell is cut short at 80 columns"


def test_long_tables_are_thinned_and_say_so(capsys):
    path = solution_path(line_path().problem, n_betas=MOST_ROWS + 5, precision=None)
    show_path(path, ())
    assert "5 more are in the JSON output" in capsys.readouterr().out
