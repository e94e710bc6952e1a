"""Unit neurons of several families at once, such as those that see different features: the union of unit spaces.

All families lie in common coordinates, in which a *whole* space knows columns and scores; a unit moves within a family
that it belongs to. There may be thousands of families, so that each is made when it is needed, and no more are kept
than fit in a small share of the memory.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.model.architectures.base import Faces, Matrix, UnitSpace, Vector
from dualscape.model.architectures.products import Products
from dualscape.oracles import Estimate, Oracle
from dualscape.oracles.members import Member, Members
from dualscape.oracles.union import UnionOracle
from dualscape.units import Units

Index = NDArray[np.intp]

#: A unit belongs to a family when it is no further from it than this.
BELONGS = 1e-9
#: Families that are kept: as many as have so many entries of data together, and so many in any case.
KEPT_ENTRIES, FEWEST_KEPT = 4_000_000, 16
#: An estimate looks at so many families, and adds to each the seconds that one call takes at least.
SAMPLED, CALL_SECONDS = 8, 2e-3
#: A unit climbs further in another family when its score rises by more than this share.
RISES = 1e-12


@dataclass(frozen=True, eq=False)
class Family:
    """One family of a union.

    Attributes:
        space: its units, in d' coordinates of its own.
        lift: (d, d') its directions v are the directions lift v of the union.
        back: (d', d) the other way: back lift is the identity.
    """

    space: UnitSpace
    lift: Matrix
    back: Matrix

    def embed(self, units: Units) -> Units:
        """Units of the family as units of the union."""
        return units.turned(units.directions @ self.lift.T)

    def own(self, units: Units) -> Units:
        """Of units of the union those that belong to the family, in its coordinates."""
        inside = units.directions @ self.back.T
        off = np.abs(inside @ self.lift.T - units.directions).max(axis=1, initial=0.0)
        belong = off <= BELONGS
        return Units(inside[belong], units.outputs[belong])

    def near(self, units: Units) -> Units:
        """Units of the union in the coordinates of the family, to which they belong or nearly so."""
        return units.turned(units.directions @ self.back.T)


class UnionSpace(UnitSpace):
    """The units of `count` families on the same rows, in the coordinates of a whole space.

    What the families are is for a subclass to say: `family_at` makes one of them, `homes` says to which of them a unit
    belongs, and `bounds` bounds h(nu) of all of them at little cost. `random`, `pull`, `scaled`, `rows` and `reach`
    remain as well.
    """

    def __init__(self, whole: UnitSpace, count: int) -> None:
        super().__init__()
        self.whole, self.count = whole, count
        self.n, self.d, self.c = whole.n, whole.d, whole.c
        self.per_row, self.turning_outputs = whole.per_row, whole.turning_outputs
        # Families are small: where time is short for all of them, each is done sooner exactly than relaxed.
        self.kinds = {name: kind for name, kind in whole.kinds.items() if kind.complete}
        self._kept: dict[int, Family] = {}

    # --- families -----------------------------------------------------------------------------------------
    @abstractmethod
    def family_at(self, at: int) -> Family:
        """The family of that number, made anew."""

    @abstractmethod
    def homes(self, nu: Vector | None, direction: Vector) -> Sequence[int]:
        """Families that a unit in this direction (d,) belongs to: the only one, or several worth climbing in at nu.

        Without nu any one will do.
        """

    @abstractmethod
    def bounds(self, nu: Vector) -> Vector:
        """(count,) proven bounds on h(nu) of every family, rounding included, that cost little."""

    def promise(self, nu: Vector, attempt: int) -> Vector:
        """(count,) how high a search may get in each family, roughly; their bounds where nothing better is known."""
        return self.bounds(nu)

    def family(self, at: int) -> Family:
        """The family of that number."""
        found = self._kept.get(at)
        if found is None:
            found = self.family_at(at)
            if len(self._kept) < max(KEPT_ENTRIES // max(found.space.size, 1), FEWEST_KEPT):
                self._kept[at] = found
        return found

    def _assigned(self, nu: Vector | None, units: Units) -> Index:
        """(k,) a family of each unit: of several the one in which it climbs highest."""
        chosen = np.zeros(len(units), dtype=np.intp)
        for j, direction in enumerate(units.directions):
            homes = self.homes(nu, direction)
            chosen[j] = homes[0]
            if len(homes) > 1 and nu is not None:
                chosen[j] = homes[int(self._heights(nu, units.take(np.array([j])), homes).argmax())]
        return chosen

    def _heights(self, nu: Vector, unit: Units, homes: Sequence[int]) -> Vector:
        """The scores that one unit climbs to in each of these families."""
        heights = np.zeros(len(homes))
        for place, at in enumerate(homes):
            family = self.family(at)
            climbed = family.embed(family.space.climb(nu, family.near(unit)))
            heights[place] = self.scores(nu, climbed)[0]
        return heights

    def maximal(self, nu: Vector, units: Units) -> NDArray[np.bool_]:
        """(k,) which units are local maximisers in every family that they belong to, if they are in one of them."""
        values, found = self.scores(nu, units), np.ones(len(units), dtype=bool)
        for j, direction in enumerate(units.directions):
            homes = self.homes(nu, direction)
            if len(homes) > 1:
                heights = self._heights(nu, units.take(np.array([j])), homes)
                found[j] = heights.max() <= (1 + RISES) * values[j]
        return found

    def _grouped(self, nu: Vector | None, units: Units) -> Iterable[tuple[Family, Index]]:
        """The families of units, each with the units that are its own."""
        chosen = self._assigned(nu, units)
        for at in np.unique(chosen).tolist():
            yield self.family(at), np.flatnonzero(chosen == at)

    # --- columns and scores -------------------------------------------------------------------------------
    @property
    def size(self) -> int:
        return self.whole.size

    @property
    def seconds(self) -> float:
        return self.whole.seconds

    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        return self.whole.columns(units, out)

    def together(self, units: Units) -> Vector:
        return self.whole.together(units)

    def scores(self, nu: Vector, units: Units) -> Vector:
        return self.whole.scores(nu, units)

    # --- local maximisers ---------------------------------------------------------------------------------
    def climb(self, nu: Vector, units: Units) -> Units:
        climbed = Units(np.zeros_like(units.directions), units.outputs.copy())
        for family, which in self._grouped(nu, units):
            climbed.put(which, family.embed(family.space.climb(nu, family.near(units.take(which)))))
        return climbed

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, Index, Callable[[Index], Faces | Products]] | None:
        climbed = Units(np.zeros_like(units.directions), units.outputs.copy())
        dimensions = np.zeros(len(units), dtype=np.intp)
        parts: list[tuple[Family, Index, Callable[[Index], Faces | Products]]] = []
        for family, which in self._grouped(nu, units):
            found = family.space.faces(nu, family.near(units.take(which)), expired)
            if found is None:
                return None
            climbed.put(which, family.embed(found[0]))
            dimensions[which] = found[1]
            parts.append((family, which, found[2]))

        def faces_of(chosen: Index) -> Faces | Products:
            # Where outputs turn as well they count in the dimension, and a column has an entry for each row.
            sizes = dimensions[chosen] - (self.c if self.turning_outputs else 0)
            starts = np.cumsum(sizes) - sizes
            rows = self.n // self.per_row if self.turning_outputs else self.n
            basis, jacobian = np.zeros((self.d, sizes.sum())), np.empty((rows, sizes.sum()))
            for family, which, own_faces in parts:
                here = np.flatnonzero(np.isin(chosen, which))
                if len(here) == 0:
                    continue
                own = own_faces(np.searchsorted(which, chosen[here]))
                columns = np.concatenate([np.arange(starts[j], starts[j] + sizes[j]) for j in here])
                basis[:, columns], jacobian[:, columns] = family.lift @ own.basis, own.jacobian
            owner = np.repeat(np.arange(len(chosen)), sizes)
            return Products(basis, jacobian, owner, self.c) if self.turning_outputs else Faces(basis, jacobian, owner)

        return climbed, dimensions, faces_of

    # --- oracles ------------------------------------------------------------------------------------------
    def one_call(self, name: str) -> Estimate:
        """What a call of one family is expected to cost, as seen on some of them."""
        some = np.unique(np.linspace(0, self.count - 1, min(SAMPLED, self.count)).astype(int))
        found = [self.family(at).space.estimate(name) for at in some.tolist()]
        return Estimate(
            max(int(sum(min(one.looked_at, 10**300) for one in found)) // len(found), 1),
            float(np.mean([one.seconds for one in found])) + CALL_SECONDS,
            found[0].counts,
            any(one.at_once for one in found),
        )

    def estimate(self, name: str) -> Estimate:
        one = self.one_call(name)
        return Estimate(self.count * one.looked_at, self.count * one.seconds, one.counts, one.at_once)

    def make_oracle(self, name: str) -> Oracle:
        return UnionOracle(_Families(self, name), self.d, self.c)

    def key(self) -> Sequence[ArrayLike]:
        """What tells the families and their data from all others."""
        return (type(self).__name__, self.count, self.reach.lengths)


class _Families(Members):
    """The families of a space with their oracles of one name."""

    def __init__(self, space: UnionSpace, name: str) -> None:
        self._space, self.name, self.reach = space, name, space.reach
        self.seconds = space.one_call(name).seconds

    def __len__(self) -> int:
        return self._space.count

    def __getitem__(self, at: int) -> Member:
        family = self._space.family(at)
        return Member(family.space.oracle(self.name), family.embed, family.own)

    def bounds(self, nu: Vector) -> Vector:
        return self._space.bounds(nu)

    def promise(self, nu: Vector, attempt: int) -> Vector:
        return self._space.promise(nu, attempt)

    def maximal(self, nu: Vector, units: Units) -> NDArray[np.bool_]:
        return self._space.maximal(nu, units)

    def key(self) -> Sequence[ArrayLike]:
        return self._space.key()
