"""Where optimal units with several outputs are not finitely many: a greatest eigenvalue that is multiple.

On its piece an optimal unit (u, v) is the eigenvector of the greatest eigenvalue of a matrix that the dual optimum
gives. Where that eigenvalue is simple the unit stands alone. Where it is multiple all directions of its eigenspace that
lie on the piece are optimal too, and the optimal networks are no polytope over finitely many units: what is left is a
set of matrices, as in completely positive factorisations.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import ContinuumError
from dualscape.model.problem import Problem
from dualscape.units import Units

Vector = NDArray[np.float64]
#: Eigenvalues that are as near as this, relatively, are one: nu is known to about 1e-12, and a gap moves with it.
MULTIPLE = 1e-8


def check_finitely_many(problem: Problem, nu: Vector, units: Units) -> Vector:
    """The eigenvalue gaps (k,) of k units that are tight at nu (n c,).

    Raises:
        ContinuumError: one is 0 up to rounding, so that optimal units form a continuum.
    """
    gaps = problem.space.eigenvalue_gaps(nu, units)
    wide = np.flatnonzero(gaps <= MULTIPLE)
    if wide.size:
        raise ContinuumError(
            f"optimal units form a continuum: {wide.size} of {len(units)} tight units have a multiple greatest "
            f"eigenvalue on their piece (relative gap {max(float(gaps.min()), 0.0):.1e}); the optimum is certified, "
            "but m*, M* and the components of optimal networks are not decided; they are connected from width "
            f"{len(problem.y) + 1} on at the latest; continuum(solution) says what is known",
            units,
            gaps,
        )
    return gaps
