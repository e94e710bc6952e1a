"""The set-up script, as far as it can be tested without installing anything."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def start(tmp_path):
    """The script as a module that works in an empty folder."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    module.ROOT, module.VENV = tmp_path, tmp_path / ".venv"
    module.STAMP = module.VENV / "dualscape-setup.json"
    return module


@pytest.fixture
def commands(start, monkeypatch):
    """What the script would have pip do; its virtual environment starts at once."""
    done = []
    monkeypatch.setattr(start, "install", lambda command: done.append(command[-1]))
    monkeypatch.setattr(start, "find_pip", lambda: ["pip"])
    return done


def test_it_uses_the_standard_library_alone():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import start;"
        "print(*{n.split('.')[0] for n in sys.modules} - {*sys.stdlib_module_names, 'start', '__main__'})"
    )
    # -S leaves out site-packages, so that nothing but the standard library can be found.
    answer = subprocess.run([sys.executable, "-S", "-c", code, str(ROOT)], capture_output=True, text=True, check=True)
    assert [name for name in answer.stdout.split() if not name.startswith("_")] == []


def test_first_set_up_makes_a_working_environment(start, commands):
    start.set_up(set())
    assert commands == ["."]
    assert start.python_works()
    assert start.read_stamp()["state"] == "ready"
    assert not list(start.VENV.rglob("pip")), "the environment needs no pip of its own"


def test_second_set_up_does_nothing(start, commands):
    start.set_up({"test"})
    start.set_up({"test"})
    start.set_up(set())
    assert commands == [".[test]"]


def test_extras_are_added_and_kept(start, commands):
    start.set_up(set())
    start.set_up({"test"})
    start.set_up(set())
    assert commands == [".", ".[test]"]


def test_a_changed_project_is_installed_again(start, commands):
    start.set_up(set())
    (start.ROOT / "pyproject.toml").write_text("[project]\nname = 'other'\n", encoding="utf-8")
    start.set_up(set())
    assert commands == [".", "."]


def test_an_interrupted_install_begins_again(start, commands, monkeypatch):
    def break_off(command):
        (start.VENV / "half-made").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "install", break_off)
    with pytest.raises(KeyboardInterrupt):
        start.set_up(set())
    assert start.read_stamp()["state"] == "installing"
    monkeypatch.setattr(start, "install", lambda command: commands.append(command[-1]))
    start.set_up(set())
    assert commands == ["."]
    assert not (start.VENV / "half-made").exists()


def test_a_broken_environment_is_made_again(start, commands):
    start.set_up(set())
    start.tool("python").unlink()
    start.set_up(set())
    assert commands == [".", "."]
    assert start.python_works()


@pytest.mark.parametrize("stamp", ["", "[]", "{", '{"state": "ready"}'])
def test_a_damaged_stamp_is_not_trusted(start, commands, stamp):
    start.set_up(set())
    start.STAMP.write_text(stamp, encoding="utf-8")
    start.set_up(set())
    assert commands == [".", "."]


def test_old_python_is_refused(start):
    with pytest.raises(start.SetupError, match=r"Python 3\.11 or newer is needed, this is 3\.9"):
        start.check_python((3, 9))
    start.check_python((3, 11))
    start.check_python((3, 14))


def test_old_pip_is_refused(start):
    with pytest.raises(
        start.SetupError, match=r"pip 21\.0\.1 is too old, 22\.3 is needed; run: .* install --upgrade pip"
    ):
        start.check_pip("pip 21.0.1 from somewhere (python 3.11)")
    start.check_pip("pip 22.3 from somewhere (python 3.11)")
    start.check_pip("pip 26.0b1 from somewhere (python 3.11)")


def test_missing_pip_is_told(start, monkeypatch):
    missing = subprocess.CompletedProcess([], 1, "", "No module named pip")
    monkeypatch.setattr(start.subprocess, "run", lambda *_, **__: missing)
    with pytest.raises(start.SetupError, match="has no pip; install it"):
        start.find_pip()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("WARNING: Retrying: NewConnectionError(...)", "the package index cannot be reached; check the network"),
        ("ERROR: something else", "pip could not install dualscape; its own message is above"),
    ],
)
def test_a_failed_install_names_the_cause(start, capfd, output, message):
    with pytest.raises(start.SetupError, match=message):
        start.install([sys.executable, "-c", f"print({output!r}); raise SystemExit(1)"])
    assert output in capfd.readouterr().out


def test_errors_are_one_line(start, capsys):
    assert start.main(["tset"]) == 2
    assert (
        capsys.readouterr().err == "error: unknown command 'tset'; use: python3 start.py, or: python3 start.py test\n"
    )


def test_checks_end_with_the_tests_and_keep_the_worst_code(start, monkeypatch):
    ran = []

    def run(*command):
        ran.append(command)
        return 3 if command[0] == "mypy" else 0

    monkeypatch.setattr(start, "run", run)
    monkeypatch.setattr(start, "set_up", lambda extras: ran.append(extras))
    monkeypatch.setattr(start, "compile_kernels", lambda: ran.append("kernels"))
    assert start.test(["-k", "x"]) == 3
    assert ran == [
        {"test"},
        "kernels",
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("pytest", "-k", "x"),
    ]


def test_kernels_compiled_before_a_change_are_removed(start):
    package = start.ROOT / "src" / "package"
    package.mkdir(parents=True)
    files = {
        "cones.py": (2, "from dualscape.running.compiled import kernel"),
        "climbs.py": (1, "from numba import njit"),
        "cli.py": (4, "import sys"),
        "climbs.climb-1.nbi": (1.5, ""),  # calls what cones.py defines
        "cones.inner-2.1.nbc": (3, ""),
    }
    for name, (changed, text) in files.items():
        (package / name).write_text(text, encoding="utf-8")
        os.utime(package / name, (changed, changed))
    start.forget_stale_kernels()
    assert {path.name for path in package.iterdir()} == set(files) - {"climbs.climb-1.nbi"}


def test_kernels_are_compiled_when_there_are_none(start, monkeypatch):
    (start.ROOT / "src").mkdir()
    kernel = start.ROOT / "src" / "climbs.climb-1.nbi"
    ran = []

    def run(command, **_):
        ran.append(command[1:])
        kernel.touch()

    monkeypatch.setattr(start.subprocess, "run", run)
    start.compile_kernels()
    start.compile_kernels()
    assert ran == [["-m", "dualscape.cli.kernels"]]
    (start.ROOT / "src" / "cones.py").write_text("from numba import njit", encoding="utf-8")
    os.utime(kernel, (1, 1))  # stale from now on
    start.compile_kernels()
    assert len(ran) == 2
