"""A file in which long computations save themselves, so that a killed one goes on where it was.

The file belongs to one problem, whose name and key it carries: that of another one is refused and not written to. It
holds *sections*: named sets of arrays, each with the fingerprint of what it belongs to; one of another fingerprint is
never read.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.running.files import check_writable, write_whole

Arrays = dict[str, NDArray[np.generic]]
#: Part of every fingerprint: raised when what is saved, or what it means, changes.
FORMAT = 2
OWNER = "owner"


def fingerprint(*parts: ArrayLike) -> str:
    """A short name for these arrays, numbers and strings that no others have.

    >>> fingerprint(np.eye(2), 1.0) == fingerprint(np.eye(2), 1.0) != fingerprint(np.eye(2), 2.0)
    True
    """
    digest = hashlib.sha256(f"dualscape {FORMAT}".encode())
    for part in parts:
        array = np.ascontiguousarray(part)
        digest.update(repr((array.dtype.str, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]


class Checkpoint:
    """Sections of one file; written whole to a temporary file that is then renamed, or not at all."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, which need not exist yet.

        Raises:
            InputError: it exists and is no checkpoint, or its folder does not exist.
        """
        self.path = Path(path)
        self._sections: dict[str, Arrays] = {}
        check_writable(self.path)
        if self.path.exists():
            self._sections = self._read()

    def _read(self) -> dict[str, Arrays]:
        sections: dict[str, Arrays] = {}
        try:
            with self.path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                for key in file.files:
                    section, _, name = key.partition("/")
                    sections.setdefault(section, {})[name] = file[key]
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self.path} is no checkpoint ({type(error).__name__}); remove it or name another file"
            ) from None
        if not all("fingerprint" in arrays for arrays in sections.values()):
            raise InputError(f"{self.path} is no checkpoint of dualscape; remove it or name another file")
        return sections

    def claim(self, name: str, key: str) -> None:
        """Take the file for the problem of that name and key; what is saved from now on belongs to it.

        Raises:
            InputError: the file belongs to another problem.
        """
        owner = self._sections.get(OWNER)
        if owner is None and not self._sections:
            self._sections[OWNER] = {"fingerprint": np.asarray(key), "name": np.asarray(name)}
        elif owner is None or str(owner["fingerprint"]) != key:
            held = "of another version" if owner is None else f"of another problem ({owner['name']})"
            raise InputError(
                f"{self.path} is a checkpoint {held}, not of this one ({name}); name another file, or remove it"
            )

    def load(self, section: str, fingerprint: str | None = None) -> Arrays | None:
        """The arrays of a section, or None when there are none of that fingerprint (None: of any)."""
        arrays = self._sections.get(section)
        known = arrays is not None and fingerprint in (None, str(arrays["fingerprint"]))
        return arrays if known else None

    def save(self, section: str, fingerprint: str, arrays: Mapping[str, ArrayLike]) -> None:
        """Replace a section and write the file.

        Raises:
            InputError: the file cannot be written.
        """
        self._sections[section] = {name: np.asarray(value) for name, value in arrays.items()}
        self._sections[section]["fingerprint"] = np.asarray(fingerprint)
        flat = {f"{part}/{name}": array for part, held in self._sections.items() for name, array in held.items()}
        content = io.BytesIO()
        np.savez(content, **flat)  # type: ignore[arg-type]
        write_whole(self.path, content.getvalue())
