"""Parquet files as columns."""

import numpy as np

from dualscape.data.formats.columns import Cells, Columns
from dualscape.errors import InputError


def read_parquet(source: str, data: bytes) -> Columns:
    """The columns of a Parquet file; needs pyarrow.

    Raises:
        InputError: it cannot be read, or pyarrow is missing.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            "Parquet files need pyarrow, which is not installed; run: pip install pyarrow (or save the table as CSV)"
        ) from None
    try:
        table = pq.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).splitlines()[:1]).rstrip(". ") or "it is damaged"
        raise InputError(f"{source} is not a readable Parquet file: {reason}; write it again") from None
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    table = table.drop_columns(index)
    if table.num_rows == 0 or table.num_columns == 0:
        raise InputError(f"{source} has {table.num_rows} rows and {table.num_columns} columns; give a table with data")
    notes = tuple(f"the data-frame index {name} is left out" for name in index)

    def cells(i: int) -> Cells:
        column = table.column(i)
        kind = column.type
        if column.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return np.asarray(column.to_numpy())
        return list(column.to_pylist())

    return Columns(source, tuple(table.column_names), cells, lambda row: f"row {row}", notes)
