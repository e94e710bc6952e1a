"""Whatever way a table is written it reads back equal, and no bytes at all raise anything but one clear refusal."""

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dualscape.data.tables import read_table
from dualscape.errors import DualscapeError
from written import write

NUMBERS = st.floats(-1e9, 1e9) | st.integers(-3000, 3000).map(float) | st.floats(-1e300, 1e300)
TABLES = arrays(float, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=NUMBERS)


@st.composite
def dialects(draw):
    decimal = draw(st.sampled_from(".,"))
    return {
        "separator": draw(st.sampled_from([",", ";", "\t", "|"] + ([" "] if decimal == "." else []))),
        "decimal": decimal,
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])),
        "end": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "packed": draw(st.booleans()),
        "behind": draw(st.sampled_from(["", "\n", "\n\n# done\n"])),
    }


def written(table, names, dialect):
    """The bytes of a table in a dialect."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=dialect["separator"], quoting=dialect["quoting"], lineterminator="\n")
    writer.writerow(names)
    for row in table.tolist():
        writer.writerow([repr(value).replace(".", dialect["decimal"]) for value in row])
    text = (file.getvalue() + dialect["behind"]).replace("\n", dialect["end"])
    data = text.encode(dialect["encoding"])
    return gzip.compress(data) if dialect["packed"] else data


@settings(max_examples=300)
@given(TABLES, dialects())
def test_tables_read_back_equal(tmp_path_factory, table, dialect):
    table[0, 0] = 0.5  # a cell such as 1,234 alone would not say which mark the comma is
    names = [f"größe, {i}" for i in range(table.shape[1])]
    path = write(tmp_path_factory.mktemp("table"), written(table, names, dialect))
    found = read_table(path, target=-1)
    np.testing.assert_array_equal(np.column_stack([found.X, found.y]), table)
    assert (*found.feature_names, found.target_name) == tuple(names)


WORDS = (
    b'a y 1 -2.5 1,5 1e9 , ; | " # \0 \xff \xfe \xc3\xa9 \xe9 nan inf NA ? True yes no 2020 2020-01-01 $ % ( 1_0 sep=; '
    b"{ [ ] <html PK\x03\x04 PAR1 \x1f\x8b"
)
PIECES = st.sampled_from([*WORDS.split(b" "), b" ", b"\t", b"\n", b"\r", b"\r\n", b"9" * 400])
CONTENT = st.binary(max_size=200) | st.lists(PIECES, max_size=40).map(b"".join)
FILES = st.sampled_from(["data.csv", "data.tsv", "data.txt", "data.csv.gz", "data.npz", "data.parquet"])
OPTIONS = st.fixed_dictionaries(
    {
        "target": st.sampled_from([None, 0, -1, "y"]),
        "loss": st.sampled_from(["squared", "logistic"]),
        "header": st.sampled_from([None, True, False]),
    }
)


def survives(folder, data, name, options):
    try:
        table = read_table(write(folder, data, name), **options)
    except DualscapeError:
        return
    assert np.isfinite(table.X).all()
    assert np.isfinite(table.y).all()
    assert table.X.shape == (len(table.y), len(table.feature_names))


@settings(max_examples=500)
@given(CONTENT, FILES, OPTIONS)
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, name, options):
    survives(tmp_path_factory.mktemp("bytes"), data, name, options)


def whole_files():
    table = np.random.default_rng(0).standard_normal((6, 3)).round(3)
    dialect = {"separator": ";", "decimal": ",", "quoting": csv.QUOTE_ALL, "end": "\r\n", "behind": ""}
    plain = dialect | {"separator": ",", "decimal": ".", "quoting": csv.QUOTE_MINIMAL}
    names = ["a", "b", "y"]
    archive = io.BytesIO()
    np.savez(archive, X=table[:, :2], y=table[:, 2])
    yield "data.csv", written(table, names, plain | {"encoding": "utf-8", "packed": False})
    yield "data.csv", written(table, names, dialect | {"encoding": "utf-16", "packed": False})
    yield "data.csv.gz", written(table, names, plain | {"encoding": "utf-8", "packed": True})
    yield "data.npz", archive.getvalue()
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return
    columns = io.BytesIO()
    pq.write_table(pa.table({name: table[:, i] for i, name in enumerate(names)}), columns)
    yield "data.parquet", columns.getvalue()


@pytest.mark.parametrize(("name", "data"), list(whole_files()))
@settings(max_examples=150)
@given(
    changes=st.lists(st.tuples(st.integers(0, 2000), PIECES | st.binary(max_size=2)), min_size=1, max_size=4),
    cut=st.integers(0, 9),
)
def test_damaged_files_are_read_or_refused(tmp_path_factory, name, data, changes, cut):
    changed = bytearray(data)
    for place, piece in changes:
        place %= len(changed)
        changed[place : place + cut] = piece
    survives(tmp_path_factory.mktemp("damaged"), bytes(changed), name, {"target": None if "npz" in name else -1})
