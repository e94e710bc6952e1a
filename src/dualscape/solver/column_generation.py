"""Column generation with sliding: from a problem to a solution with its certificate (THEORY section 5).

Each round solves the master over the units at hand, slides them, and asks a searching oracle for units that violate
the dual constraint. When the search finds none, the exact oracle decides (if there is one): what it finds goes back
into the master, and when it finds nothing either, its bound is the certificate.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from dualscape.errors import InputError, expect
from dualscape.model.certificate import Certificate, certificate_of, lower_bound
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import SEARCH_SHARE, OracleAnswer, Question
from dualscape.oracles.relaxation.products import Relaxed
from dualscape.running.checkpoint import Arrays, Checkpoint, fingerprint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted, interruptible
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import MOST_ROUNDS, Stopped
from dualscape.running.threads import one_blas_thread
from dualscape.solver.iterate import BEGIN_ROWS, WIDEST, Iterate
from dualscape.solver.multipliers import as_a_step, interpolate
from dualscape.solver.newton_on_faces import FINER, ROUGH
from dualscape.solver.relaxed_training import ask_or_relax, certify_or_relax
from dualscape.solver.solution import Log, Solution, at_once
from dualscape.solver.task import Scale, Task, Vector
from dualscape.tolerances import DEFAULT, Tolerances
from dualscape.units import Units

#: A search that no proof follows, or one that takes no time, ends after this share of the time limit: a last one, of
#: at least so many seconds, sees what the network that is returned leaves.
LAST_SEARCH_FROM, LEAST_LAST_SEARCH = 0.9, 0.2
#: What is left to do then, on large data, as multiples of the seconds that some passes over them took (which tell how
#: fast and how busy the machine is): the last master, the bound and the certificate; half of the limit at most. Without
#: time for more than the bound and the certificate, the master is left as it is, and a wide network is not begun with
#: so little time that it would not come to the end of its first step.
LAST_TIMES, CERTIFICATE_TIMES, BEGIN_TIMES, GRACE = 1.5, 1.0, 0.5, 0.2
#: The same for each unit whose column over all rows and mass are found, and the units that are taken on in any case.
UNIT_TIMES, FEWEST = 0.06, 10
#: Data of at least this many entries are begun with a wide network: its width (half as many where there are fewer
#: entries than twice that), and its steps of descent, which end sooner where they help little (`iterate.WIDE_LEAST`).
#: Where rows are few a narrow one comes before, which is there in a third of the time.
WIDE_FROM, NARROW, WIDTH, STEPS = 60, 40, 200, 100
#: Of what a search finds, only units whose violation is above this share of the largest join at once: the rest, mostly
#: units at hand that have moved a little, would not show in the objective (it falls with the square), but in the time.
STRONG = 0.01
#: When the violation was at most this, hardly a unit is missing, and slides go on to more digits: after rough ones the
#: next searches would find little else than the units at hand, moved a little, a few digits in each of many rounds.
HARDLY = 1e-4
#: Searches in a row that must find nothing, where no exact oracle finishes and nothing else is said.
SEARCHES = 20
#: After an interruption masses are only polished where rows times squared units are at most this many.
AT_ONCE = 20_000_000
#: Exact answers after which units may join without lowering the objective.
MOST_JOINED = 3


@interruptible(partial=True)
@one_blas_thread()
def solve(
    problem: Problem,
    *,
    oracle: str = "auto",
    start: Network | Solution | None = None,
    tolerances: Tolerances = DEFAULT,
    time_limit: float | None = None,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    device: str | None = None,
    searches: int = SEARCHES,
    progress: Progress = silent,
) -> Solution:
    """Train to the global optimum of every width, with a certificate if the oracle covers all directions.

    Args:
        problem: the problem.
        oracle: "auto" or a name; an exact oracle proves, a searching one only finds. "auto" takes the cheapest exact
            one; where none is affordable it searches, and proves what the time limit allows.
        start: a network whose units are tried first, or a solution, at another beta say: relaxations go on from it too.
        tolerances: when to stop and what may be called global.
        time_limit: seconds after which the best network so far is returned with what is proven of it, or None.
        executor: who shares the exact oracle's work (processes, dask, MPI); threads when not given.
        checkpoint: a file in which the exact oracle saves itself; a later call on the same problem goes on from it, and
            one on another problem is refused.
        device: a PyTorch device on which searches rise, patterns stream and relaxations step, such as "cuda"; the
            processors when not given.
        searches: where no exact oracle finishes, so many searches in a row must find nothing before the search stops.
        progress: told of every round.

    Returns:
        A Solution whose network has no more neurons than its columns have rank. Ctrl-C and the time limit end the
        search early; the certificate then says what is proven of the best network so far.

    >>> solution = solve(Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none"))
    >>> solution.certificate.verdict, round(solution.certificate.primal, 12)
    ('global', 0.0975)
    """
    expect(problem, Problem, "solve", Table="Problem(table.X, table.y, beta=...)")
    if searches < 1:
        raise InputError(f"searches must be 1 or more, got {searches}")
    effort = Effort.within(time_limit, executor=executor, checkpoint=checkpoint, device=device)
    how = oracle, effort, tolerances, searches
    if not problem.loss.constraint:
        return _Run(problem, *how, progress).solution(start)
    network = start.network if isinstance(start, Solution) else start
    train = lambda step, known: _Run(step, *how, as_a_step(progress)).solution(known)  # noqa: E731
    return interpolate(problem, train, oracle=oracle, start=network, tolerances=tolerances, effort=effort)


@dataclass(frozen=True)
class _Asked:
    """What the exact oracle was asked last, in the user's units of length.

    Attributes:
        nu: (n,) the dual variable.
        answer: what it said; None while a checkpoint holds the question.
        dual: the lower bound that this proves.
    """

    nu: Vector
    answer: OracleAnswer | None = None
    dual: float = -np.inf


class _Run:
    """One call of `solve`."""

    def __init__(
        self, problem: Problem, oracle: str, effort: Effort, tolerances: Tolerances, searches: int, progress: Progress
    ) -> None:
        self.problem, self.effort, self.tolerances, self.progress = problem, effort, tolerances, progress
        task = Task.of(problem)
        self.scale = Scale.of(task)
        self.iterate = Iterate.empty(self.scale.task(task))
        #: The seconds of some passes over data of this size, here and now.
        self._passes = task.space.seconds
        self.log = Log()
        self.above = problem.beta * (1 + tolerances.violation)
        #: The oracle that proves, or None when the caller asked for a search; and what it may use.
        limit = None if effort.deadline is None else effort.remaining()
        choice = problem.space.choice(oracle, limit)
        self.prover, self.search = choice.prover, choice.search
        #: Others may go on for years after a relaxation, and need a limit of time.
        others = choice.others if choice.complete or limit is not None else ()
        last = () if choice.fallback is None else (choice.fallback,)
        self.provers = () if choice.prover is None else (choice.prover, *others, *last)
        self._share = LAST_SEARCH_FROM
        if self.prover is not None and not choice.estimates[self.prover].at_once:
            self._share = SEARCH_SHARE
        #: Searches in a row that must find nothing before the search ends.
        self.attempts = 1 if self.prover is not None and choice.complete else searches
        # What will not end, and has no time limit either, gives the bound that can be had at once.
        self.proof_effort = Effort(deadline=0.0) if limit is None and not choice.ends else effort
        #: The last exact question, while nothing has been searched since.
        self.asked: _Asked | None = None
        #: The one that proved most so far.
        self.proof = _Asked(self.iterate.nu)
        #: What relaxed training goes on from.
        self.relaxed: Sequence[Relaxed] | None = None
        #: Maximisers near the dual constraint that searches have seen: they may rise above it when nu changes.
        self.seen: Units | None = None
        #: How often units joined that the objective did not show.
        self.joined = 0
        self._search_until = 0.0
        self._share_time()

    def _share_time(self) -> None:
        left = self.effort.remaining()
        last = min(LAST_TIMES * self._passes, left / 2)
        self._search_until = time.monotonic() + min(self._share * left, left - last)

    def in_time(self) -> bool:
        """Whether the search may go on."""
        return time.monotonic() <= self._search_until and not interrupted()

    def _affords(self, times: float) -> bool:
        """Whether there is time for what takes so many times the seconds of some passes over the data."""
        return self.effort.remaining() + GRACE > times * self._passes

    def _room(self) -> int:
        """For how many units there is time to take them on over all rows; some in any case."""
        left = self.effort.remaining() - CERTIFICATE_TIMES * self._passes
        return WIDEST if left == np.inf else max(int(left / (UNIT_TIMES * self._passes + 1e-9)), FEWEST)

    def solution(self, start: Network | Solution | None) -> Solution:
        """From beginning to end; see `solve`."""
        try:
            self.begin(start)
            stopped = self.rounds()
        except KeyboardInterrupt:
            stopped = Stopped.INTERRUPTED
        return self.finish(Stopped.INTERRUPTED if interrupted() and stopped is not Stopped.CONVERGED else stopped)

    # --- rounds ------------------------------------------------------------------------------------------
    def begin(self, start: Network | Solution | None) -> None:
        """The units to begin with: those of the checkpoint, or of `start`, or none."""
        if isinstance(start, Solution):
            self.relaxed, start = start.certificate.answer.relaxed, start.network
        saved = self._saved()
        if saved:
            self.asked = _Asked(self.iterate.restore(saved))
        elif start is not None and start.width:
            self.problem.objective(start)  # refuses a network of another problem
            self.iterate.add(self.problem.architecture.upright(start.units))
        elif (size := self.problem.space.size) >= WIDE_FROM and self._affords(BEGIN_TIMES):
            wide = min(WIDTH, size // 2)
            for width in (NARROW, wide) if self.problem.n <= BEGIN_ROWS and wide > 2 * NARROW else (wide,):
                begun = Iterate.empty(self.iterate.task)
                begun.begin_wide(width, STEPS, self.in_time, room=self._room)
                self.iterate = begun if begun.objective < self.iterate.objective else self.iterate
                network, objective = self._network(), self.scale.objective(self.iterate.objective)
                note = f"objective {objective:.9g}, {network.width} neurons of a wide network"
                self.progress(Event("solve", 0, None, note, network))

    def _saved(self) -> Arrays | None:
        """The iterate in the checkpoint, if there is one.

        Raises:
            InputError: it is one of another problem, or at another weight decay.
        """
        checkpoint, problem = self.effort.checkpoint, self.problem
        if checkpoint is None:
            return None
        checkpoint.claim(problem.title, problem.key)
        saved = checkpoint.load("solver", self._fingerprint())
        other = None if saved else checkpoint.load("solver")
        # With more time beta_max may come out a little larger, and its fraction too: it is still what was asked for.
        decay = problem.decay if other is None else str(other["decay"])
        if decay != problem.decay:
            raise InputError(
                f"{checkpoint.path} is a checkpoint at {decay}, not at {problem.decay}; give that, or name another file"
            )
        return saved

    def rounds(self) -> Stopped:
        """Search and proof in turn; why they ended."""
        for _ in range(MOST_ROUNDS):
            if self.asked is None or self.asked.answer is not None:
                if not self.in_time():
                    return Stopped.TIME
                if self._search_round(self.attempts):
                    continue
            searched = self.in_time()
            if self.prover is None:
                return Stopped.CONVERGED if searched else Stopped.TIME
            helped, answer = self._exact_round(self.above)
            if not helped and answer.stopped is Stopped.ENOUGH:
                helped, answer = self._exact_round(np.inf)  # what was enough did not help, and more may be there
            if answer.stopped in (Stopped.TIME, Stopped.COST, Stopped.INTERRUPTED):
                return answer.stopped
            if not helped:
                # A search that ran out of time has converged only if a proof says so.
                return Stopped.CONVERGED if searched or answer.upper <= self.above else Stopped.TIME
            self._share_time()
        return Stopped.ROUNDS

    def _tell(self, violation: float, oracle: str) -> None:
        objective = self.scale.objective(self.iterate.objective)
        self.log.add(objective, violation, oracle, self._network(), self.progress)

    def _search_round(self, attempts: int) -> bool:
        """Slide, then search; False when `attempts` searches in a row see nothing that would help."""
        iterate, task = self.iterate, self.iterate.task
        self.asked = None
        iterate.slide(self.in_time, rough=ROUGH if self.log.violation > HARDLY else FINER)
        if not self.in_time():
            return False
        above = task.beta * (1 + self.tolerances.violation)
        for attempt in range(attempts):
            # Every round starts elsewhere: what one search misses another may find.
            again = len(self.log.rounds) + attempt
            answer = task.space.oracle(self.search).best_units(
                Question(iterate.nu, above, starts=iterate.units, seen=self.seen, attempt=again),
                effort=Effort(deadline=self._search_until, device=self.effort.device),
            )
            self.seen = answer.seen
            highest = answer.upper if answer.exact and len(answer.values) == 0 else answer.lower
            self._tell(highest / task.beta - 1, self.search)
            if len(answer.values):
                before = iterate.objective
                # When the digits of a rough master are used up, an exact one over all of them goes on.
                strong = answer.values - task.beta > STRONG * (answer.values[0] - task.beta)
                for which, rough in ((strong, True), (slice(None), False)):
                    iterate.add(answer.units.take(which), rough=rough)
                    if before - iterate.objective > 1e-14 * abs(before):
                        return True
            if not self.in_time():
                return False
            if attempt == 0 and attempts > 1:
                # Before it is searched for long: units and nu with more digits, at which others may be missing.
                before = iterate.objective
                iterate.slide(self.in_time, rough=FINER)
                if before - iterate.objective > 1e-9 * abs(before):
                    return True
        # Nothing more is found: now the last digits of what there is.
        before = iterate.objective
        iterate.slide(self.in_time)
        iterate.tidy()
        return before - iterate.objective > 1e-13 * abs(before)

    def _exact_round(self, enough: float) -> tuple[bool, OracleAnswer]:
        """Ask the exact oracle, which may stop above `enough`: whether it finds what helps, and its answer."""
        iterate, problem = self.iterate, self.problem
        nu = self._dual(converged=self.in_time()) if self.asked is None else self.asked.nu
        if self.effort.checkpoint is not None:
            self.effort.checkpoint.save("solver", self._fingerprint(), self._arrays(nu))
        prover = problem.space.oracle(self.provers[0])
        # Where it costs nothing the optimal units are listed as well, for those who will ask for them.
        least = (1 - prover.window) * problem.beta if prover.lists else self.above
        question = Question(nu, least, enough=enough, starts=iterate.units, relaxed=self.relaxed)
        nu, answer = ask_or_relax(
            problem, self._network(), self.provers, question, effort=self.proof_effort, progress=self.progress
        )
        answer, self.relaxed = self._limited(answer), answer.relaxed or self.relaxed
        self._remember(nu, answer)
        if answer.seen is not None:
            self.iterate.climb_from(answer.seen, self.tolerances.violation, lambda: not self.effort.expired())
        proven = answer.upper / problem.beta - 1
        violating = answer.values > self.above
        self._tell(answer.lower / problem.beta - 1 if violating.any() else proven, prover.name)
        if not violating.any():
            return False, answer
        before = iterate.objective
        iterate.add(units := answer.units.take(violating))
        if before - iterate.objective > 1e-15 * abs(before):
            return True, answer
        # A violation whose square is below rounding moves nu, not the objective.
        self.joined += 1
        return self.joined <= MOST_JOINED and iterate.join(units), answer

    def _limited(self, answer: OracleAnswer) -> OracleAnswer:
        """The answer, which no time limit of the caller's has stopped where there is none."""
        own = answer.stopped is Stopped.TIME and self.effort.deadline is None
        return replace(answer, stopped=Stopped.COST) if own else answer

    def _remember(self, nu: Vector, answer: OracleAnswer) -> None:
        """The answer, and that which proves most of all so far: a bound holds whatever the network."""
        self.asked = _Asked(nu, answer, lower_bound(self.problem, nu, answer))
        if self.proof.answer is None or self.asked.dual > self.proof.dual:
            self.proof = self.asked

    def _dual(self, *, converged: bool) -> Vector:
        """nu in the user's units; before it has converged, without the digits that only a long polish restores."""
        return self.scale.dual(self.iterate.polished_dual() if converged else self.iterate.nu)

    # --- the end -----------------------------------------------------------------------------------------
    def _fingerprint(self) -> str:
        return fingerprint(self.problem.key, self.problem.beta, repr(self.tolerances))

    def _arrays(self, nu: Vector) -> dict[str, ArrayLike]:
        return {**self.iterate.arrays(nu), "decay": self.problem.decay}

    def finish(self, stopped: Stopped) -> Solution:
        """Back to the user's units of length, and the certificate from the data alone."""
        iterate, problem, best = self.iterate, self.problem, self.proof
        little = problem.n * len(iterate.masses) ** 2 <= AT_ONCE
        late = stopped is Stopped.INTERRUPTED or not self._affords(CERTIFICATE_TIMES)
        if stopped is not Stopped.CONVERGED and (little or not late):
            # A rough iterate may have more units than its columns have rank, and masses that are not the best.
            iterate.master()
        network = self._network()
        nu, certificate = self._certificate(network, stopped)
        open_still = stopped is Stopped.INTERRUPTED or certificate.verdict == "bounded"
        if open_still and best.answer is not None and best.dual > certificate.dual:
            nu = best.nu
            certificate = certificate_of(problem, network, nu, best.answer, tolerances=self.tolerances)
        return Solution(problem, network, nu, certificate, tuple(self.log.rounds), stopped)

    def _network(self) -> Network:
        """The units at hand in the user's units of length."""
        iterate, order = self.iterate, self.iterate.units.order()
        masses = self.scale.masses(iterate.masses[order])
        return self.problem.network(iterate.units.take(order), masses)

    def _certificate(self, network: Network, stopped: Stopped) -> tuple[Vector, Certificate]:
        """(nu, certificate): from the last exact answer if it is the last word, otherwise from a new one."""
        last = self.asked
        if last is not None and last.answer is not None and last.answer.stopped is not Stopped.ENOUGH:
            return last.nu, certificate_of(self.problem, network, last.nu, last.answer, tolerances=self.tolerances)
        if stopped is Stopped.INTERRUPTED:
            return at_once(self.problem, network, self.prover or "ascent", self.tolerances)
        nu, effort = self._dual(converged=stopped is Stopped.CONVERGED), self.proof_effort
        if self.prover is None and self.effort.deadline is not None:
            until = max(self.effort.deadline, time.monotonic() + LEAST_LAST_SEARCH)
            effort = Effort(deadline=until, device=self.effort.device)
        nu, found = certify_or_relax(
            self.problem, network, nu, oracles=self.provers or ("ascent",), effort=effort, tolerances=self.tolerances,
            relaxed=self.relaxed, progress=self.progress,
        )  # fmt: skip
        return nu, replace(found, answer=self._limited(found.answer))
