"""Files of data as columns of cells: CSV, TSV and other separated text, Parquet, NPZ. No cell is interpreted here."""

import csv
import gzip
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError

PARQUET = (".parquet", ".pq")
REFUSED = (".xlsx", ".xls", ".ods", ".json", ".feather", ".h5", ".hdf5", ".pkl", ".pickle", ".npy", ".zip", ".arff")
#: Separators in the order of trust: a comma may also be a decimal sign or part of a text.
SEPARATORS = ("\t", ";", "|", ",")
SNIFFED_LINES = 50

Cells = NDArray[Any] | list[Any]


@dataclass(frozen=True, eq=False)
class Columns:
    """A file as it was read.

    Attributes:
        source: name of the file, for messages.
        names: one name per column.
        cells: gives the cells of a column: a numeric array, or a list of texts (None where missing).
        place: gives the place of a row in words a reader can find: "line 7" or "row 3".
        notes: what was assumed while reading.
        target: index of the target column, when the file itself says so.
    """

    source: str
    names: tuple[str, ...]
    cells: Callable[[int], Cells]
    place: Callable[[int], str]
    notes: tuple[str, ...] = ()
    target: int | None = None


def read_columns(path: Path, header: bool | None = None) -> Columns:
    """The columns of a file, read by its suffix; unknown suffixes are read as separated text.

    Args:
        path: the file.
        header: whether a text file starts with a line of names; None finds out.

    Raises:
        InputError: the file cannot be read, or not as a table.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix in REFUSED:
        raise InputError(f"{path.name}: {suffix} files cannot be read; save the table as CSV, TSV, Parquet or NPZ")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a CSV, TSV, Parquet or NPZ file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path (catalogue problems are written catalogue:NAME)")
    try:
        if suffix in PARQUET:
            return read_parquet(path)
        if suffix == ".npz":
            return read_npz(path)
        return read_text(path, header)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}; check the file and its permissions"
        ) from None


# --- separated text -----------------------------------------------------------------------------------
def read_text(path: Path, header: bool | None = None) -> Columns:
    """The columns of separated text; '#' lines and blank lines are skipped."""
    lines, numbers = _content(path)
    if not lines:
        raise InputError(f"{path.name} is empty; give a table with one line per example")
    separator = "\t" if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else _separator(lines)
    if separator == " ":
        lines = [line.strip() + "\n" for line in lines]
    rows, starts = [], []
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        start = 0
        for row in reader:
            if row:
                rows.append(row)
                starts.append(numbers[start])
            start = reader.line_num
    except csv.Error as error:
        where = numbers[min(reader.line_num, len(numbers)) - 1]
        raise InputError(f"{path.name}, line {where}: {error}; check the quotes there") from None
    _check_widths(path.name, rows, starts)
    notes = _drop_empty_last_column(rows)
    if _has_header(path.name, rows) if header is None else header:
        names, rows, starts = [cell.strip() for cell in rows[0]], rows[1:], starts[1:]
    else:
        names = [f"x{i}" for i in range(len(rows[0]))]
        notes.append("no header line was found: the columns are called x0, x1, ...")
    if not rows:
        raise InputError(f"{path.name} has a header line but no data; add one line per example")
    for i, name in enumerate(names):
        if not name:
            names[i] = f"x{i}"
            notes.append(f"column {i} has no name and is called x{i}; if it numbers the rows, leave it out")
    return Columns(
        path.name,
        tuple(names),
        lambda i: [row[i] for row in rows],
        lambda row: f"line {starts[row]}",
        tuple(notes),
    )


def _content(path: Path) -> tuple[list[str], list[int]]:
    """Lines that are neither blank nor comments, with their numbers in the file; quoted texts stay whole."""
    kept, numbers = [], []
    quoted = False
    try:
        with _open_text(path) as file:
            for number, line in enumerate(file, start=1):
                if not quoted and (not line.strip() or line.lstrip().startswith("#")):
                    continue
                kept.append(line)
                numbers.append(number)
                quoted ^= line.count('"') % 2 == 1
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text (byte {error.object[error.start]:#04x} at position {error.start}); "
            "save it as UTF-8"
        ) from None
    except (gzip.BadGzipFile, EOFError):
        raise InputError(
            f"{path.name} is not a complete gzip file; compress it again or give it uncompressed"
        ) from None
    return kept, numbers


def _open_text(path: Path) -> Any:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _separator(lines: list[str]) -> str:
    """The separator that occurs equally often, and at least once, in the first lines."""
    bare = [re.sub(r'"[^"]*"', "", line) for line in islice(lines, SNIFFED_LINES)]
    for separator in SEPARATORS:
        counts = {line.count(separator) for line in bare}
        if len(counts) == 1 and counts != {0}:
            return separator
    most = max(SEPARATORS, key=bare[0].count)
    if bare[0].count(most):
        return most
    return " " if len(bare[0].split()) > 1 else ","


def _check_widths(source: str, rows: list[list[str]], starts: list[int]) -> None:
    width = len(rows[0])
    for row, start in zip(rows, starts, strict=True):
        if len(row) != width:
            raise InputError(
                f"{source}, line {start}: {len(row)} cell{'s' * (len(row) != 1)}, but line {starts[0]} has {width}; "
                "give every line the same number of cells"
            )


def _drop_empty_last_column(rows: list[list[str]]) -> list[str]:
    """Remove what a separator at the end of every line makes; the note that says so."""
    if len(rows[0]) < 2 or any(row[-1].strip() for row in rows):
        return []
    for row in rows:
        row.pop()
    return ["every line ends with a separator: the empty last column is left out"]


def _has_header(source: str, rows: list[list[str]]) -> bool:
    """Whether the first line holds names: no numbers in it, or text above numbers."""
    first = [cell.strip() for cell in rows[0]]
    texts = [i for i, cell in enumerate(first) if cell and not is_number(cell)]
    filled = sum(bool(cell) for cell in first)
    if texts and len(texts) == filled:
        return True
    numbered = filled > 1 and first in ([str(i) for i in range(len(first))], ["", *map(str, range(len(first) - 1))])
    below = rows[1 : 1 + SNIFFED_LINES]
    above_numbers = bool(below) and any(all(is_number(row[i]) for row in below) for i in texts)
    if numbered or above_numbers:
        raise InputError(
            f"{source}: the first line ({', '.join(first[:4])}{', ...' if len(first) > 4 else ''}) "
            "may be a header or data; say --header or --no-header (header=True or False)"
        )
    return False


def is_number(cell: str) -> bool:
    """Whether the cell reads as a number; NaN and inf count, digits with underscores do not."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


