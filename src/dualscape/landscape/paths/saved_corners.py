"""The corners of a path in an .npz file, with the key of the problem that they belong to."""

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem

#: Arrays of a network by the name of its attribute; (K + 1, ...) each in the file. `outputs` is there where there are
#: several.
PARTS = ("directions", "signs", "masses", "imbalance", "free_weights", "gates")


def written_corners(problem: Problem, corners: tuple[Network, ...], weight_decay: bool, note: str) -> bytes:
    """The bytes of the file."""
    parts = PARTS if problem.c == 1 else (*PARTS, "outputs")
    arrays: dict[str, Any] = {name: np.stack([getattr(corner, name) for corner in corners]) for name in parts}
    arrays |= {"problem": _key(problem), "weight_decay": weight_decay, "note": note}
    stream = BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def read_corners(file: Path, problem: Problem) -> tuple[tuple[Network, ...], bool, str]:
    """(corners, weight_decay, note) of a file.

    Raises:
        InputError: it cannot be read, or is a path of another problem.
    """
    try:
        with np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}; check the path") from None
    except (ValueError, BadZipFile, EOFError):
        raise InputError(f"{file} is no path; give a file that Path.save has written") from None
    missing = [name for name in (*PARTS, "problem", "weight_decay", "note") if name not in arrays]
    if missing:
        raise InputError(f"{file} is no path, {missing[0]} is missing; give a file that Path.save has written")
    if str(arrays["problem"]) != _key(problem):
        raise InputError(f"{file} is a path of another problem; give the problem that it was made for")
    outputs = arrays.get("outputs", [None] * len(arrays["masses"]))
    corners = tuple(
        Network(d, s, c, problem.bias, i, problem.architecture, problem.free.kind, w, g, v)
        for d, s, c, i, w, g, v in zip(*(arrays[name] for name in PARTS), outputs, strict=True)
    )
    return corners, bool(arrays["weight_decay"]), str(arrays["note"])


def _key(problem: Problem) -> str:
    return f"{problem.key} {problem.beta!r}"
