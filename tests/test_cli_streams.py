"""The command line among pipes: data on standard input, results on standard output; and names that need quotes."""

import gzip
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from dualscape.cli import commands

CSV = 'age,"income, net",y\n' + "".join(f"{i},{i * i % 7},{(3 * i) % 5}\n" for i in range(12))
BETA = ("--target", "y", "--beta-fraction", "0.2")


def run(*arguments, given=CSV):
    return CliRunner().invoke(commands, ["analyze", *map(str, arguments)], input=given)


@pytest.mark.parametrize(
    "given", [CSV, CSV.encode("utf-16"), gzip.compress(CSV.encode(), mtime=0)], ids=["text", "utf-16", "gzip"]
)
def test_data_on_standard_input(given):
    result = run("-", *BETA, given=given)
    assert result.exit_code == 0, result.output
    assert "12 rows, 3 coordinates (age, income, net, bias)" in result.stdout


def test_json_on_standard_output_is_alone_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("-", *BETA, "--json", "-")
    assert json.loads(result.stdout)["problem"]["n"] == 12
    assert "oracle" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_report_on_standard_output_is_alone_there(tmp_path):
    result = run("-", *BETA, "--report", "-", "--json", tmp_path / "out.json")
    assert result.stdout.startswith("<!DOCTYPE html>")
    assert result.stdout.endswith("</html>\n")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["problem"]["n"] == 12


def test_one_output_only_goes_to_standard_output():
    result = run("-", *BETA, "--json", "-", "--report", "-")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: --json and --report both name -; give them different files\n"


def test_errors_of_standard_input_name_it():
    result = run(
        "-",
        *BETA,
        given="age,y\n1,2\nx,3\n",
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: standard input, line 3, column 'age': 'x' is not a number; ")


def test_a_pipe_of_processes():
    command = [sys.executable, "-m", "dualscape", "analyze", "-", *BETA, "--json", "-"]
    answer = subprocess.run(command, input=CSV.encode(), capture_output=True, check=True)
    assert json.loads(answer.stdout)["certificate"]["verdict"] == "global"


@pytest.mark.parametrize(
    ("features", "d"), [('"income, net"', 2), ('age, "income, net"', 3), ('"age","income, net"', 3)]
)
def test_names_with_commas(features, d):
    result = run("-", *BETA, "--features", features, "--json", "-")
    assert json.loads(result.stdout)["problem"]["d"] == d


def test_an_open_quote_in_the_list_of_features():
    result = run("-", *BETA, "--features", 'age,"income')
    assert result.exit_code == 2
    assert result.stderr.startswith('error: cannot read the list of columns age,"income: ')


def test_classes_are_in_the_json():
    labelled = "a,b,y\n" + "".join(f"{i},{i * i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(12))
    result = run("-", *BETA, "--loss", "logistic", "--json", "-", given=labelled)
    content = json.loads(result.stdout)
    assert content["problem"]["classes"] == ["no", "yes"]
    assert content["notes"][0] == "labels of 'y': 'no' is -1, 'yes' is +1"