# --- Parquet and NPZ ----------------------------------------------------------------------------------
def read_parquet(path: Path) -> Columns:
    """The columns of a Parquet file; needs pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            "Parquet files need pyarrow, which is not installed; run: pip install pyarrow (or save the table as CSV)"
        ) from None
    try:
        file = pq.ParquetFile(path)
        table = file.read()
    except pa.ArrowInvalid as error:
        raise InputError(f"{path.name} is not a readable Parquet file: {str(error).splitlines()[0]}") from None
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    table = table.drop_columns(index)
    if table.num_rows == 0 or table.num_columns == 0:
        raise InputError(
            f"{path.name} has {table.num_rows} rows and {table.num_columns} columns; give a table with data"
        )
    notes = tuple(f"the data-frame index {name} is left out" for name in index)

    def cells(i: int) -> Cells:
        column = table.column(i)
        kind = column.type
        if column.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return np.asarray(column.to_numpy())
        return _as_list(column.to_pylist())

    return Columns(path.name, tuple(table.column_names), cells, lambda row: f"row {row}", notes)


def _as_list(values: list[Any]) -> list[Any]:
    """Truth values as 0 and 1, everything else unchanged."""
    return [int(value) if isinstance(value, bool) else value for value in values]


def read_npz(path: Path) -> Columns:
    """The arrays X (n, p) and y (n,) of an NPZ file; pickled arrays are refused."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(f"{path.name} is not an NPZ archive; write it with numpy.savez(path, X=X, y=y)")
            missing = [name for name in ("X", "y") if name not in file.files]
            if missing:
                raise InputError(
                    f"{path.name} has no array {missing[0]!r} (it has: {', '.join(file.files) or 'none'}); "
                    "write it with numpy.savez(path, X=X, y=y)"
                )
            X, y = file["X"], file["y"]
            given = file["feature_names"] if "feature_names" in file.files else None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        pickled = "allow_pickle" in str(error)
        reason = "holds pickled objects, which could run code" if pickled else "is not a readable NPZ archive"
        raise InputError(f"{path.name} {reason}; write plain numeric arrays with numpy.savez(path, X=X, y=y)") from None
    X, y = X[:, None] if X.ndim == 1 else X, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if X.ndim != 2 or y.ndim != 1 or len(X) != len(y):
        raise InputError(
            f"{path.name}: X has shape {X.shape} and y has shape {y.shape}; "
            "X must be (examples, features), y (examples,)"
        )
    if X.size == 0:
        raise InputError(f"{path.name}: X has shape {X.shape}; give at least one example and one feature")
    for name, array in (("X", X), ("y", y)):
        if array.dtype.kind not in "biufU":
            raise InputError(f"{path.name}: {name} has type {array.dtype}, which is not real numbers; convert it first")
    p = X.shape[1]
    names = [f"x{i}" for i in range(p)] if given is None else [str(name) for name in np.ravel(given)]
    if len(names) != p:
        raise InputError(f"{path.name}: {len(names)} feature_names for {p} columns of X; give one each")
    return Columns(
        path.name,
        (*names, "y"),
        lambda i: _plain(y if i == p else X[:, i]),
        lambda row: f"row {row}",
        target=p,
    )


def _plain(column: NDArray[Any]) -> Cells:
    return [str(cell) for cell in column] if column.dtype.kind == "U" else column
