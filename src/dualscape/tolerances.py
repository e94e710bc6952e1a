"""Every number that decides something, in one frozen object that is passed down."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerances:
    """Relative thresholds; all of them compare dimensionless quantities.

    Attributes:
        relative_gap: a certificate with (primal - dual) / primal below this may say "global".
        violation: the solver adds units until h(nu) / beta - 1 is below this.
        tight: no unit with slack 1 - s nu^T (X u)_+ / beta above this belongs to the optimal set; where nu is known
            better than that, the limit is lower.
        narrow: separation next / tight below this factor is reported as a warning.
        direction: two units of equal sign closer than this (Euclidean) are one unit.
        mass: a mass below this fraction of the total mass counts as zero.
        fit: a network with |A c - y*| / |y*| below this has the optimal fit.
        objective: a network whose objective exceeds the optimum by less than this fraction is optimal.
    """

    relative_gap: float = 1e-9
    violation: float = 1e-11
    tight: float = 1e-8
    narrow: float = 1e2
    direction: float = 1e-6
    mass: float = 1e-8
    fit: float = 1e-7
    objective: float = 1e-8


DEFAULT = Tolerances()
