"""Separated text: its spellings, its header, and what is no table."""

import gzip
import time

import numpy as np
import pytest

from dualscape.data.tables import read_table
from written import read, refusal, write

PLAIN = "size,age,price\n1,2,3\n4,5,6\n"
#: The same two rows and names, in every spelling that must be understood.
GOOD = {
    "plain": PLAIN,
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + PLAIN,
    "no last line end": PLAIN.rstrip(),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "spaces": "size  age price\n 1 2  3 \n4 5 6\n",
    "spaces after commas": PLAIN.replace(",", ", "),
    "comments and blank lines": '# made by hand, with "quotes\n\nsize,age,price\n1,2,3\n\n# half\n4,5,6\n\n',
    "quoted": '"size","age","price"\n"1","2","3"\n4,5,6\n',
    "lone carriage returns": PLAIN.replace("\n", "\r"),
    "lines of blank cells between": PLAIN.replace("\n", "\n\n  \n"),
    "tabs and blanks": "size age price\n1\t2 3\n4 5  6\n",
    "the separator named": "sep=;\r\n" + PLAIN.replace(",", ";"),
    "a tab named": "sep=\t\n" + PLAIN.replace(",", "\t"),
    "an end of file of old": PLAIN + "\x1a",
    "exponents": "size,age,price\n1e0,+2,3.0\n4,.5e1,6\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_spellings_of_one_table(tmp_path, text):
    table = read(tmp_path, text)
    assert table.X.tolist() == [[1, 2], [4, 5]]
    assert table.y.tolist() == [3, 6]
    assert (table.feature_names, table.target_name) == (("size", "age"), "price")
    assert table.notes == ()


def test_quoted_names_and_line_breaks(tmp_path):
    table = read(tmp_path, '"a, ""b""","c\nd",y\n1,2,3\n')
    assert table.feature_names == ('a, "b"', "c\nd")


def test_tsv_and_gzip(tmp_path):
    assert read(tmp_path, PLAIN.replace(",", "\t"), "data.tsv").y.tolist() == [3, 6]
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    assert read_table(path, target="price").y.tolist() == [3, 6]


def test_without_header(tmp_path):
    table = read(tmp_path, "1,2,3\n4,5,6\n")
    assert table.feature_names == ("x0", "x1")
    assert table.target_name == "x2"
    assert table.notes == ("no header line was found: the columns are called x0, x1, ...",)


def test_header_can_be_said(tmp_path):
    assert read(tmp_path, "0,1\n2,3\n", header=True).target_name == "1"
    assert read(tmp_path, "0,1\n2,3\n", header=False).y.tolist() == [1, 3]


def test_an_index_column_is_told(tmp_path):
    table = read(tmp_path, ",a,y\n0,1,2\n1,3,4\n")
    assert table.notes == ("column 0 has no name and is called x0; if it numbers the rows, leave it out",)


def test_a_column_without_a_name_takes_none_that_is_there(tmp_path):
    """As where a data frame without names was saved with its index."""
    table = read(tmp_path, ",x0,y\n0,1,3\n1,2,5\n2,4,6\n")
    assert table.feature_names == ("x0_", "x0")
    assert table.notes[0].startswith("column 0 has no name and is called x0_;")


def test_separators_at_the_end_of_lines(tmp_path):
    table = read(tmp_path, "a,y,\n1,2,\n")
    assert table.y.tolist() == [2]
    assert table.notes == ("every line ends with a separator: the empty last column is left out",)


DECIMAL_COMMAS = {
    "semicolons": "a;y\n1,5;2\n2;-,5e1\n",
    "tabs": "a\ty\n1,5\t2\n2\t-,5e1\n",
    "blanks": "a y\n1,5 2\n2 -5,0\n",
    "quoted": 'a,y\n"1,5",2\n2,"-,5e1"\n',
}


@pytest.mark.parametrize("text", DECIMAL_COMMAS.values(), ids=DECIMAL_COMMAS)
def test_decimal_commas(tmp_path, text):
    table = read(tmp_path, text)
    assert (table.X.tolist(), table.y.tolist()) == ([[1.5], [2]], [2, -5])
    assert table.notes == ("decimal commas are read as decimal points",)


def test_decimal_commas_without_a_header(tmp_path):
    table = read(tmp_path, "1,5;2,3\n2;3\n")
    assert (table.X.tolist(), table.y.tolist()) == ([[1.5], [2]], [2.3, 3])
    assert table.feature_names == ("x0",)


def test_a_comma_that_can_only_be_decimal_settles_the_others(tmp_path):
    assert read(tmp_path, "a;y\n1,234;0,5\n").X.tolist() == [[1.234]]


def test_columns_not_used_settle_no_decimal_mark_for_others(tmp_path):
    table = read(tmp_path, 'place,a,y\n"12,5",1.5,2\n', features=["a"])
    assert table.X.tolist() == [[1.5]]


def test_a_header_of_numbers_is_pointed_out(tmp_path):
    """Whole numbers above fractions, or years above whole numbers, may be names."""
    read_as_data = "is read as data; if it holds names, say --header (header=True)"
    years = read(tmp_path, "2020,2021,2022\n5,7,9\n3,1,2\n")
    assert years.notes[0] == f"the first line (2020, 2021, 2022) {read_as_data}"
    assert len(years.y) == 3
    mixed = read(tmp_path, "5,3,1\n4.9,3.0,1.4\n4.7,3.2,1.3\n4.6,3.1,1.5\n")
    assert mixed.notes[0] == f"the first line (5, 3, 1) {read_as_data}"
    assert len(read(tmp_path, "1,2,3\n4,5,6\n").notes) == 1
    assert len(read(tmp_path, "5,3,1\n4,3.5,1\n4.5,3,1\n4,3,1.5\n").notes) == 1


def test_truth_values_are_no_header(tmp_path):
    assert read(tmp_path, "True,False\nfalse,TRUE\n").X.tolist() == [[1], [0]]


def test_hash_and_blank_lines_within_a_quoted_cell_are_kept(tmp_path):
    table = read(tmp_path, 'note,a,y\n"x\n# no comment\n\nz",1,2\n# a "comment\n5" pipe,3,4\n', features=["a"])
    assert (table.X.tolist(), table.y.tolist()) == ([[1], [3]], [2, 4])


def test_lines_without_values_are_skipped_and_told(tmp_path):
    table = read(tmp_path, "a,y\n1,2\n,\n3,4\n,\n")
    assert table.y.tolist() == [2, 4]
    assert table.notes == ("lines without any value are skipped (2 of them)",)


@pytest.mark.parametrize("text", ["a,y\n1,2,\n3,4,\n", "a,y,,\n1,2,,\n3,4,,\n", "a,y,\n1,2\n3,4\n"])
def test_separators_at_the_end_of_some_lines(tmp_path, text):
    table = read(tmp_path, text)
    assert table.y.tolist() == [2, 4]
    assert table.notes == ("lines end with separators: the empty cells behind the last column are left out",)


def test_a_tsv_file_without_tabs_is_read_all_the_same(tmp_path):
    assert read(tmp_path, PLAIN, "data.tsv").y.tolist() == [3, 6]


HEADER = "may be a header or data; say --header or --no-header (header=True or False)"
WIDTH = "give every line the same number of cells"
BAD = {
    "empty": ("", "data.csv is empty; give a table with one line per example"),
    "only comments": ("# nothing\n\n", "data.csv is empty; give a table with one line per example"),
    "only a header": ("a,y\n", "data.csv has a header line but no data; add one line per example"),
    "one column": (
        "y\n1\n",
        "data.csv has only one column, 'y'; give a feature beside the target "
        "(cells are separated by commas, semicolons, tabs, bars or blanks)",
    ),
    "ragged": ("a,y\n1,2\n\n3\n", f"data.csv, line 4: 1 cell, but line 1 has 2; {WIDTH}"),
    "ragged after a quoted line break": (
        'a,y\n"1\n",2\n3;4\n',
        f"data.csv, line 4: 1 cell, but line 1 has 2; {WIDTH}",
    ),
    "a comma in a number": (
        "a,y\n1,200,2\n3,4\n",
        f"data.csv, line 2: 3 cells, but line 1 has 2; {WIDTH} (and quotes around a cell that has a comma)",
    ),
    "row names": (
        "a,y\nu,1,2\nv,3,4\n",
        f"data.csv, line 2: 3 cells, but line 1 has 2; {WIDTH} (a column of row names needs a name as well)",
    ),
    "a title": (
        "Prices of houses\na,b,y\n1,2,3\n",
        "data.csv, line 2: 3 cells, but line 1 has 1; if line 1 is a title, begin it with '#'",
    ),
    "commas in two roles": (
        "a,y\n1,5,2,3\n2,5,2,7\n",
        "data.csv, line 2: 4 cells, but line 1 has 2; if commas are decimal marks here, put ';' between the cells",
    ),
    "doubtful header": ("year,2019\n1,2\n", f"data.csv: the first line (year, 2019) {HEADER}"),
    "numbered columns": ("0,1,2\n5,6,7\n", f"data.csv: the first line (0, 1, 2) {HEADER}"),
    "years above fractions": (
        "2020,2021,2022\n0.5,7,9\n3,1,2.5\n",
        f"data.csv: the first line (2020, 2021, 2022) {HEADER}",
    ),
    "counting above fractions": ("10,20,30\n0.5,7,9\n", f"data.csv: the first line (10, 20, 30) {HEADER}"),
    "open quote": (
        'a,y\n1,2\n1,"2\n3,4\n',
        "data.csv, line 3: a quoted cell begins here and does not end; check the quotes there",
    ),
    "text behind a quote": (
        'a,y\n1,2\n1,"2"x\n',
        "data.csv, line 3: ',' expected after '\"'; check the quotes there",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    assert refusal(write(tmp_path, text)) == message


def test_a_million_cells(tmp_path):
    path = tmp_path / "big.csv"
    data = np.random.default_rng(0).standard_normal((100_000, 10)).round(6)
    path.write_text("\n".join(",".join(map(str, row)) for row in data.tolist()), encoding="utf-8")
    begun = time.perf_counter()
    table = read_table(path, target=-1)
    assert time.perf_counter() - begun < 20  # about one second on an idle core
    np.testing.assert_array_equal(table.X, data[:, :-1])
