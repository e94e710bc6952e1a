"""What oracles prove together: every bound capped by cheap ones, and none that contradicts another.

A value found at a unit neuron and a bound on h(nu) are both true up to their own rounding. A bound that comes out below
a value by more than that is a fault of the library, and nothing may be claimed on the strength of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dualscape.errors import ContradictionError
from dualscape.oracles.base import NO_LIMITS, Oracle, OracleAnswer, Question, Vector
from dualscape.oracles.reach import Reach
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped

#: A bound that exceeds both what was found and what was asked for by more than this share is loose.
LOOSE = 1e-10


def is_loose(lower: float, upper: float, above: float) -> bool:
    """Whether an upper bound exceeds what was found and what was asked for by more than rounding explains."""
    return upper > (1 + LOOSE) * max(lower, above)


def agreed(reach: Reach, nu: Vector, lower: float, upper: float, oracle: str) -> float:
    """The upper bound, raised to a value that exceeds it by no more than the rounding of that value.

    Args:
        reach: what rows can be worth.
        nu: (n,) dual variable.
        lower: a computed value of s nu^T (X u)_+ at a unit vector u.
        upper: the proven bound on h(nu).
        oracle: whose bound it is.

    Raises:
        ContradictionError: the value exceeds the bound by more than its rounding.
    """
    if lower <= upper:
        return upper
    if lower > upper + reach.rounding(nu):
        raise ContradictionError("the value of a unit neuron", lower, f"the bound of oracle '{oracle}'", upper)
    return lower


def capped(reach: Reach, nu: Vector, lower: float, upper: float, above: float, ceiling: Callable[[], float]) -> float:
    """A loose upper bound lowered to the cheap ones, but not below `above`; a tight one as it is.

    Args:
        reach: what rows can be worth.
        nu: (n,) dual variable.
        lower: the greatest value found.
        upper: the proven bound on h(nu).
        above: what was asked for.
        ceiling: another proven bound, which is computed only if it is needed.
    """
    if not is_loose(lower, upper, above):
        return upper
    return max(min(upper, reach.bound(nu), ceiling()), above)


def ask(
    oracles: Sequence[Oracle], question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
) -> OracleAnswer:
    """The answer of the first oracle; of another where the first has ended with a loose bound and that is lower.

    Nearly parallel rows, for one, may loosen the bound over patterns or that over cones, and mostly not both.

    Args:
        oracles: the oracles in the order in which they are asked.
        question: what they are asked.
        effort: as for `Oracle.best_units`; progress likewise.

    Raises:
        ContradictionError: one found a value that another excludes.
    """
    answer = oracles[0].best_units(question, effort=effort, progress=progress)
    for other in oracles[1:]:
        if (
            answer.stopped not in (Stopped.FINISHED, Stopped.ROUNDING, Stopped.RELAXED)
            or answer.lower > question.enough
            or not is_loose(answer.lower, answer.upper, question.above)
        ):
            break
        second = other.best_units(question, effort=effort, progress=progress)
        best, rest = (second, answer) if second.upper < answer.upper else (answer, second)
        answer = replace(best, upper=agreed(other.reach, question.nu, rest.lower, best.upper, best.oracle))
        if second.stopped is Stopped.INTERRUPTED:
            answer = replace(answer, stopped=Stopped.INTERRUPTED)
    return answer


def prove(
    oracles: Sequence[Oracle],
    search: Oracle | None,
    question: Question,
    *,
    effort: Effort = NO_LIMITS,
    progress: Progress = silent,
) -> OracleAnswer:
    """What oracles prove of h(nu), after a search: below what that finds they need not look.

    Args:
        oracles: the oracles in the order in which they are asked.
        search: the oracle that looks first, or None.
        question: what they are asked.
        effort: time, workers and checkpoint; of the time the search has a half at most.
        progress: told what has been covered.

    Raises:
        ContradictionError: the search found a value that the bound excludes.
    """
    found, above = 0.0, question.above
    # When there is no more time a threshold will do; where there is none, something must be found.
    if search is not None and oracles[0].exact and (above <= 0 or not effort.expired()):
        found = search.best_units(question, effort=effort.share(0.5)).lower
        # What was found stays above the threshold: an oracle that does not see it contradicts it.
        above = max(above, (1 - 1e-9) * found)
    answer = ask(oracles, replace(question, above=above, listed=False), effort=effort, progress=progress)
    upper = agreed(oracles[0].reach, question.nu, found, answer.upper, answer.oracle)
    return replace(answer, lower=max(answer.lower, found), upper=upper)
