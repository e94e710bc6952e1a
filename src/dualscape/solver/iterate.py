"""The units at hand with the master's solution over them: what the rounds of the solver improve."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from dualscape.running.memory import give_back
from dualscape.solver.descent import descend_jointly
from dualscape.solver.master import solve_master
from dualscape.solver.newton_on_faces import FINER, can_climb, slide
from dualscape.solver.task import Task
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

#: A slide that is not rough ends after so many steps that do not lower the objective.
IDLE = 3
#: Data of more rows are begun with so many of them.
BEGIN_ROWS = 4000
#: More units than a wide network has.
WIDEST = 10_000
#: A wide network is trained until a step lowers the objective by less than this share, which at a great beta is soon.
WIDE_LEAST = 5e-4
#: Columns of more entries than this are computed when a master needs them and not kept: they would lie beside those of
#: the next master and of a slide, and computing them takes little beside the search that comes between.
KEPT = 1_000_000


@dataclass
class Iterate:
    """The units at hand and the master's solution over them, in the solver's units of length.

    Attributes:
        kept: (n, k) the columns of the units; None where they are too many to be kept.
    """

    task: Task
    units: Units
    masses: Vector
    kept: Matrix | None
    nu: Vector
    objective: float

    @classmethod
    def empty(cls, task: Task) -> "Iterate":
        zero = np.zeros(task.space.n)
        none = Units.none(task.space.d, task.space.c)
        return cls(task, none, np.zeros(0), np.zeros((len(zero), 0)), task.dual(zero), task.value(zero, 0.0))

    @property
    def columns(self) -> Matrix:
        """The columns of the units at hand, (n, k)."""
        return self.task.columns(self.units) if self.kept is None else self.kept

    def add(self, units: Units, masses: Vector | None = None, *, rough: bool = False) -> None:
        """More units, then the master over all of them (roughly or not); units that end without mass are dropped."""
        together = Units.join([self.units, units])
        columns = self._columns_with(units, together)
        start = lowest = np.concatenate([self.masses, np.zeros(len(units))])
        if masses is not None:
            alone = np.concatenate([np.zeros_like(self.masses), masses])
            if self._value(columns, alone) < self._value(columns, start):
                lowest = alone
            # Units that have slid are nearer to the support of the two together than what is there.
            start = alone if rough else lowest
        c = solve_master(columns, self.task.y, self.task.beta, self.task.loss, start, rough=rough)
        before = self._value(columns, lowest)
        # Within rounding the master has the last word: it knows which masses are nothing.
        if self._value(columns, c) > before + 1e-15 * abs(before):
            c = lowest
        self._become(together, c, columns)

    def _columns_with(self, units: Units, together: Units) -> Matrix:
        """The columns of the units at hand and of more; those at hand are kept there, if at all, and nowhere else."""
        if not self._few(together):
            self.kept = None
            give_back()
            return self.task.columns(together)
        if len(units) == 0:
            return self.columns
        columns = np.empty((self.task.space.n, len(together)))
        at_hand, new = np.split(columns, [len(self.units)], axis=1)
        at_hand[:] = self.columns
        self.kept = at_hand
        self.task.space.columns(units, out=new)
        return columns

    def master(self, *, rough: bool = False) -> None:
        """The master over the units at hand."""
        self.add(Units.none(self.task.space.d, self.task.space.c), rough=rough)

    def _become(self, units: Units, masses: Vector, columns: Matrix) -> None:
        """Those of these units that have mass."""
        f, alive = columns @ masses, masses > 0
        self.nu, self.objective = self.task.dual(f), self.task.value(f, float(masses.sum()))
        self.units, self.masses = units.take(alive), masses[alive]
        if self._few(self.units):
            self.kept = columns if alive.all() else columns[:, alive]
        else:
            self.kept = None

    def _few(self, units: Units) -> bool:
        """Whether the columns of so many units are kept."""
        return self.task.space.n * len(units) <= KEPT

    def _improve(self, units: Units, masses: Vector, below: float) -> bool:
        """These instead of the units at hand, if their objective is below that; whether it is."""
        columns = self.task.columns(units)
        better = self._value(columns, masses) < below
        if better:
            self._become(units, masses, columns)
        return better

    def arrays(self, nu: Vector) -> dict[str, NDArray[np.float64]]:
        """Everything that `restore` needs, and the nu that an oracle is asked about."""
        return {
            "directions": self.units.directions,
            "outputs": self.units.outputs,
            "masses": self.masses,
            "columns": self.columns,
            "nu": self.nu,
            "objective": np.asarray(self.objective),
            "asked": nu,
        }

    def restore(self, saved: Mapping[str, NDArray[np.generic]]) -> Vector:
        """Put back what `arrays` gave, to the bit; returns the nu that an oracle was asked about."""
        self.units = Units(saved["directions"].astype(float), saved["outputs"].astype(float))
        self.masses, self.nu = saved["masses"].astype(float), saved["nu"].astype(float)
        self.kept = saved["columns"].astype(float) if self._few(self.units) else None
        self.objective = float(saved["objective"])
        return saved["asked"].astype(float)

    def _value(self, columns: Matrix, c: Vector) -> float:
        return self.task.value(columns @ c, float(c.sum()))

    def climb_from(self, units: Units, violation: float, in_time: Callable[[], bool]) -> None:
        """Units climb at nu as it is; those that then violate the dual constraint by more join, and all slide."""
        space = self.task.space
        climbed = space.climb(self.nu, units)
        climbed = climbed.take(climbed.alive())
        better = space.scores(self.nu, climbed) > self.task.beta * (1 + violation)
        if better.any():
            self.add(climbed.take(better))
            self.slide(in_time, rough=FINER)

    def slide(self, in_time: Callable[[], bool], *, rough: float = 0.0, rounds: int = 50) -> None:
        """Slides until they no longer help or time is up; the objective does not rise but by rounding.

        Args:
            in_time: whether to go on.
            rough: for an iterate that will have other units soon: one slide, to this residual relative to beta, and
                then a rough master. With 0 all digits are wanted.
            rounds: most steps.
        """
        precision, noise = (rough, 0.0) if rough else (1e-15, 1e-14)
        idle = 0
        for _ in range(rounds):
            if len(self.masses) == 0 or not in_time():
                return
            before, nu = self.objective, self.nu
            units, masses = slide(self.task, self.units, self.masses, nu, precision, in_time)
            if self._improve(units, masses, before + noise * abs(before)):
                if rough:
                    # A search sees violations that are smaller than what is left of Newton's residual.
                    self.master(rough=True)
            else:
                self.add(units, masses, rough=rough > 0)
            gain = before - self.objective
            if rough:
                return
            # Units converge when the objective no longer shows it: its error is the square of theirs.
            idle = idle + 1 if gain <= 1e-13 * abs(before) else 0
            if idle == IDLE or np.linalg.norm(self.nu - nu) <= 1e-15 * np.linalg.norm(nu):
                # A unit that cannot follow its face keeps a mass it should not have: the master has the last word.
                before, idle = self.objective, 0
                self.master()
                if before - self.objective <= 1e-13 * abs(before):
                    return

    def join(self, units: Units) -> bool:
        """Newton over the units at hand and these, for masses too small for the objective to show; whether it took."""
        masses = np.concatenate([self.masses, np.zeros(len(units))])
        units, masses = slide(self.task, Units.join([self.units, units]), masses, self.nu, 1e-15)
        return self._improve(units, masses, self.objective * (1 + 1e-14))

    def begin_wide(
        self,
        width: int,
        steps: int,
        in_time: Callable[[], bool],
        seed: int = 0,
        room: Callable[[], int] = lambda: WIDEST,
    ) -> None:
        """Train a wide network from random units for a few steps: a start that column by column would take long.

        Where only some rows were begun with, no more of its units go on to all rows than there is `room` for then.
        """
        task, rng = self.task, np.random.default_rng(seed)
        rows = task.space.n // task.space.per_row
        if rows > BEGIN_ROWS:
            # A share of the rows is enough to see where units belong; the few that remain soon fit all rows.
            share = Iterate.empty(task.rows(np.sort(rng.choice(rows, BEGIN_ROWS, replace=False))))
            share.begin_wide(width, steps, in_time, seed)
            if len(share.masses):
                alone = share.units, share.masses
                if in_time():
                    alone = descend_jointly(task, *alone, steps=steps // 3, least=WIDE_LEAST, in_time=in_time)
                units, masses = alone
                heaviest = np.sort(np.argsort(-masses, kind="stable")[: room()])
                self.add(units.take(heaviest), masses[heaviest], rough=True)
            return
        units = task.space.random(width, rng)
        longest = float(np.linalg.norm(task.columns(units), axis=0).max(initial=0.0))
        if longest == 0.0:
            return
        masses = np.full(width, float(np.linalg.norm(task.y)) / longest / width)
        before = self.objective
        self.add(*descend_jointly(task, units, masses, steps=steps, least=WIDE_LEAST, in_time=in_time), rough=True)
        if not self.objective <= before:
            self.__dict__.update(Iterate.empty(task).__dict__)

    def polished_dual(self, rounds: int = 3) -> Vector:
        """nu with the constraints of the units at hand tight to the precision of nu, not of y.

        y - f cancels when beta is small, which leaves an error of the size of eps |y|. The least change that makes
        s_j nu^T (X u_j)_+ = beta again removes it; the units follow to the maximisers at the new nu.
        """
        task, nu, units = self.task, self.nu, self.units
        if len(self.masses) == 0 or not can_climb(task.space):
            return task.loss.nearest_dual(nu, task.y)
        for _ in range(rounds):
            columns = task.loss.seen(task.columns(units))
            tall, small = np.linalg.qr(columns)
            Q, R, pivots = qr(small, mode="economic", pivoting=True)
            Q = tall @ Q
            diagonal = np.abs(np.diag(R))
            rank = int((diagonal > 1e-9 * diagonal[0]).sum())
            missing = (task.beta - columns.T @ nu)[pivots[:rank]]
            nu = nu + Q[:, :rank] @ solve_triangular(R[:rank, :rank], missing, trans="T")
            units = task.space.climb(nu, units)
        nu = task.loss.nearest_dual(nu, task.y)
        return nu if np.linalg.norm(nu - self.nu) <= 1e-6 * np.linalg.norm(self.nu) else self.nu

    def tidy(self) -> None:
        """Units that have come to the same maximiser become one, if that costs no more than rounding."""
        task = self.task
        if len(self.masses) == 0 or not can_climb(task.space):
            return
        climbed = task.space.climb(self.polished_dual(), self.units)
        leaders, masses = task.space.measured(climbed).merged(self.masses)
        if len(leaders) in (0, len(self.masses)):
            return
        other = Iterate.empty(task)
        other.add(climbed.take(leaders), masses)
        if other.objective <= self.objective * (1 + 1e-13):
            self.__dict__.update(other.__dict__)
