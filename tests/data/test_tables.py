import numpy as np
import pytest

from dualscape.data.tables import Table, read_table, standardize
from dualscape.errors import InputError
from written import read, refusal, write

PLAIN = "size,age,price\n1,2,3\n4,5,6\n"


@pytest.mark.parametrize("target", ["age", 1, "1", -2])
def test_target_by_name_or_number(tmp_path, target):
    table = read(tmp_path, PLAIN, target=target)
    assert table.target_name == "age"
    assert table.feature_names == ("size", "price")


def test_features_are_taken_in_the_order_given(tmp_path):
    table = read(tmp_path, PLAIN, target="age", features=["price", 0])
    assert table.feature_names == ("price", "size")
    assert table.X.tolist() == [[3, 1], [6, 4]]


def test_columns_not_used_may_hold_anything(tmp_path):
    table = read(tmp_path, "name,a,y\nAnn,1,2\n,3,4\n", features=["a"])
    assert table.X.tolist() == [[1], [3]]


LABELS = {
    "0 1": ("0", "1", "labels of 'y': 0 is -1, 1 is +1"),
    "1 2": ("1.0", "2", "labels of 'y': 1 is -1, 2 is +1"),
    "text": ("no", "yes", "labels of 'y': 'no' is -1, 'yes' is +1"),
    "truth": ("False", "True", "labels of 'y': False is -1, True is +1"),
}


@pytest.mark.parametrize(("low", "high", "note"), LABELS.values(), ids=LABELS)
def test_labels(tmp_path, low, high, note):
    table = read(tmp_path, f"a,y\n1,{high}\n2,{low}\n3,{high}\n", loss="logistic")
    assert table.y.tolist() == [1, -1, 1]
    assert table.notes == (note,)


def test_labels_that_are_signs_already(tmp_path):
    table = read(tmp_path, "a,y\n1,-1\n2,1.0\n", loss="logistic")
    assert table.y.tolist() == [-1, 1]
    assert table.notes == ()


def test_text_labels_do_not_look_like_a_header(tmp_path):
    table = read(tmp_path, "5.1,3.5,setosa\n6.2,2.9,virginica\n", loss="logistic")
    assert table.X.tolist() == [[5.1, 3.5], [6.2, 2.9]]


def test_labels_of_truth_values_and_decimal_commas(tmp_path):
    assert read(tmp_path, "a;y\n1;0,5\n2;1,5\n", loss="logistic").classes == (0.5, 1.5)
    table = read(tmp_path, "a,y\n1,TRUE\n2,false\n", loss="logistic")
    assert (table.y.tolist(), table.classes) == ([1, -1], (False, True))


def test_truth_values_are_0_and_1(tmp_path):
    table = read(tmp_path, "a,b,y\nTRUE,true,1\nFalse,TRUE,2\n")
    assert table.X.tolist() == [[1, 1], [0, 1]]
    assert table.notes == ()
    target = read(tmp_path, "a,y\n1,True\n2,False\n")
    assert target.y.tolist() == [1, 0]
    assert target.notes == ("target 'y': False is 0, True is 1; --loss logistic takes them as two classes",)


def test_blanks_of_every_kind_around_numbers(tmp_path):
    assert read(tmp_path, "a,y\n\x1c1\u00a0,\x1f2\n3,4\n").X.tolist() == [[1], [3]]


def test_a_constant_target_and_an_index_are_pointed_out(tmp_path):
    assert read(tmp_path, "a,y\n1,2\n3,2\n").notes == ("target 'y' is constant: it is 2 in every row",)
    note = "column 'id' seems to number the rows and is used as a feature; leave it out with --features if it does"
    assert read(tmp_path, "id,y\n7,2\n9,3\n").notes == (note,)
    assert read(tmp_path, "id,y\n7,2\n7,3\n").notes == ()


def test_the_path_of_a_file_is_wanted():
    with pytest.raises(InputError, match=r"give the path of a file, not a list \(Problem"):
        read_table([[1, 2]])


