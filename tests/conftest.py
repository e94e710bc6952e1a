"""Settings that all tests share."""

import builtins
import sys

import pytest
from hypothesis import settings

from command_line import CSV

# Deterministic, and without time limits that a busy machine would break.
settings.register_profile("dualscape", deadline=None, derandomize=True, max_examples=60)
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
