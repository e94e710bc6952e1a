"""Newton's method on one active set, in twice the precision: residuals with two doubles a number, steps with one.

The unknowns are the fit and the masses of units all of which carry mass, each free to move on its linear piece; see
`refinement` for the conditions that they solve.
"""

from typing import NamedTuple

import numpy as np

from dualscape.errors import NotCertifiedError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import Pieces
from dualscape.solver.optimality import Linearised
from dualscape.solver.task import Task

#: Most corrections of one active set.
CORRECTIONS = 300
#: Corrections end when one is smaller than this, relative to what is corrected, or so many in a row have not halved the
#: one before; an optimum whose last correction is above the third is not resolved.
SETTLED, STALE, RESOLVED = 2.0**-96, 2, 1e-8
#: A linear system is made anew unless the last correction was smaller than the one before by this factor.
GAIN = 1e-4


class Corrected(NamedTuple):
    """Where the corrections end: the fit (n,), the masses (k,), and the last correction, relative."""

    fit: TwoFloat
    masses: TwoFloat
    error: float


def corrected(task: Task, pieces: Pieces, fit: TwoFloat, masses: TwoFloat) -> Corrected:
    """Fit and masses of k units with their pieces, until corrections are rounding.

    They also end where a mass turns negative and stays so: then its unit had better leave.

    Raises:
        NotCertifiedError: the columns of the units are too nearly dependent.
    """
    beta = TwoFloat.of(np.full(len(masses.hi), task.beta))
    size = (float(np.linalg.norm(task.y)) if task.loss.target == "numbers" else len(task.y) ** 0.5) or 1.0
    solve, last, shrinks, stale = None, np.inf, False, 0
    error = 0.0
    for _ in range(CORRECTIONS):
        at = pieces.stand(task.fine_dual(fit)[0])
        made = (at.columns @ masses[:, None])[:, 0]
        missing = fit - made
        if solve is None or not shrinks:
            solve = Linearised.of(task, fit.hi, pieces, at, masses.hi)
        moved, changed = solve(missing.hi, (at.values - beta).hi)
        fit, masses = fit + TwoFloat.of(moved), masses + TwoFloat.of(changed)
        lengths = np.linalg.norm(at.columns.hi, axis=0)
        error = max(float(np.linalg.norm(moved)), float(np.abs(changed * lengths).max(initial=0.0))) / size
        stale = stale + 1 if error > 0.5 * last else 0
        if not np.isfinite(error) or error <= SETTLED or (stale > STALE and error <= RESOLVED):
            break
        # Steps that do not shrink and push a mass below 0 say that its unit had better leave.
        if stale > STALE and (masses.hi < 0).any():
            break
        # The same linear system serves as long as it gains digits.
        shrinks, last = error <= GAIN * last and bool(np.isfinite(last)), error
    if not error <= RESOLVED and not (np.isfinite(error) and (masses.hi < 0).any()):
        raise NotCertifiedError(
            f"the optimum over {len(masses.hi)} units is resolved up to {error:.1e} only: their columns are too nearly "
            "dependent; try a slightly different beta"
        )
    return Corrected(fit, masses, error)
