"""How long computations tell a front door what they are doing, without knowing which door it is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """A step of a computation.

    Attributes:
        stage: what is being done, in words ("cells", "solve", "vertices").
        done: how much of it is done (patterns, rounds, vertices).
        total: out of how much, or None when that is not known.
        note: the current bound or objective, ready to print.
    """

    stage: str
    done: int
    total: int | None = None
    note: str = ""


Progress = Callable[[Event], None]


def silent(event: Event) -> None:
    """The progress of those who do not ask for any."""
