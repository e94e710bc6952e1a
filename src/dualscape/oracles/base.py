"""What an oracle is asked and what it answers (THEORY section 2).

Given nu, the oracle looks for unit neurons with large s nu^T (X u)_+ . What it found is a lower bound on
h(nu) = max_{|u| <= 1} |nu^T (X u)_+|; when it has covered all directions it also knows an upper bound.
Oracles know unit neurons on data, and nothing of losses, networks or problems.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.reach import Reach
from dualscape.oracles.relaxation.products import Relaxed
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
NO_LIMITS = Effort()


@dataclass(frozen=True, eq=False)
class Question:
    """What an oracle is asked about one nu.

    Attributes:
        nu: (n,) dual variable.
        above: units below this value need not be listed; the bounds hold whatever it is, but the upper one is never
            less than it.
        enough: the oracle may stop once it has found a value above this.
        listed: whether all units above `above` are wanted; otherwise those below the best may be left out.
        starts: units worth trying first.
        seen: what an earlier answer, at another nu, had seen; an exact oracle has no use for it.
        relaxed: what relaxed training has found before, where it is asked first.
        attempt: another attempt of a search looks elsewhere; an exact oracle has no use for it.
    """

    nu: Vector
    above: float
    enough: float = np.inf
    listed: bool = True
    starts: Units | None = None
    seen: Units | None = None
    relaxed: Sequence[Relaxed] | None = None
    attempt: int = 0


@dataclass(frozen=True, eq=False)
class OracleAnswer:
    """Units and bounds, evaluated at one nu.

    Attributes:
        units: q local maximisers of s nu^T (X u)_+ on the sphere, best first.
        values: (q,) s nu^T (X u)_+ recomputed at these units.
        lower: the greatest value found, 0 when none is positive; h(nu) >= lower.
        upper: proven bound h(nu) <= upper, rounding included; inf when directions were only searched.
        oracle: the name of the oracle.
        looked_at: number of activation patterns (or cones, or starts) that were looked at.
        stopped: why the oracle ended before it had done everything, if so. The bounds hold all the same.
        seen: local maximisers above what was asked for and somewhat below it, from which a later search at another nu
            may go on; None from an exact oracle.
        relaxed: what relaxed training has found, to go on from at another weight decay; otherwise None.
    """

    units: Units
    values: Vector
    lower: float
    upper: float
    oracle: str
    looked_at: int
    stopped: Stopped = Stopped.FINISHED
    seen: Units | None = None
    relaxed: Sequence[Relaxed] | None = field(default=None, repr=False)

    @classmethod
    def nothing(
        cls, d: int, upper: float, oracle: str, looked_at: int, stopped: Stopped = Stopped.FINISHED, c: int = 1
    ) -> "OracleAnswer":
        """No unit of d coordinates and c outputs was found, and this is the bound."""
        return cls(Units.none(d, c), np.zeros(0), 0.0, upper, oracle, looked_at, stopped)

    @property
    def exact(self) -> bool:
        """Whether the upper bound is proven."""
        return bool(np.isfinite(self.upper))


@dataclass(frozen=True)
class Estimate:
    """What one call of an oracle is expected to cost.

    Attributes:
        looked_at: how many patterns (cones, starts) it will look at, roughly.
        seconds: expected wall time of one call.
        counts: what `looked_at` counts, in words.
        at_once: whether the oracle will not finish, and more time does not improve what it proves before that.
    """

    looked_at: int
    seconds: float
    counts: str = "activation patterns"
    at_once: bool = False


class Oracle(ABC):
    """An oracle over the unit neurons on one data matrix; whatever depends on the data alone is prepared once."""

    name: str
    #: True when an answer covers all directions and so can prove something.
    exact: bool
    #: What `looked_at` of an answer counts, in words.
    counts: str = "activation patterns"
    #: Whether a call that is stopped early has improved the bound all along.
    anytime: bool = False
    #: Whether the bound comes down to h itself, given time; that of a relaxation does not.
    complete: bool = True
    #: Units with a value above (1 - window) h can be listed at about the cost of a bound.
    window: float = 1e-2
    #: Whether a proof that lists these units costs no more than one that does not.
    lists: bool = False
    #: What rows can be worth in a score.
    reach: Reach

    @abstractmethod
    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        """Units whose value exceeds what was asked for (all of them, if exact and not stopped), best first.

        Args:
            question: nu, and what of it is of interest.
            effort: time, workers and checkpoint; Ctrl-C and the deadline end a call with what is proven by then.
            progress: told of what has been covered so far.
        """


class HingeOracle(Oracle):
    """An oracle for s nu^T max(X u, a X u) over unit vectors u and signs s, from the hyperplanes of X (n, d)."""

    def __init__(self, hinges: Hinges) -> None:
        self.hinges, self.reach = hinges, Reach.of(hinges.X, hinges.slope)

    @classmethod
    def on(cls, X: Matrix, **options: Any) -> Self:
        """The oracle for data X (n, d) whose hyperplanes are not known yet."""
        return cls(Hinges.of(X), **options)

    @classmethod
    @abstractmethod
    def estimate(cls, hinges: Hinges) -> Estimate:
        """The expected cost of one call on this data."""

    def units_of(self, found: Matrix) -> Units:
        """From directions in the coordinates of the hyperplanes and their sign, (q, rank + 1)."""
        return Units(found[:, :-1] @ self.hinges.basis.T, found[:, -1:])