CATEGORIES = "encode categories as numbers"
DIGITS = "write numbers without separators between the digits"
FILL_IN = "fill in or drop rows with missing values first"
#: A cell of a column 'a', and what is said of it.
CELLS = {
    "text": ("male", f"'male' is not a number; {CATEGORIES}"),
    "long": ("m" * 50, f"'{'m' * 37}...' is not a number; {CATEGORIES}"),
    "blank": ("", f"blank cell; {FILL_IN}"),
    "NA": ("NA", f"missing value (NA); {FILL_IN}"),
    "question": ("?", f"missing value (?); {FILL_IN}"),
    "nan": ("nan", f"missing value (nan); {FILL_IN}"),
    "inf": ("-inf", "infinite value; correct the cell or drop the row"),
    "overflow": ("1e999", "'1e999' is too large for a 64-bit number; correct the cell or drop the row"),
    "comma": ("1,234", "'1,234' is not a number; write 1.234 or 1234, whichever it means"),
    "thousands": ("1,000,000", f"'1,000,000' is not a number; {DIGITS}"),
    "thousands of others": ("1'000", f'"1\'000" is not a number; {DIGITS}'),
    "underscores": ("1_000", f"'1_000' is not a number; {DIGITS}"),
    "dollar": ("$-2.33", "'$-2.33' is not a number; remove the currency sign"),
    "euro": ("12.50 EUR", "'12.50 EUR' is not a number; remove the currency sign"),
    "dollars": ("$1,200.50", f"'$1,200.50' is not a number; remove the currency sign and {DIGITS}"),
    "percent": ("5 %", "'5 %' is not a number; remove the percent sign"),
    "minus": ("\u22125", "'\u22125' is not a number; write the minus sign as '-'"),
    "accounting": ("(3)", "'(3)' is not a number; write negative numbers with a minus sign"),
    "quotes of another kind": ("'3'", '"\'3\'" is not a number; quote cells with " or not at all'),
    "unit": ("12 kg", "'12 kg' is not a number; write the number without 'kg'"),
    "date": ("2020-01-31", "'2020-01-31' is a date or a time, not a number; turn it into a number, such as days"),
    "time": ("12:30", "'12:30' is a date or a time, not a number; turn it into a number, such as days"),
}


@pytest.mark.parametrize(("cell", "said"), CELLS.values(), ids=CELLS)
def test_cells_that_are_no_numbers_are_refused(tmp_path, cell, said):
    path = write(tmp_path, f"a;y\n1;0.5\n{cell};2.5\n")
    assert refusal(path) == f"data.csv, line 3, column 'a': {said}"


