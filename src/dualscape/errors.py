"""One base class for everything dualscape refuses, so that one `except` catches it all.

A message is one line that says what is wrong, where, and what to do about it.
"""

from collections.abc import Iterable
from typing import Any


class DualscapeError(ValueError):
    """Base class of all errors that dualscape raises on purpose."""


class InputError(DualscapeError):
    """The data, a parameter or a file cannot be used as given."""


class InfeasibleError(InputError):
    """No network has the prescribed fit.

    Attributes:
        witness: (n,) a combination nu of rows that is nothing to every network, though not to the targets.
    """

    def __init__(self, message: str, witness: object) -> None:
        """With the message, and the evidence."""
        super().__init__(message)
        self.witness = witness


class BudgetError(DualscapeError):
    """An exact answer was asked for that would exceed the stated budget."""


class ContradictionError(DualscapeError):
    """Two proven numbers contradict each other by more than their rounding: a fault of dualscape, never of the data."""

    def __init__(self, lower: str, low: float, upper: str, high: float) -> None:
        """That `lower`, which is `low`, exceeds `upper`, which is `high`."""
        super().__init__(lower, low, upper, high)

    def __str__(self) -> str:
        lower, low, upper, high = self.args
        return (
            f"internal error: {lower} is {float(low)!r}, above {upper}, which is {float(high)!r}; nothing is claimed. "
            "Please report this with the data and the command"
        )


class MissingError(DualscapeError):
    """Something was asked of a part (a loss, an architecture, an oracle) that does not implement it."""

    def __init__(self, who: str, what: str, missing: Iterable[str]) -> None:
        """That `who` cannot do `what` for want of these names.

        >>> print(MissingError("oracle 'mine'", "be asked", ["reach"]))
        oracle 'mine' cannot be asked: it must implement reach, which is missing
        """
        super().__init__(who, what, tuple(missing))

    def __str__(self) -> str:
        who, what, names = self.args
        verb = "is" if len(names) == 1 else "are"
        return f"{who} cannot {what}: it must implement {', '.join(names)}, which {verb} missing"


def declared(part: object, base: type, who: str, what: str) -> None:
    """Raise MissingError when a part has no value for a name that its base class only declares.

    Args:
        part: a loss, an architecture, an oracle or the like.
        base: the base class, whose annotations are what must be there.
        who, what: the part in words, and what it cannot do without.
    """
    missing = [name for name in base.__annotations__ if not hasattr(part, name)]
    if missing:
        raise MissingError(who, what, missing)


def expect(value: object, wanted: type, call: str, **instead: str) -> None:
    """Raise InputError when the argument of a call is of another type than wanted.

    Args:
        value: the argument.
        wanted: its type.
        call: name of the function.
        instead: what to give instead, by the name of the type that may have been given.

    >>> expect(1.0, str, "shout", float="str(number)")
    Traceback (most recent call last):
    dualscape.errors.InputError: shout takes a str, got a float; give str(number)
    """
    if isinstance(value, wanted):
        return
    given = type(value).__name__
    remedy = f"give {instead[given]}" if given in instead else f"see help({call})"
    raise InputError(f"{call} takes {_with_article(wanted.__name__)}, got {_with_article(given)}; {remedy}")


def _with_article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class NotCertifiedError(DualscapeError):
    """An exact statement was asked for where only a search was made."""


class ContinuumError(NotCertifiedError):
    """A polytope over finitely many optimal units was asked for where they form a continuum.

    Attributes:
        units: k tight units that were found.
        gaps: (k,) how far, relatively, the greatest eigenvalue is from the next on the piece of each.
    """

    def __init__(self, message: str, units: Any, gaps: Any) -> None:
        """With the message, and the evidence."""
        super().__init__(message)
        self.units, self.gaps = units, gaps
