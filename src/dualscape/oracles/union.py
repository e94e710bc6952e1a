"""The oracle over several families of unit neurons at once: the union of their unit spaces.

A unit of the union belongs to one of its members, so that h is the greatest of their h: each member is asked in turn,
below what has been found already no more than must be, and the greatest of their bounds bounds the union.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dualscape.errors import InputError
from dualscape.oracles.base import NO_LIMITS, Oracle, OracleAnswer, Question
from dualscape.oracles.ranked import Ranked
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units


@dataclass(frozen=True, eq=False)
class Member:
    """One family of units with its oracle, and how its units lie among those of the union.

    Attributes:
        oracle: over the family, in its own coordinates.
        embed: units of the family as units of the union.
        own: of units of the union those that belong to the family, in its coordinates.
    """

    oracle: Oracle
    embed: Callable[[Units], Units]
    own: Callable[[Units], Units]


class UnionOracle(Oracle):
    """h(nu) over all members: their greatest bound, their units together, their counts summed."""

    name = "union"

    def __init__(self, members: Sequence[Member], d: int, c: int = 1) -> None:
        """From members on the same rows, the best first; the union has d coordinates and c outputs.

        Raises:
            InputError: there is no member.
        """
        if not members:
            raise InputError("a union needs at least one member; give the oracles of its families")
        self.members, self.none = tuple(members), Units.none(d, c)
        oracles = [member.oracle for member in members]
        first = oracles[0].reach
        self.reach = replace(
            first,
            lengths=np.max([oracle.reach.lengths for oracle in oracles], axis=0),
            d=max(oracle.reach.d for oracle in oracles),
            below=max(oracle.reach.below for oracle in oracles),
        )
        self.exact = all(oracle.exact for oracle in oracles)
        self.anytime = all(oracle.anytime for oracle in oracles)
        self.window = min(oracle.window for oracle in oracles)
        self.lists = all(oracle.lists for oracle in oracles)
        kinds = dict.fromkeys(oracle.counts for oracle in oracles)
        self.counts = " and ".join(kinds)

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        parts: list[Ranked] = []
        seen: list[Units] = []
        lower, upper, looked_at, stopped = 0.0, question.above, 0, Stopped.FINISHED
        for at, member in enumerate(self.members):
            if lower > question.enough:
                stopped = Stopped.ENOUGH
            if stopped is Stopped.ENOUGH or effort.expired():
                # What was not asked is bounded by the lengths of rows alone.
                stopped = stopped or effort.ended()
                upper = max(upper, *(other.oracle.reach.bound(question.nu) for other in self.members[at:]))
                break
            above = question.above if question.listed else max(question.above, lower)
            answer = member.oracle.best_units(
                replace(
                    question,
                    above=above,
                    starts=None if question.starts is None else member.own(question.starts),
                    seen=None if question.seen is None else member.own(question.seen),
                ),
                effort=effort,
                progress=progress,
            )
            parts.append(Ranked(member.embed(answer.units), answer.values))
            if answer.seen is not None:
                seen.append(member.embed(answer.seen))
            lower, upper = max(lower, answer.lower), max(upper, answer.upper)
            looked_at += answer.looked_at
            stopped = stopped or answer.stopped
        return OracleAnswer(
            *Ranked.join([Ranked(self.none, np.zeros(0)), *parts]).once(DEFAULT.apart),
            lower,
            upper,
            self.name,
            looked_at,
            stopped,
            Units.join(seen) if seen else None,
        )
