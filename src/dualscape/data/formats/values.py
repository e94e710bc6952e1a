"""Cells of a column as numbers or as classes; what cannot be used is named with its place and the remedy."""

import csv
import io
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.data.formats.columns import Cells, Columns
from dualscape.data.formats.numerals import MISSING, TRUTHS, is_date, is_number, remedy
from dualscape.errors import InputError
from dualscape.model.labels import Classes, ordered, several_classes, shown, two_classes

Vector = NDArray[np.float64]
FILL_IN = "fill in or drop rows with missing values first"
MOST_NAMED = 8


def numbers(columns: Columns, i: int, used: Sequence[int] = (), target: int | None = None) -> Vector:
    """Column i as finite numbers, shape (n,); truth values are 0 and 1.

    Args:
        columns: the file.
        i: the column.
        used: all columns that are used: missing values are counted over them.
        target: the target of a training, whose columns can be chosen otherwise; None where a network takes these.

    Raises:
        InputError: a cell is no finite number.
    """
    values = _values(columns, i)
    if values is None or not np.isfinite(values).all():
        _refuse(columns, i, used or (i,), target)
    assert values is not None
    return values


def _values(columns: Columns, i: int) -> Vector | None:
    known = columns.values(i)
    return _parsed(columns.cells(i), columns.decimal) if known is None else known


def _parsed(cells: Cells, decimal: str = ".") -> Vector | None:
    """The cells as numbers, NaN and inf among them; None where some are none."""
    if isinstance(cells, np.ndarray):
        return cells.astype(np.float64, copy=False)
    # What strip() takes for blanks float() may not.
    cells = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    texts = [cell for cell in cells if isinstance(cell, str)]
    letters = " ".join(texts)  # one search instead of many
    if "_" in letters or (decimal == "," and "." in letters):
        return None
    try:
        if decimal == "," and texts:
            return np.array([float(text.replace(",", ".")) for text in texts])
        return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except (TypeError, ValueError, OverflowError):
        return _truths(texts) if len(texts) == len(cells) else None


def _truths(texts: list[str]) -> Vector | None:
    found = [TRUTHS.get(text.strip().lower()) for text in texts]
    return None if None in found else np.array(found, dtype=np.float64)


def classes_of(
    columns: Columns, i: int, loss: str = "logistic", rows: NDArray[np.intp] | None = None
) -> tuple[Vector, Classes]:
    """Column i as the signs -1 and +1 of its two classes, and the classes: numbers, truth values or texts.

    Args:
        columns: the file.
        i: the column.
        loss: name of the loss that takes classes, for messages.
        rows: which rows count; None for all.

    Raises:
        InputError: a cell is missing, or there are not two classes.
    """
    return two_classes(_counting(columns, i, rows), f"column {columns.names[i]!r}", columns.source, loss=loss)


def several_classes_of(
    columns: Columns, i: int, loss: str = "multinomial", rows: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.float64], Classes]:
    """Column i as a table (n, K) with a 1 for the class of each row, and the classes; arguments as of `classes_of`.

    Raises:
        InputError: a cell is missing, or there are not two classes or more.
    """
    return several_classes(_counting(columns, i, rows), f"column {columns.names[i]!r}", columns.source, loss=loss)


def _counting(columns: Columns, i: int, rows: NDArray[np.intp] | None) -> list[Any]:
    """The labels of the rows that count."""
    found = labels(columns, i, target=i)
    return found if rows is None else [found[row] for row in rows.tolist()]


def labels(columns: Columns, i: int, target: int | None = None) -> list[Any]:
    """Column i as labels: truth values, numbers or texts, of one kind all of them; `target` as for `numbers`.

    Raises:
        InputError: a cell is missing.
    """
    known = columns.values(i)
    if known is not None:
        return list(map(_whole, known.tolist()))
    texts = [_text(cell) for cell in columns.cells(i)]
    for row, text in enumerate(texts):
        if _is_missing(text):
            _refuse_missing(columns, i, row, text, (i,), target)
    return _labels(texts, columns.decimal)


def _labels(texts: list[str], decimal: str) -> list[Any]:
    if all(text.lower() in TRUTHS for text in texts):
        return [TRUTHS[text.lower()] for text in texts]
    if all(is_number(text, decimal) for text in texts):
        return [_whole(float(text.replace(decimal, "."))) for text in texts]
    return texts


