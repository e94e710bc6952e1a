"""Several targets on the command line: analysed, saved, predicted; what is refused, in one line."""

import json

import numpy as np
import pytest

from command_line import run
from dualscape import Problem, solve
from dualscape.prediction.predictor import load_result

ROWS = np.random.default_rng(0).standard_normal((9, 4)).round(3)


@pytest.fixture(name="table")
def fixture_table(tmp_path):
    path = tmp_path / "data.csv"
    np.savetxt(path, ROWS, delimiter=",", header="a,b,c,d", comments="")
    return path


def test_analyze_writes_what_predict_reads(table, tmp_path):
    result, report, out = tmp_path / "r.json", tmp_path / "r.html", tmp_path / "out.csv"
    found = run("analyze", table, "--target", "c,d", "--beta-fraction", 0.2, "--json", result, "--report", report)
    assert found.exit_code == 0, found.output
    assert "2 outputs" in found.output
    content = json.loads(result.read_text())
    assert content["problem"]["c"] == 2
    assert content["data"]["target_names"] == ["c", "d"]
    assert content["certificate"]["verdict"] == "global"
    assert "signs" not in content["network"]
    solution = solve(Problem(ROWS[:, :2], ROWS[:, 2:], beta=content["problem"]["beta"]))
    assert content["certificate"]["primal"] == pytest.approx(solution.certificate.primal, rel=1e-11)
    np.testing.assert_allclose(load_result(result).predict(ROWS[:, :2]), solution.predict(ROWS[:, :2]), atol=1e-7)
    assert "Output vectors" in report.read_text()
    predicted = run("predict", result, table, "--output", out)
    assert predicted.exit_code == 0, predicted.output
    assert "R^2" in predicted.output
    assert out.read_text().splitlines()[0] == "a,b,c,d,prediction_c,prediction_d"
    last = np.loadtxt(out, delimiter=",", skiprows=1)[:, 4:]
    np.testing.assert_allclose(last, solution.predict(ROWS[:, :2]), atol=1e-7)


def test_standardised_targets_come_back_in_their_units(table, tmp_path):
    result = tmp_path / "r.json"
    found = run("analyze", table, "--target", "c,d", "--beta", 1e-4, "--standardize", "--json", result, "--quiet")
    assert found.exit_code == 0, found.output
    np.testing.assert_allclose(load_result(result).predict(ROWS[:, :2]), ROWS[:, 2:], atol=0.3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "c,c"], "listed twice"),
        (["--target", "c,nonsense"], "no column 'nonsense'"),
        (["--target", "c,d", "--features", "c"], "is a target and a feature"),
        (["--target", "c,d", "--loss", "logistic"], "2 targets, the logistic loss takes one"),
        (["--target", "c,d", "--loss", "interpolation"], "2 targets"),
        (["--target", "c,d", "--sample-weight", "c"], "is a target and the weight"),
        (["--target", "c,d", "--bias", "free", "--free", "constant"], "one output"),
        (["--target", "a,b,c,d"], "no feature column is left"),
    ],
)
def test_what_is_refused(table, tmp_path, arguments, message):
    weight = [] if "interpolation" in arguments else ["--beta", 1]
    found = run("analyze", table, *arguments, *weight, "--json", tmp_path / "no.json")
    assert found.exit_code == 2
    assert message in found.output
    assert len(found.output.strip().splitlines()) == 1
    assert not (tmp_path / "no.json").exists()


def test_other_commands_say_that_they_take_one_target(table):
    found = run("path", table, "--target", "c,d")
    assert found.exit_code == 2
    assert "one output" in found.output
