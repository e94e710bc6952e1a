"""Every number that decides something, in one frozen object that is passed down."""

from dataclasses import dataclass

#: What rounding to the nearest double changes a number by at most, relative to it.
EPS = 2.0**-53


@dataclass(frozen=True)
class Tolerances:
    """Relative thresholds; all of them compare dimensionless quantities.

    Attributes:
        relative_gap: a certificate with (primal - dual) / primal below this may say "global".
        violation: the solver adds units until h(nu) / beta - 1 is below this.
        rounding: what a relative change of the data of this size can make zero is called zero: slacks, masses, singular
            values. The default is four units in the last place, what data lose that are computed and stored.
        clear: what is called positive must stand out from that by this factor for the structure to be called exact.
        direction: units closer than this (Euclidean, directions and outputs together) are the same unit. Directions of
            trained neurons, and of maximisers that a search has climbed to, are known to about the square root of
            rounding, and a network changes by no more than this share when they are taken for one.
        apart: an exact oracle lists units apart that differ by more than this, which is what rounding of a climb may
            make of one place: rows of great size can tell units apart that are as near as 1e-9.
        mass: a mass below this fraction of the total mass counts as zero.
        fit: a network with |A c - y*| / |y*| below this has the optimal fit.
        objective: a network whose objective exceeds the optimum by less than this fraction is optimal.
    """

    relative_gap: float = 1e-9
    violation: float = 1e-11
    rounding: float = 2.0**-50
    clear: float = 100.0
    direction: float = 1e-6
    apart: float = 1e-12
    mass: float = 1e-8
    fit: float = 1e-9
    objective: float = 1e-8


DEFAULT = Tolerances()
