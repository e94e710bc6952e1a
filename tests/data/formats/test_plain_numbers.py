"""Lines of plain numbers read at once: the same, bit for bit, as cell by cell; and what they must leave alone."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualscape.data.formats import plain_numbers, text
from dualscape.data.formats.plain_numbers import plain_numbers as parse
from dualscape.data.formats.text import read_text
from dualscape.data.formats.values import are_truths, labels, numbers
from dualscape.data.tables import read_table
from dualscape.errors import InputError
from dualscape.running.progress import silent
from written import refusal, write

DIGITS = st.text("0123456789", min_size=1, max_size=25)
SIGNS = st.sampled_from(["", "-", "+"])
EXPONENTS = st.builds("{}{}{}".format, st.sampled_from("eE"), SIGNS, st.integers(0, 400)) | st.just("")
WRITTEN = st.builds(
    "{}{}{}".format,
    SIGNS,
    st.builds("{}.{}".format, DIGITS, DIGITS) | DIGITS | DIGITS.map("{}.".format) | DIGITS.map(".{}".format),
    EXPONENTS,
)
#: Halves between neighbouring numbers of 64 bits, cut or with a digit more: where a rounding can go wrong.
HALFWAY = st.builds(
    lambda m, e, more: f"{(2 * m + 1) * 2**e}{more}",
    st.integers(2**52, 2**53 - 1),
    st.integers(0, 200),
    st.sampled_from(["", ".0", ".000000000000000000001"]),
)
PLAIN = WRITTEN | HALFWAY | st.floats(allow_nan=False, allow_infinity=False).map(repr)
#: Near misses: whatever these letters make.
NEAR = st.text("0123456789.+-eE _", max_size=6)
ODD = st.sampled_from(
    ["nan", "inf", "-Infinity", "True", "NA", "", "1_000", "0x1p3", "1e5e5", "1-2", "1.2.3", "\u0663", "1d5"]
)
BLANKS = st.sampled_from(["", "", "", " ", "\t", "  "])
HARD = ("2.2250738585072014e-308", "4.9406564584124654e-324", "2.4703282292062327e-324", "1.7976931348623159e308", "-0")


def lines_of(rows: list[list[str]], separator: str, end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in rows)


def one_by_one(cells: list[str]) -> np.ndarray:
    return np.array([float(cell) for cell in cells])


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Also the signs of zeros."""
    return a.shape == b.shape and a.tobytes() == b.tobytes()


@given(st.lists(PLAIN, min_size=1, max_size=30), st.sampled_from(",;\t| "), st.sampled_from([1, 2, 3]))
@example(list(HARD), ",", 1)
def test_plain_numbers_are_those_of_float(cells, separator, width):
    cells = cells * width
    rows = [cells[i : i + width] for i in range(0, len(cells), width)]
    found = parse(lines_of(rows, separator), 0, separator, ".", width, silent)
    assert found is not None
    assert same(found.ravel(), one_by_one(cells))


@given(NEAR | ODD | PLAIN)
@example("1-2")
@example("1.2.3")
@example("1e5e5")
@example("1e-.5")
@example("1 2")
def test_what_float_refuses_is_never_read(cell):
    found = parse(f"{cell}\n7\n", 0, ";", ".", 1, silent)
    try:
        value = float(cell)
    except ValueError:
        assert found is None or (not cell.strip() and found.tolist() == [[7]])
        return
    assert found is None or same(found.ravel(), np.array([value, 7.0]))


@pytest.mark.parametrize(
    "lines, separator, decimal",
    [
        ("1;2;3\n4\n", ";", "."),
        ("1\n2;3;4\n", ";", "."),
        ("1;2\n3;4;5\n", ";", "."),
        ("1.5;2,5\n", ";", ","),
        ("1,5\n2,5\n", ",", ","),
        ("1,5;2\n", ";", "."),
        ("1-5\n2-5\n", "-", "."),
        ("\n \n", ";", "."),
    ],
)
def test_what_is_no_table_of_two_plain_columns(lines, separator, decimal):
    assert parse(lines, 0, separator, decimal, 2, silent) is None


def test_a_decimal_mark_is_no_separator():
    assert parse("1,5\n", 0, ",", ",", 1, silent) is None


def test_as_many_rows_as_ever_tell_whether_there_is_a_header(monkeypatch):
    """Blank lines are none: a row of whole numbers may come late among those that count."""
    content = "10,25,31\n" + "\n" * 95 + "0.5,0.25,1.5\n" * 30 + "1,2,3\n" + "0.5,0.25,1.5\n" * 100
    slow = read_text("t.csv", content).notes
    monkeypatch.setattr(text, "LARGE", 0)
    assert read_text("t.csv", content).notes == slow


