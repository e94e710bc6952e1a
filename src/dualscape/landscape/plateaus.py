"""Where optimal units are not finitely many: plateaus, on which a bias that costs nothing may be anywhere.

Where nu of the active rows sums to zero the score of a unit (w, b) does not depend on b. Between the two ends of such a
plateau, both among the units, every b is optimal as well, and its column lies on the line between theirs: a neuron
there does what two at the ends do. So the fits, the masses on the ends and their total are those of all optima, but
widths that count ends are too large. Where all rows are active a plateau has one end: b adds no more than a constant.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dualscape.model.architectures import UnitSpace
from dualscape.model.problem import Problem
from dualscape.polytopes.polytope import Margin
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
#: Plateaus that are named by their ends.
PAIRS = 3


@dataclass(frozen=True, eq=False)
class Plateaus:
    """The plateaus of k optimal units.

    Attributes:
        following: (k,) the unit at the other end of the plateau that begins at each, -1 for none; no unit follows two.
        open: (k,) the units whose bias may grow as far as one likes.
        slack: the margin of "is a plateau": of the slacks in the middle between neighbours.
    """

    following: Index
    open: NDArray[np.bool_]
    slack: Margin = field(default_factory=Margin)

    @classmethod
    def none(cls, k: int) -> "Plateaus":
        """Finitely many units."""
        return cls(np.full(k, -1, dtype=np.intp), np.zeros(k, dtype=bool))

    @property
    def pairs(self) -> Index:
        """(q, 2) the two ends of each."""
        begin = np.flatnonzero(self.following >= 0)
        return np.column_stack([begin, self.following[begin]])

    def among(self, active: Index) -> Index:
        """(q, 2) the plateaus with both ends among these units: where those have mass, so have neurons between them."""
        return self.pairs[np.isin(self.pairs, active).all(axis=1)]

    def chains(self) -> list[list[int]]:
        """The units in chains, each of them linked by plateaus to the next."""
        first = np.setdiff1d(np.arange(len(self.following)), self.following)
        found = []
        for unit in first.tolist():
            chain = [unit]
            while self.following[chain[-1]] >= 0:
                chain.append(int(self.following[chain[-1]]))
            found.append(chain)
        return found

    def fewest(self, supports: NDArray[np.bool_]) -> Index:
        """(V,) how many neurons do what masses on these units (V, k) do.

        A neuron between two ends takes over the masses of both and no others, so that q neighbours in a chain, all with
        mass, need half as many neurons, rounded up, and can do with them.

        >>> plateaus = Plateaus(np.array([1, 2, -1]), np.zeros(3, dtype=bool))
        >>> plateaus.fewest(np.array([[True, True, True], [True, False, True], [True, True, False]])).tolist()
        [2, 2, 1]
        """
        total = np.zeros(len(supports), dtype=np.intp)
        for chain in self.chains():
            taken = np.zeros(len(supports), dtype=bool)  # by a neuron that it shares with the unit before
            for unit in chain:
                alone = supports[:, unit] & ~taken
                total += alone
                taken = alone
        return total

    def explain(self, active: Index) -> str:
        """What those of units that optimal networks use make of widths, in plain words."""
        pairs = self.among(active).tolist()
        ends = ", ".join(f"{i} and {j}" for i, j in pairs[:PAIRS])
        more = ", ..." if len(pairs) > PAIRS else ""
        return (
            f"optimal units form a continuum: between units {ends}{more} every free bias is optimal, and a neuron "
            "there does what two at these do; m* counts such neurons, M* and components are bounded, but not decided"
        )

    def place(self, space: UnitSpace, units: Units, unit: Units, tolerance: float) -> tuple[int | None, Vector]:
        """(the unit that one neuron is, or the nearer end of its plateau, or None; (k,) the shares of its mass)."""
        shares, places, at = np.zeros(len(units)), space.measured(units), space.measured(unit)
        found = places.find(at.directions[0], at.outputs[0], tolerance)
        if found is not None:
            shares[found] = 1.0
            return found, shares
        for first, second in self.pairs.tolist():
            begin, way = places.directions[first], places.directions[second] - places.directions[first]
            share = float(np.clip((at.directions[0] - begin) @ way / (way @ way), 0.0, 1.0))
            off = np.linalg.norm(begin + share * way - at.directions[0])
            if off <= tolerance and at.alike(places.outputs[first], tolerance)[0]:
                shares[[first, second]] = 1 - share, share
                return (first if share <= 0.5 else second), shares
        for end in np.flatnonzero(self.open).tolist():
            # Beyond the end its bias, which costs nothing, adds to all rows alike.
            off = np.linalg.norm((at.directions[0] - places.directions[end]) * space.priced)
            grown = at.directions[0, -1] > places.directions[end, -1]
            if off <= tolerance and grown and at.alike(places.outputs[end], tolerance)[0]:
                shares[end] = 1.0
                return end, shares
        return None, shares

    def joined(self, units: Units, masses: Vector) -> tuple[Units, Vector]:
        """As few neurons as do what masses (k,) on units do, each where its two ends' masses balance."""
        directions, outputs, found = [], [], []
        for chain in self.chains():
            at = 0
            while at < len(chain):
                pair = [unit for unit in chain[at : at + 2] if masses[unit] > 0]
                if masses[chain[at]] == 0:
                    at += 1
                    continue
                total = float(masses[pair].sum())
                directions.append(masses[pair] @ units.directions[pair] / total)
                outputs.append(units.outputs[pair[0]])
                found.append(total)
                at += 2
        if not found:
            return units.take(slice(0, 0)), np.zeros(0)
        return Units(np.array(directions), np.array(outputs)), np.array(found)


def plateaus_of(problem: Problem, nu: Vector, units: Units, rate: float, rounding: float) -> Plateaus:
    """The plateaus of optimal units.

    Args:
        problem: the problem.
        nu: (n,) the dual optimum.
        units: the k optimal units.
        rate: how far slacks move at most, per relative change of the data.
        rounding: changes of the data up to this size are their rounding.
    """
    space, k = problem.space, len(units)
    pairs, middles, open_ = space.continua(units)
    if len(pairs) == 0:
        return Plateaus(np.full(k, -1, dtype=np.intp), open_)
    slacks = 1 - space.scores(nu, middles) / problem.beta
    # In double precision scores are known no better than this.
    allowed = max(rounding * rate, space.reach.rounding(nu) / problem.beta)
    level = slacks <= allowed
    following = np.full(k, -1, dtype=np.intp)
    following[pairs[level, 0]] = pairs[level, 1]
    return Plateaus(following, open_, Margin.of(slacks, np.full(len(slacks), allowed / rounding), level))
