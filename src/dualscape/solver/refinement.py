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
from scipy.linalg import solve_triangular

from dualscape.architectures import Faces, Pieces
from dualscape.errors import BudgetError, NotCertifiedError
from dualscape.geometry.two_float import ROUNDING, TwoFloat
from dualscape.oracles.local import distinct
from dualscape.problem import Problem
from dualscape.solver.master import reduce_to_basic, solve_master
from dualscape.solver.slide import newton_on_faces

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]

#: Coordinates of the units that carry mass and of their span, at most: the linear systems are dense.
LARGEST_SYSTEM = 4000
#: Corrections of one active set, and changes of the active set beside two for each unit.
CORRECTIONS, CHANGES = 30, 40
#: Corrections end when one is smaller than this, relative to what is corrected, or does not halve the one before.
SETTLED = 2.0**-96
#: A linear system is made anew unless the last correction was smaller than the one before by this factor.
GAIN = 1e-4
#: A row is on its side of a piece's boundary when it is no further than this on the other side.
ON_PIECE = 1e-13
#: The loss is flat on rows whose root curvature is below this share of the greatest.
FLAT = 1e-6
#: Columns of equal sign that differ by less than this share of their length are one unit.
SAME_COLUMN = 1e-13
#: A column that would join depends on the others when it is this near to their span.
DEPENDENT = 1e-13
#: Rates are the greatest of so many random relative changes of the data, each of this size.
SAMPLES, CHANGE = 8, 2.0**-45
#: Of the columns to begin with, those this near to the span of others are left out.
NEARLY_DEPENDENT = 1e-10
#: Units whose maximisers are so near have climbed to one place.
ONE_PLACE = 1e-12
#: A unit climbs far when its column moves by more than this share of its length.
FAR = 1e-7
#: The optimum over the units of the network is near when its nu is no further than this from the one that was proven.
NEARBY = 1e-4


@dataclass(frozen=True, eq=False)
class Rates:
    """How far the optimum moves, to first order, per relative change of the data: of random changes the greatest.

    Attributes:
        fit: |change of y*|.
        masses: |A (change of c)|: what the masses have to answer for, turning units included.
        slacks: (k,) of the slacks.
        columns: (k,) of the columns, relative to their lengths.
    """

    fit: float
    masses: float
    slacks: Vector
    columns: Vector


@dataclass(frozen=True, eq=False)
class Refined:
    """The optimum over k units, rounded from twice the precision.

    Attributes:
        nu: (n,) the dual optimum.
        fit: (n,) the optimal fit y*.
        directions, signs: (k, d), (k,) the units, where they stand at nu.
        columns: (n, k) their columns.
        slacks: (k,) 1 - g_j(nu) / beta; 0 on the units that carry mass.
        masses: (k,) the masses, with independent columns on their support.
        rates: how far all this moves with the data.
        error: the last correction of y*, relative; the errors of everything else are of this size too.
        merged: the greatest distance of two columns, relative to their length, that were taken for one unit.
    """

    nu: Vector
    fit: Vector
    directions: Matrix
    signs: Vector
    columns: Matrix
    slacks: Vector
    masses: Vector
    rates: Rates
    error: float
    merged: float


def refine(
    problem: Problem, nu: Vector, directions: Matrix, signs: Vector, masses: Vector, *, rounding: float
) -> Refined:
    """The optimum over the units that these climb to at nu.

    Args:
        problem: the problem.
        nu: (n,) the dual optimum as known so far, near enough for the units to lie on the right pieces.
        directions: (k, d) units, among them all that the optimum needs.
        signs: (k,) their signs.
        masses: (k,) masses >= 0 that are nearly optimal, with independent columns.
        rounding: relative changes of the data up to this size are their rounding; it decides no more than which of the
            units of a tie carry mass.

    Raises:
        BudgetError: the units have too many coordinates together.
        NotCertifiedError: the active set does not settle.
    """
    scale = _Exponents.of(problem)
    scaled = np.ldexp(masses, scale.x - scale.y)
    found = _Refinement(scale.apply(problem), np.ldexp(nu, -scale.y), directions, signs, scaled, rounding).run()
    return scale.undo(found)


