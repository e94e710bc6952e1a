"""A file in which long computations save themselves, so that a killed one goes on where it was.

The file holds *sections*: named sets of arrays, each with the fingerprint of what it belongs to; a section of another
fingerprint is never read. It also says what it is kept for (`claim`), so that one left over from another problem is
refused by name instead of being written over.
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
from dualscape.files import check_writable, write_whole

Arrays = dict[str, NDArray[np.generic]]
#: Of what the sections hold; another one cannot be gone on from.
FORMAT = "dualscape checkpoint 2"
#: Names in the file that belong to no section.
ABOUT = "about"


def fingerprint(*parts: ArrayLike) -> str:
    """A short name for these arrays, numbers and strings that no others have.

    >>> fingerprint(np.eye(2), 1.0) == fingerprint(np.eye(2), 1.0) != fingerprint(np.eye(2), 2.0)
    True
    """
    digest = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part)
        digest.update(repr((array.dtype.str, array.shape)).encode())
        # The bytes of an array of objects are addresses.
        digest.update(repr(part).encode() if array.dtype.hasobject else array.tobytes())
    return digest.hexdigest()[:24]


def identity(name: str, thing: object) -> str:
    """The name of an object, made sure by a fingerprint of its class and parameters: equals have the same one.

    >>> from fractions import Fraction
    >>> identity("half", Fraction(1, 2)) == identity("half", Fraction(2, 4))
    True
    """
    kind = type(thing)
    parts = [f"{kind.__module__}.{kind.__qualname__}"]
    for key, value in sorted(getattr(thing, "__dict__", {}).items()):
        parts += [key, fingerprint(value)]
    return f"{name} ({fingerprint(*parts)[:8]})"


class Checkpoint:
    """Sections of one file; written whole to a temporary file that is then renamed, or not at all."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, which need not exist yet.

        Raises:
            InputError: it exists and is no checkpoint, or its folder does not exist.
        """
        self.path = Path(path)
        self._sections: dict[str, Arrays] = {}
        self._about: dict[str, str] = {}
        check_writable(self.path)
        if self.path.exists():
            self._read()

    def _read(self) -> None:
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
        about = {name: str(value) for name, value in sections.pop(ABOUT, {}).items()}
        if not all("fingerprint" in arrays for arrays in sections.values()) or about.pop("format", "") != FORMAT:
            raise InputError(
                f"{self.path} is no checkpoint of this version of dualscape; remove it or name another file"
            )
        self._sections, self._about = sections, about

    def claim(self, about: Mapping[str, str]) -> None:
        """Say what the file is kept for; nothing is written yet.

        Args:
            about: facts by name, each in words that tell it apart from others.

        Raises:
            InputError: the file is kept for something else.
        """
        for name, fact in about.items():
            held = self._about.setdefault(name, fact)
            if held != fact:
                raise InputError(
                    f"{self.path} is the checkpoint of another problem: its {name} is {held}, that of this problem is "
                    f"{fact}; remove it or name another file"
                )

    def load(self, section: str, fingerprint: str) -> Arrays | None:
        """The arrays of a section, or None when there are none of that fingerprint."""
        arrays = self._sections.get(section)
        return arrays if arrays is not None and str(arrays["fingerprint"]) == fingerprint else None

    def save(self, section: str, fingerprint: str, arrays: Mapping[str, ArrayLike]) -> None:
        """Replace a section and write the file.

        Raises:
            InputError: the file cannot be written.
        """
        self._sections[section] = {name: np.asarray(value) for name, value in arrays.items()}
        self._sections[section]["fingerprint"] = np.asarray(fingerprint)
        flat = {f"{part}/{name}": array for part, held in self._sections.items() for name, array in held.items()}
        flat |= {f"{ABOUT}/{name}": np.asarray(fact) for name, fact in {**self._about, "format": FORMAT}.items()}
        content = io.BytesIO()
        np.savez(content, **flat)  # type: ignore[arg-type]
        write_whole(self.path, content.getvalue())
