"""Settings that all tests share."""

import builtins
import signal
import sys

import numpy as np
import pytest
from hypothesis import settings

from command_line import CSV
from dualscape.model.problem import Problem
from houses import AGE, PRICE, SIZE, SOLD, run, written

# Deterministic, and without time limits that a busy machine would break.
settings.register_profile("dualscape", deadline=None, derandomize=True, max_examples=45)
settings.load_profile("dualscape")


@pytest.fixture
def hide(monkeypatch):
    """hide(module): imports of it fail, as if it were not installed."""
    known = builtins.__import__

    def hide_module(hidden):
        def importing(name, *args, **kwargs):
            if name == hidden:
                raise ImportError(name)
            return known(name, *args, **kwargs)

        monkeypatch.delitem(sys.modules, hidden, raising=False)
        monkeypatch.setattr(builtins, "__import__", importing)

    return hide_module


@pytest.fixture
def data(tmp_path):
    """A small table in a file."""
    path = tmp_path / "data.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


@pytest.fixture
def trained(tmp_path):
    """Trains on a table on the command line; gives the result's file."""

    def train(*arguments):
        result = run("analyze", *arguments, "--quiet", "--json", tmp_path / "result.json")
        assert result.exit_code == 0, result.output
        return tmp_path / "result.json"

    return train


@pytest.fixture
def houses(tmp_path):
    return written(tmp_path / "houses.csv", "size,age,price,sold", SIZE, AGE, PRICE, SOLD)


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((300, 4))
    y = np.maximum(X @ rng.standard_normal((4, 3)), 0.0) @ np.array([1.0, -1.0, 1.0]) + 0.1 * rng.standard_normal(300)
    return Problem(X, y, beta=5.0, bias="none")


@pytest.fixture
def hears(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
