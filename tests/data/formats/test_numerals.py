"""Numbers as people write them: all that can be read, and what is said of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.data.formats.numerals import decimal_mark, is_date, is_number, remedy

NUMBERS = st.floats(-1e6, 1e6).map(lambda v: round(v, 4))


@given(NUMBERS, st.sampled_from(["{:.4f}", "{:+.2f}", "{:e}", "{:g}"]))
def test_what_was_written_with_either_mark_is_a_number(value, style):
    text = style.format(value)
    assert is_number(text)
    assert is_number(text.replace(".", ","), ",")
    assert is_number(text, ",") == ("." not in text)
    assert not is_number(text.replace(".", ",")) or "." not in text


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", " 1 ", "1e5", ".5", "5."])
def test_special_numbers_count(text):
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "1_000", "0x10", "one", "1,5", "--1", "1 000"])
def test_what_is_no_number(text):
    assert not is_number(text)


@given(st.lists(NUMBERS, min_size=1), st.sampled_from([".", ","]))
def test_the_mark_of_a_file_is_the_one_it_was_written_with(values, mark):
    """As soon as one number has digits that no thousands could have."""
    cells = [f"{value:.2f}".replace(".", mark) for value in values]
    assert decimal_mark(cells) == mark
    assert decimal_mark([*cells, "text", "2020"]) == mark


def test_numbers_that_may_be_thousands_settle_nothing():
    assert decimal_mark(["1,234", "5,678"]) == "."
    assert decimal_mark(["1.234", "5,5"]) == ","
    assert decimal_mark(["1.234,5"]) == ","
    assert decimal_mark(["1.5", "5,5"]) == "."


@pytest.mark.parametrize("text", ["2020-01-31", "31.1.2020", "1/2/99", "12:30", "12:30:05.5", "2020-01-31T10:00"])
def test_dates(text):
    assert is_date(text)
    assert not is_date(text.replace(text[0], "x"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,200.50", "without separators between the digits"),
        ("12%", "remove the percent sign"),
        ("$5", "remove the currency sign"),
        ("5 EUR", "remove the currency sign"),
        ("(7)", "with a minus sign"),
        ("3 kg", "without 'kg'"),
        ("\u22124", "write the minus sign as '-'"),
        ("'8'", 'quote cells with "'),
        ("1 234", "without separators between the digits"),
        ("1,5", "write decimals with a point"),
        ("1,234", "write 1.234 or 1234, whichever it means"),
        ("$-12%", "remove the currency sign and remove the percent sign"),
    ],
)
def test_there_is_a_remedy_for_what_would_be_a_number(text, words):
    assert not is_number(text)
    assert words in remedy(text)


@pytest.mark.parametrize("text", ["male", "n/a", "a1", "--"])
def test_there_is_none_for_what_is_none(text):
    assert remedy(text) == ""
