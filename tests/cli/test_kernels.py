"""The kernels of a first analysis: the list is what that calls, and they are compiled from it."""

import json
import subprocess
import sys

import pytest

from dualscape.cli.kernels import KERNELS, when_compiling

#: Prints which kernels an analysis with a report has called, with their types, and which of them it had to compile.
CODE = """
import json, sys
from dualscape.running.listener import Listener
from dualscape.cli import commands
from numba.core.dispatcher import Dispatcher
from numba.core.event import install_recorder

class Staying(Listener):
    def leave(self, code):
        raise SystemExit(code)

try:
    with install_recorder("numba:compile") as recorder:
        commands(sys.argv[1:], obj=Staying())
except SystemExit as end:
    assert end.code == 0, end.code
called = [
    (name, value.__name__, str(types))
    for name, module in list(sys.modules.items()) if name.startswith("dualscape.")
    for value in vars(module).values() if isinstance(value, Dispatcher) and value.__module__ == name
    for types in value.signatures
]
names = [event.data["dispatcher"].py_func.__name__ for _, event in recorder.buffer]
print(json.dumps([called, names]))
"""


def python(*arguments):
    """What another Python prints."""
    answer = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def warmed():
    """Kernels were compiled from the list, where that had not been done."""
    return python("-m", "dualscape.cli.kernels")


def test_the_list_is_all_that_a_first_analysis_calls(warmed, tmp_path):
    arguments = ["analyze", "catalogue:diabetes-bmi-s5", "--quiet", "--report", str(tmp_path / "report.html")]
    called, compiled = json.loads(python("-c", CODE, *arguments))
    listed = {(f"dualscape.{kernel.module}", kernel.name, str(kernel.types())) for kernel in KERNELS}
    assert {tuple(entry) for entry in called} <= listed
    assert compiled == []
    # Those that only other kernels call are there for them.
    own = {name for _, name, _ in called}
    assert {kernel.name for kernel in KERNELS} - own == {name for kernel in KERNELS for name in kernel.calls} - own


def test_what_is_compiled_is_told_in_one_line(warmed):
    assert warmed.count("\n") == 1
    assert warmed.startswith("compiling kernels, ")
    assert " 0 kernels, " in python("-m", "dualscape.cli.kernels")


def test_who_is_called_comes_first():
    names = [kernel.name for kernel in KERNELS]
    for kernel in KERNELS:
        assert all(names.index(called) < names.index(kernel.name) for called in kernel.calls)


def test_compilation_is_said_once():
    from numba import njit

    said = []
    with when_compiling(said.append):
        for factor in (2.0, 3.0):
            kernel = njit(lambda x, factor=factor: factor * x)
            kernel.py_func.__module__ = "dualscape.example"
            assert kernel(2.0) == 2 * factor
    njit(lambda x: x + 1.0)(2.0)
    assert said == ["compiling the kernels that this needs, once; later runs begin at once"]
