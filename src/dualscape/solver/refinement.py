"""The optimum over given units to the last digit of the data: Newton's method in twice the precision.

Over finitely many unit neurons, each free to move on its linear piece, the dual optimum nu is the only unknown: unit j
stands at the maximiser u_j(nu) of its score g_j(nu) on its piece, and with y* = A(nu) c the conditions are

    y* = sum_j c_j a_j(nu),    g_j(nu) = beta where c_j > 0,    g_j(nu) <= beta,    c >= 0,        nu = -grad L(y*).

Residuals are computed with two doubles a number and corrected by steps in one (iterative refinement), so that what is
zero comes out as zero to far below the rounding of the data. Which units carry mass is an active set: the unit whose
bound is most violated joins, however slightly, and one whose mass would turn negative leaves.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import NotCertifiedError
from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.model.architectures import Faces, Pieces
from dualscape.model.losses import Augmented, Profiled
from dualscape.model.problem import Problem
from dualscape.polytopes.caratheodory import reduce_to_basic
from dualscape.running.interruption import check
from dualscape.solver.corrections import corrected
from dualscape.solver.master import solve_master
from dualscape.solver.newton_on_faces import newton_on_faces
from dualscape.solver.optimality import Index
from dualscape.solver.rates import Rates, rates_of
from dualscape.solver.task import Scale, Task
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

#: Changes of the active set beside two for each unit.
CHANGES = 40
#: A row is on its side of a piece's boundary when it is no further than this on the other side.
ON_PIECE = 1e-13
#: Columns of equal sign that differ by less than this share of their length are one unit.
SAME_COLUMN = 1e-13
#: A column that would join depends on the others when it is this near to their span.
DEPENDENT = 1e-13
#: Of the columns to begin with, those this near to the span of others are left out; where that does not settle, those
#: that are nearer than the next, and so on: columns that become dependent as nu moves, or that only Newton's steps tell
#: apart, are found again one at a time.
NEARLY_DEPENDENT = (1e-10, 1e-4, 1e-2)
#: A unit climbs far when its column moves by more than this share of its length.
FAR = 1e-7
#: Where the fit is prescribed: s of the augmented Lagrangian, in units of |y| / |nu|. The smaller it is the sooner nu
#: settles; but so many digits of y - f go to waste.
STEPS = 2.0**-20, 2.0**-32
#: What such a fit may miss of y, in double precision.
FITTED = 1e-11
#: The optimum over the units of the network is near when its nu is no further than this from the one that was proven.
NEARBY = 1e-4


@dataclass(frozen=True, eq=False)
class Refined:
    """The optimum over k units, rounded from twice the precision.

    Attributes:
        nu: (n,) the dual optimum.
        fit: (n,) the optimal fit y*.
        units: the units, where they stand at nu.
        columns: (n, k) their columns.
        slacks: (k,) 1 - g_j(nu) / beta; 0 on the units that carry mass.
        masses: (k,) the masses, with independent columns on their support.
        rates: how far all this moves with the data.
        error: the last correction of y*, relative; the errors of everything else are of this size too.
        merged: the greatest distance of two columns, relative to their length, that were taken for one unit.
    """

    nu: Vector
    fit: Vector
    units: Units
    columns: Matrix
    slacks: Vector
    masses: Vector
    rates: Rates
    error: float
    merged: float


def refine(
    problem: Problem,
    nu: Vector,
    units: Units,
    masses: Vector,
    *,
    rounding: float,
    rated: bool = True,
    steps: tuple[float, ...] = STEPS,
) -> Refined:
    """The optimum over the units that these climb to at nu.

    Args:
        problem: the problem.
        nu: (n,) the dual optimum as known so far, near enough for the units to lie on the right pieces.
        units: k units, among them all that the optimum needs.
        masses: (k,) masses >= 0 that are nearly optimal, with independent columns.
        rounding: relative changes of the data up to this size are their rounding; it decides no more than which of the
            units of a tie carry mass.
        rated: whether to find out how far all this moves with the data, which takes longer than the rest; without that
            the rates are inf.
        steps: where the fit is prescribed, how far nu may go: the smaller, the further.

    Raises:
        BudgetError: the units have too many coordinates together.
        NotCertifiedError: no active set settles.
    """
    task = Task.of(problem)
    scale = Scale.of(task)
    scaled = np.ldexp(masses, scale.x - scale.y)
    task, near = scale.task(task), np.ldexp(nu, -scale.y)
    if not task.loss.constraint:
        return _undone(scale, _refined(task, near, units, scaled, rounding, rated))
    return _undone(scale, _stepped(task, near, units, scaled, rounding, rated, steps))


def _stepped(
    task: Task, nu: Vector, units: Units, masses: Vector, rounding: float, rated: bool, steps: tuple[float, ...]
) -> Refined:
    """The optimum where the fit is prescribed, by a step, and then by smaller s as long as that settles near by."""
    found: Refined | None = None
    for step in steps:
        try:
            finer = _refined(_augmented(task, nu, step), nu, units, masses, rounding, rated)
        except NotCertifiedError:
            if found is None:
                raise
            break
        missed = np.linalg.norm(task.loss.seen(finer.columns @ finer.masses - task.y))
        far = np.linalg.norm(finer.nu - nu) > NEARBY * np.linalg.norm(nu)
        if found is not None and (far or missed > FITTED * np.linalg.norm(task.y)):
            break
        found, nu, units, masses = finer, finer.nu, finer.units, finer.masses
        if far:
            break
    assert found is not None
    return found


def _refined(task: Task, nu: Vector, units: Units, masses: Vector, rounding: float, rated: bool) -> Refined:
    first: NotCertifiedError | None = None
    for dependent in NEARLY_DEPENDENT:
        try:
            return _Refinement(task, nu, units, masses, rounding, rated, dependent).run()
        except NotCertifiedError as error:
            first = first or error
    assert first is not None
    raise first


def _augmented(task: Task, nu: Vector, step: float) -> Task:
    """The augmented Lagrangian in place of a fit that is prescribed: the same optimum, where nu is optimal already.

    From another nu it leads nearer, if the units suffice. The dual optimum need not be unique: the nearest counts.
    """
    size = float(np.linalg.norm(task.y)) / (float(np.linalg.norm(nu)) or 1.0)
    loss = Augmented(nu, float(2.0 ** np.floor(np.log2(step * size or 1.0))))
    return replace(task, loss=Profiled(loss, task.loss.M) if isinstance(task.loss, Profiled) else loss)


def _undone(scale: Scale, found: Refined) -> Refined:
    """The same in the units of the caller."""
    x, y = scale.x, scale.y
    rates = replace(found.rates, fit=np.ldexp(found.rates.fit, y), masses=np.ldexp(found.rates.masses, y))
    return replace(
        found,
        nu=scale.dual(found.nu),
        fit=np.ldexp(found.fit, y),
        columns=np.ldexp(found.columns, x),
        masses=scale.masses(found.masses),
        rates=rates,
    )


class _Refinement:
    """The active set and what it has come to."""

    def __init__(
        self, task: Task, nu: Vector, units: Units, masses: Vector, rounding: float, rated: bool, dependent: float
    ) -> None:
        self.task, self.rounding, self.rated = task, rounding, rated
        self.merged = 0.0
        pieces, stay = self._first_pieces(nu, units, masses)
        moved = False
        if len(stay) and not task.space.turning_outputs:
            as_they_stand = task.space.pieces(None, units.take(stay))[1]
            other = pieces.replaced(stay, as_they_stand)
            better, found = self._on_pieces(other, units, masses)
            # Where the network lacks units its own optimum is elsewhere.
            moved = bool(np.linalg.norm(better - nu) <= NEARBY * np.linalg.norm(nu))
            if moved:
                pieces, nu, masses = other, better, found
        self.at = pieces.stand(TwoFloat.of(nu))
        alive = np.flatnonzero(np.isfinite(self.at.directions.hi).all(axis=1))
        self.outputs, self.pieces = units.outputs, pieces
        self.masses = TwoFloat.of(masses)
        self._merge(alive)
        columns = self.at.columns.hi
        seen = task.loss.seen(columns)
        c = reduce_to_basic(seen, self.masses.hi, dependent=dependent)
        if not moved:
            # The units listed may well be needed: without one of them the optimum would be far away.
            c = reduce_to_basic(seen, solve_master(columns, task.y, task.beta, task.loss, c), dependent=dependent)
        self.masses = TwoFloat.of(c)
        self.active = np.flatnonzero(self.masses.hi > 0)
        self.fit = TwoFloat.of(task.loss.fit_of(nu, task.y, columns @ c))

    def _first_pieces(self, nu: Vector, units: Units, masses: Vector) -> tuple[Pieces, Index]:
        """Where the units climb to, and which units with mass climb far, or to one place, so that they had better stay.

        Near a kink nu need not be known well enough for all maximisers to be there.
        """
        space = self.task.space
        climbed, pieces = space.pieces(nu, units)
        before, after = space.columns(units), space.columns(climbed)
        lost = np.linalg.norm(after - before, axis=0) > FAR * np.linalg.norm(before, axis=0)
        used = np.flatnonzero(masses > 0)
        places = space.measured(climbed)
        leaders = places.distinct(used, DEFAULT.apart)
        for j in np.setdiff1d(used, leaders):
            lost |= places.gaps(places.directions[j], places.outputs[j]) <= 2 * DEFAULT.apart
        return pieces, np.flatnonzero(lost & (masses > 0))

    def _on_pieces(self, pieces: Pieces, units: Units, masses: Vector) -> tuple[Vector, Vector]:
        """(nu, masses) of the optimum over units with mass that may turn on their pieces, to double precision."""
        task, used = self.task, np.flatnonzero(masses > 0)
        free, jacobians = zip(*(pieces.turning(j) for j in used.tolist()), strict=True)
        owner = np.repeat(np.arange(len(used)), [part.shape[1] for part in free])
        faces = Faces(np.hstack(free), np.hstack(jacobians), owner)
        x = np.concatenate([masses[j] * (part.T @ units.directions[j]) for j, part in zip(used, free, strict=True)])
        x = newton_on_faces(faces, x, task.y, task.beta, task.loss, precision=1e-16)
        found = np.zeros_like(masses)
        found[used] = np.sqrt(np.bincount(owner, x * x, minlength=len(used)))
        return task.dual(faces.jacobian @ x), found

    # --- pieces -------------------------------------------------------------------------------------------
    def _settle(self, nu: TwoFloat) -> bool:
        """Stand the units at nu, on pieces of which they are no further off than rounding; whether a piece changed."""
        changed = False
        for _ in range(3):
            self.at = self.pieces.stand(nu)
            wrong = self.pieces.left(self.at.directions.hi, ON_PIECE)
            if len(wrong) == 0:
                return changed
            changed = True
            _, better = self.task.space.pieces(nu.hi, self._units().take(wrong))
            self.pieces = self.pieces.replaced(wrong, better)
        self.at = self.pieces.stand(nu)
        return changed

    def _units(self) -> Units:
        """The units where they stand."""
        return Units(self.at.directions.hi, self.outputs if self.at.outputs is None else self.at.outputs)

    def _merge(self, alive: Index) -> None:
        """Units that compute the same become one, with the masses of both; only those alive are kept.

        Where units see different features those are two that compute the same in these rows alone, with other weights.
        """
        columns, places = self.at.columns.hi, self.at.directions.hi
        lengths = np.linalg.norm(columns, axis=0)
        kept: list[int] = []
        for j in alive[np.argsort(-self.masses.hi[alive], kind="stable")].tolist():
            if lengths[j] == 0:
                continue
            near = kept
            if not self.task.space.turning_outputs:
                near = [i for i in kept if (self.outputs[i] == self.outputs[j]).all()]
            if self.pieces.seen is not None:
                near = [i for i in near if np.linalg.norm(places[i] - places[j]) <= DEFAULT.direction]
            gaps = np.linalg.norm(columns[:, near] - columns[:, [j]], axis=0)
            if gaps.min(initial=np.inf) <= SAME_COLUMN * lengths[j]:
                self.merged = max(self.merged, float(gaps.min() / lengths[j]))
                self.masses.hi[near[int(gaps.argmin())]] += self.masses.hi[j]
            else:
                kept.append(j)
        which = np.sort(np.asarray(kept, dtype=np.intp))
        self.outputs, self.pieces = self.outputs[which], self.pieces.take(which)
        self.at = self.at.take(which)
        self.masses = self.masses[which]

    # --- the active set -----------------------------------------------------------------------------------
    def run(self) -> Refined:
        """Change the active set until no bound is violated and no mass negative."""
        #: Units that stay out although their bound is violated: by no more than rounding, and they would add nothing.
        shy: set[int] = set()
        joined = -1
        for _ in range(CHANGES + 2 * len(self.outputs)):
            check()
            before, fit = self.masses, self.fit
            self._correct()
            leaving = self._first_negative(before)
            if leaving is not None:
                share, unit = leaving
                if unit == joined and share == 0.0:
                    shy.add(unit)
                self._back(before, fit, share)
                self.active = self.active[self.active != unit]
                self.masses.hi[unit] = self.masses.lo[unit] = 0.0
                continue
            nu, noise = self.task.fine_dual(self.fit)
            if self._settle(nu):
                # Units may have come to one place.
                self._merge(np.arange(len(self.outputs)))
                self.active, joined = np.flatnonzero(self.masses.hi > 0), -1
                shy.clear()
                continue
            slacks = self._slacks()
            allowed = noise * np.linalg.norm(self.at.columns.hi, axis=0) / self.task.beta + 64 * ROUNDING
            waiting = slacks + allowed
            waiting[self.active] = 0.0
            waiting[list(shy)] = 0.0
            if len(waiting) == 0 or waiting.min() >= 0:
                return self._result(nu, slacks)
            joined = int(waiting.argmin())
            if not self._join(joined, slacks):
                shy.add(joined)
        raise NotCertifiedError(
            "the optimal units at hand do not settle: rounding keeps changing which of them carry mass; try a slightly "
            "different beta"
        )

    def _result(self, nu: TwoFloat, slacks: Vector) -> Refined:
        at = self.at
        rates = self._rates(slacks) if self.rated else Rates.unknown(len(slacks))
        return Refined(
            nu.hi, self.fit.hi, self._units(), at.columns.hi, slacks, self.masses.hi, rates, self.error, self.merged
        )

    def _rates(self, slacks: Vector) -> Rates:
        return rates_of(self.task, self.pieces, self.at, self.fit, self.masses, self.active, slacks)

    def _correct(self) -> None:
        """The optimum of the active set, from what there is."""
        active = self.active
        found = corrected(self.task, self.pieces.take(active), self.fit, self.masses[active])
        self.fit, self.error = found.fit, found.error
        self.masses = TwoFloat(self.masses.hi.copy(), self.masses.lo.copy())
        self.masses.hi[active], self.masses.lo[active] = found.masses.hi, found.masses.lo

    def _slacks(self) -> Vector:
        beta = TwoFloat.of(np.full(len(self.outputs), self.task.beta))
        slacks = ((beta - self.at.values) / beta).hi
        slacks[self.active] = 0.0
        return slacks

    def _first_negative(self, before: TwoFloat) -> tuple[float, int] | None:
        """(share of the way from the masses before, unit) at which the first mass turns negative, or None."""
        negative = np.flatnonzero(self.masses.hi < 0)
        if len(negative) == 0:
            return None
        was = before.hi[negative]
        shares = was / (was - self.masses.hi[negative])
        first = int(shares.argmin())
        return float(shares[first]), int(negative[first])

    def _back(self, before: TwoFloat, fit: TwoFloat, share: float) -> None:
        """Go only a share of the way."""
        part = TwoFloat.of(np.asarray(share))
        self.masses = before + (self.masses - before) * part
        self.fit = fit + (self.fit - fit) * part

    def _join(self, unit: int, slacks: Vector) -> bool:
        """A unit whose bound is violated joins; where its column depends on the others it takes the place of one.

        False when it depends on them and rounding of the data accounts for the violation: then it is one of a tie.
        """
        columns = self.task.loss.seen(self.at.columns.hi)
        others, column = columns[:, self.active], columns[:, unit]
        if not np.isfinite(others).all():
            raise NotCertifiedError(
                "an optimal unit at hand has no direction, since rows differ by no more than rounding; drop rows that "
                "are nearly equal"
            )
        if not np.isfinite(column).all():
            # It stands nowhere, and stays out.
            return False
        w = np.linalg.lstsq(others, column, rcond=None)[0]
        apart = np.linalg.norm(column - others @ w) > DEPENDENT * len(column) ** 0.5 * np.linalg.norm(column)
        if apart and len(self.active) < len(column):
            self.active = np.append(self.active, unit)
            return True
        if not (w > 0).any() or slacks[unit] >= -self.rounding * self._rates(slacks).slacks[unit]:
            return False
        # Along the kernel the fit stays and the sum of masses falls, until one is used up.
        falling = np.flatnonzero(w > 0)
        steps = self.masses.hi[self.active[falling]] / w[falling]
        leaving = self.active[falling[int(steps.argmin())]]
        self.masses.hi[self.active] -= steps.min() * w
        self.masses.hi[unit] = steps.min()
        self.masses.hi[leaving] = self.masses.lo[leaving] = 0.0
        self.active = np.append(self.active[self.active != leaving], unit)
        return True
