"""Files of data as columns of cells: separated text, Parquet, NPZ."""

import os
from pathlib import Path

from dualscape.data.formats import content
from dualscape.data.formats.columns import Columns
from dualscape.data.formats.npz import read_npz
from dualscape.data.formats.parquet import read_parquet
from dualscape.data.formats.text import read_text
from dualscape.errors import InputError
from dualscape.running.progress import Progress, silent

__all__ = ["Columns", "read_columns"]

REFUSED = (".xlsx", ".xls", ".ods", ".json", ".feather", ".h5", ".hdf5", ".pkl", ".pickle", ".npy", ".zip", ".arff")
KINDS = {".parquet": "parquet", ".pq": "parquet", ".npz": "npz"}
TITLES = {"parquet": "a Parquet file", "npz": "an NPZ archive"}


def read_columns(
    path: str | os.PathLike[str], header: bool | None = None, *, target: bool = True, progress: Progress = silent
) -> Columns:
    """The columns of a file, read by its suffix; unknown suffixes are read as separated text.

    Args:
        path: the file; "-" is standard input, which is read as what it holds.
        header: whether a text file starts with a line of names; None finds out.
        target: whether an NPZ file must hold its target y.
        progress: is told how far the reading of text has come.

    Raises:
        InputError: the file cannot be read, or not as a table.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"give the path of a file, not a {type(path).__name__} (Problem(X, y, beta=...) takes arrays)")
    path = Path(path)
    standard = str(path) == content.STANDARD_INPUT
    source = "standard input" if standard else path.name
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix in REFUSED:
        raise InputError(f"{source}: {suffix} files cannot be read; save the table as CSV, TSV, Parquet or NPZ")
    try:
        if not standard:
            _check_exists(path)
        data = content.load(path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}; check the file and its permissions") from None
    kind = KINDS.get(suffix)
    if kind is None:
        kind = content.kind(source, data)
        if kind != "text" and not standard:
            raise InputError(f"{source} is in truth {TITLES[kind]}; give it a name that ends with .{kind}")
    if kind == "parquet":
        return read_parquet(source, data)
    if kind == "npz":
        return read_npz(source, data, target=target)
    text, notes = content.decode(source, data)
    del data  # as large as the text
    columns = read_text(source, text, header, tabs=suffix in (".tsv", ".tab"), progress=progress)
    return columns.noted(notes)


def _check_exists(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a CSV, TSV, Parquet or NPZ file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path")
