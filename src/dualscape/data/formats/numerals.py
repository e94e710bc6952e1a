"""Numbers as people write them: which can be read, which decimal mark a file has, and what to do about the others."""

import re
import unicodedata
from collections.abc import Iterable

TRUTHS = {"false": False, "true": True}
MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "<na>", "nat", "null", "none", "?", "-", "."))

DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:[eE][+-]?\d+)?")
#: 1,234 may be a decimal or a thousand.
EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[,.]\d{3}")
#: Thousands with points and a decimal comma: 1.234,5.
CONTINENTAL = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+")
GROUPS = re.compile(r"(?<=\d)[,_'\u2019 \u00a0\u202f](?=\d)")
DATE = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{2,4})(?:[T ].*)?|\d{1,2}:\d{2}(?::\d{2}.*)?"
)
UNIT = re.compile(r"([+-]?[\d.,]*\d)\s*([^\W\d_][^\d\s]{0,9}|°\w?)")
CURRENCIES = re.compile(r"\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR)\b", re.IGNORECASE)
#: Signs of typesetters, what numbers have in their place, and the advice.
SIGNS = (("%", "", "remove the percent sign"), ("\u2212", "-", "write the minus sign as '-'"))

DIGITS = "write numbers without separators between the digits"


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether the cell reads as a number; NaN and inf count, digits with underscores do not.

    >>> is_number("1,5"), is_number("1,5", ","), is_number("1.5", ",")
    (False, True, False)
    """
    if decimal == ",":
        if "." in cell:
            return False
        cell = cell.replace(",", ".")
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def decimal_mark(cells: Iterable[str]) -> str:
    """The decimal mark of a file: "," where some numbers can only have a decimal comma and none a decimal point.

    A cell such as 1,234 settles nothing: it is read as 1.234 only beside others that do.

    >>> decimal_mark(["1,234", "0,5"]), decimal_mark(["1,234"]), decimal_mark(["0,5", "2.5"])
    (',', '.', '.')
    """
    comma = False
    for cell in cells:
        if "," in cell:
            text = cell.strip()
            comma = comma or bool(CONTINENTAL.fullmatch(text))
            comma = comma or bool(DECIMAL_COMMA.fullmatch(text) and not EITHER.fullmatch(text))
        elif "." in cell:
            text = cell.strip()
            if is_number(text) and not EITHER.fullmatch(text):
                return "."
    return "," if comma else "."


def is_date(text: str) -> bool:
    """Whether the text reads as a date or a time of day."""
    return DATE.fullmatch(text) is not None


def remedy(text: str, decimal: str = ".") -> str:
    """What makes a number of the text, in words; "" where it is none at all.

    >>> remedy("$1,200.50")
    'remove the currency sign and write numbers without separators between the digits'
    >>> remedy("12 kg"), remedy("male")
    ("write the number without 'kg'", '')
    """
    steps: list[str] = []
    bare = CURRENCIES.sub("", "".join(c for c in text if unicodedata.category(c) != "Sc"))
    if bare != text:
        steps.append("remove the currency sign")
    for sign, plain, said in SIGNS:
        if sign in bare:
            steps.append(said)
            bare = bare.replace(sign, plain)
    bare = bare.strip()
    if len(bare) > 2 and bare.startswith("'") and bare.endswith("'"):
        steps.append('quote cells with " or not at all')
        bare = bare[1:-1].strip()
    if bare.startswith("(") and bare.endswith(")"):
        steps.append("write negative numbers with a minus sign")
        bare = bare[1:-1].strip()
    unit = UNIT.fullmatch(bare)
    if unit and not is_number(bare, decimal):
        steps.append(f"write the number without {unit[2]!r}")
        bare = unit[1]
    if not is_number(bare, decimal):
        steps.append(_marks(bare))
    return " and ".join(steps) if steps and steps[-1] else ""


def _marks(text: str) -> str:
    """What is wrong with the decimal mark or the thousands of a number; "" where neither makes a number of it."""
    if EITHER.fullmatch(text):
        return f"write {text.replace(',', '.')} or {text.replace(',', '')}, whichever it means"
    if is_number(text.replace(",", ".", 1)):
        return "write decimals with a point"
    if is_number(GROUPS.sub("", text)):
        return DIGITS
    if CONTINENTAL.fullmatch(text):
        return f"write decimals with a point and {DIGITS}"
    return ""
