"""The oracle over several families of unit neurons at once: the union of their unit spaces.

A unit of the union belongs to one of its members, so that h is the greatest of their h. They are asked in order of
cheap bounds on it, the greatest first: those whose bound is below what is of interest are not asked at all, and no more
of them are in memory than are asked together.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.oracles.base import NO_LIMITS, Oracle, OracleAnswer, Question
from dualscape.oracles.members import Listed, Member, Members
from dualscape.oracles.ranked import Ranked
from dualscape.running.checkpoint import Arrays, fingerprint
from dualscape.running.effort import Effort, run_all
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.units import Units

#: A call of one member that takes longer than this many seconds shares its own work among the workers and saves itself;
#: shorter ones are handed out whole, so many at a time.
ALONE, BATCH = 2.0, 32
#: Seconds between two saves to the checkpoint.
SAVE_EVERY = 10.0
#: Members that are asked, at most, for a bound that can be had at once.
AT_ONCE = 200
#: A search asks so many members a call: one half those that promise most, the other by turns.
SEARCHED = 64


class UnionOracle(Oracle):
    """h(nu) over all members: their greatest bound, their units together, their counts summed."""

    name = "union"

    def __init__(self, members: Members | Sequence[Member], d: int, c: int = 1) -> None:
        """From members on the same rows; the union has d coordinates and c outputs.

        Raises:
            InputError: there is no member.
        """
        if not len(members):
            raise InputError("a union needs at least one member; give the oracles of its families")
        self.members = members if isinstance(members, Members) else Listed(members)
        self.name, self.reach, self.none = self.members.name, self.members.reach, Units.none(d, c)
        oracles = list(self.members.samples())
        self.exact = all(oracle.exact for oracle in oracles)
        self.anytime = all(oracle.anytime for oracle in oracles)
        self.window = min(oracle.window for oracle in oracles)
        self.lists = all(oracle.lists for oracle in oracles)
        self.counts = " and ".join(dict.fromkeys(oracle.counts for oracle in oracles))

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        asking = _Asking(self, question, effort, progress)
        try:
            stopped = asking.run()
        except KeyboardInterrupt:
            stopped = Stopped.INTERRUPTED
        asking.save()
        return asking.answer(stopped)


class _Asking:
    """One question to all members, one batch after the other, and what they have said."""

    def __init__(self, union: UnionOracle, question: Question, effort: Effort, progress: Progress) -> None:
        self._union, self._members, self._question = union, union.members, question
        self._effort, self._progress = effort, progress
        count = len(self._members)
        #: h(nu) of each member is at most this, and those that have said all they can.
        self.bounds = self._members.bounds(question.nu) if union.exact else np.full(count, np.inf)
        self.done = np.zeros(count, dtype=bool)
        self._parts: dict[int, Ranked] = {}
        self._seen: list[Units] = []
        #: Whether a member has found enough.
        self._ended = False
        self._lower, self._looked_at, self._stopped = 0.0, 0, Stopped.FINISHED
        self._saved = time.monotonic()
        self._fingerprint = ""
        if effort.checkpoint is not None and union.exact:
            what = (union.name, *self._members.key(), question.nu, question.above, question.listed)
            self._fingerprint = fingerprint(*what)
            saved = effort.checkpoint.load(self._section, self._fingerprint)
            if saved is not None:
                self._restore(saved)

    # --- asking -------------------------------------------------------------------------------------------
    def run(self) -> Stopped:
        """Why it ended; it has finished when no member is left that could matter."""
        alone = self._members.seconds > ALONE
        size = 1 if alone else BATCH
        left = self._order()
        while len(left):
            for begin in range(0, len(left), size):
                if self._enough():
                    return Stopped.ENOUGH
                if self._effort.overdue():
                    return self._effort.ended() or Stopped.TIME
                some = left[begin : begin + size]
                some = some[self.bounds[some] > self._above()]
                share = len(some) / (len(left) - begin)
                for at, member, answer in self._asked_alone(some, share) if alone else self._asked(some, share):
                    self._take(at, member, answer)
                self._tell(begin + size)
            if self._enough():
                return Stopped.ENOUGH
            # Who was stopped since others wait goes on in the time that these have left; a bound at once is one look.
            again = left[~self.done[left] & (self.bounds[left] > self._above())]
            if self._effort.deadline == 0.0 or (len(again) and self._effort.expired()):
                return self._effort.ended() if len(again) else self._stopped
            left = again
        return self._stopped

    def _enough(self) -> bool:
        return self._ended or self._lower > self._question.enough

    def _order(self) -> NDArray[np.intp]:
        """Members that may matter, the greatest bound first; of a search not all of them."""
        order = np.argsort(-self.bounds, kind="stable")
        order = order[~self.done[order]]
        if self._union.exact or len(order) <= SEARCHED:
            return order[:AT_ONCE] if self._effort.deadline == 0.0 else order
        attempt = self._question.attempt
        order = np.argsort(-self._members.promise(self._question.nu, attempt), kind="stable")
        best, others = order[: SEARCHED // 2], order[SEARCHED // 2 :]
        turn = np.random.default_rng(attempt).permutation(len(others))
        return np.concatenate([best, others[turn[: SEARCHED - len(best)]]])

    def _above(self) -> float:
        above = self._question.above
        return above if self._question.listed else max(above, self._lower)

    def _question_of(self, member: Member) -> Question:
        question = self._question
        starts, seen = (None if of is None else member.own(of) for of in (question.starts, question.seen))
        return replace(question, above=self._above(), starts=starts, seen=seen)

    def _asked_alone(self, some: NDArray[np.intp], share: float) -> Iterator[tuple[int, Member, OracleAnswer]]:
        """Answers of members that each have all workers, one after the other."""
        for at in some.tolist():
            member = self._members[at]
            effort = self._effort if self._effort.deadline == 0.0 else self._effort.first(share)
            question = self._question_of(member)
            yield at, member, member.oracle.best_units(question, effort=effort, progress=self._progress)

    def _asked(self, some: NDArray[np.intp], share: float) -> Iterator[tuple[int, Member, OracleAnswer]]:
        """Answers of members that are handed out whole, in their order: it must not decide what is found."""
        effort, answers = self._effort, {}
        seconds, until = None, np.inf
        if effort.deadline is not None:
            # By the clock on the wall, which workers elsewhere share: a task that waits has less time.
            until = time.time() + effort.remaining() if effort.deadline else np.inf
            # Shares that no member comes to an end in would all be lost.
            seconds = min(max(share * effort.remaining(), len(some) * self._members.seconds), effort.remaining())
        members = [self._members[at] for at in some.tolist()]
        tasks = [(member.oracle, self._question_of(member), seconds, until, effort.device) for member in members]
        with effort.workers(little=len(tasks) == 1) as pool:
            for entry in run_all(pool, _ask, tasks, effort.overdue):
                if entry is not None:
                    answers[entry[0]] = entry[1]
        for at in sorted(answers):
            yield int(some[at]), members[at], answers[at]

    def _take(self, at: int, member: Member, answer: OracleAnswer) -> None:
        self._parts[at] = Ranked(member.embed(answer.units), answer.values)
        if answer.seen is not None:
            self._seen.append(member.embed(answer.seen))
        self._lower = max(self._lower, answer.lower)
        self.bounds[at] = min(self.bounds[at], answer.upper)
        self._looked_at += answer.looked_at
        self._ended |= answer.stopped is Stopped.ENOUGH
        self.done[at] = answer.stopped in (Stopped.FINISHED, Stopped.ROUNDING, Stopped.DIMENSION, Stopped.RELAXED)
        if self.done[at]:
            self._stopped = self._stopped or answer.stopped

    def _tell(self, asked: int) -> None:
        total = len(self.bounds)
        note = f"families, h <= {max(float(self.bounds.max()), self._question.above):.6g} proven"
        done = int((self.done | (self.bounds <= self._above())).sum()) if self._union.exact else min(asked, total)
        self._progress(Event(self._union.name, done, total, note if self._union.exact else "families searched"))
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save()

    # --- the checkpoint -----------------------------------------------------------------------------------
    @property
    def _section(self) -> str:
        return f"union-{self._fingerprint}"

    def save(self) -> None:
        """What is known so far, to the checkpoint."""
        if self._fingerprint and self._effort.checkpoint is not None:
            found = self._found()
            arrays: dict[str, ArrayLike] = {
                "bounds": self.bounds,
                "done": self.done,
                "directions": found.units.directions,
                "outputs": found.units.outputs,
                "values": found.values,
                "lower": self._lower,
                "looked_at": self._looked_at,
                "stopped": str(self._stopped),
            }
            self._effort.checkpoint.save(self._section, self._fingerprint, arrays)
            self._saved = time.monotonic()

    def _restore(self, saved: Arrays) -> None:
        self.bounds, self.done = saved["bounds"].astype(float), saved["done"].astype(bool)
        units = Units(saved["directions"].astype(float), saved["outputs"].astype(float))
        self._parts[-1] = Ranked(units, saved["values"].astype(float))
        self._lower, self._looked_at = float(saved["lower"]), int(saved["looked_at"])
        self._stopped = Stopped(str(saved["stopped"]))

    # --- what they have said ------------------------------------------------------------------------------
    def _found(self) -> Ranked:
        parts = [self._parts[at] for at in sorted(self._parts)]
        return self._members.once(Ranked.join([Ranked(self._union.none, np.zeros(0)), *parts]))

    def answer(self, stopped: Stopped) -> OracleAnswer:
        """Of all of them together."""
        found = self._found()
        if self._union.exact and not stopped:
            # Where one rises elsewhere, that which it rises to is listed as well.
            found = found.take(self._members.maximal(self._question.nu, found.units))
        upper = max(float(self.bounds.max()), self._question.above) if self._union.exact else np.inf
        return OracleAnswer(
            *found, self._lower, max(upper, self._lower), self._union.name, self._looked_at, stopped,
            Units.join(self._seen) if self._seen else None,
        )  # fmt: skip


def _ask(oracle: Oracle, question: Question, seconds: float | None, until: float, device: str | None) -> OracleAnswer:
    """One task: the answer of a member within so many seconds, and until then; 0 asks for what can be had at once."""
    deadline = None
    if seconds is not None:
        deadline = time.monotonic() + min(seconds, until - time.time()) if seconds else 0.0
    return oracle.best_units(question, effort=Effort(deadline=deadline, device=device))
