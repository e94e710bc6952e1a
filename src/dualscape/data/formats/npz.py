"""NPZ archives of NumPy as columns."""

import io
import struct
import zipfile
import zlib

import numpy as np

from dualscape.data.formats.columns import Columns, listed
from dualscape.errors import InputError

#: What reading a damaged archive may raise.
DAMAGE = (
    ValueError,
    EOFError,
    OSError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    OverflowError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)


def read_npz(source: str, data: bytes, *, target: bool = True) -> Columns:
    """The arrays X (n, p) and y (n,) of an NPZ file, and feature_names (p,) if given; pickled arrays are refused.

    Args:
        source: name of the file, for messages.
        data: what it holds.
        target: whether y must be there; otherwise X alone will do.

    Raises:
        InputError: it is no such file, or its arrays are no table.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(f"{source} is not an NPZ archive; write it with numpy.savez(path, X=X, y=y)")
            wanted = ("X", "y") if target else ("X",)
            missing = [name for name in wanted if name not in file.files]
            if missing:
                raise InputError(
                    f"{source} has no array {missing[0]!r} (it has: {', '.join(file.files) or 'none'}); "
                    f"write it with numpy.savez(path, {', '.join(f'{name}={name}' for name in wanted)})"
                )
            X, y = file["X"], file["y"] if "y" in file.files else None
            given = file["feature_names"] if "feature_names" in file.files else None
    except DAMAGE as error:
        if isinstance(error, InputError):
            raise
        pickled = "allow_pickle" in str(error)
        reason = "holds pickled objects, which could run code" if pickled else "is not a readable NPZ archive"
        raise InputError(f"{source} {reason}; write plain numeric arrays with numpy.savez(path, X=X, y=y)") from None
    X = X[:, None] if X.ndim == 1 else X
    y = y[:, 0] if y is not None and y.ndim == 2 and y.shape[1] == 1 else y
    if y is None:
        if X.ndim != 2:
            raise InputError(f"{source}: X has shape {X.shape}; X must be (examples, features)")
    elif X.ndim != 2 or y.ndim != 1 or len(X) != len(y):
        raise InputError(
            f"{source}: X has shape {X.shape} and y has shape {y.shape}; X must be (examples, features), y (examples,)"
        )
    if X.size == 0:
        raise InputError(f"{source}: X has shape {X.shape}; give at least one example and one feature")
    for name, array in (("X", X), ("y", y)):
        if array is not None and array.dtype.kind not in "biufU":
            raise InputError(f"{source}: {name} has type {array.dtype}, which is not real numbers; convert it first")
    p = X.shape[1]
    names = [f"x{i}" for i in range(p)] if given is None else [str(name) for name in np.ravel(given)]
    if len(names) != p:
        raise InputError(f"{source}: {len(names)} feature_names for {p} columns of X; give one each")
    return Columns(
        source,
        tuple(names) if y is None else (*names, "y"),
        lambda i: listed(y if y is not None and i == p else X[:, i]),
        lambda row: f"row {row}",
        target=None if y is None else p,
        unnamed="put the names beside X, as feature_names=..." if given is None else "",
    )
