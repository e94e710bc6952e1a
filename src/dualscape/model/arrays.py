"""Arrays of users, of whatever kind, as real numbers: lists, NumPy, data frames, sparse matrices, tensors."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError

LARGEST, SMALLEST = 1e70, 1e-70  # squares of X^T nu and their sums stay far from overflow and underflow
#: Names of columns that a message lists at most.
LISTED = 20
ABSENT = ("none", "nan", "<na>", "nat", "")


def column_names(values: Any) -> tuple[str, ...] | None:
    """The names of a data frame's columns (pandas, polars, Arrow); None for none, and for numbers from 0 on alone."""
    # The columns of an Arrow table are its data.
    columns = getattr(values, "column_names", getattr(values, "columns", None))
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        return None
    given = list(columns)
    if all(isinstance(name, int | np.integer) for name in given) and given == list(range(len(given))):
        return None
    return tuple(map(str, given))


def names_of(values: Any, p: int, given: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of the p features in `values`: those given, or those of its columns, or x0, x1, ...

    Raises:
        InputError: there is not one name each, or a data frame has one twice.
    """
    if given is not None and (isinstance(given, str) or not isinstance(given, Iterable)):
        raise InputError(f"feature_names must be a list with one name for each column of X, got {given!r}")
    columns = column_names(values) if given is None else None
    names = tuple(map(str, given)) if given is not None else columns or tuple(f"x{i}" for i in range(p))
    if len(names) != p:
        raise InputError(f"{len(names)} feature names for {p} columns of X; give one each")
    for i, name in enumerate(columns or ()):
        if name in names[:i]:
            raise InputError(f"columns {names.index(name)} and {i} of X are both called {name!r}; rename one of them")
    return names


def find_names(there: Sequence[str], wanted: Sequence[str], source: str, remedy: str = "") -> list[int]:
    """Positions of the columns that a network takes among those that are there, which may be more, in any order.

    Args:
        there: names of the columns.
        wanted: names of the features, in their order.
        source: what has the columns, for the message.
        remedy: what else to do about columns that are missing.

    Raises:
        InputError: a column is missing, or there twice.

    >>> find_names(["age", "note", "size"], ["size", "age"], "X")
    [2, 0]
    """
    missing = [name for name in wanted if name not in there]
    if missing:
        shown = ", ".join(map(repr, missing[:LISTED])) + (f", ... ({len(missing)} in all)" * (len(missing) > LISTED))
        raise InputError(
            f"{source} lacks column{'s' * (len(missing) > 1)} {shown}, which the network takes; it has: "
            f"{', '.join(there[:LISTED])}{', ...' * (len(there) > LISTED)}{remedy and f'; {remedy}'}"
        )
    for name in wanted:
        if there.count(name) > 1:
            raise InputError(f"{source} has several columns {name!r}; rename all but one of them")
    return [there.index(name) for name in wanted]


def features_of(X: Any, wanted: Sequence[str]) -> NDArray[np.float64]:
    """What a network takes of new rows, shape (n, p): of a data frame by name, of an array by position.

    Args:
        X: (n, p) features, or a data frame that has them among its columns; one row may be flat.
        wanted: names of the p features, in their order.

    Raises:
        InputError: a column is missing or there twice, an array has another number of columns, or there are no numbers.

    >>> features_of([1, 2], ["size", "age"])
    array([[1., 2.]])
    """
    array = np.atleast_2d(real_array(_in_order(X, wanted), "X"))
    if array.ndim != 2 or array.shape[1] != len(wanted):
        raise InputError(f"X must have shape (rows, {len(wanted)}), one column per feature, got shape {array.shape}")
    return array


def _in_order(X: Any, wanted: Sequence[str]) -> Any:
    names = column_names(X)
    if names is None or names == tuple(wanted):
        return X
    where = find_names(names, wanted, "X", "an array without names is taken by position")
    # Other columns may hold anything: they are left out before numbers are made.
    if hasattr(X, "iloc"):
        return X.iloc[:, where]
    return X.select([names[i] for i in where]) if hasattr(X, "select") else plain_array(X, "X")[:, where]


def plain_array(values: Any, name: str) -> NDArray[Any]:
    """The values as an array of any type; sparse matrices are filled up with their zeros.

    Raises:
        InputError: they are no array: rows of unequal length, gaps, dates, or none at all.
    """
    if isinstance(values, str | bytes):
        raise InputError(f"{name} is a text; read files with dualscape.data.tables.read_table, which gives X and y")
    if hasattr(values, "toarray"):
        values = values.toarray()
    if np.ma.is_masked(values):
        raise InputError(f"{name} has masked entries; give real numbers, without gaps")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(f"{name} is no array of numbers: {_unequal(values) or str(error).splitlines()[0]}") from None
    if array.dtype.kind in "mMV":
        what = "records" if array.dtype.kind == "V" else "dates or times"
        raise InputError(f"{name} has {what} ({array.dtype}); give numbers, one column for each quantity")
    if array.ndim == 0 and array.dtype.kind == "O":
        raise InputError(f"{name} must be an array of numbers, got {_article(type(values).__name__)}")
    return array


def _unequal(values: Any) -> str:
    """Which rows of a list differ in length, or ""."""
    if not isinstance(values, Sequence):
        return ""
    lengths = [len(row) if hasattr(row, "__len__") else 1 for row in values]
    for i, length in enumerate(lengths):
        if length != lengths[0]:
            entries = "entry" if length == 1 else "entries"
            return f"row {i} has {length} {entries}, row 0 has {lengths[0]}; give rows of one length"
    return ""


def _article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"


def real_array(values: Any, name: str) -> NDArray[np.float64]:
    """The values as float64, in the shape they have; NaN may be among them.

    Args:
        values: an array, a list, a data frame, a sparse matrix.
        name: what they are called in messages.

    Raises:
        InputError: they are no real numbers.
    """
    array = plain_array(values, name)
    if array.dtype.kind == "c":
        raise InputError(f"{name} has complex entries; give real numbers, without gaps")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    for index, value in np.ndenumerate(array):
        where = _place(index, column_names(values))
        try:
            float(value)
        except OverflowError:
            raise InputError(f"{name} has an integer beyond 64-bit numbers at {where}; rescale it") from None
        except (TypeError, ValueError):
            text = str(value)
            if text.strip().lower() in ABSENT:
                shown = f"a missing value ({text})" if text.strip() else "a blank text"
                raise InputError(f"{name} has {shown} at {where}; drop or fill in missing values first") from None
            short = repr(text if len(text) <= 40 else text[:37] + "...")
            raise InputError(
                f"{name} must be numeric, but has {short} at {where}; encode categories as numbers first"
            ) from None
    raise InputError(f"{name} must be an array of numbers, got type {array.dtype}")


def _place(index: tuple[int, ...], columns: Sequence[str] | None = None) -> str:
    words = [f"{word} {i}" for word, i in zip(("row", "column", "layer"), index, strict=False)]
    if columns is not None and len(index) == 2 and index[1] < len(columns):
        words[1] += f" ({columns[index[1]]!r})"
    return ", ".join(words) or "its only place"


def finite_array(values: ArrayLike, name: str, ndim: int) -> NDArray[np.float64]:
    """The values as finite float64 of moderate size, in `ndim` dimensions.

    Raises:
        InputError: they are not so; the message names the place.

    >>> finite_array([[1, 2], [3, 4]], "X", 2)
    array([[1., 2.], [3., 4.]])
    """
    array = real_array(values, name)
    check_shape(array, name, ndim)
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        more = f", the first of {bad.sum()} such entries" if bad.sum() > 1 else ""
        remedy = "drop or fill in missing values first" if np.isnan(array[bad]).any() else "correct it or drop the row"
        raise InputError(f"{name} has {array[where]} at {_place(where, column_names(values))}{more}; {remedy}")
    size = max(array.max(initial=0.0), -array.min(initial=0.0))
    if size > LARGEST:
        where = tuple(int(i) for i in np.argwhere(np.abs(array) > LARGEST)[0])
        place = _place(where, column_names(values))
        raise InputError(f"{name} has {array[where]:g} at {place}, above {LARGEST:g} in size; rescale it")
    if 0 < size < SMALLEST:
        raise InputError(f"{name} has no entries above {SMALLEST:g} in size, and some that are not 0; rescale it")
    return array


def check_shape(array: NDArray[Any], name: str, ndim: int) -> None:
    """Raise InputError when the array has not `ndim` dimensions."""
    if array.ndim == ndim:
        return
    wanted = "one row per example and one column per feature" if ndim == 2 else "one number per example"
    remedy = ""
    if ndim == 2 and array.ndim == 1:
        remedy = "; a single feature is numpy.reshape(X, (-1, 1))"
    if ndim == 1 and array.ndim == 2 and 1 in array.shape:
        remedy = f"; give numpy.ravel({name})"
    raise InputError(f"{name} must have {ndim} dimension(s) ({wanted}), got shape {array.shape}{remedy}")


def label_list(values: Any, name: str) -> list[Any]:
    """The labels (n,) of n examples as plain Python values.

    Raises:
        InputError: they are not in one dimension, or one is missing.
    """
    array = plain_array(values, name)
    check_shape(array, name, 1)
    found: list[Any] = array.tolist()
    for row, label in enumerate(found):
        # A missing label is not even equal to itself, or (pd.NA) does not say whether it is.
        if label is None or str(label).strip().lower() in ABSENT:
            raise InputError(f"{name} has a missing label ({label}) at row {row}; drop rows without a label first")
    return found
