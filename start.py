"""Set up dualscape in .venv and run it; needs only Python 3.11 or newer and pip.

    python3 start.py         set up, analyse the bundled diabetes data, write report.html
    python3 start.py test    set up with the test tools, then lint, check types and run the tests

Nothing outside this folder is changed. A second run skips whatever is already in place.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "dualscape-setup.json"
OLDEST_PYTHON = (3, 11)
OLDEST_PIP = (22, 3)  # the first with --python
OFFLINE_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "Max retries",
)


class SetupError(Exception):
    """Set-up cannot go on; the message is one line with the remedy."""


def tool(name: str) -> Path:
    """Path of a program in the virtual environment."""
    return VENV / ("Scripts" if os.name == "nt" else "bin") / (f"{name}.exe" if os.name == "nt" else name)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Raise SetupError when this Python is too old."""
    if version < OLDEST_PYTHON:
        raise SetupError(
            f"Python 3.11 or newer is needed, this is {version[0]}.{version[1]} ({sys.executable}); "
            "install a newer one and start this script with it, for example: python3.12 start.py"
        )


def find_pip() -> list[str]:
    """The command that runs a pip that can install into another environment."""
    # Inside a virtual environment without pip, the Python it was made from may have one.
    for python in dict.fromkeys((sys.executable, getattr(sys, "_base_executable", sys.executable))):
        asked = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            check_pip(asked.stdout)
            return [python, "-m", "pip"]
    raise SetupError(
        f"{sys.executable} has no pip; install it (Debian, Ubuntu: apt install python3-pip; Fedora: dnf install "
        "python3-pip; elsewhere: python3 -m ensurepip) and run this again"
    )


def check_pip(answer: str) -> None:
    """Raise SetupError when the output of `pip --version` names a pip that is too old."""
    version = answer.split()[1]
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_PIP:
        raise SetupError(
            f"pip {version} is too old, 22.3 is needed; run: {sys.executable} -m pip install --upgrade pip"
        )


def fingerprint() -> str:
    """Changes whenever what is installed would have to change."""
    parts = ((ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def read_stamp() -> dict[str, object]:
    """What the last set-up left: its state, fingerprint and extras; empty when there was none."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(state: str, extras: set[str]) -> None:
    """Record the state, "installing" or "ready"."""
    stamp = {"state": state, "fingerprint": fingerprint(), "extras": sorted(extras)}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")


def python_works() -> bool:
    """Whether the virtual environment has a Python that starts."""
    try:
        return subprocess.run([tool("python"), "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def installed_extras(stamp: dict[str, object]) -> set[str] | None:
    """The extras that are in place, or None when nothing can be relied upon."""
    extras = stamp.get("extras")
    if stamp.get("state") != "ready" or stamp.get("fingerprint") != fingerprint() or not isinstance(extras, list):
        return None
    return set(extras)


def set_up(wanted: set[str]) -> None:
    """Make .venv and install dualscape with the wanted extras, unless that has been done."""
    stamp = read_stamp()
    present = installed_extras(stamp)
    works = python_works()
    if works and present is not None and wanted <= present:
        return
    pip = find_pip()
    # An install that was cut off can leave packages that look complete: begin again.
    if not works or stamp.get("state") == "installing":
        say(f"making the virtual environment {VENV}")
        make_venv()
    extras = wanted | (present or set())
    target = f".[{','.join(sorted(extras))}]" if extras else "."
    say(f"installing dualscape and what it needs into {VENV} (a few minutes the first time)")
    write_stamp("installing", extras)
    install(
        [*pip, "--python", str(tool("python")), "install", "--disable-pip-version-check", "--no-input", "-e", target]
    )
    write_stamp("ready", extras)


def make_venv() -> None:
    """A fresh virtual environment without pip, which needs no ensurepip."""
    try:
        venv.EnvBuilder(clear=True, with_pip=False, symlinks=os.name != "nt").create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"cannot make {VENV}: {error}; check that this folder can be written to") from None


def install(command: list[str]) -> None:
    """Run pip, showing what it does; name the likely cause when it fails."""
    offline = False
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            offline = offline or any(sign in line for sign in OFFLINE_SIGNS)
            if not line.startswith("Requirement already satisfied"):
                print("   ", line.rstrip()[:160], flush=True)
    if pip.returncode and offline:
        raise SetupError(
            "the package index cannot be reached; check the network (or pip's proxy settings) and run again"
        )
    if pip.returncode:
        raise SetupError("pip could not install dualscape; its own message is above; put that right and run again")


def forget_stale_kernels() -> None:
    """Remove what was compiled before the last change of any kernel.

    For whether its cache holds, numba looks at the file of a kernel, not at the files of those that it calls.
    """
    marks = ("njit", "dualscape.running.compiled")
    texts = ((path, path.read_text(encoding="utf-8")) for path in ROOT.glob("src/**/*.py"))
    sources = [path for path, text in texts if any(mark in text for mark in marks)]
    changed = max((path.stat().st_mtime for path in sources), default=0.0)
    for kernel in ROOT.glob("src/**/*.nb[ic]"):
        if kernel.stat().st_mtime < changed:
            kernel.unlink(missing_ok=True)


def compile_kernels() -> None:
    """Compile what a first analysis needs while nobody waits for it, unless there are kernels already."""
    forget_stale_kernels()
    if not any(ROOT.glob("src/**/*.nbi")):
        # Not vital: what is missing afterwards is compiled when it is called.
        subprocess.run([tool("python"), "-m", "dualscape.cli.kernels"], cwd=ROOT, check=False)


def say(text: str) -> None:
    """Tell what comes next."""
    print(f"==> {text}", flush=True)


def run(*command: str) -> int:
    """Run a program of the virtual environment in this folder; its exit code."""
    say(" ".join(command))
    return subprocess.run([tool(command[0]), *command[1:]], cwd=ROOT, check=False).returncode


def main_job() -> int:
    """Analyse real data that comes with the package, and write report.html."""
    set_up(set())
    compile_kernels()
    return run("dualscape", "analyze", "catalogue:diabetes-bmi-s5", "--report", "report.html")


def test(arguments: list[str]) -> int:
    """Lint, format, types, tests; the tests come last so that their summary is the last line."""
    set_up({"test"})
    compile_kernels()
    checks = [run("ruff", "check", "."), run("ruff", "format", "--check", "."), run("mypy")]
    checks.append(run("pytest", *arguments))
    return max(map(abs, checks))


def main(arguments: list[str]) -> int:
    """Exit code of the command given by the arguments."""
    try:
        check_python()
        if not arguments:
            return main_job()
        if arguments[0] == "test":
            return test(arguments[1:])
        raise SetupError(f"unknown command {arguments[0]!r}; use: python3 start.py, or: python3 start.py test")
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted; run this again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
