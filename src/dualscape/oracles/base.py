"""What an oracle answers (THEORY section 2).

Given nu, the oracle looks for unit neurons with large s nu^T (X u)_+ . What it found is a lower bound on
h(nu) = max_{|u| <= 1} |nu^T (X u)_+|; when it has covered all directions it also knows an upper bound.
Oracles know a data matrix and nothing of losses, networks or problems.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.progress import Progress, silent

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OracleAnswer:
    """Units and bounds, evaluated at one nu.

    Attributes:
        directions: (q, d) unit vectors, best first; local maximisers of s nu^T (X u)_+ on the sphere.
        signs: (q,) s = +1 or -1.
        values: (q,) s nu^T (X u)_+ recomputed at these directions.
        lower: the greatest value found, 0 when none is positive; h(nu) >= lower.
        upper: proven bound h(nu) <= upper, rounding included; inf when directions were only searched.
        oracle: the name of the oracle.
        patterns: number of activation patterns (or nodes, or starts) that were looked at.
    """

    directions: Matrix
    signs: Vector
    values: Vector
    lower: float
    upper: float
    oracle: str
    patterns: int

    @property
    def exact(self) -> bool:
        """Whether all directions were covered."""
        return bool(np.isfinite(self.upper))


@dataclass(frozen=True)
class Estimate:
    """What one call of an oracle is expected to cost.

    Attributes:
        patterns: how many patterns (nodes, starts) it will look at.
        seconds: expected wall time of one call.
    """

    patterns: int
    seconds: float


class Oracle(ABC):
    """An oracle for one data matrix X (n, d); whatever depends on X alone is prepared once."""

    name: str
    #: True when an answer covers all directions and so can prove something.
    exact: bool

    @abstractmethod
    def __init__(self, X: Matrix) -> None: ...

    @classmethod
    @abstractmethod
    def estimate(cls, X: Matrix) -> Estimate:
        """The expected cost of one call on this data."""

    @abstractmethod
    def best_units(
        self,
        nu: Vector,
        *,
        above: float,
        starts: Matrix | None = None,
        attempt: int = 0,
        progress: Progress = silent,
    ) -> OracleAnswer:
        """Units whose value exceeds `above` (all of them, if exact), best first.

        Args:
            nu: (n,) dual variable.
            above: units below this value need not be listed; the bounds hold whatever it is, but
                `upper` is never less than `above`.
            starts: (q, d) directions worth trying first.
            attempt: another attempt of a search looks elsewhere; an exact oracle has no use for it.
            progress: told of what has been covered so far.
        """
