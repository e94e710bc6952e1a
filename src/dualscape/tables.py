"""Tables of data for training: a file's columns as numbers, with every assumption noted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.scaling import Scaling, standard
from dualscape.table_files import Cells, Columns, is_number, read_columns

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-")


@dataclass(frozen=True, eq=False)
class Table:
    """Data ready for a `Problem`.

    Attributes:
        X: (n, p) features.
        y: (n,) target.
        feature_names: p names.
        target_name: name of the target.
        notes: what was assumed or changed, one sentence each.
        scaling: what standardising did; None for data taken as they are.
        classes: of a target of -1 and +1, the two labels as the file writes them; otherwise none.

    >>> table = Table(np.array([[1.0], [3.0]]), np.array([5.0, 5.0]), ("size",), "price")
    >>> standardize(table).notes[-1]
    "column 'price' is constant: centred to 0, not scaled"
    """

    X: Matrix
    y: Vector
    feature_names: tuple[str, ...]
    target_name: str
    notes: tuple[str, ...] = ()
    scaling: Scaling | None = None
    classes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        n, p = self.X.shape
        kind = "as it is" if self.scaling is None else "standardised"
        return f"Table({n} rows, {p} features, target {self.target_name!r}, {kind})"

    @property
    def scaled(self) -> Scaling:
        """What standardising did, or that it did nothing."""
        return self.scaling or Scaling.none(self.X.shape[1])


def read_table(
    path: str | Path,
    *,
    target: str | int | None = None,
    features: Sequence[str | int] | None = None,
    loss: str = "squared",
    header: bool | None = None,
) -> Table:
    """The table in a CSV, TSV, Parquet or NPZ file (NPZ: arrays X and y).

    Args:
        path: the file; text may be compressed (.gz).
        target: name or number of the target column, counted from 0, or from the end when negative; NPZ files say it.
        features: names or numbers of the feature columns; None takes all others.
        loss: for "logistic" the two values of the target become -1 and +1, in increasing order.
        header: whether a text file starts with a line of names; None finds out.

    Raises:
        InputError: one line with the place and the remedy, for anything that cannot be used as given.
    """
    columns = read_columns(Path(path), header)
    _check_names(columns)
    where = _find_target(columns, target)
    chosen = _find_features(columns, features, where)
    notes = list(columns.notes)
    X = np.column_stack([_numbers(columns, i, columns.cells(i)) for i in chosen])
    if loss == "logistic":
        y, said = _labels(columns, where)
        notes += said
    else:
        y = _numbers(columns, where, columns.cells(where))
    classes = _class_names(columns, where, y) if loss == "logistic" else ()
    names = tuple(columns.names[i] for i in chosen)
    return Table(X, y, names, columns.names[where], tuple(notes), classes=classes)


def standardize(table: Table, *, target: bool = True) -> Table:
    """The table with features, and the target if `target`, centred to mean 0 and scaled to standard deviation 1.

    Constant columns become 0. `scaling` of the result says what was subtracted and what divided by.

    >>> table = standardize(Table(np.array([[1.0], [3.0]]), np.array([10.0, 30.0]), ("size",), "price"))
    >>> table.X.tolist(), table.y.tolist()
    ([[-1.0], [1.0]], [-1.0, 1.0])
    >>> table.scaling.original_target([0.5]).tolist()
    [25.0]
    """
    notes = [*table.notes, f"features{' and target' if target else ''} standardised (mean 0, standard deviation 1)"]
    found = [_standard(table.X[:, i], name, notes) for i, name in enumerate(table.feature_names)]
    middle, size = _standard(table.y, table.target_name, notes) if target else (0.0, 1.0)
    step = Scaling(np.array([mean for mean, _ in found]), np.array([scale for _, scale in found]), middle, size)
    done = table.scaled.then(step)
    return replace(table, X=step.features(table.X), y=step.target(table.y), notes=tuple(notes), scaling=done)


def _standard(column: Vector, name: str, notes: list[str]) -> tuple[float, float]:
    mean, scale = standard(column)
    if scale == 0:
        notes.append(f"column {name!r} is constant: centred to 0, not scaled")
    return mean, scale


# --- columns ------------------------------------------------------------------------------------------
def _check_names(columns: Columns) -> None:
    seen: dict[str, int] = {}
    for i, name in enumerate(columns.names):
        if name in seen:
            raise InputError(
                f"{columns.source}: columns {seen[name]} and {i} are both called {name!r}; rename one of them"
            )
        seen[name] = i


def _listed(names: Sequence[str], most: int = 20) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def _find(columns: Columns, wanted: str | int) -> int:
    """The position of a column, given by name or number."""
    if isinstance(wanted, str) and wanted in columns.names:
        return columns.names.index(wanted)
    try:
        number = int(wanted)
    except ValueError:
        near = get_close_matches(str(wanted), columns.names, n=1)
        raise InputError(
            f"{columns.source} has no column {wanted!r}{f' (did you mean {near[0]!r}?)' if near else ''}; "
            f"its columns: {_listed(columns.names)}"
        ) from None
    if not -len(columns.names) <= number < len(columns.names):
        raise InputError(
            f"{columns.source} has no column {number}: it has {len(columns.names)}, counted from 0; "
            f"its columns: {_listed(columns.names)}"
        )
    return number % len(columns.names)


def _find_target(columns: Columns, target: str | int | None) -> int:
    if target is None and columns.target is None:
        raise InputError(
            f"{columns.source}: say which column is the target (--target COLUMN); its columns: {_listed(columns.names)}"
        )
    if target is None:
        assert columns.target is not None
        return columns.target
    return _find(columns, target)


def _find_features(columns: Columns, features: Sequence[str | int] | None, target: int) -> list[int]:
    if features is None:
        chosen = [i for i in range(len(columns.names)) if i not in (target, columns.target)]
    else:
        chosen = [_find(columns, wanted) for wanted in features]
    if not chosen:
        raise InputError(f"{columns.source}: no feature column is left beside the target; give at least one")
    for position, i in enumerate(chosen):
        if i == target:
            raise InputError(f"{columns.source}: column {columns.names[i]!r} is the target and a feature; choose one")
        if i in chosen[:position]:
            raise InputError(f"{columns.source}: feature {columns.names[i]!r} is listed twice; list it once")
    return chosen


# --- cells --------------------------------------------------------------------------------------------
def column_numbers(columns: Columns, i: int) -> Vector:
    """Column i of a file as finite numbers, shape (n,).

    Raises:
        InputError: a cell is no finite number; the first one is named.
    """
    return _numbers(columns, i, columns.cells(i))


def cell_text(cell: Any) -> str:
    """A cell as text without blanks around it; "" where it is missing."""
    return _text(cell)


def _numbers(columns: Columns, i: int, cells: Cells) -> Vector:
    """A column as finite numbers, shape (n,)."""
    if isinstance(cells, np.ndarray):
        values = cells.astype(np.float64)
    else:
        try:
            values = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        except (TypeError, ValueError, OverflowError):
            values = np.array([np.nan])
        if any("_" in cell for cell in cells if isinstance(cell, str)):
            values[:] = np.nan
    if not np.isfinite(values).all():
        _refuse(columns, i, cells)
    return values


def _refuse(columns: Columns, i: int, cells: Cells) -> None:
    """Raise InputError for the first cell that is no finite number."""
    for row, cell in enumerate(cells):
        text = _text(cell)
        where = _where(columns, i, row)
        _check_present(columns, i, row, text)
        if not is_number(text):
            raise InputError(f"{where}: {_short(text)} is not a number; {_remedy(text)}")
        if not np.isfinite(float(text)):
            named = "inf" in text.lower()
            shown = "infinite value" if named else f"{_short(text)} is too large for a 64-bit number"
            raise InputError(f"{where}: {shown}; correct the cell or drop the row")


def _text(cell: Any) -> str:
    return str(cell).strip() if cell is not None else ""


def _where(columns: Columns, i: int, row: int) -> str:
    return f"{columns.source}, {columns.place(row)}, column {columns.names[i]!r}"


def _check_present(columns: Columns, i: int, row: int, text: str) -> None:
    if text.lower() in MISSING:
        shown = f"missing value ({text})" if text else "blank cell"
        raise InputError(f"{_where(columns, i, row)}: {shown}; fill in or drop rows with missing values first")


def _remedy(text: str) -> str:
    if is_number(text.replace(",", ".", 1)):
        return "write decimals with a point"
    if is_number(text.replace(",", "").replace("_", "").replace(" ", "")):
        return "write numbers without separators between the digits"
    return "encode categories as numbers, or leave the column out with --features"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _labels(columns: Columns, i: int) -> tuple[Vector, list[str]]:
    """The target of the logistic loss as -1 and +1, and the note that says which is which."""
    texts = [_text(cell) for cell in columns.cells(i)]
    for row, text in enumerate(texts):
        _check_present(columns, i, row, text)
    numeric = all(is_number(text) for text in texts)
    values: list[Any] = [float(text) for text in texts] if numeric else texts
    classes = sorted(set(values))
    if set(classes) <= {-1.0, 1.0}:
        return np.asarray(values, dtype=np.float64), []
    if len(classes) != 2:
        shown = ", ".join(f"{c:g}" if numeric else _short(c) for c in classes[:5])
        raise InputError(
            f"{columns.source}: the logistic loss needs a target with two classes, but column {columns.names[i]!r} has "
            f"{len(classes)} distinct value{'s' if len(classes) != 1 else ''} ({shown}"
            f"{', ...' if len(classes) > 5 else ''}); recode it, or use the squared loss"
        )
    low, high = (f"{c:g}" if numeric else _short(c) for c in classes)
    y = np.where(np.asarray(values) == classes[1], 1.0, -1.0)
    return y, [f"labels of {columns.names[i]!r}: {low} is -1, {high} is +1"]


def _class_names(columns: Columns, i: int, y: Vector) -> tuple[str, ...]:
    """The labels that became -1 and +1 as the file first writes them."""
    if not (y == -1).any() or not (y == 1).any():
        return ("-1", "1")
    cells = columns.cells(i)
    return tuple(_text(cells[int(np.argmax(y == sign))]) for sign in (-1, 1))