@dataclass(frozen=True)
class _Exponents:
    """Powers of two that bring X and y near one; scaling by them is exact."""

    x: int
    y: int

    @classmethod
    def of(cls, problem: Problem) -> "_Exponents":
        size = float(np.abs(problem.y).max(initial=0.0)) if problem.loss.quadratic else 1.0
        return cls(int(np.frexp(np.abs(problem.X).max(initial=0.0))[1]), int(np.frexp(size)[1]) - 1)

    def apply(self, problem: Problem) -> Problem:
        return Problem(
            np.ldexp(problem.X, -self.x),
            np.ldexp(problem.y, -self.y) if problem.loss.quadratic else problem.y,
            beta=float(np.ldexp(problem.beta, -self.x - self.y)),
            loss=problem.loss,
            bias="none",
            architecture=problem.architecture,
        )

    def undo(self, found: Refined) -> Refined:
        return Refined(
            np.ldexp(found.nu, self.y),
            np.ldexp(found.fit, self.y),
            found.directions,
            found.signs,
            np.ldexp(found.columns, self.x),
            found.slacks,
            np.ldexp(found.masses, self.y - self.x),
            replace(found.rates, fit=np.ldexp(found.rates.fit, self.y), masses=np.ldexp(found.rates.masses, self.y)),
            found.error,
            found.merged,
        )


@dataclass(frozen=True, eq=False)
class _Stand:
    """Where the units of given pieces stand at a nu: their values, directions and columns."""

    values: TwoFloat
    directions: TwoFloat
    columns: TwoFloat


def stand(problem: Problem, pieces: Pieces, nu: TwoFloat) -> _Stand:
    """The maximiser of each piece's score at nu: the pull, off the rows that hold the unit, as a unit vector."""
    X = TwoFloat.of(problem.X)
    pulls = TwoFloat(pieces.slopes * nu.hi, pieces.slopes * nu.lo) @ X
    for j, held in enumerate(pieces.held):
        if len(held):
            normals = X[held]
            pull = pulls[j : j + 1]
            R = np.asarray(np.linalg.qr(normals.hi.T, mode="r"))
            for _ in range(3):
                along = (normals @ pull.T).hi[:, 0]
                share = np.linalg.solve(R, np.linalg.solve(R.T, along))
                pull = pull - TwoFloat.of(share[None, :]) @ normals
            pulls.hi[j], pulls.lo[j] = pull.hi[0], pull.lo[0]
    squares = pulls * pulls
    total = squares @ TwoFloat.of(np.ones((problem.d, 1)))
    values = total.sqrt()
    directions = pulls / TwoFloat(*(np.broadcast_to(part, pulls.hi.shape) for part in (values.hi, values.lo)))
    heights = X @ directions.T
    columns = TwoFloat(pieces.slopes.T * heights.hi, pieces.slopes.T * heights.lo)
    return _Stand(values[:, 0], directions, columns)


