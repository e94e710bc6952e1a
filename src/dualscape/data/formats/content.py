"""What a file holds, by its first bytes: its name may say otherwise."""

import gzip
import io
import json
import re
import sys
import zipfile
import zlib
from pathlib import Path

from dualscape.errors import InputError

STANDARD_INPUT = "-"
GZIP = b"\x1f\x8b"
NPZ_REMEDY = "write the arrays with numpy.savez(path, X=X, y=y)"
SAVE = "save the table as CSV, TSV, Parquet or NPZ"
UNPACK = "unpack it first"
SIGNATURES = (
    (b"\x93NUMPY", "a single NumPy array", NPZ_REMEDY),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", SAVE),
    (b"\x89HDF", "an HDF5 file", SAVE),
    (b"ARROW1", "a Feather file", SAVE),
    (b"SQLite format 3", "an SQLite database", SAVE),
    (b"%PDF", "a PDF document", SAVE),
    (b"\x89PNG", "a PNG image", SAVE),
    (b"\xff\xd8\xff", "a JPEG image", SAVE),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
)
PICKLE = re.compile(rb"\x80[\x02-\x05][^\n]")
PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml|table)\b", re.IGNORECASE)
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")


def load(path: Path) -> bytes:
    """The bytes of a file, or of standard input when it is called "-"; unpacked if they are gzip, whatever the name.

    Raises:
        InputError: they cannot be read or unpacked.
    """
    data = _standard_input() if str(path) == STANDARD_INPUT else path.read_bytes()
    if not data.startswith(GZIP) and path.suffix.lower() != ".gz":
        return data
    try:
        if not data:
            raise EOFError
        return gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(
            f"{path.name} is not a complete gzip file; compress it again or give it uncompressed"
        ) from None


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError("there is no standard input")
    return sys.stdin.buffer.read()


def kind(source: str, data: bytes) -> str:
    """ "parquet", "npz" or "text".

    Raises:
        InputError: the first bytes are those of a file that cannot be read.
    """
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(b"PK\x03\x04"):
        what, remedy = _archive(data)
        if what == "npz":
            return what
        raise InputError(f"{source} is in truth {what}; {remedy}")
    for signature, what, remedy in SIGNATURES:
        if data.startswith(signature):
            raise InputError(f"{source} is in truth {what}; {remedy}")
    if PICKLE.match(data):
        raise InputError(f"{source} is in truth a Python pickle; {SAVE}")
    return "text"


def _archive(data: bytes) -> tuple[str, str]:
    """What a ZIP file is, and what to do about it."""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        # The last is what Python's reader says of a directory that asks for a later version of the format.
        return "a damaged ZIP archive", "get it once more"
    if any(name.endswith(".npy") for name in names):
        return "npz", ""
    if "xl/workbook.xml" in names:
        return "an Excel workbook (.xlsx)", SAVE
    if "mimetype" in names:
        return "an OpenDocument file (.ods)", SAVE
    return "a ZIP archive", UNPACK


def decode(source: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, with line ends as they are, and notes on how its letters were read.

    UTF-8 and whatever begins with a byte order mark, UTF-16 without one; other bytes are read as Windows-1252, of which
    Latin-1 is a part.

    Raises:
        InputError: it is no text, or a text of another kind than a table.
    """
    text, notes = _letters(source, data)
    text = text.rstrip("\x1a")  # an end of file of old
    if "\0" in text:
        line = 1 + len(re.findall(r"\r\n|\r|\n", text[: text.index("\0")]))
        raise InputError(
            f"{source}, line {line}: a NUL byte; the file is damaged or no text, save the table again as CSV"
        )
    if PAGE.match(text):
        raise InputError(f"{source} is in truth a web page or XML; download the table itself, or {SAVE}")
    if _is_json(text):
        raise InputError(f"{source} is in truth JSON; {SAVE}")
    return text, notes


def _letters(source: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{source} begins as {encoding.removesuffix('-sig').upper()} text but has a wrong byte at position "
                    f"{error.start}; save it as UTF-8"
                ) from None
    # Every other byte of plain text in UTF-16 is 0.
    for high, encoding in ((1, "utf-16-le"), (0, "utf-16-be")) if 0 in data else ():
        if 0 not in data[1 - high :: 2] and data[high::2].count(0) > 0.45 * len(data):
            return data.decode(encoding, errors="replace"), ("no byte order mark: read as UTF-16",)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        bad = error
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = "\0"
    if CONTROLS.search(text):
        raise InputError(
            f"{source} is not UTF-8 text (byte {data[bad.start]:#04x} at position {bad.start}); save it as UTF-8"
        )
    return text, ("not UTF-8: letters beyond ASCII are read as Windows-1252",)


def _is_json(text: str) -> bool:
    """Whether the text, or its first line, is an object or a list of JSON."""
    begin = text.lstrip()
    if not begin.startswith(("{", "[")):
        return False
    for part in (begin, begin.splitlines()[0]):
        try:
            return isinstance(json.loads(part), dict | list)
        except (ValueError, RecursionError):
            continue
    return False
