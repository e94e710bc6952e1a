"""How far an optimum moves with the data: seen on data that are changed at random by a little.

What storing a number loses is such a change, so that rates tell which zeros are ties that rounding has broken.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.architectures import Pieces
from dualscape.geometry.two_float import TwoFloat
from dualscape.interruption import check
from dualscape.problem import Problem
from dualscape.solver.optimality import Index, Linearised, Stand, stand

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Rates are the greatest of so many random relative changes of the data, each of this size.
SAMPLES, CHANGE = 8, 2.0**-45


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


def rates_of(
    problem: Problem, pieces: Pieces, at: Stand, fit: TwoFloat, masses: TwoFloat, active: Index, slacks: Vector
) -> Rates:
    """The optimum over the same pieces for changed data, one step of Newton's method away, beside the one given.

    Args:
        problem: the problem.
        pieces, at: where all k units stand at the optimum.
        fit: (n,) the optimal fit.
        masses: (k,) the optimal masses.
        active: the units that carry mass.
        slacks: (k,) 1 - g_j(nu) / beta.
    """
    rng = np.random.default_rng(0)
    own, some = at.take(active), pieces.take(active)
    solve = Linearised.of(problem, fit.hi, some, own, masses.hi[active]) if len(active) else None
    lengths = np.linalg.norm(at.columns.hi, axis=0)
    shifted, answered, moved, turned = 0.0, 0.0, np.ones(len(slacks)), np.ones(len(slacks))
    for _ in range(SAMPLES):
        check()
        other = _changed(problem, rng)
        beta = TwoFloat.of(np.full(len(slacks), other.beta))
        there = stand(other, some, _dual(other, fit))
        missing = fit - (there.columns @ masses[active][:, None])[:, 0]
        shift, c = solve(missing.hi, (there.values - beta[active]).hi) if solve else (missing.hi, np.zeros(0))
        there = stand(other, pieces, _dual(other, fit + TwoFloat.of(shift)))
        shifted = max(shifted, float(np.linalg.norm(shift)) / CHANGE)
        answered = max(answered, float(np.linalg.norm(own.columns.hi @ c)) / CHANGE)
        np.maximum(moved, np.abs(((beta - there.values) / beta).hi - slacks) / CHANGE, out=moved)
        gaps = np.linalg.norm((there.columns - at.columns).hi, axis=0)
        np.maximum(turned, gaps / lengths / CHANGE, out=turned)
    return Rates(shifted, answered, moved, turned)


def _dual(problem: Problem, fit: TwoFloat) -> TwoFloat:
    gradient = problem.loss.fine_gradient(fit, problem.y)[0]
    return TwoFloat(-gradient.hi, -gradient.lo)


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
        classes=problem.classes,
    )