class _Refinement:
    """The active set and what it has come to."""

    def __init__(
        self, problem: Problem, nu: Vector, directions: Matrix, signs: Vector, masses: Vector, rounding: float
    ) -> None:
        self.problem, self.rounding = problem, rounding
        self.merged = 0.0
        pieces, stay = self._first_pieces(nu, directions, signs, masses)
        moved = False
        if len(stay):
            as_they_stand = problem.architecture.pieces(problem.X, None, directions[stay], signs[stay])[1]
            other = pieces.replaced(stay, as_they_stand)
            better, found = self._on_pieces(other, directions, masses)
            # Where the network lacks units its own optimum is elsewhere.
            moved = bool(np.linalg.norm(better - nu) <= NEARBY * np.linalg.norm(nu))
            if moved:
                pieces, nu, masses = other, better, found
        self.at = stand(problem, pieces, TwoFloat.of(nu))
        alive = np.flatnonzero(np.isfinite(self.at.directions.hi).all(axis=1))
        self.signs, self.pieces = signs, pieces
        self.masses = TwoFloat.of(masses)
        self._merge(alive)
        columns = self.at.columns.hi
        c = reduce_to_basic(columns, self.masses.hi, dependent=NEARLY_DEPENDENT)
        if not moved:
            # The units listed may well be needed: without one of them the optimum would be far away.
            c = reduce_to_basic(
                columns, solve_master(columns, problem.y, problem.beta, problem.loss, c), dependent=NEARLY_DEPENDENT
            )
        self.masses = TwoFloat.of(c)
        self.active = np.flatnonzero(self.masses.hi > 0)
        self.fit = TwoFloat.of(problem.loss.fit_of(nu, problem.y, columns @ c))

    def _first_pieces(self, nu: Vector, directions: Matrix, signs: Vector, masses: Vector) -> tuple[Pieces, Index]:
        """Where the units climb to, and which units with mass climb far, or to one place, so that they had better stay.

        Near a kink nu need not be known well enough for all maximisers to be there.
        """
        problem = self.problem
        climbed, pieces = problem.architecture.pieces(problem.X, nu, directions, signs)
        before, after = (problem.architecture.columns(problem.X, units, signs) for units in (directions, climbed))
        lost = np.linalg.norm(after - before, axis=0) > FAR * np.linalg.norm(before, axis=0)
        used = np.flatnonzero(masses > 0)
        leaders = distinct(climbed, signs, used, ONE_PLACE)
        for j in np.setdiff1d(used, leaders):
            gaps = np.linalg.norm(climbed - climbed[j], axis=1) + 4.0 * (signs != signs[j])
            lost |= gaps <= 2 * ONE_PLACE
        return pieces, np.flatnonzero(lost & (masses > 0))

    def _on_pieces(self, pieces: Pieces, directions: Matrix, masses: Vector) -> tuple[Vector, Vector]:
        """(nu, masses) of the optimum over units with mass that may turn on their pieces, to double precision."""
        problem, used = self.problem, np.flatnonzero(masses > 0)
        free, jacobians = zip(*(self._free(pieces, j) for j in used.tolist()), strict=True)
        owner = np.repeat(np.arange(len(used)), [part.shape[1] for part in free])
        faces = Faces(np.hstack(free), np.hstack(jacobians), owner)
        x = np.concatenate([masses[j] * (part.T @ directions[j]) for j, part in zip(used, free, strict=True)])
        x = newton_on_faces(faces, x, problem.y, problem.beta, problem.loss, precision=1e-16)
        found = np.zeros_like(masses)
        found[used] = np.sqrt(np.bincount(owner, x * x, minlength=len(used)))
        return -problem.loss.gradient(faces.jacobian @ x, problem.y), found

    # --- pieces -------------------------------------------------------------------------------------------
    def _settle(self, nu: TwoFloat) -> bool:
        """Stand the units at nu, on pieces of which they are no further off than rounding; whether a piece changed."""
        problem = self.problem
        lengths = np.linalg.norm(problem.X, axis=1)
        changed = False
        for _ in range(3):
            self.at = stand(problem, self.pieces, nu)
            heights = problem.X @ self.at.directions.hi.T
            on = self.pieces.slopes.T != 0
            off = np.where(on, -heights, heights) > ON_PIECE * lengths[:, None]
            for j, held in enumerate(self.pieces.held):
                off[held, j] = False
            wrong = np.flatnonzero(off.any(axis=0))
            if len(wrong) == 0:
                return changed
            changed = True
            _, better = problem.architecture.pieces(problem.X, nu.hi, self.at.directions.hi[wrong], self.signs[wrong])
            self.pieces = self.pieces.replaced(wrong, better)
        self.at = stand(problem, self.pieces, nu)
        return changed

    def _merge(self, alive: Index) -> None:
        """Units that compute the same become one, with the masses of both; only those alive are kept."""
        columns = self.at.columns.hi
        lengths = np.linalg.norm(columns, axis=0)
        kept: list[int] = []
        for j in alive[np.argsort(-self.masses.hi[alive], kind="stable")].tolist():
            if lengths[j] == 0:
                continue
            near = [i for i in kept if self.signs[i] == self.signs[j]]
            gaps = np.linalg.norm(columns[:, near] - columns[:, [j]], axis=0)
            if gaps.min(initial=np.inf) <= SAME_COLUMN * lengths[j]:
                self.merged = max(self.merged, float(gaps.min() / lengths[j]))
                self.masses.hi[near[int(gaps.argmin())]] += self.masses.hi[j]
            else:
                kept.append(j)
        which = np.sort(np.asarray(kept, dtype=np.intp))
        self.signs, self.pieces = self.signs[which], self.pieces.take(which)
        at = self.at
        self.at = _Stand(at.values[which], at.directions[which], at.columns[:, which])
        self.masses = self.masses[which]

    # --- the active set -----------------------------------------------------------------------------------
    def run(self) -> Refined:
        """Change the active set until no bound is violated and no mass negative."""
        #: Units that stay out although their bound is violated: by no more than rounding, and they would add nothing.
        shy: set[int] = set()
        joined = -1
        for _ in range(CHANGES + 2 * len(self.signs)):
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
            nu, noise = self._dual()
            if self._settle(nu):
                continue
            slacks = self._slacks()
            allowed = noise * np.linalg.norm(self.at.columns.hi, axis=0) / self.problem.beta + 64 * ROUNDING
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
        return Refined(
            nu.hi, self.fit.hi, at.directions.hi, self.signs, at.columns.hi, slacks, self.masses.hi,
            self._rates(slacks), self.error, self.merged,
        )  # fmt: skip

    def _rates(self, slacks: Vector) -> Rates:
        """The data changed at random by a little, a few times, and the optimum over the same pieces beside ours."""
        problem, active, rng = self.problem, self.active, np.random.default_rng(0)
        pieces, at = self.pieces.take(active), self.at
        own = _Stand(at.values[active], at.directions[active], at.columns[:, active])
        solve = self._linearised(pieces, own, self.masses.hi[active]) if len(active) else None
        lengths = np.linalg.norm(at.columns.hi, axis=0)
        fit, masses, moved, turned = 0.0, 0.0, np.ones(len(slacks)), np.ones(len(slacks))
        for _ in range(SAMPLES):
            other = _changed(problem, rng)
            beta = TwoFloat.of(np.full(len(active), other.beta))
            gradient = problem.loss.fine_gradient(self.fit, other.y)[0]
            there = stand(other, pieces, TwoFloat(-gradient.hi, -gradient.lo))
            missing = self.fit - (there.columns @ self.masses[active][:, None])[:, 0]
            shift, c = solve(missing.hi, (there.values - beta).hi) if solve else (missing.hi, np.zeros(0))
            gradient = problem.loss.fine_gradient(self.fit + TwoFloat.of(shift), other.y)[0]
            there = stand(other, self.pieces, TwoFloat(-gradient.hi, -gradient.lo))
            beta = TwoFloat.of(np.full(len(slacks), other.beta))
            fit = max(fit, float(np.linalg.norm(shift)) / CHANGE)
            masses = max(masses, float(np.linalg.norm(own.columns.hi @ c)) / CHANGE)
            np.maximum(moved, np.abs(((beta - there.values) / beta).hi - slacks) / CHANGE, out=moved)
            gaps = np.linalg.norm((there.columns - at.columns).hi, axis=0)
            np.maximum(turned, gaps / lengths / CHANGE, out=turned)
        return Rates(fit, masses, moved, turned)

    def _free(self, pieces: Pieces, j: int) -> tuple[Matrix, Matrix]:
        """(d, q) orthonormal directions in which a unit may turn on its piece, and (n, q) their columns."""
        held = pieces.held[j]
        free = np.linalg.qr(self.problem.X[held].T, mode="complete")[0][:, len(held) :]
        return free, (self.problem.X @ free) * pieces.slopes[j][:, None]

    def _dual(self) -> tuple[TwoFloat, float]:
        gradient, noise = self.problem.loss.fine_gradient(self.fit, self.problem.y)
        return TwoFloat(-gradient.hi, -gradient.lo), noise

    def _slacks(self) -> Vector:
        beta = TwoFloat.of(np.full(len(self.signs), self.problem.beta))
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
        columns = self.at.columns.hi
        others, column = columns[:, self.active], columns[:, unit]
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

    # --- Newton's method on one active set ----------------------------------------------------------------
    def _correct(self) -> None:
        """Masses and fit of the active set, until corrections are rounding."""
        problem, active = self.problem, self.active
        pieces = self.pieces.take(active)
        beta = TwoFloat.of(np.full(len(active), problem.beta))
        size = float(np.linalg.norm(problem.y)) if problem.loss.quadratic else len(problem.y) ** 0.5
        solve, last, shrinks = None, np.inf, False
        masses = self.masses[active]
        self.error = 0.0
        for _ in range(CORRECTIONS):
            nu = self._dual()[0]
            at = stand(problem, pieces, nu)
            made = (at.columns @ masses[:, None])[:, 0]
            missing = self.fit - made
            if solve is None or not shrinks:
                solve = self._linearised(pieces, at, masses.hi)
            moved, changed = solve(missing.hi, (at.values - beta).hi)
            self.fit = self.fit + TwoFloat.of(moved)
            masses = masses + TwoFloat.of(changed)
            lengths = np.linalg.norm(at.columns.hi, axis=0)
            step = max(float(np.linalg.norm(moved)), float(np.abs(changed * lengths).max(initial=0.0))) / size
            self.error = step
            if not np.isfinite(step) or step <= SETTLED or (last < 1e-8 and step > 0.5 * last):
                break
            # The same linear system serves as long as it gains digits.
            shrinks, last = step <= GAIN * last and np.isfinite(last), step
        if not self.error <= 1e-8:
            raise NotCertifiedError(
                f"the optimum over {len(active)} units is resolved up to {self.error:.1e} only: their columns are too "
                "nearly dependent; try a slightly different beta"
            )
        self.masses = TwoFloat(self.masses.hi.copy(), self.masses.lo.copy())
        self.masses.hi[active], self.masses.lo[active] = masses.hi, masses.lo

    def _linearised(self, pieces: Pieces, at: _Stand, masses: Vector) -> "_Linear":
        problem = self.problem
        weight = np.sqrt(problem.loss.curvature(self.fit.hi, problem.y))
        turning = [np.zeros((problem.n, 0))]
        for j in range(len(masses)):
            free, jacobian = self._free(pieces, j)
            # Directions across the unit, in which it turns: more freely the more mass it has.
            across = np.linalg.qr(free.T @ at.directions.hi[j][:, None], mode="complete")[0][:, 1:]
            turning.append(jacobian @ across * np.sqrt(np.abs(masses[j]) / at.values.hi[j]))
        turns = np.hstack(turning)
        if min(turns.shape) + len(masses) > LARGEST_SYSTEM:
            raise BudgetError(
                f"the {len(masses)} optimal units turn in {turns.shape[1]} directions together, too many to refine at "
                "once; use fewer features or a larger beta"
            )
        return _Linear(weight, at.columns.hi, turns)


