"""A file of data as columns of cells, none of them interpreted yet."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[Any] | list[Any]


@dataclass(frozen=True, eq=False)
class Columns:
    """A file as it was read.

    Attributes:
        source: name of the file, for messages.
        names: one name per column.
        cells: gives the cells of a column: a numeric array, or a list of texts and other values (None where missing).
        place: gives the place of a row in words a reader can find: "line 7" or "row 3".
        notes: what was assumed while reading.
        target: index of the target column, when the file itself says so.
        decimal: the decimal mark of numbers that are given as text, "." or ",".
        values: gives the numbers that the cells of a column are, where they are known already, otherwise None.
        unnamed: where the file names no columns, which are then called x0, x1, ...: how it can name them; otherwise "".
    """

    source: str
    names: tuple[str, ...]
    cells: Callable[[int], Cells]
    place: Callable[[int], str]
    notes: tuple[str, ...] = ()
    target: int | None = None
    decimal: str = "."
    values: Callable[[int], NDArray[np.float64] | None] = lambda i: None
    unnamed: str = ""

    def noted(self, notes: tuple[str, ...]) -> "Columns":
        """The same columns with these notes before the others."""
        return replace(self, notes=(*notes, *self.notes))


def listed(cells: NDArray[Any]) -> Cells:
    """The cells of an array: as they are where they are numbers, otherwise one by one."""
    return cells if cells.dtype.kind in "iuf" else list(np.asarray(cells, dtype=object))
