"""The command line: what it prints, what it writes, and one line for everything that is wrong."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest

from command_line import CSV, analysed, run
from dualscape.analysis import analyze as analyzed
from dualscape.cli.analyze import analyze
from dualscape.cli.predict import predict
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.report.analysis_json import write_json
from dualscape.report.terminal import show


# --- help ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("arguments", [["--help"], ["-h"], [], ["analyze", "--help"], ["catalogue", "--help"]])
def test_help(arguments):
    result = run(*arguments)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")


def test_version():
    assert run("--version").stdout == "dualscape, version 0.1.0\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom dualscape.cli import main\nsys.argv = ['dualscape', 'analyze', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'scipy', 'numba', 'rich', 'plotly') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


# --- results ------------------------------------------------------------------------------------------


def test_the_summary_says_upper_bound(capsys):
    """Where vertices were sampled, ranges are of those that are known, and an interval has an end that is proven."""
    result = run("analyze", "catalogue:parity-3", "--max-vertices", "5")
    shown = " ".join(result.stdout.split())
    assert "mass over the optima known" in shown
    assert "mass over all optima" not in shown
    found = analyzed(get("parity-3").problem(), max_vertices=5)
    show(replace(found, staircase=replace(found.staircase, connected_from=(7, 9))), ())
    assert "connected from width 9 on at the latest, not below 7" in " ".join(capsys.readouterr().out.split())


def test_a_warning_is_said_once():
    result = run("analyze", "catalogue:parity-3", "--max-vertices", "5")
    shown = " ".join(result.stdout.split())
    assert shown.count("were sampled and widths are intervals") == 1
    assert "raise --max-vertices" in shown
    assert "Warning" not in shown


def test_fit_and_hints_stand_beside_the_verdict(tmp_path, data):
    rows = "".join(f"{i},{1000 + i % 3}\n" for i in range(12))
    path = tmp_path / "offset.csv"
    path.write_text(f"a,y\n{rows}", encoding="utf-8")
    result = run("analyze", path, *TARGET, "--beta-fraction", "0.1")
    shown = " ".join(result.stdout.split())
    places = [shown.index(part) for part in ("Globally optimal", "R^2 = -", "hint: ", "Optimal units")]
    assert places == sorted(places)
    assert shown.count("hint: ") == 2
    content = analysed(tmp_path, path, *TARGET, "--beta-fraction", "0.1")
    assert len(content["hints"]) == 2
    assert content["fit"]["r2"] < -1000
    assert analysed(tmp_path, path, *TARGET, "--beta-fraction", "0.1", "--standardize")["hints"] == []


def test_a_proof_too_dear_is_no_time_limit(tmp_path, monkeypatch):
    """Without a time limit the limit was our own, and the notes say which and how to raise it."""
    monkeypatch.setattr("dualscape.oracles.choice.AFFORDABLE_SECONDS", 1e-9)
    content = analysed(tmp_path, "catalogue:random-30x3")
    assert content["certificate"]["verdict"] == "bounded"
    assert "a proof is begun only if a call is expected to take 60 s at most" in content["notes"][0]
    assert "--time-limit SECONDS" in content["notes"][0]
    shown = " ".join(run("analyze", "catalogue:random-30x3").stdout.split())
    assert "the time limit" not in shown.replace("without a time limit", "")
    assert "which would take too long without a time limit" in shown


def test_a_table_from_a_file(tmp_path, data):
    content = analysed(tmp_path, data, "--target", "y", "--beta-fraction", "0.2", "--standardize")
    assert content["problem"]["n"] == 12
    assert content["problem"]["d"] == 3
    assert content["problem"]["beta"] == pytest.approx(0.2 * content["problem"]["beta_max"])
    assert content["notes"] == ["features and target standardised (mean 0, standard deviation 1)"]
    plain = analysed(tmp_path, data, "--target", "2", "--features", "b", "--beta", "0.5", "--bias", "none")
    assert (plain["problem"]["d"], plain["problem"]["beta"], plain["notes"]) == (1, 0.5, [])


def test_labels_are_told(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("a,y\n1,no\n2,yes\n3,no\n4,yes\n", encoding="utf-8")
    content = analysed(tmp_path, path, "--target", "y", "--loss", "logistic", "--beta", "0.1")
    assert content["notes"] == ["labels of 'y': 'no' is -1, 'yes' is +1"]
    assert content["certificate"]["verdict"] == "global"


def test_beta_above_beta_max_gives_the_zero_network(tmp_path):
    content = analysed(tmp_path, "catalogue:square", "--beta-fraction", "1.5")
    assert content["network"]["masses"] == []
    assert content["certificate"]["verdict"] == "global"


def test_summary_and_progress_streams(tmp_path):
    result = run("analyze", "catalogue:two-points")
    assert result.exit_code == 0
    for part in ("Globally optimal.", "m* = 1", "M* = 2", "connected from width 3", "Staircase", "Optimal units"):
        assert part in " ".join(result.stdout.split())
    assert "oracle cells (exact): 5 activation patterns" in " ".join(result.stderr.split())
    assert "--oracle ascent" in " ".join(result.stderr.split())


def test_the_summary_of_many_features(tmp_path):
    path = tmp_path / "wide.npz"
    rng = np.random.default_rng(0)
    np.savez(path, X=rng.standard_normal((30, 12)), y=rng.standard_normal(30))
    result = run("analyze", path, "--beta-fraction", "0.3", "--oracle", "ascent")
    assert "unit direction: largest coordinates" in result.stdout
    assert "No certificate." in result.stdout


def test_report_is_written(tmp_path):
    page = tmp_path / "report.html"
    result = run("analyze", "catalogue:two-points", "--report", page)
    assert result.exit_code == 0
    assert f"wrote {page}" in result.stdout
    assert page.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


def test_quiet_is_quiet(tmp_path):
    result = run("analyze", "catalogue:two-points", "--quiet", "--json", tmp_path / "out.json")
    assert (result.exit_code, result.output) == (0, "")


def test_catalogue():
    result = run("catalogue")
    assert result.exit_code == 0
    assert "diabetes-bmi-s5" in result.stdout
    shown = run("catalogue", "circle-5").stdout
    assert "known components by width: 4: 24, 5: 121, 6: 1" in shown
    assert run("catalogue", "catalogue:circle-5").stdout == shown


# --- bad input ----------------------------------------------------------------------------------------
BETA = ("--beta", "0.1")
TARGET = ("--target", "y")
BAD = {
    "no data": ((), "Missing argument 'DATA'."),
    "no file": (
        ("nowhere.csv", *TARGET, *BETA),
        "nowhere.csv does not exist; check the path (catalogue problems are written catalogue:NAME)",
    ),
    "folder": ((".", *TARGET, *BETA), ". is a folder; give a CSV, TSV, Parquet or NPZ file in it"),
    "no beta": (
        ("data.csv", *TARGET),
        "give the weight decay: --beta B, or --beta-fraction F of beta_max (0.1 is a good start)",
    ),
    "two betas": (
        ("data.csv", *TARGET, *BETA, "--beta-fraction", "0.1"),
        "--beta and --beta-fraction were both given; give exactly one",
    ),
    "beta text": (("data.csv", *TARGET, "--beta", "big"), "Invalid value for '--beta': 'big' is not a valid float."),
    "beta zero": (("data.csv", *TARGET, "--beta", "0"), "beta must be a positive finite number, got 0"),
    "beta nan": (("data.csv", *TARGET, "--beta", "nan"), "beta must be a positive finite number, got nan"),
    "fraction negative": (
        ("data.csv", *TARGET, "--beta-fraction", "-1"),
        "Invalid value for '--beta-fraction': -1.0 is not in the range x>0.",
    ),
    "a value twice": (
        ("data.csv", "--target", "a", "--target=y", *BETA),
        "--target was given 2 times: 'a' and 'y'; give it once",
    ),
    "beta thrice": (
        ("data.csv", *TARGET, *BETA, *BETA, "--beta", "2"),
        "--beta was given 3 times: '0.1', '0.1' and '2'; give it once",
    ),
    "features twice": (
        ("data.csv", *TARGET, *BETA, "--features", "a", "--features", "b"),
        "--features was given 2 times: 'a' and 'b'; give it once, with commas between the columns",
    ),
    "opposite flags": (
        ("data.csv", *TARGET, *BETA, "--header", "--no-header"),
        "--header and --no-header were both given; give one of them",
    ),
    "no target": (
        ("data.csv", *BETA),
        "data.csv: say which column is the target (--target COLUMN); its columns: a, b, y",
    ),
    "unknown target": (("data.csv", *BETA, "--target", "z"), "data.csv has no column 'z'; its columns: a, b, y"),
    "unknown loss": (
        ("data.csv", *TARGET, *BETA, "--loss", "hinge"),
        "unknown loss 'hinge'; known losses: huber, interpolation, logistic, multinomial, squared, squared-hinge",
    ),
    "unknown bias": (
        ("data.csv", *TARGET, *BETA, "--bias", "some"),
        "unknown bias 'some'; known: penalised, free, none",
    ),
    "unknown oracle": (
        ("data.csv", *TARGET, *BETA, "--oracle", "magic"),
        f"unknown oracle 'magic'; known: auto, {', '.join(ReLUSpace.kinds)}",
    ),
    "labels": (
        ("data.csv", *TARGET, *BETA, "--loss", "logistic"),
        "data.csv: the logistic loss needs a target with two classes, but column 'y' has 5 distinct values "
        "(0, 1, 2, 3, 4); recode it, or use the squared loss",
    ),
    "unknown entry": (("catalogue:sqare",), "the catalogue has no problem 'sqare'; did you mean 'square'?"),
    "target of an entry": (
        ("catalogue:square", *TARGET),
        "--target does not apply to catalogue problems; leave it out",
    ),
    "time limit": (
        ("data.csv", *TARGET, *BETA, "--time-limit", "0"),
        "Invalid value for '--time-limit': 0.0 is not in the range x>0.",
    ),
    "vertices": (
        ("data.csv", *TARGET, *BETA, "--max-vertices", "0"),
        "Invalid value for '--max-vertices': 0 is not in the range x>=1.",
    ),
    "json in no folder": (
        ("data.csv", *TARGET, *BETA, "--json", "none/out.json"),
        "cannot write none/out.json: there is no folder none; make it first",
    ),
    "report is a folder": (
        ("data.csv", *TARGET, *BETA, "--report", "."),
        "cannot write .: it is a folder; give a file name",
    ),
    "same outputs": (
        ("data.csv", *TARGET, *BETA, "--json", "out", "--report", "./out"),
        "--json and --report both name out; give them different files",
    ),
    "checkpoint and output": (
        ("data.csv", *TARGET, *BETA, "--json", "out", "--checkpoint", "out"),
        "--json and --checkpoint both name out; give them different files",
    ),
    "checkpoint over data": (
        ("data.csv", *TARGET, *BETA, "--checkpoint", "data.csv"),
        "data.csv is the data itself and would be overwritten; give another output file",
    ),
    "a name too long": (
        ("x" * 300, *TARGET, *BETA),
        f"{'x' * 300} cannot be read: File name too long; check the file and its permissions",
    ),
    "fraction nan": (
        ("data.csv", *TARGET, "--beta-fraction", "nan"),
        "Invalid value for '--beta-fraction': nan is no positive number.",
    ),
    "time limit nan": (
        ("data.csv", *TARGET, *BETA, "--time-limit", "nan"),
        "Invalid value for '--time-limit': nan is no positive number.",
    ),
    "executor": (
        ("data.csv", *TARGET, *BETA, "--executor", "many"),
        "unknown executor 'many'; use threads, processes, or the address of a dask scheduler (tcp://HOST:8786)",
    ),
    "output over data": (
        ("data.csv", *TARGET, *BETA, "--json", "data.csv"),
        "data.csv is the data itself and would be overwritten; give another output file",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input(data, monkeypatch, arguments, message):
    monkeypatch.chdir(data.parent)
    result = run("analyze", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"error: {message}\n"
    assert [path.name for path in Path().iterdir()] == ["data.csv"]
    assert data.read_text(encoding="utf-8") == CSV


def test_every_option_is_given_once():
    """Those that are added later too."""
    for command in (analyze, predict):
        for option in (parameter for parameter in command.params if isinstance(parameter, click.Option)):
            name = option.opts[0]
            values = (name, option.secondary_opts[0]) if option.secondary_opts else (f"{name}=1", f"{name}=2")
            if option.is_flag and not option.secondary_opts:
                continue
            error = run(command.name, "data", *values, *(["new"] if command is predict else [])).stderr
            assert error.startswith(f"error: {name} ")
            assert ("was given 2 times: '1' and '2'" in error) or ("were both given" in error)


def test_a_flag_may_be_repeated():
    assert run("analyze", "catalogue:two-points", "--quiet", "--quiet").exit_code == 0


def test_an_oracle_that_would_take_years_is_refused():
    result = run("analyze", "catalogue:diabetes", "--oracle", "cells")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: oracle 'cells' would look at 8.3e+16 activation patterns a call, about ")
    assert result.stderr.endswith(" years; use fewer features, or an oracle that only searches\n")


def test_a_missing_command():
    result = run("analyse")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: No such command 'analyse'.")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="names may be longer there")
@pytest.mark.parametrize("option", ["--json", "--report", "--checkpoint"])
def test_a_name_that_no_file_can_have(option):
    result = run("analyze", "catalogue:square", option, "x" * 300)
    assert result.exit_code == 2
    assert result.stderr == f"error: cannot write {'x' * 300}: File name too long; choose another place\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
def test_links_that_lead_nowhere_are_seen_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("dualscape.analysis.analyze", lambda *_, **__: pytest.fail("worked in vain"))
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    Path("nowhere").symlink_to(tmp_path / "none" / "file")
    for option in ("--json", "--report", "--checkpoint"):
        assert run("analyze", "catalogue:square", option, "loop").stderr == (
            "error: cannot write loop: it is a link that leads to itself; give a file name\n"
        )
        assert run("analyze", "catalogue:square", option, "nowhere").stderr == (
            f"error: cannot write nowhere: there is no folder {tmp_path / 'none'}; make it first\n"
        )


def test_outputs_are_checked_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("dualscape.analysis.analyze", lambda *_, **__: pytest.fail("worked in vain"))
    result = run("analyze", "catalogue:square", "--report", tmp_path / "none" / "report.html")
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no write bit there")
def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    def refuse(self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    result = run("analyze", "catalogue:square", "--json", tmp_path / "out.json")
    assert result.exit_code == 2
    assert result.stderr.endswith("out.json: Permission denied; choose another place\n")


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old", encoding="utf-8")

    def refuse(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(InputError, match="No space left on device; choose another place"):
        write_json(path, {"a": 1})
    assert [item.name for item in tmp_path.iterdir()] == ["out.json"]
    assert path.read_text(encoding="utf-8") == "old"


# --- interruption -------------------------------------------------------------------------------------
def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_interrupted_before_there_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("dualscape.data.tables.read_table", interrupt)
    (tmp_path / "data.csv").write_text(CSV, encoding="utf-8")
    arguments = (tmp_path / "data.csv", *TARGET, *BETA, "--json", tmp_path / "out.json")
    result = run("analyze", *arguments)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "error: interrupted before there was a result; nothing was written"
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_interrupted_before_there_is_a_network(tmp_path, monkeypatch):
    """The zero network is a result: its certificate says how far from optimal it is at most."""
    monkeypatch.setattr("dualscape.analysis.solve", interrupt)
    content = analysed(tmp_path, "catalogue:square")
    assert content["network"]["masses"] == []
    assert content["certificate"]["verdict"] == "bounded"
    assert 0 < content["certificate"]["dual"] < content["certificate"]["primal"]
    assert content["notes"][0].startswith("interrupted: this is the best network so far; with --checkpoint")


def test_interrupted_after_the_solution(tmp_path, monkeypatch):
    monkeypatch.setattr("dualscape.analysis.optimal_set", interrupt)
    content = analysed(tmp_path, "catalogue:square")
    assert content["certificate"]["verdict"] == "global"
    assert content["optimal_set"] is None
    assert content["notes"] == ["interrupted: the optimal set is left out"]


def test_the_executor_is_by_name(tmp_path):
    with_threads = analysed(tmp_path, "catalogue:square")
    assert analysed(tmp_path, "catalogue:square", "--executor", "processes") == with_threads
    result = run("analyze", "catalogue:square", "--executor", "many")
    assert result.exit_code == 2
    assert "unknown executor 'many'" in result.stderr


def test_out_of_memory_is_one_line(monkeypatch):
    def exhaust(*_, **__):
        raise MemoryError

    monkeypatch.setattr("dualscape.analysis.solve", exhaust)
    result = run("analyze", "catalogue:square")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("error: out of memory; ")


def test_reading_shows_its_progress(tmp_path, monkeypatch):
    monkeypatch.setattr("dualscape.report.terminal.PATIENCE", 0.0)
    path = tmp_path / "data.csv"
    path.write_text("a,y\n" + "0.25,1\n" * 100_000)
    result = run("analyze", path, "--target", "nosuch", "--beta", 1)
    assert result.stderr.splitlines()[0] == "reading: 700,004 of 700,004"
    assert run("analyze", path, "--target", "nosuch", "--beta", 1, "--quiet").stderr.startswith("error: ")


def test_the_time_limit_returns_the_best_so_far(tmp_path):
    content = analysed(tmp_path, "catalogue:random-30x3", "--time-limit", "1e-9")
    assert content["certificate"]["verdict"] == "bounded"
    assert 0 <= content["certificate"]["dual"] < content["certificate"]["primal"]
    assert content["notes"][:2] == [
        "the time limit ended the solver: this is the best network so far; a greater --time-limit takes it further",
        "beta_max was only searched for: the value given is a lower bound",
    ]
    assert content["notes"][3].startswith("optimal set, widths and staircase are left out: the proven gap of")
