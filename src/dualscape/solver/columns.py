"""Column generation with sliding: from a problem to a solution with its certificate (THEORY section 5).

Each round solves the master over the units at hand, slides them, and asks a searching oracle for units that violate
the dual constraint. When the search finds none, the exact oracle decides (if there is one): what it finds goes back
into the master, and when it finds nothing either, its bound is the certificate.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular
from threadpoolctl import threadpool_limits

from dualscape.certificate import certify_dual
from dualscape.errors import InputError
from dualscape.network import Network
from dualscape.problem import Problem
from dualscape.progress import Event, Progress, silent
from dualscape.solver.master import solve_master
from dualscape.solver.slide import merge_units, slide
from dualscape.solver.solution import Round, Solution
from dualscape.tolerances import DEFAULT, Tolerances

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
MOST_ROUNDS = 500
#: Without an exact oracle, this many searches in a row must find nothing before the solver stops.
SEARCHES = 5


@dataclass(frozen=True)
class Scale:
    """Units of length for X and y, so that the solver sees numbers near one."""

    x: float
    y: float

    @classmethod
    def of(cls, problem: Problem) -> "Scale":
        x = float(np.linalg.norm(problem.X, axis=1).max(initial=0.0)) or 1.0
        y = float(np.linalg.norm(problem.y)) / len(problem.y) ** 0.5 if problem.loss.quadratic else 1.0
        return cls(x, y or 1.0)

    def objective(self, problem: Problem) -> float:
        """What an objective in these units is multiplied by to give that of the original."""
        return self.y**2 if problem.loss.quadratic else 1.0

    def apply(self, problem: Problem) -> Problem:
        """The same problem in these units; its directions and signs are those of the original."""
        return Problem(
            problem.X / self.x,
            problem.y / self.y,
            beta=problem.beta / self.x / self.y,
            loss=problem.loss,
            bias="none",
            architecture=problem.architecture,
        )


@dataclass
class State:
    """The units at hand and the master's solution over them, in the solver's units of length."""

    problem: Problem
    directions: Matrix
    signs: Vector
    masses: Vector
    columns: Matrix
    nu: Vector
    objective: float

    @classmethod
    def empty(cls, problem: Problem) -> "State":
        zero = np.zeros(problem.n)
        none = np.zeros((0, problem.d))
        nu = problem.dual_at_zero()
        value = problem.loss.value(zero, problem.y)
        return cls(problem, none, np.zeros(0), np.zeros(0), np.zeros((problem.n, 0)), nu, value)

    def add(self, directions: Matrix, signs: Vector, masses: Vector | None = None) -> None:
        """More units, then the master over all of them; units that end without mass are dropped."""
        problem = self.problem
        directions = np.vstack([self.directions, directions])
        signs = np.concatenate([self.signs, signs])
        new = np.zeros(len(signs) - len(self.masses))
        columns = np.hstack(
            [
                self.columns,
                problem.architecture.columns(
                    problem.X, directions[len(self.masses) :], signs[-len(new) or len(signs) :]
                ),
            ]
        )
        start = np.concatenate([self.masses, new])
        if masses is not None:
            # The newcomers may be a better start than what is there.
            alone = np.concatenate([np.zeros_like(self.masses), masses])
            if self._value(columns, alone) < self._value(columns, start):
                start = alone
        c = solve_master(columns, problem.y, problem.beta, problem.loss, start)
        if self._value(columns, c) > self._value(columns, start):
            c = start
        keep = c > 0
        self.directions, self.signs, self.masses = directions[keep], signs[keep], c[keep]
        self.columns = columns[:, keep]
        f = self.columns @ self.masses
        self.nu = -problem.loss.gradient(f, problem.y)
        self.objective = problem.loss.value(f, problem.y) + problem.beta * float(self.masses.sum())

    def _value(self, columns: Matrix, c: Vector) -> float:
        return self.problem.loss.value(columns @ c, self.problem.y) + self.problem.beta * float(c.sum())

    def slide(self, in_time: Callable[[], bool], rounds: int = 50) -> None:
        """Newton on the faces until it no longer lowers the objective or time is up; the objective never rises."""
        for _ in range(rounds):
            if len(self.masses) == 0 or not in_time():
                return
            before = self.objective
            units = slide(self.problem, self.directions, self.signs, self.masses, self.nu)
            self.add(*units)
            if before - self.objective <= 1e-13 * abs(before):
                return

    def polished_dual(self, rounds: int = 3) -> Vector:
        """nu with the constraints of the units at hand tight to the precision of nu, not of y.

        y - f cancels when beta is small, which leaves an error of the size of eps |y|. The least change that makes
        s_j nu^T (X u_j)_+ = beta again removes it; the units follow to the maximisers at the new nu.
        """
        problem, nu = self.problem, self.nu
        if len(self.masses) == 0:
            return nu
        directions = self.directions
        for _ in range(rounds):
            columns = problem.architecture.columns(problem.X, directions, self.signs)
            Q, R, pivots = qr(columns, mode="economic", pivoting=True)
            diagonal = np.abs(np.diag(R))
            rank = int((diagonal > 1e-9 * diagonal[0]).sum())
            missing = (problem.beta - columns.T @ nu)[pivots[:rank]]
            nu = nu + Q[:, :rank] @ solve_triangular(R[:rank, :rank], missing, trans="T")
            directions = problem.architecture.climb(problem.X, nu, directions, self.signs)
        nu = problem.loss.nearest_dual(nu, problem.y)
        return nu if np.linalg.norm(nu - self.nu) <= 1e-6 * np.linalg.norm(self.nu) else self.nu

    def tidy(self) -> None:
        """Units that have come to the same maximiser become one, if that costs no more than rounding."""
        problem = self.problem
        if len(self.masses) == 0:
            return
        climbed = problem.architecture.climb(problem.X, self.polished_dual(), self.directions, self.signs)
        leaders, masses = merge_units(climbed, self.signs, self.masses, 1e-7)
        if len(leaders) == len(self.masses):
            return
        other = State.empty(problem)
        other.add(climbed[leaders], self.signs[leaders], masses)
        if other.objective <= self.objective * (1 + 1e-13):
            self.__dict__.update(other.__dict__)


@dataclass
class _Log:
    """Rounds so far, and the clock."""

    limit: float | None
    began: float = field(default_factory=time.monotonic)
    rounds: list[Round] = field(default_factory=list)

    def in_time(self) -> bool:
        return self.limit is None or self.seconds() <= self.limit

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def add(self, state: State, scale: float, violation: float, oracle: str, progress: Progress) -> None:
        entry = Round(state.objective * scale, violation, len(state.masses), self.seconds(), oracle)
        self.rounds.append(entry)
        note = f"objective {entry.objective:.9g}, {entry.units} neurons, violation {violation:.1e} ({oracle})"
        progress(Event("solve", len(self.rounds), None, note))


def solve(
    problem: Problem,
    *,
    oracle: str = "auto",
    start: Network | None = None,
    tolerances: Tolerances = DEFAULT,
    time_limit: float | None = None,
    progress: Progress = silent,
) -> Solution:
    """Train to the global optimum of every width, with a certificate if the oracle covers all directions.

    Args:
        problem: the problem.
        oracle: "auto" or a name; an exact oracle proves, a searching one only finds.
        start: a network whose units are tried first.
        tolerances: when to stop and what may be called global.
        time_limit: seconds after which the best network so far is returned, or None.
        progress: told of every round.

    Returns:
        A Solution whose network has no more neurons than its columns have rank. Ctrl-C and the time limit end the
        search early; the certificate then says what is proven of the best network so far.

    >>> solution = solve(Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none"))
    >>> solution.certificate.verdict, round(solution.certificate.primal, 12)
    ('global', 0.0975)
    """
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"the time limit must be positive, got {time_limit:g} seconds")
    scale = Scale.of(problem)
    state = State.empty(scale.apply(problem))
    log = _Log(time_limit)
    chosen = problem.oracle(oracle)
    stopped = "rounds"
    # One BLAS thread: the matrices are small, and the sum of two threads depends on how they share the work.
    limits = threadpool_limits(1, user_api="blas")
    try:
        if start is not None and start.width:
            problem.objective(start)  # refuses a network of another problem
            state.add(start.directions, start.signs)
        for _ in range(MOST_ROUNDS):
            if not log.in_time():
                stopped = "time"
                break
            if not _search_round(state, scale, log, tolerances, progress, 1 if chosen.exact else SEARCHES):
                if not chosen.exact:
                    stopped = "converged"
                    break
                if not _exact_round(problem, chosen.name, state, scale, log, tolerances, progress):
                    stopped = "converged"
                    break
    except KeyboardInterrupt:
        stopped = "interrupted"
    finally:
        limits.unregister()
    return _finish(problem, chosen.name, state, scale, log, stopped, tolerances, progress)


def _search_round(
    state: State, scale: Scale, log: _Log, tolerances: Tolerances, progress: Progress, attempts: int
) -> bool:
    """Slide, then search; False when `attempts` searches in a row see nothing that would help."""
    problem = state.problem
    state.slide(log.in_time)
    state.tidy()
    above = problem.beta * (1 + tolerances.violation)
    for attempt in range(attempts):
        # Every round starts elsewhere: what one search misses another may find.
        answer = problem.oracle("ascent").best_units(
            state.nu, above=above, starts=state.directions, attempt=len(log.rounds) + attempt
        )
        log.add(state, scale.objective(problem), answer.lower / problem.beta - 1, "ascent", progress)
        if len(answer.values):
            before = state.objective
            state.add(answer.directions, answer.signs)
            if before - state.objective > 1e-14 * abs(before):
                return True
        if not log.in_time():
            break
    return False


def _exact_round(
    problem: Problem, oracle: str, state: State, scale: Scale, log: _Log, tolerances: Tolerances, progress: Progress
) -> bool:
    """Ask the exact oracle; False when it finds no violation or nothing that it finds helps."""
    nu = state.polished_dual() * scale.y
    above = problem.beta * (1 + tolerances.violation)
    answer = problem.oracle(oracle).best_units(nu, above=above, progress=progress)
    violation = max(answer.lower / problem.beta - 1, 0.0) if len(answer.values) else tolerances.violation
    log.add(state, scale.objective(problem), violation, oracle, progress)
    if len(answer.values) == 0:
        return False
    before = state.objective
    state.add(answer.directions, answer.signs)
    return before - state.objective > 1e-15 * abs(before)


def _finish(
    problem: Problem,
    oracle: str,
    state: State,
    scale: Scale,
    log: _Log,
    stopped: str,
    tolerances: Tolerances,
    progress: Progress,
) -> Solution:
    """Back to the user's units of length, and the certificate from the data alone."""
    order = np.lexsort((*np.round(state.directions, 9).T[::-1], -state.signs))
    network = Network(
        state.directions[order].reshape(-1, problem.d),
        state.signs[order],
        state.masses[order] * (scale.y / scale.x),
        problem.bias,
    )
    nu = state.polished_dual() * scale.y
    if stopped in ("time", "interrupted"):
        oracle = "ascent"
    certificate = certify_dual(problem, network, nu, oracle=oracle, tolerances=tolerances, progress=progress)
    return Solution(problem, network, nu, certificate, tuple(log.rounds), stopped)
