"""What a file holds, whatever its name says."""

import gzip
import io
import sys
import zipfile

import numpy as np
import pytest

from dualscape.data.tables import read_table
from written import read, refusal, write

PLAIN = "size,age,price\n1,2,3\n4,5,6\n"


def test_bad_files_are_refused(tmp_path):
    nowhere = tmp_path / "nowhere.csv"
    assert refusal(nowhere) == f"{nowhere} does not exist; check the path"
    assert refusal(tmp_path) == f"{tmp_path} is a folder; give a CSV, TSV, Parquet or NPZ file in it"
    book = write(tmp_path, "", "data.xlsx")
    assert refusal(book) == "data.xlsx: .xlsx files cannot be read; save the table as CSV, TSV, Parquet or NPZ"
    noise = write(tmp_path, b"a,y\n\x81\x01,2\n", "noise.csv")
    assert refusal(noise) == "noise.csv is not UTF-8 text (byte 0x81 at position 4); save it as UTF-8"
    broken = write(tmp_path, "no gzip", "data.csv.gz")
    assert refusal(broken) == "data.csv.gz is not a complete gzip file; compress it again or give it uncompressed"


def test_gzip_behind_any_name(tmp_path):
    assert read(tmp_path, gzip.compress(PLAIN.encode()), "data.csv").y.tolist() == [3, 6]
    assert read(tmp_path, gzip.compress(PLAIN.replace(",", "\t").encode()), "data.tsv.gz").y.tolist() == [3, 6]
    whole = gzip.compress(PLAIN.encode())
    assert "is not a complete gzip file" in refusal(write(tmp_path, whole[:-9]))
    assert "is not a complete gzip file" in refusal(write(tmp_path, b"", "data.csv.gz"))


NAMES = PLAIN.replace("size", "größe")
LETTERS = {
    "UTF-8": (NAMES.encode(), ()),
    "a mark and UTF-8": (NAMES.encode("utf-8-sig"), ()),
    "UTF-16": (NAMES.encode("utf-16"), ()),
    "big-endian UTF-16": (b"\xfe\xff" + NAMES.encode("utf-16-be"), ()),
    "UTF-32": (NAMES.encode("utf-32"), ()),
    "UTF-16 without a mark": (NAMES.encode("utf-16-le"), ("no byte order mark: read as UTF-16",)),
    "big-endian UTF-16 without a mark": (NAMES.encode("utf-16-be"), ("no byte order mark: read as UTF-16",)),
    "Latin-1": (NAMES.encode("latin-1"), ("not UTF-8: letters beyond ASCII are read as Windows-1252",)),
}


@pytest.mark.parametrize(("data", "notes"), LETTERS.values(), ids=LETTERS)
def test_letters(tmp_path, data, notes):
    table = read(tmp_path, data)
    assert table.feature_names == ("größe", "age")
    assert table.X.tolist() == [[1, 2], [4, 5]]
    assert table.notes == notes


def archive(*names):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name in names:
            file.writestr(name, "content")
    return data.getvalue()


SAVE = "save the table as CSV, TSV, Parquet or NPZ"
OTHERS = {
    "zip": (archive("data.csv"), "a ZIP archive; unpack it first"),
    "xlsx": (archive("xl/workbook.xml"), f"an Excel workbook (.xlsx); {SAVE}"),
    "ods": (archive("mimetype"), f"an OpenDocument file (.ods); {SAVE}"),
    "npz": (archive("X.npy"), "an NPZ archive; give it a name that ends with .npz"),
    "half a zip": (archive("data.csv")[:30], "a damaged ZIP archive; get it once more"),
    "parquet": (b"PAR1 and more", "a Parquet file; give it a name that ends with .parquet"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", f"an Excel workbook (.xls); {SAVE}"),
    "pickle": (b"\x80\x04\x95\x00", f"a Python pickle; {SAVE}"),
    "pdf": (b"%PDF-1.7", f"a PDF document; {SAVE}"),
    "bzip2": (b"BZh91AY", "a bzip2 archive; unpack it first"),
    "json": (b'[{"a": 1,\n"y": 2}]', f"JSON; {SAVE}"),
    "lines of json": (b'{"a": 1}\n{"a": 2}\n', f"JSON; {SAVE}"),
    "page": (b"\n<!DOCTYPE html><html>", f"a web page or XML; download the table itself, or {SAVE}"),
}


@pytest.mark.parametrize(("data", "said"), OTHERS.values(), ids=OTHERS)
def test_other_files_behind_the_name_of_a_table_are_named(tmp_path, data, said):
    assert refusal(write(tmp_path, data)) == f"data.csv is in truth {said}"


def test_nul_bytes_are_refused_by_line(tmp_path):
    assert refusal(write(tmp_path, b"a,y\r\n1,2\r\n3,\x004\r\n")) == (
        "data.csv, line 3: a NUL byte; the file is damaged or no text, save the table again as CSV"
    )


def test_half_a_letter_behind_a_byte_order_mark(tmp_path):
    assert refusal(write(tmp_path, b"\xff\xfea")) == (
        "data.csv begins as UTF-16 text but has a wrong byte at position 2; save it as UTF-8"
    )


class Standard:
    """Standard input with these bytes."""

    def __init__(self, data):
        self.buffer = io.BytesIO(data)


def archived_arrays():
    data = io.BytesIO()
    np.savez(data, X=np.eye(2), y=np.ones(2))
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [PLAIN.encode(), gzip.compress(PLAIN.encode(), mtime=0), PLAIN.replace(",", ";").encode()],
    ids=["commas", "gzip", "semicolons"],
)
def test_standard_input(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", Standard(data))
    assert read_table("-", target="price").y.tolist() == [3, 6]


def test_standard_input_of_another_kind(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Standard(archived_arrays()))
    assert read_table("-").X.tolist() == [[1, 0], [0, 1]]
    monkeypatch.setattr(sys, "stdin", Standard(b""))
    assert refusal("-") == "standard input is empty; give a table with one line per example"
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "- cannot be read: there is no standard input; check the file and its permissions"


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"])
def test_impossible_names(tmp_path, name):
    assert refusal(tmp_path / name)
