"""How long a step of the relaxation takes: with many rows it outlasts what is left of a limit of time."""

import time
from collections.abc import Callable

from dualscape.running.effort import Effort
from dualscape.running.stopped import Stopped

#: Steps between two proofs, each of which costs about as much as two steps; and so many rounds of them at most.
STEPS, ROUNDS = 20, 400
#: A relaxation has converged when so many rounds have improved what is proven by less than this share.
PATIENCE, LITTLE = 12, 1e-4
#: Seconds of a step for each cube of a thousand rows, and what any step takes at least.
CUBE_SECONDS, STEP_SECONDS = 0.1, 1e-3
#: A step and the proof after it take about as long as so many steps.
WITH_PROOF = 3.0


def step_seconds(size: int) -> float:
    """Seconds that a step is expected to take, for matrices of `size` rows.

    >>> step_seconds(1000)
    0.101
    """
    return STEP_SECONDS + CUBE_SECONDS * (size / 1000) ** 3


def cost_in_words(size: int) -> str:
    """What is said before the first step.

    >>> cost_in_words(453)
    'two matrices of 453 rows, about 0.01 s a step'
    """
    return f"two matrices of {size:,} rows, about {step_seconds(size):.1g} s a step"


class Pace:
    """The seconds of the last step; before the first those that are expected of it.

    >>> Pace(10).allows(Effort.within(60.0)), Pace(2900).allows(Effort.within(1.0))
    (True, False)
    """

    def __init__(self, size: int) -> None:
        self._seconds = step_seconds(size)

    def allows(self, effort: Effort) -> bool:
        """Whether there is time for a step and for what it proves."""
        return not effort.expired() and effort.remaining() >= WITH_PROOF * self._seconds

    def steps(self, step: Callable[[], None], most: int, effort: Effort) -> int:
        """How many steps were made: `most`, or those that there was time for."""
        for made in range(most):
            if not self.allows(effort):
                return made
            begun = time.monotonic()
            step()
            self._seconds = time.monotonic() - begun
        return most


def ended(effort: Effort) -> Stopped:
    """Why steps end that are not allowed."""
    return effort.ended() or Stopped.TIME
