"""How long computations tell a front door what they are doing, without knowing which door it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """A step of a computation.

    Attributes:
        stage: what is being done, in words ("cells", "solve", "vertices").
        done: how much of it is done (patterns, rounds, vertices).
        total: out of how much, or None when that is not known.
        note: the current bound or objective, ready to print.
        network: the best `Network` so far, where one is improved; this floor knows nothing of it.
    """

    stage: str
    done: int
    total: int | None = None
    note: str = ""
    network: Any = None


Progress = Callable[[Event], None]


def silent(event: Event) -> None:
    """The progress of those who do not ask for any."""