class _Linear:
    """The conditions linearised: what moves the fit and changes the masses so that they hold.

    With W the curvature of the loss, A the columns and U how they turn, a change f of the fit, c of the masses obeys

        f = A c - U U^T W f - missing,        A^T W f = excess.

    In W^1/2 f = Q eta for W^1/2 (A U) = Q R it is triangular in A: no product A^T A squares how nearly dependent the
    columns are.
    """

    def __init__(self, weight: Vector, columns: Matrix, turns: Matrix) -> None:
        self._weight, self._turns = weight, turns
        self._lengths = np.linalg.norm(columns, axis=0)
        self._units = columns / self._lengths
        k = columns.shape[1]
        self._Q, R = np.linalg.qr(weight[:, None] * np.hstack([self._units, turns]))
        self._R, self._S = R[:k, :k], R[:, k:]
        if k > len(R) or not np.abs(np.diagonal(self._R)).min(initial=1.0) > 0:
            raise NotCertifiedError(f"the columns of {k} units that should carry mass depend on each other")
        below = self._S[k:]
        self._factor = np.asarray(np.linalg.qr(np.vstack([np.eye(len(below)), below.T]), mode="r"))

    def __call__(self, missing: Vector, excess: Vector) -> tuple[Vector, Vector]:
        """(change of the fit (n,), of the masses (k,)) for fit - A c and values - beta."""
        k, weight = len(self._lengths), self._weight
        weighted = weight * missing
        inside = self._Q.T @ weighted
        first = _triangular(self._R, excess / self._lengths, "T")
        right = -(inside[k:] + self._S[k:] @ (self._S[:k].T @ first))
        eta = np.concatenate([first, _triangular(self._factor, _triangular(self._factor, right, "T"))])
        changed = _triangular(self._R, first + inside[:k] + self._S[:k] @ (self._S.T @ eta))
        moved = self._Q @ (eta + inside) - weighted
        steep = weight > FLAT * weight.max()
        # Where the loss is flat W^1/2 f says little of f, and the first equation gives it.
        flat = self._units @ changed - self._turns @ (self._turns.T @ (weight * moved)) - missing
        moved = np.where(steep, moved / np.where(steep, weight, 1.0), flat)
        return moved, changed / self._lengths


def _triangular(R: Matrix, right: Vector, trans: str = "N") -> Vector:
    return np.asarray(solve_triangular(R, right, trans=trans, check_finite=False)) if len(right) else right


def _changed(problem: Problem, rng: np.random.Generator) -> Problem:
    """The problem with every number of the data a little larger or smaller; labels stay what they are."""

    def near(values: Matrix) -> Matrix:
        return np.asarray(values * (1.0 + rng.choice([-CHANGE, CHANGE], np.shape(values))))

    return Problem(
        near(problem.X),
        near(problem.y) if problem.loss.quadratic else problem.y,
        beta=float(near(np.asarray(problem.beta))),
        loss=problem.loss,
        bias="none",
        architecture=problem.architecture,
    )
