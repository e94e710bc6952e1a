"""What an oracle answers (THEORY section 2).

Given nu, the oracle looks for unit neurons with large s nu^T (X u)_+ . What it found is a lower bound on
h(nu) = max_{|u| <= 1} |nu^T (X u)_+|; when it has covered all directions it also knows an upper bound.
Oracles know a data matrix and nothing of losses, networks or problems.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dualscape.effort import Effort
from dualscape.progress import Progress, silent

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
NO_LIMITS = Effort()


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
        patterns: number of activation patterns (or cones, or starts) that were looked at.
        stopped: "" when the oracle finished; otherwise why it did not: "enough" (it found what it was told is enough),
            "time", "cost" (the solver gave it no time, since it would need too much), "interrupted" or "dimension" (too
            many for it). The bounds hold all the same.
        seen: (q', d) local maximisers above what was asked for and somewhat below it, from which a later search at
            another nu may go on; none from an exact oracle.
    """

    directions: Matrix
    signs: Vector
    values: Vector
    lower: float
    upper: float
    oracle: str
    patterns: int
    stopped: str = ""
    seen: Matrix = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def exact(self) -> bool:
        """Whether the upper bound is proven."""
        return bool(np.isfinite(self.upper))


@dataclass(frozen=True)
class Estimate:
    """What one call of an oracle is expected to cost.

    Attributes:
        patterns: how many patterns (cones, starts) it will look at, roughly.
        seconds: expected wall time of one call.
        counts: what `patterns` counts, in words.
        at_once: whether the oracle will not finish, and more time does not improve what it proves before that.
    """

    patterns: int
    seconds: float
    counts: str = "activation patterns"
    at_once: bool = False


class Oracle(ABC):
    """An oracle for one data matrix X (n, d); whatever depends on X alone is prepared once."""

    name: str
    #: True when an answer covers all directions and so can prove something.
    exact: bool
    #: What `patterns` of an answer counts, in words.
    counts: ClassVar[str] = "activation patterns"
    #: Whether a call that is stopped early has improved the bound all along.
    anytime: ClassVar[bool] = False
    #: Units with a value above (1 - window) h can be listed at about the cost of a bound.
    window: ClassVar[float] = 1e-2
    #: Whether a proof that lists these units costs no more than one that does not.
    lists: ClassVar[bool] = False

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
        enough: float = np.inf,
        starts: Matrix | None = None,
        seen: Matrix | None = None,
        attempt: int = 0,
        effort: Effort = NO_LIMITS,
        progress: Progress = silent,
    ) -> OracleAnswer:
        """Units whose value exceeds `above` (all of them, if exact and not stopped), best first.

        Args:
            nu: (n,) dual variable.
            above: units below this value need not be listed; the bounds hold whatever it is, but
                `upper` is never less than `above`.
            enough: the oracle may stop once it has found a value above this.
            starts: (q, d) directions worth trying first.
            seen: (q', d) what an earlier answer, at another nu, had seen; an exact oracle has no use for it.
            attempt: another attempt of a search looks elsewhere; an exact oracle has no use for it.
            effort: time, workers and checkpoint; Ctrl-C and the deadline end a call with what is proven by then.
            progress: told of what has been covered so far.
        """
