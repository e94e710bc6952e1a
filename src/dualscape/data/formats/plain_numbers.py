"""Lines of plain numbers, many at a time.

Making numbers of digits takes most of the time of reading a large file. For files of Matrix Market, one number a line,
SciPy brings a parser that is several times faster than `float` and rounds correctly as `float` does: that of Eisel and
Lemire (Lemire, "Number parsing at a gigabyte per second", Software: Practice and Experience 51, 2021). It skips in
silence what follows a number in its line, so that what is no plain number has to be found before.
"""

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dualscape.running.progress import Event, Progress

#: Letters that are read at a time.
BLOCK = 1 << 21
NEWLINE = ord("\n")
#: What stands between digits: the end of a cell, a sign, a point with and one without digits before it, the e of an
#: exponent, the sign of an exponent, anything else.
END, SIGN, POINT, BARE, E, POWER, OTHER = range(7)
#: What may follow what with digits between, and without; everything else makes no plain number.
WITH = {END: (END, POINT, E), SIGN: (END, POINT, E), POINT: (END, E), BARE: (END, E), E: (END,), POWER: (END,)}
WITHOUT = {END: (SIGN, BARE), SIGN: (BARE,), POINT: (END, E), E: (POWER,)}


def _table() -> NDArray[np.bool_]:
    plain = np.zeros((7, 7, 2), dtype=bool)
    for between, pairs in enumerate((WITHOUT, WITH)):
        for before, after in pairs.items():
            plain[before, after, between] = True
    return plain.ravel()


def _kinds(separator: str) -> NDArray[np.uint8]:
    kinds = np.full(256, OTHER, dtype=np.uint8)
    for letters, kind in (("\n" + separator, END), ("+-", SIGN), (".", POINT), ("eE", E)):
        kinds[list(letters.encode())] = kind
    return kinds


PLAIN = _table()


def plain_numbers(
    text: str, begin: int, separator: str, decimal: str, width: int, progress: Progress
) -> NDArray[np.float64] | None:
    r"""The numbers (n, width) in the lines of a text, the same as `float` makes of them; blank lines are skipped.

    Args:
        text: lines that end with "\n".
        begin: where the first of them begins.
        separator: between cells; blanks may stand around it.
        decimal: the decimal mark.
        width: how many cells each line must have.
        progress: is told how many letters are read.

    Returns:
        None where a cell is no plain number (digits, sign, decimal mark, exponent) or a line has another width.

    >>> from dualscape.running.progress import silent
    >>> plain_numbers("1; -2,5\n\n3e1;+,4", 0, ";", ",", 2, silent)
    array([[ 1. , -2.5],
           [30. ,  0.4]])
    >>> plain_numbers("1;2 m\n", 0, ";", ".", 2, silent) is None
    True
    """
    # A point is written for another decimal mark: no separator then.
    if separator in (decimal, "."):
        return None
    kinds = _kinds(separator)
    # A cell takes two letters at least; lines may be blank.
    numbers = np.empty((min(text.count("\n", begin), (len(text) - begin) // (2 * width)) + 1, width))
    n = 0
    for end, cells in _blocks(text, begin):
        if decimal != ".":
            if b"." in cells:
                return None
            cells = cells.replace(decimal.encode(), b".")
        if not _is_plain(cells, kinds, width):
            cells = _bare(cells, separator.encode())
            if cells and not _is_plain(cells, kinds, width):
                return None
        rows = _parsed(cells.replace(separator.encode(), b"\n")).reshape(-1, width)
        numbers[n : n + len(rows)] = rows
        n += len(rows)
        progress(Event("reading", end, len(text)))
    return numbers[:n] if n else None


def _blocks(text: str, begin: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, and where in the text they end; letters that no number has are '?'."""
    while begin < len(text):
        end = text.find("\n", begin + BLOCK) + 1 or len(text)
        lines = text[begin:end].encode("ascii", "replace")
        yield end, lines if lines.endswith(b"\n") else lines + b"\n"
        begin = end


def _bare(lines: bytes, separator: bytes) -> bytes:
    """The lines without blanks around their cells, and without blank lines."""
    if separator == b" ":
        lines = lines.replace(b"\t", b" ")
    lines = b"\n" + lines
    for blank in (b" ", b"\t") if separator != b"\t" else (b" ",):
        for edge in (separator, b"\n"):
            lines = _shortened(_shortened(lines, blank + edge, edge), edge + blank, edge)
    return _shortened(lines, b"\n\n", b"\n")[1:]


def _shortened(lines: bytes, long: bytes, short: bytes) -> bytes:
    while long in lines:
        lines = lines.replace(long, short)
    return lines


def _is_plain(cells: bytes, kinds: NDArray[np.uint8], width: int) -> bool:
    """Whether all cells are numbers, `width` of them in each line."""
    letters = np.frombuffer(cells, dtype=np.uint8)
    marks = np.flatnonzero(letters - ord("0") > 9)  # letters before "0" come out above 9 as well
    between = np.diff(marks, prepend=-1) > 1
    found = letters[marks]
    kind = kinds[found]
    ends = found[kind == END]
    if len(ends) % width:
        return False
    lines = (ends == NEWLINE).reshape(-1, width)
    if not lines[:, -1].all() or lines[:, :-1].any():
        return False
    kind[(kind == POINT) & ~between] = BARE
    kind[1:][(kind[1:] == SIGN) & (kind[:-1] == E)] = POWER
    before = np.concatenate(([np.uint8(END)], kind[:-1]))
    return bool(PLAIN[before * 14 + kind * 2 + between].all())


def _parsed(lines: bytes) -> NDArray[np.float64]:
    """The numbers (n,) in lines of one plain number each."""
    from scipy.io import mmread  # takes longer to import than small files take to read

    if not lines:
        return np.empty(0)
    file = b"%%%%MatrixMarket matrix array real general\n%d 1\n%b" % (lines.count(b"\n"), lines)
    if b"+" in lines:
        file = file.replace(b"\n+", b"\n")
    numbers = np.asarray(mmread(io.BytesIO(file)), dtype=np.float64)[:, 0]
    zero = numbers == 0
    if b"-" in lines and zero.any():
        # It adds numbers to zeros, where -0 is lost.
        letters = np.frombuffer(b"\n" + lines, dtype=np.uint8)
        negative = letters[1:][letters[:-1] == NEWLINE] == ord("-")
        numbers[zero & negative] = -0.0
    return numbers
