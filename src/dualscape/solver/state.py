"""The units at hand with the master's solution over them: what the rounds of the solver improve."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from dualscape.geometry.hinges import Hinges
from dualscape.geometry.tall import blocks, row_lengths
from dualscape.problem import Problem
from dualscape.solver.descent import descend_jointly
from dualscape.solver.master import solve_master
from dualscape.solver.slide import can_climb, merge_units, slide

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

#: A slide that is not rough ends after so many steps that do not lower the objective.
IDLE = 3
#: Data of more rows are begun with so many of them.
BEGIN_ROWS = 4000
#: A wide network is trained until a step lowers the objective by less than this share, which at a great beta is soon.
WIDE_LEAST = 5e-4


@dataclass(frozen=True)
class Scale:
    """Units of length for X and y, so that the solver sees numbers near one."""

    x: float
    y: float

    @classmethod
    def of(cls, problem: Problem) -> "Scale":
        x = float(row_lengths(problem.X).max(initial=0.0)) or 1.0
        y = float(np.linalg.norm(problem.y)) / len(problem.y) ** 0.5 if problem.loss.quadratic else 1.0
        return cls(x, y or 1.0)

    def objective(self, problem: Problem) -> float:
        """What an objective in these units is multiplied by to give that of the original."""
        return self.y**2 if problem.loss.quadratic else 1.0

    def apply(self, problem: Problem) -> Problem:
        """The same problem in these units; its directions and signs are those of the original, and its hyperplanes."""
        scaled = Problem(
            problem.X / self.x,
            problem.y / self.y,
            beta=problem.beta / self.x / self.y,
            loss=problem.loss,
            bias="none",
            architecture=problem.architecture,
            classes=problem.classes,
        )
        Hinges.of(problem.X).of_multiple(scaled.X, 1.0 / self.x)
        return scaled


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

    def add(self, directions: Matrix, signs: Vector, masses: Vector | None = None, *, rough: bool = False) -> None:
        """More units, then the master over all of them (roughly or not); units that end without mass are dropped."""
        problem = self.problem
        directions = np.vstack([self.directions, directions])
        signs = np.concatenate([self.signs, signs])
        new = np.zeros(len(signs) - len(self.masses))
        columns = self._columns_with(directions[len(self.masses) :], signs[len(self.masses) :])
        start = lowest = np.concatenate([self.masses, new])
        if masses is not None:
            alone = np.concatenate([np.zeros_like(self.masses), masses])
            if self._value(columns, alone) < self._value(columns, start):
                lowest = alone
            # Units that have slid are nearer to the support of the two together than what is there.
            start = alone if rough else lowest
        c = solve_master(columns, problem.y, problem.beta, problem.loss, start, rough=rough)
        before = self._value(columns, lowest)
        # Within rounding the master has the last word: it knows which masses are nothing.
        if self._value(columns, c) > before + 1e-15 * abs(before):
            c = lowest
        keep = c > 0
        self._become(directions[keep], signs[keep], c[keep], columns if keep.all() else columns[:, keep])

    def _columns_with(self, directions: Matrix, signs: Vector) -> Matrix:
        """The columns at hand and those of more units, side by side; the former are kept there and nowhere else."""
        if len(signs) == 0:
            return self.columns
        problem, k = self.problem, self.columns.shape[1]
        columns = np.empty((problem.n, k + len(signs)))
        columns[:, :k] = self.columns
        self.columns = columns[:, :k]
        for part in blocks(problem.n):
            columns[part, k:] = problem.architecture.columns(problem.X[part], directions, signs)
        return columns

    def _become(self, directions: Matrix, signs: Vector, masses: Vector, columns: Matrix) -> None:
        problem = self.problem
        self.directions, self.signs, self.masses, self.columns = directions, signs, masses, columns
        f = columns @ masses
        self.nu = -problem.loss.gradient(f, problem.y)
        self.objective = problem.loss.value(f, problem.y) + problem.beta * float(masses.sum())

    def arrays(self, nu: Vector) -> dict[str, NDArray[np.float64]]:
        """Everything that `restore` needs, and the nu that an oracle is asked about."""
        return {
            "directions": self.directions,
            "signs": self.signs,
            "masses": self.masses,
            "columns": self.columns,
            "nu": self.nu,
            "objective": np.asarray(self.objective),
            "asked": nu,
        }

    def restore(self, saved: Mapping[str, NDArray[np.generic]]) -> Vector:
        """Put back what `arrays` gave, to the bit; returns the nu that an oracle was asked about."""
        for name in ("directions", "signs", "masses", "columns", "nu"):
            setattr(self, name, saved[name].astype(float))
        self.objective = float(saved["objective"])
        return saved["asked"].astype(float)

    def _value(self, columns: Matrix, c: Vector) -> float:
        return self.problem.loss.value(columns @ c, self.problem.y) + self.problem.beta * float(c.sum())

    def slide(self, in_time: Callable[[], bool], *, rough: float = 0.0, rounds: int = 50) -> None:
        """Slides until they no longer help or time is up; the objective does not rise but by rounding.

        Args:
            in_time: whether to go on.
            rough: for a state that will have other units soon: one slide, to this residual relative to beta, and then
                a rough master. With 0 all digits are wanted.
            rounds: most steps.
        """
        problem = self.problem
        precision, noise = (rough, 0.0) if rough else (1e-15, 1e-14)
        idle = 0
        for _ in range(rounds):
            if len(self.masses) == 0 or not in_time():
                return
            before, nu = self.objective, self.nu
            units = slide(problem, self.directions, self.signs, self.masses, nu, precision, in_time)
            columns = problem.architecture.columns(problem.X, *units[:2])
            if self._value(columns, units[2]) < before + noise * abs(before):
                self._become(*units, columns)
                if rough:
                    # A search sees violations that are smaller than what is left of Newton's residual.
                    self.add(units[0][:0], units[1][:0], rough=True)
            else:
                self.add(*units, rough=rough > 0)
            gain = before - self.objective
            if rough:
                return
            # Units converge when the objective no longer shows it: its error is the square of theirs.
            idle = idle + 1 if gain <= 1e-13 * abs(before) else 0
            if idle == IDLE or np.linalg.norm(self.nu - nu) <= 1e-15 * np.linalg.norm(nu):
                # A unit that cannot follow its face keeps a mass it should not have: the master has the last word.
                before, idle = self.objective, 0
                self.add(self.directions[:0], self.signs[:0])
                if before - self.objective <= 1e-13 * abs(before):
                    return

    def join(self, directions: Matrix, signs: Vector) -> bool:
        """Newton over the units at hand and these, for masses too small for the objective to show; whether it took."""
        problem = self.problem
        masses = np.concatenate([self.masses, np.zeros(len(signs))])
        together = np.vstack([self.directions, directions]), np.concatenate([self.signs, signs]), masses
        units = slide(problem, *together, self.nu, 1e-15)
        columns = problem.architecture.columns(problem.X, *units[:2])
        if not self._value(columns, units[2]) <= self.objective * (1 + 1e-14):
            return False
        self._become(*units, columns)
        return True

    def begin_wide(self, width: int, steps: int, in_time: Callable[[], bool], seed: int = 0) -> None:
        """Train a wide network from random units for a few steps: a start that column by column would take long."""
        problem, rng = self.problem, np.random.default_rng(seed)
        if problem.n > BEGIN_ROWS:
            # A share of the rows is enough to see where units belong; the few that remain soon fit all rows.
            rows = np.sort(rng.choice(problem.n, BEGIN_ROWS, replace=False))
            share = State.empty(
                Problem(
                    problem.X[rows],
                    problem.y[rows],
                    beta=problem.beta * BEGIN_ROWS / problem.n,
                    loss=problem.loss,
                    bias="none",
                    architecture=problem.architecture,
                    classes=problem.classes,
                )
            )
            share.begin_wide(width, steps, in_time, seed)
            if len(share.masses):
                alone = share.directions, share.signs, share.masses
                if in_time():
                    alone = descend_jointly(problem, *alone, steps=steps // 3, least=WIDE_LEAST, in_time=in_time)
                self.add(*alone, rough=True)
            return
        directions = rng.standard_normal((width, problem.d))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        signs = np.where(np.arange(width) % 2, 1.0, -1.0)
        columns = problem.architecture.columns(problem.X, directions, signs)
        longest = float(np.linalg.norm(columns, axis=0).max(initial=0.0))
        if longest == 0.0:
            return
        masses = np.full(width, float(np.linalg.norm(problem.y)) / longest / width)
        before = self.objective
        trained = descend_jointly(problem, directions, signs, masses, steps=steps, least=WIDE_LEAST, in_time=in_time)
        self.add(*trained, rough=True)
        if not self.objective <= before:
            self.__dict__.update(State.empty(problem).__dict__)

    def polished_dual(self, rounds: int = 3) -> Vector:
        """nu with the constraints of the units at hand tight to the precision of nu, not of y.

        y - f cancels when beta is small, which leaves an error of the size of eps |y|. The least change that makes
        s_j nu^T (X u_j)_+ = beta again removes it; the units follow to the maximisers at the new nu.
        """
        problem, nu = self.problem, self.nu
        if len(self.masses) == 0 or not can_climb(problem):
            return nu
        directions = self.directions
        for _ in range(rounds):
            columns = problem.architecture.columns(problem.X, directions, self.signs)
            tall, small = np.linalg.qr(columns)
            Q, R, pivots = qr(small, mode="economic", pivoting=True)
            Q = tall @ Q
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
        if len(self.masses) == 0 or not can_climb(problem):
            return
        climbed = problem.architecture.climb(problem.X, self.polished_dual(), self.directions, self.signs)
        leaders, masses = merge_units(climbed, self.signs, self.masses, 1e-7)
        if len(leaders) in (0, len(self.masses)):
            return
        other = State.empty(problem)
        other.add(climbed[leaders], self.signs[leaders], masses)
        if other.objective <= self.objective * (1 + 1e-13):
            self.__dict__.update(other.__dict__)
