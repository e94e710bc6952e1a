"""The functions among optimal networks that have a linear skip connection: there u and -u are one kink.

(x.u)_+ and (-x.u)_+ differ by x.u, which the skip connection makes up for at no cost, so that mass may move from one to
the other and the function stays (THEORY section 10). The networks are then never unique, the function may be.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.model.architectures import TwoLayerReLU, VectorReLU
from dualscape.model.problem import Problem
from dualscape.polytopes.polytope import Polytope, polytope
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Functions:
    """What optimal networks compute when the two units of a kink are taken as one.

    Attributes:
        kink: (k,) which kink each of the k optimal units bends at.
        count: number r of kinks.
        polytope: {b >= 0 : A b = P y*} over the masses b of kinks.
    """

    kink: NDArray[np.intp]
    count: int
    polytope: Polytope

    @property
    def dimension(self) -> int:
        """Dimension of the set of functions; 0 when the function is unique."""
        return self.polytope.dimension

    @property
    def unique(self) -> bool:
        """Whether all optimal networks compute one function."""
        return self.dimension == 0

    def masses(self, c: Vector) -> Vector:
        """(r,) the masses of kinks from those of units (k,)."""
        return _by_kink(self.kink, c, self.count)

    def explain(self) -> str:
        """The statement in plain words."""
        kinks = "1 kink" if self.count == 1 else f"{self.count} kinks"
        said = f"With the skip connection u and -u are one kink, so that these units are {kinks}"
        if self.unique:
            return f"{said}: the function is unique, the network is not, since each kink may be made from either side."
        return f"{said}, and the optimal functions have dimension {self.dimension}."


def spans_inputs(problem: Problem) -> bool:
    """Whether the free features contain every coordinate that neurons see, as functions and not on the data alone."""
    free, constants = problem.free, {"constant"} if problem.design.d > problem.design.p else set()
    wanted = {*problem.feature_names, *constants}
    return free.decay == 0 and wanted <= {*problem.design.free_names} and not free.dropped


def functions(
    problem: Problem, units: Units, A: Matrix, fit: Vector, masses: Vector, error: float, column_error: float
) -> Functions | None:
    """The functions among optimal networks; None where u and -u are different functions.

    Args:
        problem: the problem.
        units: the k optimal units.
        A: (n, k) what the free features leave of their columns.
        fit: (n,) what they leave of the optimal fit.
        masses: (k,) optimal masses.
        error, column_error: relative rounding of `fit` and `A`.
    """
    if not isinstance(problem.architecture, TwoLayerReLU | VectorReLU) or not spans_inputs(problem) or len(units) == 0:
        return None
    kink = np.full(len(units), -1, dtype=np.intp)
    first: list[int] = []
    for j in range(len(units)):
        if kink[j] >= 0:
            continue
        kink[j] = len(first)
        first.append(j)
        other = units.find(-units.directions[j], units.outputs[j], DEFAULT.direction)
        if other is not None:
            kink[other] = kink[j]
    start = _by_kink(kink, masses, len(first))
    return Functions(kink, len(first), polytope(A[:, first], fit, start=start, error=error, column_error=column_error))


def _by_kink(kink: NDArray[np.intp], masses: Vector, count: int) -> Vector:
    return np.bincount(kink, masses, minlength=count).astype(np.float64)
