"""An environment of the benchmarks' own, in benchmarks/.venv, with all contestants in it."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = HERE / ".venv"
STAMP = VENV / "installed"
REQUIREMENTS = HERE / "requirements.txt"


def python() -> Path:
    """The Python of the environment."""
    return VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def fingerprint() -> str:
    """Changes whenever what is installed would have to change."""
    parts = (REQUIREMENTS.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def install() -> None:
    """Make the environment and install the contestants, dualscape from this checkout, unless that has been done."""
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == fingerprint():
        return
    sys.path.append(str(ROOT))
    import start

    try:
        pip = start.find_pip()
        print(f"==> installing the contestants into {VENV} (PyTorch is large: several GB)", flush=True)
        venv.EnvBuilder(clear=True, with_pip=False, symlinks=sys.platform != "win32").create(VENV)
        options = ["--disable-pip-version-check", "--no-input", "-r", str(REQUIREMENTS), "-e", str(ROOT)]
        start.install([*pip, "--python", str(python()), "install", *options])
    except start.SetupError as error:
        sys.exit(f"error: {error}")
    STAMP.write_text(fingerprint(), encoding="ascii")


def enter() -> None:
    """Go on inside the environment: install it, and run this program again with its Python."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    try:
        install()
        sys.exit(subprocess.run([python(), *sys.argv], check=False).returncode)
    except KeyboardInterrupt:
        sys.exit(130)
