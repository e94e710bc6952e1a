"""Ctrl-C: real signals to the real program at many moments, and the wish that a signal leaves."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from dualscape.landscape.optimal_set import optimal_set
from dualscape.model.problem import Problem
from dualscape.oracles import Question
from dualscape.report.report import render
from dualscape.running.interruption import Interrupt, heeding
from dualscape.solver import solve
from signals import random_problem, soon

#: A program that a shell started in the background ignores SIGINT, and so would its children.
HEARD = "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
MAIN = "from dualscape.__main__ import main; main()"
#: It says in which stage it is.
TOLD = """
from contextlib import contextmanager
from dualscape.report import terminal
stage = terminal.Reporter.stage

@contextmanager
def told(self, name):
    os.write(2, f"<{name}>".encode())
    with stage(self, name) as tell:
        yield tell

terminal.Reporter.stage = told
"""
#: A second where nothing else runs; a machine that tests in parallel is slower.
SOON = 4.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C is no signal that can be sent")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables whose stages take long, on which the kernels have been compiled."""
    folder = tmp_path_factory.mktemp("tables")
    t = np.arange(90) / 2
    np.savez(folder / "sine.npz", X=t[:, None], y=np.sin(t).round(6))
    values = np.random.default_rng(1).standard_normal((150, 9))
    np.savez(folder / "wide.npz", X=values[:, :-1], y=values[:, -1])
    subprocess.run(
        [*command(folder, "wide", "warm"), "--time-limit", "0.5"], check=True, capture_output=True, cwd=folder
    )
    return folder


CASES = {
    "sine": ["sine.npz", "--beta-fraction", "0.001", "--standardize"],
    "wide": ["wide.npz", "--beta", "0.05"],
    "points": ["catalogue:two-points"],
}


def command(folder, case, out, program=HEARD + TOLD + MAIN):
    (folder / out).mkdir(exist_ok=True)
    outputs = ["--json", f"{out}/out.json", "--report", f"{out}/out.html"]
    return [sys.executable, "-c", program, "analyze", *CASES[case], *outputs]


def start(arguments, folder):
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)


def interrupt(folder, case, stage, wait, out):
    """(content of the JSON file or None, page of the report or None, what was told) after a signal in that stage."""
    with start(command(folder, case, out), folder) as process:
        told = b""
        while f"<{stage}>".encode() not in told:
            piece = os.read(process.stderr.fileno(), 4096)
            assert piece, told.decode()
            told += piece
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        told += process.communicate(timeout=60)[1]
        assert time.monotonic() - sent < SOON
    assert process.returncode == 130, told.decode()
    assert b"Traceback" not in told
    assert {path.name for path in (folder / out).iterdir()} <= {"out.json", "out.html"}
    content, page = (folder / out / name for name in ("out.json", "out.html"))
    return (
        json.loads(content.read_text(encoding="utf-8")) if content.exists() else None,
        page.read_text(encoding="utf-8") if page.exists() else None,
        told.decode(),
    )


# --- the program --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("case", "stage", "wait"),
    [
        ("wide", "beta_max", 0.0),
        ("wide", "solve", 0.3),
        ("sine", "solve", 0.02),
        ("sine", "optimal set", 0.2),
        ("sine", "staircase", 0.1),
        ("points", "report", 0.0),
        ("points", "report", 0.02),
    ],
)
def test_a_signal_in_any_stage_keeps_what_is_proven(folder, case, stage, wait):
    content, page, told = interrupt(folder, case, stage, wait, f"{stage}-{wait}")
    assert content is not None
    certificate = content["certificate"]
    assert 0 <= certificate["dual"] <= certificate["primal"]
    later = stage in ("optimal set", "staircase", "report")
    assert certificate["verdict"] == ("global" if later else "bounded")
    assert (content["optimal_set"] is not None) == (stage in ("staircase", "report"))
    assert (content["staircase"] is not None) == (stage == "report")
    if stage == "solve" and wait > 0.1:
        assert content["network"]["masses"]
    if stage != "report":
        assert any(note.startswith("interrupted") for note in content["notes"])
    if page is None:
        assert "out.html was not written, for want of time" in told
    else:
        assert page.rstrip().endswith("</html>")


