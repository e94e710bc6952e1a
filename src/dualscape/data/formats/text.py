"""Separated text as columns: CSV, TSV and their relatives."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, pairwise

from dualscape.data.formats.columns import Columns
from dualscape.data.formats.numerals import TRUTHS, decimal_mark, is_number
from dualscape.data.formats.plain_numbers import plain_numbers
from dualscape.errors import InputError
from dualscape.running.progress import Event, Progress, silent

#: Separators in the order of trust: a comma may also be a decimal mark or part of a text.
SEPARATORS = ("\t", ";", "|", ",")
SNIFFED_LINES, SNIFFED_LETTERS = 50, 1 << 16
NAMED_SEPARATOR = re.compile(r"sep=([^\w\s\"#]|\t) *(?:\r\n?|\n|$)", re.IGNORECASE)
COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
QUOTED = re.compile(r'"[^"]*"')
WHOLE = re.compile(r"[+-]?\d{1,9}")
COMMA_WORD = re.compile(r"[+-]?\d+(?:,\d+)?")
YEARS = range(1800, 2101)
#: Letters from which on it pays to try whether all cells are plain numbers; lines that then tell the names, the decimal
#: mark and the header, with room for comments among them.
LARGE, HEAD_LINES = 1 << 18, 2 * (1 + SNIFFED_LINES)
#: Progress is told after so many rows.
TOLD_ROWS = 10_000


def read_text(
    source: str, text: str, header: bool | None = None, *, tabs: bool = False, progress: Progress = silent
) -> Columns:
    """The columns of separated text; blank lines, lines of blank cells and lines that begin with '#' are skipped.

    Args:
        source: name of the file, for messages.
        text: the text, with any line ends.
        header: whether the first line holds names; None finds out.
        tabs: whether the separator is a tab if there is one.
        progress: is told how many letters are read, where they are many.

    Raises:
        InputError: this is no table.
    """
    # Lines end in one way from here on, in quoted cells too.
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    named = NAMED_SEPARATOR.match(text)
    separator = named[1] if named else "\t" if tabs and "\t" in text else _separator(text)
    file = _Text(source, text, separator, skip=1 if named else 0, header=header)
    found = _read_at_once(file, progress) if len(text) >= LARGE else None
    return found or _read(file, progress)[0]


@dataclass(frozen=True)
class _Text:
    """What is read.

    Attributes:
        source: name of the file, for messages.
        text: lines that end with "\\n".
        separator: between cells.
        skip: lines to leave out at the beginning.
        header: whether the first line holds names; None finds out.
    """

    source: str
    text: str
    separator: str
    skip: int
    header: bool | None


def _read_at_once(file: _Text, progress: Progress) -> Columns | None:
    """The columns where all cells below the names are plain numbers, otherwise None: what `_read` gives, and sooner.

    The first lines tell all the rest about such a file. Its cells are read one by one if somebody asks for them.
    """
    end = 0
    for _ in range(HEAD_LINES):
        end = file.text.find("\n", end) + 1
        if not end:
            return None
    try:
        head, starts = _read(replace(file, text=file.text[:end]))
    except InputError:
        return None
    if len(starts) <= SNIFFED_LINES:
        return None
    begin = 0
    for _ in range(starts[0] - 1):
        begin = file.text.find("\n", begin) + 1
    found = plain_numbers(file.text, begin, file.separator, head.decimal, len(head.names), progress)
    if found is None:
        return None
    whole = cache(lambda: _read(file)[0])
    return replace(
        head,
        cells=lambda i: whole().cells(i),
        place=lambda row: whole().place(row),
        values=lambda i: found[:, i],
    )


def _read(file: _Text, progress: Progress = silent) -> tuple[Columns, list[int]]:
    """The columns, cell by cell, and the numbers of the lines in which the rows begin."""
    source = file.source
    rows, starts, notes = _records(file, progress)
    if not rows:
        raise InputError(f"{source} is empty; give a table with one line per example")
    notes += _drop_empty_last_columns(rows)
    _check_widths(source, rows, starts, file.separator)
    decimal = decimal_mark(chain.from_iterable(rows))
    if decimal == ",":
        notes.append("decimal commas are read as decimal points")
    header = file.header
    if header is None:
        header, doubt = _find_header(source, rows, decimal)
        notes += doubt
    if header:
        names, rows, starts = [cell.strip() for cell in rows[0]], rows[1:], starts[1:]
    else:
        names = [f"x{i}" for i in range(len(rows[0]))]
        notes.append("no header line was found: the columns are called x0, x1, ...")
    if not rows:
        raise InputError(f"{source} has a header line but no data; add one line per example")
    for i, name in enumerate(names):
        if not name:
            names[i] = f"x{i}"
            while names.count(names[i]) > 1:
                names[i] += "_"
            notes.append(f"column {i} has no name and is called {names[i]}; if it numbers the rows, leave it out")
    columns = Columns(
        source,
        tuple(names),
        lambda i: [row[i] for row in rows],
        lambda row: f"line {starts[row]}",
        tuple(notes),
        decimal=decimal,
        unnamed="" if header else "its first line was read as data: say --header if it holds names",
    )
    return columns, starts


# --- lines and cells ------------------------------------------------------------------------------------
def _records(file: _Text, progress: Progress) -> tuple[list[list[str]], list[int], list[str]]:
    """The rows, the number of the line on which each begins, and notes; quoted cells may go over several lines."""
    lines = _Lines(file.text, file.skip, blanks=file.separator == " ")
    reader = csv.reader(lines, delimiter=file.separator, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    starts: list[int] = []
    blank = 0
    while True:
        lines.begun = 0
        try:
            row = next(reader)
        except StopIteration:
            return rows, starts, [f"lines without any value are skipped ({blank} of them)"] if blank else []
        except csv.Error as error:
            said = str(error)
            if "unexpected end" in said or "field limit" in said:
                said = "a quoted cell begins here and does not end"
            raise InputError(f"{file.source}, line {lines.begun}: {said}; check the quotes there") from None
        if any(map(str.strip, row)):
            rows.append(row)
            starts.append(lines.begun)
            if not len(rows) % TOLD_ROWS:
                progress(Event("reading", lines.read, len(file.text)))
        else:
            blank += 1


class _Lines:
    """Hands out lines; between rows, though not within one, blank lines and comments are skipped.

    Attributes:
        begun: number of the line on which the row begins; set it to 0 before the next row.
        read: letters that have been handed out or skipped.
    """

    def __init__(self, text: str, skip: int, blanks: bool) -> None:
        self.begun = self.read = 0
        self._blanks = blanks
        self._lines = enumerate(self._split(text), start=1)
        for _ in range(skip):
            next(self._lines)

    def _split(self, text: str) -> Iterator[str]:
        # io.StringIO would hold a copy of four bytes a letter.
        while self.read < len(text):
            begin, self.read = self.read, text.find("\n", self.read) + 1 or len(text)
            yield text[begin : self.read]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for number, line in self._lines:
            if self.begun:
                return line
            bare = line.strip()
            if bare and not bare.startswith("#"):
                self.begun = number
                return bare.replace("\t", " ") + "\n" if self._blanks else line
        raise StopIteration


def _separator(text: str) -> str:
    """The separator that occurs equally often, and at least once, in the first lines."""
    sample = QUOTED.sub("q", COMMENT.sub("", text[:SNIFFED_LETTERS]))
    lines = [line for line in sample.split("\n") if line.strip()]
    if len(text) > SNIFFED_LETTERS and len(lines) > 1:
        lines.pop()
    lines = lines[:SNIFFED_LINES] or [""]
    if _decimals_between_blanks(lines):
        return " "
    for separator in SEPARATORS:
        counts = {line.count(separator) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return separator
    for most in (_commonest(lines), _commonest(lines[:1])):
        if most:
            return most
    return " " if len(lines[0].split()) > 1 else ","


def _commonest(lines: list[str]) -> str:
    """The separator that is in most lines, or "" where none is in more than half of them."""
    hits = {separator: sum(separator in line for line in lines) for separator in SEPARATORS}
    most = max(SEPARATORS, key=lambda separator: hits[separator])
    return most if 2 * hits[most] > len(lines) else ""


def _decimals_between_blanks(lines: list[str]) -> bool:
    """Whether all lines but perhaps the first are numbers with decimal commas between blanks."""
    below = [line.split() for line in lines[1:] or lines]
    words = list(chain.from_iterable(below))
    return (
        {len(line) for line in below} == {len(lines[0].split())} != {1}
        and all(map(COMMA_WORD.fullmatch, words))
        and any("," in word for word in words)
    )


def _drop_empty_last_columns(rows: list[list[str]]) -> list[str]:
    """Remove what separators at the ends of lines make; the note that says so."""
    if all(row[-1].strip() for row in rows):
        return []
    width = max(max(i for i, cell in enumerate(row, start=1) if cell.strip()) for row in rows)
    longer = [row for row in rows if len(row) > width]
    if not longer:
        return []
    every = len(longer) == len(rows) and all(len(row) == width + 1 for row in rows)
    for row in longer:
        del row[width:]
    if every:
        return ["every line ends with a separator: the empty last column is left out"]
    return ["lines end with separators: the empty cells behind the last column are left out"]


def _check_widths(source: str, rows: list[list[str]], starts: list[int], separator: str) -> None:
    width = len(rows[0])
    for row, start in zip(rows, starts, strict=True):
        if len(row) != width:
            remedy = "give every line the same number of cells"
            others = {len(row) for row in rows[1:]}
            if width == 1 and len(others) == 1:
                remedy = f"if line {starts[0]} is a title, begin it with '#'"
            elif others == {2 * width} and separator == ",":
                remedy = "if commas are decimal marks here, put ';' between the cells"
            elif others == {width + 1}:
                remedy += " (a column of row names needs a name as well)"
            elif len(row) > width and separator == ",":
                remedy += " (and quotes around a cell that has a comma)"
            raise InputError(
                f"{source}, line {start}: {len(row)} cell{'s' * (len(row) != 1)}, but line {starts[0]} has {width}; "
                f"{remedy}"
            )


# --- header ---------------------------------------------------------------------------------------------
def _find_header(source: str, rows: list[list[str]], decimal: str) -> tuple[bool, list[str]]:
    """Whether the first line holds names, and a note where it may hold them all the same.

    It does where no cell of it is a value. Text above numbers, and numbers that count as names do, are in doubt.

    Raises:
        InputError: it is in doubt, and taking names for data would spoil them.
    """

    def is_value(cell: str) -> bool:
        return is_number(cell, decimal) or cell.strip().lower() in TRUTHS

    first = [cell.strip() for cell in rows[0]]
    filled = [cell for cell in first if cell]
    texts = [i for i, cell in enumerate(first) if cell and not is_value(cell)]
    if len(texts) == len(filled):
        return True, []
    below = rows[1 : 1 + SNIFFED_LINES]
    shown = f"{', '.join(first[:4])}{', ...' if len(first) > 4 else ''}"
    if (
        (bool(below) and any(all(is_value(row[i]) for row in below) for i in texts))
        or (len(filled) > 1 and filled == [str(i) for i in range(len(filled))])
        or (_counts(filled) and bool(below) and not any(_whole(row) for row in below))
    ):
        raise InputError(
            f"{source}: the first line ({shown}) may be a header or data; "
            "say --header or --no-header (header=True or False)"
        )
    fractions = len(below) > 2 and not any(WHOLE.fullmatch(cell.strip()) for row in below for cell in row)
    if below and _whole(filled) and len(filled) > 1 and (_years(filled) or fractions):
        return False, [f"the first line ({shown}) is read as data; if it holds names, say --header (header=True)"]
    return False, []


def _whole(cells: list[str]) -> bool:
    return all(WHOLE.fullmatch(cell.strip()) for cell in cells)


def _years(cells: list[str]) -> bool:
    values = [int(cell) for cell in cells]
    return all(value in YEARS for value in values) and all(a < b for a, b in pairwise(values))


def _counts(cells: list[str]) -> bool:
    """Whether the cells count as names do: rising years, or at least three whole numbers in equal steps."""
    if len(cells) < 2 or not _whole(cells):
        return False
    steps = {int(b) - int(a) for a, b in pairwise(cells)}
    return _years(cells) or (len(cells) > 2 and len(steps) == 1 and min(steps) > 0)
