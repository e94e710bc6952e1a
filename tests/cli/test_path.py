"""`dualscape path` from the outside."""

import pytest

from command_line import run, strict
from dualscape.errors import InputError
from dualscape.prediction.predictor import load_result


def test_the_whole_command(tmp_path):
    out, page = tmp_path / "path.json", tmp_path / "path.html"
    result = run("path", "catalogue:two-points", "--betas", "3,1,0.1", "--json", out, "--report", page)
    assert result.exit_code == 0, result.output
    assert "3 points from beta = 3 down to 0.1" in result.output
    assert "optima stop being a point: dimension 1" in result.output
    content = strict(out)
    assert [point["certificate"]["verdict"] for point in content["path"]["points"]] == ["global"] * 3
    assert [event["kind"] for event in content["path"]["events"]] == [*["enters"] * 3, "dimension"]
    assert "Certified path" in page.read_text(encoding="utf-8")


def test_a_table_keeps_its_names_and_scaling(data, tmp_path):
    out = tmp_path / "path.json"
    more = ("--standardize", "--n-betas", 3, "--no-events", "--json", out)
    assert run("path", data, "--target", "y", *more).exit_code == 0
    content = strict(out)
    assert content["data"]["feature_names"] == ["a", "b"]
    assert content["data"]["means"][0] == 5.5
    top = content["problem"]["beta_max"]
    assert [round(point["beta"] / top, 9) for point in content["path"]["points"]] == [1.0, 0.1, 0.01]


def test_betas_are_taken_as_given(data, tmp_path):
    out = tmp_path / "path.json"
    result = run("path", data, "--target", "y", "--betas", "3, 1e2,0.5", "--no-events", "--json", out, "--quiet")
    assert result.exit_code == 0, result.output
    assert result.output == ""
    content = strict(out)["path"]
    assert [point["beta"] for point in content["points"]] == [100.0, 3.0, 0.5]
    assert content["events"] == []
    assert content["precision"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--betas", "1,-2"), "--betas: -2 is no weight decay; give numbers above 0"),
        (("--betas", "1,0"), "--betas: 0 is no weight decay; give numbers above 0"),
        (("--betas", "1,nan"), "--betas: nan is no weight decay; give numbers above 0"),
        (("--betas", "1,two"), "--betas: 'two' is no number; give numbers with commas between them"),
        (("--n-betas", "0"), "Invalid value for '--n-betas'"),
        (("--precision", "2"), "Invalid value for '--precision'"),
        (("--beta", "1"), "No such option '--beta'"),
        (("--loss", "interpolation"), "loss interpolation has no weight decay and so no path; use dualscape analyze"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(data, tmp_path, arguments, message):
    out, page = tmp_path / "path.json", tmp_path / "path.html"
    result = run("path", data, "--target", "y", *arguments, "--json", out, "--report", page)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not out.exists()
    assert not page.exists()


def test_a_path_is_no_result_to_predict_with(data, tmp_path):
    out = tmp_path / "path.json"
    assert run("path", data, "--target", "y", "--betas", "3", "--json", out, "--quiet").exit_code == 0
    with pytest.raises(InputError, match="is no result of dualscape"):
        load_result(out)


def test_without_time_for_a_point_it_says_so(data, monkeypatch):
    monkeypatch.setattr("dualscape.landscape.solution_path.POINTS_SHARE", 0.0)
    result = run("path", data, "--target", "y", "--time-limit", "1")
    assert result.exit_code == 2
    assert "the time limit ended the path before its first point" in result.stderr


def test_it_has_the_options_of_analyze_that_are_not_of_one_beta():
    text = run("path", "--help").output
    for option in ("--target", "--loss", "--bias", "--oracle", "--checkpoint", "--executor", "--time-limit"):
        assert option in text
    for option in ("--beta ", "--beta-fraction", "--max-vertices"):
        assert option not in text