def _whole(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def are_truths(columns: Columns, i: int) -> bool:
    """Whether column i holds truth values."""
    if columns.values(i) is not None:
        return False
    cells = columns.cells(i)
    return not isinstance(cells, np.ndarray) and all(_text(cell).lower() in TRUTHS for cell in cells)


# --- refusals -------------------------------------------------------------------------------------------
def _refuse(columns: Columns, i: int, used: Sequence[int], target: int | None) -> None:
    """Raise InputError for the first cell that is no finite number; for the first gap where there are only gaps."""
    cells = columns.cells(i)
    others = None if isinstance(cells, np.ndarray) else [cell for cell in cells if not _is_missing(cell)]
    only_gaps = others is not None and _is_finite(_parsed(others, columns.decimal))
    for row, cell in enumerate(cells):
        text = _text(cell)
        if _is_missing(cell):
            _refuse_missing(columns, i, row, text, used, target)
        if only_gaps:
            continue
        where = _where(columns, i, row)
        if not is_number(text, columns.decimal):
            if columns.decimal == "," and is_number(text):
                raise InputError(
                    f"{where}: {shown(text)} has a point, in a file with decimal commas; "
                    "write numbers without separators between the digits"
                )
            what = "is a date or a time, not a number" if is_date(text) else "is not a number"
            raise InputError(f"{where}: {shown(text)} {what}; {_remedy(columns, i, text, target)}")
        if not np.isfinite(float(text.replace(columns.decimal, "."))):
            named = "inf" in text.lower()
            what = "infinite value" if named else f"{shown(text)} is too large for a 64-bit number"
            raise InputError(f"{where}: {what}; correct the cell or drop the row")


def _refuse_missing(columns: Columns, i: int, row: int, text: str, used: Sequence[int], target: int | None) -> None:
    what = f"missing value ({text})" if text else "blank cell"
    gaps = {columns.names[j]: count for j in used if (count := _missing(columns.cells(j)))}
    if gaps.get(columns.names[i]) == len(columns.cells(i)) > 1:
        what_to_do = "choose another target" if i == target else "leave it out with --features"
        if target is None:
            what_to_do = FILL_IN
        raise InputError(f"{columns.source}: column {columns.names[i]!r} is empty; {what_to_do}")
    total = sum(gaps.values())
    more = ""
    if total > 1:
        inside = f"in columns {_named(list(gaps), repr)}" if len(gaps) > 1 else "in this column"
        more = f", the first of {total:,} {inside}"
    raise InputError(f"{_where(columns, i, row)}: {what}{more}; {FILL_IN}")


def _missing(cells: Cells) -> int:
    if isinstance(cells, np.ndarray):
        return int(np.isnan(cells).sum())
    return sum(map(_is_missing, cells))


def _is_missing(cell: Any) -> bool:
    return _text(cell).lower() in MISSING


def _text(cell: Any) -> str:
    return str(cell).strip() if cell is not None else ""


def _where(columns: Columns, i: int, row: int) -> str:
    return f"{columns.source}, {columns.place(row)}, column {columns.names[i]!r}"


def _remedy(columns: Columns, i: int, text: str, target: int | None) -> str:
    """What to do about a text that is no number."""
    if text == columns.names[i]:
        return "it repeats the header, so remove the line"
    if text.lower() in TRUTHS:
        return "write 1 for True and 0 for False in the whole column"
    known = remedy(text, columns.decimal)
    if known and not is_date(text):
        return known
    if i == target:
        values = ordered({_text(cell) for cell in columns.cells(i) if not _is_missing(cell)})
        if len(values) == 2 and not any(is_number(value, columns.decimal) for value in values):
            return f"--loss logistic takes the two values, {shown(values[0])} and {shown(values[1])}, as classes"
    cells = columns.cells(i)
    wrong = sum(_parsed([cell], columns.decimal) is None for cell in cells if not _is_missing(cell))
    if 2 * wrong < len(cells):
        return f"correct it or drop the row ({wrong} of the {len(cells)} cells of this column {_are(wrong)} no number)"
    first = "turn it into a number, such as days" if is_date(text) else "encode categories as numbers"
    if target is None:
        return f"{first}, as in the training data"
    if i == target:
        return f"{first}, or choose another target"
    others = [j for j in range(len(columns.names)) if j != target and _is_numeric(columns, j)]
    if not others:
        return first
    if len(others) > MOST_NAMED:
        return f"{first}, or leave the column out with --features"
    return f"{first}, or leave the column out: --features {_quoted([columns.names[j] for j in others])}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _is_numeric(columns: Columns, i: int) -> bool:
    return _is_finite(_values(columns, i))


def _is_finite(values: Vector | None) -> bool:
    return values is not None and bool(np.isfinite(values).all())


def _named(names: list[str], show: Callable[[str], str] = str) -> str:
    return ", ".join(map(show, names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")


# --- names on the command line --------------------------------------------------------------------------
def _quoted(names: list[str]) -> str:
    """The names as one word of a command line, which `split_names` takes apart."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return shlex.quote(line.getvalue())


def split_names(text: str) -> list[str]:
    """Names between commas; one that has a comma itself stands in double quotes.

    >>> split_names('age, "income, net"')
    ['age', 'income, net']
    """
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise InputError(f"cannot read the list of columns {text}: {error}; check its quotes") from None
    return [name.strip() for row in rows for name in row if name.strip()]
