"""Events of a path: where, as beta falls, a unit enters or leaves the optimal networks, or their set changes dimension.

Between two events the units that optimal networks use move continuously with beta, and so do their masses. An event is
found where the ends of an interval differ, and its interval halved until it is narrow. Halving asks for the optimum
over the units known at both ends alone, which takes no oracle; the ends of the narrow interval are then certified, and
where that finds anything else, all is done again with certificates.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dualscape.errors import BudgetError, DualscapeError, NotCertifiedError
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.path_point import PathPoint
from dualscape.model.architectures import RELU, Architecture
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.interruption import check
from dualscape.solver.refinement import refine
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: Units at two ends are not the same one if they are further apart than this (radians, about); of those that are nearer
#: it is asked where they are in between, until each step is below the second.
APART, STEP = 1.0, 0.03
#: Between ends that are further apart than by this factor there may be units that neither knows.
WIDE = 1.05
#: A slack below this, of a unit without mass, may be that of a tight unit.
MAYBE_TIGHT = 1e-9


@dataclass(frozen=True, eq=False)
class PathEvent:
    """A change of the optimal networks as beta falls from `high` to `low`.

    Attributes:
        kind: "enters" or "leaves": a unit that optimal networks use; "dimension": of the polytope of optimal masses.
        high, low: it happens between these; their structure is certified.
        units: the one unit, where it was seen last or first; none for "dimension".
        before, after: the dimensions at `high` and at `low`: a set of dimension 0 is a point.
    """

    kind: str
    high: float
    low: float
    units: Units
    before: int
    after: int

    @property
    def beta(self) -> float:
        """The middle of the interval."""
        return _middle(self.high, self.low)

    @property
    def precision(self) -> float:
        """The width of the interval, as a share of beta."""
        return self.high / self.low - 1

    def explain(self) -> str:
        """The event in a few words."""
        if self.kind != "dimension":
            sign = f"with sign {'+' if self.units.signs[0] > 0 else '-'} " if self.units.c == 1 else ""
            return f"a unit {sign}{self.kind}"
        if self.before == 0:
            return f"optima stop being a point: dimension {self.after}"
        if self.after == 0:
            return "optima become a point"
        return f"dimension of the optima: {self.before} to {self.after}"


@dataclass(frozen=True, eq=False)
class Structure:
    """What the optimal networks at one beta are made of.

    Attributes:
        beta: the weight decay.
        used: the units that some optimal network uses.
        dimension: that of the polytope of optimal masses.
        nu: (n,) the dual optimum.
        network: an irreducible optimal network.
    """

    beta: float
    used: Units
    dimension: int
    nu: Vector
    network: Network

    @classmethod
    def of(cls, optima: OptimalSet) -> "Structure":
        """That of an optimal set."""
        known = optima.known_vertices
        network = optima.network(known[int((known > 0).sum(axis=1).argmin())])
        return cls(optima.problem.beta, optima.units.take(optima.active), optima.dimension, optima.nu, network)

    @classmethod
    def at(cls, point: PathPoint) -> "Structure | None":
        """That of a point; None where it is not known. Where the zero network is optimal there is no other."""
        if point.optimal_set is not None:
            return cls.of(point.optimal_set)
        solution = point.solution
        if not point.zero:
            return None
        return cls(point.beta, solution.network.units, 0, solution.nu, solution.network)


#: The optimal set at a beta, from the network and nu of a structure to begin with.
Certified = Callable[[float, Structure], OptimalSet]


@dataclass(frozen=True, eq=False)
class _Match:
    """Which units at one beta are those at a lower one.

    Attributes:
        gone, new: the units of either that the other lacks.
        furthest: the greatest way of a unit that both have.
    """

    gone: Index
    new: Index
    furthest: float

    @classmethod
    def of(cls, high: Units, low: Units, apart: float, kind: Architecture = RELU) -> "_Match":
        """Pairs with the least total way; no pair is further apart than that."""
        if len(high) == 0 or len(low) == 0:
            return cls(np.arange(len(high)), np.arange(len(low)), 0.0)
        gaps = kind.gaps(high, low)
        rows, columns = linear_sum_assignment(np.minimum(gaps, 2 * apart))
        near = gaps[rows, columns] <= apart
        gone = np.setdiff1d(np.arange(len(high)), rows[near])
        new = np.setdiff1d(np.arange(len(low)), columns[near])
        return cls(gone, new, float(gaps[rows[near], columns[near]].max(initial=0.0)))


class Locator:
    """Finds the events of a path between two points of it.

    Attributes:
        problem: the problem at any beta.
        certified: the optimal set at a beta.
        precision: relative width of the intervals in which events are located.
    """

    def __init__(self, problem: Problem, certified: Certified, precision: float) -> None:
        self.problem, self.certified, self.precision = problem, certified, precision

    def between(self, high: Structure, low: Structure) -> list[PathEvent]:
        """The events from one beta down to another, in their order.

        Changes that undo each other within the interval may be missed. Where the optimum in between is not certified,
        the events have the whole interval.
        """
        try:
            found = self._narrow(high, low, self._quick)
            if all(self._holds(structure) for pair in found for structure in pair):
                return _events(found)
            return _events(self._narrow(high, low, self._sure))
        except (NotCertifiedError, BudgetError):
            return _events([(high, low)])

    def _narrow(
        self, high: Structure, low: Structure, quick: Callable[[float, Structure, Structure], Structure]
    ) -> list[tuple[Structure, Structure]]:
        """The narrow intervals at whose ends the structure differs."""
        narrow = high.beta <= low.beta * (1 + self.precision)
        match = _Match.of(high.used, low.used, STEP if narrow else APART, self.problem.architecture)
        same = len(match.gone) == len(match.new) == 0 and high.dimension == low.dimension
        if same and (narrow or match.furthest <= STEP):
            return []
        if narrow:
            return [(high, low)]
        check()
        at = self._sure if high.beta > low.beta * WIDE else quick
        middle = at(_middle(high.beta, low.beta), high, low)
        return self._narrow(high, middle, quick) + self._narrow(middle, low, quick)

    # --- the structure at a beta ------------------------------------------------------------------------------
    def _sure(self, beta: float, high: Structure, low: Structure) -> Structure:
        """Certified."""
        return Structure.of(self.certified(beta, max(high, low, key=lambda end: len(end.used))))

    def _quick(self, beta: float, high: Structure, low: Structure) -> Structure:
        """That of the optimum over the units of both ends; certified where this says too little."""
        near, other = (high, low) if len(high.used) >= len(low.used) else (low, high)
        if high.dimension or low.dimension or len(near.used) == 0:
            return self._sure(beta, high, low)
        problem, network = self.problem.with_beta(beta), near.network
        masses = np.concatenate([network.masses, np.zeros(len(other.used))])
        units = Units.join([network.units, other.used])
        try:
            nu = near.nu * (beta / near.beta)
            found = refine(problem, nu, units, masses, rounding=DEFAULT.rounding, rated=False)
        except DualscapeError:
            return self._sure(beta, high, low)
        carries = found.masses > 0
        if (found.slacks[~carries] <= MAYBE_TIGHT).any():
            return self._sure(beta, high, low)
        used = found.units.take(carries)
        return Structure(beta, used, 0, found.nu, problem.network(used, found.masses[carries]))

    def _holds(self, structure: Structure) -> bool:
        """Whether the certified structure is the same."""
        try:
            sure = Structure.of(self.certified(structure.beta, structure))
        except NotCertifiedError:
            return False
        match = _Match.of(structure.used, sure.used, STEP, self.problem.architecture)
        return len(match.gone) == len(match.new) == 0 and sure.dimension == structure.dimension


def _middle(high: float, low: float) -> float:
    """Halfway in ratio, without a product that could leave the floating range."""
    return float(np.sqrt(high) * np.sqrt(low))


def _events(pairs: list[tuple[Structure, Structure]]) -> list[PathEvent]:
    """What changes in each of the intervals."""
    events = []
    for high, low in pairs:
        match = _Match.of(high.used, low.used, STEP, high.network.architecture)
        ends = high.beta, low.beta
        dimensions = high.dimension, low.dimension
        for kind, units, which in (("leaves", high.used, match.gone), ("enters", low.used, match.new)):
            events += [PathEvent(kind, *ends, units.take(np.array([j])), *dimensions) for j in which]
        if high.dimension != low.dimension:
            events.append(PathEvent("dimension", *ends, Units.none(low.used.d, low.used.c), *dimensions))
    return events