@st.composite
def tables(draw) -> tuple[str, str]:
    """A text of many rows, and its separator; most of its cells are plain numbers."""
    separator = draw(st.sampled_from([",", ",", ",", ";", ";", "\t", "|", " ", "&", "-", ".", "\u00a7"]))
    width = draw(st.integers(1, 4))
    cell = st.builds(
        "{1}{0}{2}".format, draw(st.sampled_from([PLAIN, PLAIN, PLAIN, PLAIN | NEAR, PLAIN | ODD])), BLANKS, BLANKS
    )
    few = draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=4))
    if draw(st.booleans()) and separator != ",":
        few = [[cell.replace(".", ",") for cell in row] for row in few]
    rows = few * (130 // len(few))
    for _ in range(draw(st.integers(0, 2))):
        odd = draw(st.lists(cell, min_size=width, max_size=width) | st.sampled_from([[], ["# note"], ["", ""], [" "]]))
        rows.insert(draw(st.integers(0, len(rows))), odd)
    names = draw(st.sampled_from(["names", "quoted", "numbers", "long", "none"]))
    if names != "none":
        row = {"names": "c{}", "quoted": '"c, {}"', "numbers": "{}", "long": "c{}"}[names]
        rows.insert(0, [row.format(i) for i in range(width + (names == "long"))])
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    body = lines_of(rows, separator, end)
    unnamed = ["", "", "\n", "# title" + end] if separator in ",;\t| " else []
    begin = draw(st.sampled_from([*unnamed, f"sep={separator}" + end]))
    return begin + (body if draw(st.booleans()) else body.removesuffix(end)), separator


def told(read) -> object:
    """Everything about columns, or the refusal."""
    try:
        columns = read()
    except InputError as error:
        return str(error)
    answers = []
    for i in range(len(columns.names)):
        for ask in (numbers, labels):
            try:
                answer = ask(columns, i)
                answers.append(
                    answer.tobytes() if isinstance(answer, np.ndarray) else [repr(label) for label in answer]
                )
            except InputError as error:
                answers.append(str(error))
        answers += [columns.cells(i), are_truths(columns, i)]
    return (columns.names, columns.notes, columns.decimal, columns.unnamed, columns.place(0), answers)


@example(("sep=.\nc0\n" + "0,\n" * 140, "."), None, 40)
@given(tables(), st.sampled_from([None, True, False]), st.sampled_from([40, 1 << 21]))
def test_at_once_and_cell_by_cell_agree(table, header, block):
    content, _ = table
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_numbers, "BLOCK", block)
        slow = told(lambda: read_text("t.csv", content, header))
        patch.setattr(text, "LARGE", 0)
        assert told(lambda: read_text("t.csv", content, header)) == slow


def large(cell: str = "0.5", rows: int = 30_000) -> str:
    """A text that is read at once, but for the cell in its last line."""
    return "a,b,y\n" + "1.25,-2,3e-1\n" * rows + f"1,{cell},2\n"


def test_a_large_file_is_read_at_once(tmp_path, monkeypatch):
    path = write(tmp_path, large())
    monkeypatch.setattr("dualscape.data.formats.values._parsed", None)  # which reads cells
    table = read_table(path, target="y")
    assert table.X.shape == (30_001, 2)
    assert table.X[-1].tolist() == [1, 0.5]
    assert table.notes == ()
    assert read_table(path, target="b", loss="logistic").classes == (-2, 0.5)


@pytest.mark.parametrize(
    "cell, said",
    [
        ("x", "data.csv, line 30002, column 'b': 'x' is not a number; correct it or drop the row"),
        ("", "data.csv, line 30002, column 'b': blank cell; fill in or drop rows with missing values first"),
        ("1e999", "data.csv, line 30002, column 'b': '1e999' is too large for a 64-bit number; correct the cell"),
        ("inf", "data.csv, line 30002, column 'b': infinite value; correct the cell or drop the row"),
        ("1,2", "data.csv, line 30002: 4 cells, but line 1 has 3; give every line the same number of cells"),
        ('"1', "data.csv, line 30002: a quoted cell begins here and does not end; check the quotes there"),
    ],
)
def test_a_large_file_is_refused_as_a_small_one(tmp_path, cell, said):
    assert refusal(write(tmp_path, large(cell))).startswith(said)


def test_reading_tells_how_far_it_is(tmp_path):
    for content in (large(rows=400_000), large("True")):
        told = []
        read_table(write(tmp_path, content), target="y", features=["a"], progress=told.append)
        assert [event.stage for event in told] == ["reading"] * len(told)
        assert len(told) > 2
        assert 0 < told[0].done < told[1].done <= told[-1].total == len(content)
