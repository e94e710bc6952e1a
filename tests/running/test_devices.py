"""Devices of PyTorch give the answers of the processors. Skipped where PyTorch or the device is missing."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from dualscape import Problem, solve
from dualscape.cli import commands
from dualscape.oracles import Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.cells.line_screening import lines_left
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.running.effort import Effort
from exact_values import CASES

torch = pytest.importorskip("torch")
without_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
pytestmark = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=without_cuda)])


@pytest.fixture(autouse=True)
def nothing_is_little(monkeypatch):
    monkeypatch.setattr("dualscape.oracles.cells.oracle.LITTLE", 1)
    monkeypatch.setattr("dualscape.oracles.cells.tasks.DEVICE_LEAST", 1)


@pytest.mark.parametrize("share", [0.0, 0.9, 1.0, 1.1])
@pytest.mark.parametrize("name", CASES)
def test_patterns_stream_to_the_same_answer(name, share, device):
    rng = np.random.default_rng(1)
    X = CASES[name](rng)
    nu = rng.standard_normal(len(X))
    oracle = CellsOracle.on(X)
    above = share * oracle.best_units(Question(nu, above=0.0)).lower * (1 - 1e-9)
    here = oracle.best_units(Question(nu, above=above))
    there = oracle.best_units(Question(nu, above=above), effort=Effort(device=device))
    assert there.upper == pytest.approx(here.upper, rel=1e-12)
    assert there.looked_at == here.looked_at
    # Which of two points that agree to rounding is kept depends on who comes first.
    np.testing.assert_allclose(there.values, here.values, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
@pytest.mark.parametrize(("n", "rank"), [(60, 4), (30, 6)])
def test_most_lines_are_done_on_the_device(n, rank, scale, device, monkeypatch):
    rng = np.random.default_rng(2)
    X, nu = scale * rng.standard_normal((n, rank)), rng.standard_normal(n)
    oracle = CellsOracle.on(X)
    above = 1.2 * AscentOracle.on(X).best_units(Question(nu, above=0.0)).lower
    done, all_lines = [], []

    def counted(form, level, first, lines, name):
        left, patterns = lines_left(form, level, first, lines, name)
        done.append(lines - int(left.sum()))
        all_lines.append(lines)
        return left, patterns

    monkeypatch.setattr("dualscape.oracles.cells.tasks.lines_left", counted)
    there = oracle.best_units(Question(nu, above=above), effort=Effort(device=device))
    assert there.upper == oracle.best_units(Question(nu, above=above)).upper == above
    assert sum(done) > 0.99 * sum(all_lines)


def test_a_search_finds_the_same_maximum(device):
    rng = np.random.default_rng(4)
    X, nu = rng.standard_normal((200, 8)), rng.standard_normal(200)
    here = AscentOracle.on(X).best_units(Question(nu, above=0.0))
    there = AscentOracle.on(X).best_units(Question(nu, above=0.0), effort=Effort(device=device))
    assert there.lower == pytest.approx(here.lower, rel=1e-12)


def test_the_optimum_is_certified_alike(device):
    rng = np.random.default_rng(5)
    problem = Problem(rng.standard_normal((40, 4)), rng.standard_normal(40), beta=1.0)
    here, there = (solve(problem, oracle="cells", device=name).certificate for name in (None, device))
    assert here.verdict == there.verdict == "global"
    assert there.primal == pytest.approx(here.primal, rel=1e-12)
    assert there.gap == pytest.approx(here.gap, abs=1e-10)


def test_the_command_line_takes_a_device(device, tmp_path):
    data, out = tmp_path / "data.csv", tmp_path / "out.json"
    rng = np.random.default_rng(6)
    np.savetxt(data, rng.standard_normal((30, 3)), delimiter=",", header="a,b,y", comments="")
    arguments = ["analyze", str(data), "--target", "y", "--beta-fraction", "0.1", "--json", str(out)]
    result = CliRunner().invoke(commands, [*arguments, "--device", device])
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["certificate"]["verdict"] == "global"