@pytest.mark.parametrize("wait", [0.0, 0.2])
def test_a_signal_before_there_is_a_problem(folder, wait):
    listening = HEARD + "from dualscape import __main__; os.write(2, b'<begun>'); __main__.main()"
    with start(command(folder, "sine", f"early-{wait}", listening), folder) as process:
        os.read(process.stderr.fileno(), 7)
        time.sleep(0.05 + wait)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    # A quick machine may have got further.
    written = sorted(path.name for path in (folder / f"early-{wait}").iterdir())
    assert written in ([], ["out.json"], ["out.html", "out.json"])
    assert bool(written) != ("interrupted before there was a result; nothing was written" in told)


def test_two_signals_are_as_good_as_one(folder):
    with start(command(folder, "wide", "twice"), folder) as process:
        told = b""
        while b"<solve>" not in told:
            told += os.read(process.stderr.fileno(), 4096)
        for _ in range(20):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        told += process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert b"Traceback" not in told
    assert (
        json.loads((folder / "twice" / "out.json").read_text(encoding="utf-8"))["certificate"]["verdict"] == "bounded"
    )


# --- from Python --------------------------------------------------------------------------------------
@pytest.mark.usefixtures("hears")
def test_solve_returns_its_best():
    soon()
    solution = solve(random_problem(150, 9))
    assert solution.stopped == "interrupted"
    assert solution.certificate.verdict == "bounded"
    assert solution.problem.objective(solution.network) == solution.certificate.primal
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("hears")
def test_what_has_nothing_to_show_raises():
    t = np.arange(90) / 2
    solution = solve(Problem((t[:, None] - t.mean()) / t.std(), np.sin(t), beta=0.0074))
    soon()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        optimal_set(solution, max_vertices=10**9)
    assert time.monotonic() - began < SOON  # listing all vertices would take a minute


def test_an_interrupted_report_says_that_figures_are_missing():
    solution = solve(Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none"))
    wish = Interrupt()
    wish.ask()
    with heeding(wish):
        page = render(solution)
    assert "Some figures were left out because the program was interrupted." in page
    assert page.rstrip().endswith("</html>")


def test_bounds_at_once_are_bounds():
    """On data large enough that not one round is made, and on data on which one is."""
    rng, wish = np.random.default_rng(0), Interrupt()
    wish.ask()
    for n, d in ((400, 300), (5000, 200)):
        # All rows nearly agree, so that even the trivial bound is nearly attained.
        X, nu = 1 + 0.1 * rng.standard_normal((n, d)), rng.uniform(0, 1, n)
        problem = Problem(X, nu, beta=1.0, bias="none")
        lower = nu @ np.maximum(X.mean(axis=1) * d**0.5, 0.0)  # at the direction (1, ..., 1)
        with heeding(wish):
            answer = problem.oracle("bisection").best_units(Question(nu, above=0.0))
        trivial = np.abs(nu) @ np.linalg.norm(X, axis=1)
        assert answer.stopped in ("interrupted", "dimension")
        assert 0.9 * trivial < lower <= answer.upper <= trivial * (1 + 1e-6)


def test_a_path_ends_with_the_points_so_far(folder):
    arguments = ["path", "catalogue:two-points", "--n-betas", "5000", "--no-events", "--json", "path.json"]
    with start([sys.executable, "-c", HEARD + TOLD + MAIN, *arguments], folder) as process:
        told = b""
        while b"path, points" not in told:
            piece = os.read(process.stderr.fileno(), 4096)
            assert piece, told.decode()
            told += piece
        time.sleep(2)  # for some points: without any there is nothing to write
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        told += process.communicate(timeout=60)[1]
        assert time.monotonic() - sent < SOON
    assert process.returncode == 130, told.decode()
    assert b"Traceback" not in told
    content = json.loads((folder / "path.json").read_text(encoding="utf-8"))
    points = content["path"]["points"]
    assert 0 < len(points) < 5000
    assert all(point["certificate"]["verdict"] == "global" for point in points)
    assert f"interrupted: {len(points)} of 5000 points are here" in content["notes"]
