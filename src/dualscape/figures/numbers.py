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


def compact(value: Count) -> str:
    """All digits up to nine of them, powers of ten beyond: "40,320", "3.04e64"."""
    low, high = ends(value)
    return _between(value, _short(high) if high is not None else "", _short(low))


def _short(value: int) -> str:
    if abs(value) < 10**9:
        return f"{value:,}"
    digits = str(abs(value))
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:3]}e{len(digits) - 1}"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """A count with its noun: "1 neuron", "3 neurons"."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