BAD = {
    "text beside numbers": (
        "id,sex,a,y\nA1,1,2,3\nA2,1,3,4\n",
        {},
        f"data.csv, line 2, column 'id': 'A1' is not a number; {CATEGORIES}, or leave the column out: --features sex,a",
    ),
    "names that need quotes": (
        'id,"a, b",y\nA1,1,2\n',
        {},
        f"data.csv, line 2, column 'id': 'A1' is not a number; {CATEGORIES}, or leave the column out: "
        "--features '\"a, b\"'",
    ),
    "text target": (
        "a,y\n1,low\n3,high\n5,mid\n",
        {},
        f"data.csv, line 2, column 'y': 'low' is not a number; {CATEGORIES}, or choose another target",
    ),
    "yes or no": (
        "a,y\n1,yes\n3,no\n",
        {},
        "data.csv, line 2, column 'y': 'yes' is not a number; "
        "--loss logistic takes the two values, 'no' and 'yes', as classes",
    ),
    "several missing": (
        "a,b,y\n1,,3\n,2,NA\n?,3,5\n",
        {},
        f"data.csv, line 3, column 'a': blank cell, the first of 4 in columns 'a', 'b', 'y'; {FILL_IN}",
    ),
    "missing in one column": (
        "a,y\n1,\n2,nan\n3,4\n",
        {},
        f"data.csv, line 2, column 'y': blank cell, the first of 2 in this column; {FILL_IN}",
    ),
    "an empty column": (
        "a,b,y\n1,,3\n2,NA,5\n",
        {},
        "data.csv: column 'b' is empty; leave it out with --features",
    ),
    "an empty target": ("a,y\n1,\n2,\n", {}, "data.csv: column 'y' is empty; choose another target"),
    "a total at the end": (
        "a,y\n1,2\n3,4\nTotal,6\n",
        {},
        "data.csv, line 4, column 'a': 'Total' is not a number; "
        "correct it or drop the row (1 of the 3 cells of this column is no number)",
    ),
    "a percent among decimal commas": (
        "a;y\n1,5;2\n3,5 %;6\n",
        {},
        "data.csv, line 3, column 'a': '3,5 %' is not a number; remove the percent sign",
    ),
    "the header again": (
        "a,y\n1,2\na,y\n3,4\n",
        {},
        "data.csv, line 3, column 'a': 'a' is not a number; it repeats the header, so remove the line",
    ),
    "two labels and a gap": (
        "a,y\n1,yes\n3,no\n4,\n",
        {},
        "data.csv, line 2, column 'y': 'yes' is not a number; "
        "--loss logistic takes the two values, 'no' and 'yes', as classes",
    ),
    "truth values among numbers": (
        "a,y\nTRUE,1\n0,2\n1,3\n",
        {},
        "data.csv, line 2, column 'a': 'TRUE' is not a number; write 1 for True and 0 for False in the whole column",
    ),
    "truth values with a gap": (
        "a,y\nTRUE,1\n,2\n",
        {},
        f"data.csv, line 3, column 'a': blank cell; {FILL_IN}",
    ),
    "a point among commas": (
        "a;y\n1.234;0,5\n",
        {},
        f"data.csv, line 2, column 'a': '1.234' has a point, in a file with decimal commas; {DIGITS}",
    ),
    "commas that may be either": (
        "a;y\n1,234;2\n5;6\n",
        {},
        "data.csv, line 2, column 'a': '1,234' is not a number; write 1.234 or 1234, whichever it means",
    ),
    "points and commas": (
        "a;y\n1,5;0.5\n",
        {},
        "data.csv, line 2, column 'a': '1,5' is not a number; write decimals with a point",
    ),
    "no target": (
        "a,y\n1,2\n",
        {"target": None},
        "data.csv: say which column is the target (--target COLUMN); its columns: a, y",
    ),
    "unknown target": (
        "age,y\n1,2\n",
        {"target": "AGEE"},
        "data.csv has no column 'AGEE' (did you mean 'age'?); its columns: age, y",
    ),
    "target out of range": (
        "a,y\n1,2\n",
        {"target": 2},
        "data.csv has no column 2: it has 2, counted from 0; its columns: a, y",
    ),
    "two targets": (
        "a,y\n1,2\n",
        {"target": "a,y"},
        "data.csv: no feature column is left beside the target; give at least one",
    ),
    "unknown feature": ("a,y\n1,2\n", {"features": ["zzz"]}, "data.csv has no column 'zzz'; its columns: a, y"),
    "target as feature": (
        "a,y\n1,2\n",
        {"features": ["a", "y"]},
        "data.csv: column 'y' is the target and a feature; choose one",
    ),
    "feature twice": ("a,y\n1,2\n", {"features": ["a", 0]}, "data.csv: feature 'a' is listed twice; list it once"),
    "no features": (
        "a,y\n1,2\n",
        {"features": []},
        "data.csv: no feature column is left beside the target; give at least one",
    ),
    "equal names": ("a,b,a\n1,2,3\n", {}, "data.csv: columns 0 and 2 are both called 'a'; rename one of them"),
    "three classes": (
        "a,y\n1,0\n1,1\n1,2\n",
        {"loss": "logistic"},
        "data.csv: the logistic loss needs a target with two classes, but column 'y' has 3 distinct values (0, 1, 2); "
        "recode it, or use the squared loss",
    ),
    "blank label": (
        "a,y\n1,b\n1,\n",
        {"loss": "logistic"},
        f"data.csv, line 3, column 'y': blank cell; {FILL_IN}",
    ),
}


@pytest.mark.parametrize(("text", "options", "message"), BAD.values(), ids=BAD)
def test_bad_tables_are_refused(tmp_path, text, options, message):
    assert refusal(write(tmp_path, text), **options) == message


@pytest.mark.parametrize(("label", "shown"), [("0", "0"), ("1", "1"), ("-1.0", "-1"), ("b", "'b'"), ("True", "True")])
def test_a_single_class_is_refused_whatever_it_is(tmp_path, label, shown):
    assert refusal(write(tmp_path, f"a,y\n1,{label}\n2,{label}\n"), loss="logistic") == (
        "data.csv: the logistic loss needs a target with two classes, but column 'y' has 1 distinct value "
        f"({shown}); add rows of a second class"
    )


# --- standardising ---
def test_standardize():
    table = Table(np.array([[1.0, 10.0], [3.0, 10.0]]), np.array([5.0, 9.0]), ("a", "b"), "y")
    scaled = standardize(table)
    assert scaled.X.tolist() == [[-1, 0], [1, 0]]
    assert scaled.y.tolist() == [-1, 1]
    assert scaled.notes == (
        "features and target standardised (mean 0, standard deviation 1)",
        "column 'b' is constant: centred to 0, not scaled",
    )
    assert standardize(table, target=False).y.tolist() == [5, 9]
