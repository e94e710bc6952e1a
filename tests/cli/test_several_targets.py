"""Several targets on the command line: analysed, saved, predicted; what is refused, in one line."""

import json

import numpy as np
import pytest

from command_line import run
from dualscape import Problem, solve
from dualscape.landscape.paths.path import Path
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
        (["--target", "c,d", "--bias", "free", "--free", "linear"], "no network need be optimal"),
        (["--target", "a,b,c,d"], "no feature column is left"),
        (["--target", "c,d", "--architecture", "three-layer"], "have one output, the target has 2 columns"),
        (["--target", "c,d", "--features-per-neuron", "3"], "but there are 2 features"),
        (["--target", "c", "--architecture", "three-layer", "--features-per-neuron", "1"], "does not go with"),
        (["--target", "c", "--architecture", "three-layer", "--bias", "free", "--free", "constant"], "no free bias"),
    ],
)
def test_what_is_refused(table, tmp_path, arguments, message):
    weight = [] if "interpolation" in arguments else ["--beta", 1]
    found = run("analyze", table, *arguments, *weight, "--json", tmp_path / "no.json")
    assert found.exit_code == 2
    assert message in found.output
    assert len(found.output.strip().splitlines()) == 1
    assert not (tmp_path / "no.json").exists()


def test_path_follows_the_optimum_of_two_targets(table, tmp_path):
    out = tmp_path / "p.json"
    found = run("path", table, "--target", "c,d", "--betas", "3,1", "--no-events", "--json", out)
    assert found.exit_code == 0, found.output
    points = json.loads(out.read_text())["path"]["points"]
    for point in points:
        solution = solve(Problem(ROWS[:, :2], ROWS[:, 2:], beta=point["beta"]))
        assert point["certificate"]["primal"] == pytest.approx(solution.certificate.primal, rel=1e-9)
    assert [point["beta"] for point in points] == [3.0, 1.0]


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        ("1,2,nan\n2,1,0\n", ["--target", "b,c"], "column 'c'"),
        ("1,2,x\n2,1,x\n", ["--target", "c", "--loss", "multinomial"], "two classes or more"),
        ("1,x,x\n2,x,y\n", ["--target", "b,c"], "column 'b'"),
        ("1,a,x\n2,b,y\n3,c,z\n", ["--target", "c", "--loss", "multinomial", "--features", "a", "--free", "affine"],
         "separate the classes"),
    ],
)  # fmt: skip
def test_targets_that_cannot_be_used(tmp_path, rows, arguments, message):
    path = tmp_path / "data.csv"
    path.write_text(f"a,b,c\n{rows}", encoding="utf-8")
    found = run("analyze", path, *arguments, "--beta", 1, "--json", tmp_path / "no.json")
    assert found.exit_code == 2
    assert message in found.output
    assert len(found.output.strip().splitlines()) == 1
    assert not (tmp_path / "no.json").exists()


@pytest.mark.parametrize("target", ["c", "c,d"])
def test_one_row_and_more_targets_than_rows(tmp_path, target):
    path = tmp_path / "data.csv"
    path.write_text("a,b,c,d\n1,2,3,4\n", encoding="utf-8")
    found = run("analyze", path, "--target", target, "--beta", 0.1, "--json", tmp_path / "yes.json")
    assert found.exit_code == 0, found.output
    assert json.loads((tmp_path / "yes.json").read_text(encoding="utf-8"))["certificate"]["verdict"] == "global"


@pytest.fixture(name="nets")
def fixture_nets(tmp_path):
    """Two networks of two outputs on two features with a bias, in files."""
    rng, paths = np.random.default_rng(1), (tmp_path / "one.npz", tmp_path / "two.npz")
    for path in paths:
        weights = {"U": rng.standard_normal((6, 2)), "alpha": rng.standard_normal((6, 2))}
        np.savez(path, bias=rng.standard_normal(6), **weights)
    return paths


def test_certify_a_network_of_two_targets(table, nets, tmp_path):
    out, better, report = tmp_path / "c.json", tmp_path / "better.npz", tmp_path / "c.html"
    how = (table, "--target", "c,d", "--beta", 0.5)
    found = run("certify", nets[0], *how, "--json", out, "--better", better, "--report", report)
    assert found.exit_code == 0, found.output
    assert "a neuron with output (" in " ".join(found.output.split())
    content = json.loads(out.read_text())
    assert content["verdict"] == "not global"
    assert np.shape(content["better"]["path"]["end"]["alpha"])[1] == 2
    assert "The way down" in report.read_text()
    again = run("certify", better, *how)
    assert "Globally optimal" in again.output
    assert "Stationary (Clarke): yes" in again.output


def test_certify_what_analyze_has_written(table, tmp_path):
    result = tmp_path / "r.json"
    found = run("analyze", table, "--target", "c,d", "--beta", 0.5, "--json", result, "--quiet")
    assert found.exit_code == 0, found.output
    found = run("certify", result, table, "--target", "c,d")
    assert found.exit_code == 0, found.output
    assert "Globally optimal" in found.output


def test_descend_and_connect(table, nets, tmp_path):
    out, path, report = tmp_path / "p.json", tmp_path / "path.npz", tmp_path / "p.html"
    how = (table, "--target", "c,d", "--beta", 0.5)
    found = run("descend", nets[0], *how, "--json", out, "--output", path, "--report", report)
    assert found.exit_code == 0, found.output
    content = json.loads(out.read_text())["path"]
    assert content["falls"]
    assert content["verification"]["ok"]
    assert np.shape(content["end"]["outputs"]) == (6, 2)
    again = Path.load(path, Problem(ROWS[:, :2], ROWS[:, 2:], beta=0.5))
    assert again.objective(1.0) == pytest.approx(content["objectives"][-1], rel=1e-12)
    assert "Objective along the path" in report.read_text()
    found = run("connect", *nets, *how, "--sublevel", "--width", 30)
    assert found.exit_code == 0, found.output
    assert "never exceeds" in found.output


@pytest.mark.parametrize("command", ["certify", "descend"])
def test_networks_of_another_number_of_targets_are_refused_in_one_line(table, nets, tmp_path, command):
    out = tmp_path / "no.json"
    found = run(command, nets[0], table, "--target", "d", "--beta", 0.5, "--json", out)
    assert found.exit_code == 2
    assert "the network has 2 outputs, the problem 1; choose the targets" in " ".join(found.output.split())
    assert not out.exists()
