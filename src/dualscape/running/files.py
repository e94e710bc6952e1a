"""Writing a file whole or not at all."""

import os
import sys
from pathlib import Path

from dualscape.errors import InputError

#: As an output file: standard output.
STANDARD_OUTPUT = Path("-")
#: Temporary files that are being written.
_unfinished: set[Path] = set()


def followed(path: str | os.PathLike[str]) -> Path:
    """The absolute path behind all symbolic links; still a link where they go round in a circle."""
    return Path(os.path.realpath(path))


def check_writable(path: Path) -> None:
    """Raise InputError when a file could not be written there; nothing is left behind."""
    if path == STANDARD_OUTPUT:
        return
    real = followed(path)
    # A folder is named as it was given, unless a link leads elsewhere.
    folder = real.parent if os.path.islink(path) else path.parent
    try:
        if os.path.islink(real):
            raise InputError(f"cannot write {path}: it is a link that leads to itself; give a file name")
        if path.is_dir():
            raise InputError(f"cannot write {path}: it is a folder; give a file name")
        if _is_device(path):
            return
        if not folder.is_dir():
            raise InputError(f"cannot write {path}: there is no folder {folder}; make it first")
        trial = _draft(real)
        trial.touch(exist_ok=False)
        trial.unlink()
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "the file is write-protected")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; choose another place") from None


def write_whole(path: Path, content: bytes | str) -> None:
    """Write to a temporary file beside `path`, then rename: an older file is kept when that fails.

    A symbolic link is followed; a device or a pipe is written to as it is, and "-" is standard output.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if path == STANDARD_OUTPUT:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        if _is_device(path):
            with path.open("wb") as stream:
                stream.write(data)
            return
        path = followed(path)
        draft = _draft(path)
        _unfinished.add(draft)
        try:
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
            _unfinished.discard(draft)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error


def discard_unfinished() -> None:
    """Remove what other threads are writing: for a program that ends without them."""
    for draft in list(_unfinished):
        draft.unlink(missing_ok=True)


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")
