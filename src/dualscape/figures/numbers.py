"""Numbers as a reader wants them."""

Count = int | tuple[int, int | None]


def ends(value: Count) -> tuple[int, int | None]:
    """(low, high) of a number or an interval; None for no bound."""
    return (value, value) if isinstance(value, int) else value


def _between(value: Count, text: str, low: str) -> str:
    least, most = ends(value)
    return low if least == most else f"at least {low}" if most is None else f"{low} to {text}"


def grouped(value: Count) -> str:
    """All digits, with separators: "2,983,681", "3 to 7", "at least 3"."""
    low, high = ends(value)
    return _between(value, f"{high:,}" if high is not None else "", f"{low:,}")


def compact(value: Count, most: int = 9) -> str:
    """All digits when there are at most that many, powers of ten beyond: "40,320", "3.0e64"."""
    low, high = ends(value)
    return _between(value, _short(high, most) if high is not None else "", _short(low, most))


def _short(value: int, most: int) -> str:
    digits = str(value)
    return f"{value:,}" if len(digits) <= most else f"{digits[0]}.{digits[1]}e{len(digits) - 1}"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """A count with its noun: "1 neuron", "3 neurons"."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
