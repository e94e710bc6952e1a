"""The members of a union of families of unit neurons: each with its oracle, made when it is asked for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.oracles.base import Oracle, Vector
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.reach import Reach
from dualscape.tolerances import DEFAULT
from dualscape.units import Units


@dataclass(frozen=True, eq=False)
class Member:
    """One family of units with its oracle, and how its units lie among those of the union.

    Attributes:
        oracle: over the family, in its own coordinates.
        embed: units of the family as units of the union.
        own: of units of the union those that belong to the family, in its coordinates.
    """

    oracle: Oracle
    embed: Callable[[Units], Units]
    own: Callable[[Units], Units]


class Members(ABC):
    """The members of a union, each made when it is asked for.

    Attributes:
        name: of the union's oracle.
        reach: what rows can be worth in a score of any of them.
        seconds: what one call of one of them takes, about.
    """

    name: str
    reach: Reach
    seconds: float

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def __getitem__(self, at: int) -> Member:
        """One of them."""

    def __iter__(self) -> Iterator[Member]:
        """All of them, one after the other."""
        return (self[at] for at in range(len(self)))

    def samples(self) -> Iterable[Oracle]:
        """Oracles that stand for all: what holds of each of these holds of every one."""
        yield self[0].oracle

    @abstractmethod
    def bounds(self, nu: Vector) -> Vector:
        """(count,) proven bounds on h(nu) of each, that cost little."""

    def promise(self, nu: Vector, attempt: int) -> Vector:
        """(count,) how high a search may get in each, roughly, looking elsewhere at another attempt."""
        return self.bounds(nu)

    def maximal(self, nu: Vector, units: Units) -> NDArray[np.bool_]:
        """(k,) which units are local maximisers in every member that they belong to, beside the one that found them."""
        return np.ones(len(units), dtype=bool)

    def once(self, found: Ranked) -> Ranked:
        """Units of positive value that members have found, once each, best first."""
        return found.once(DEFAULT.apart)

    def key(self) -> Sequence[ArrayLike]:
        """What tells these members from all others."""
        return ()


class Listed(Members):
    """Members that are all there."""

    name, seconds = "union", np.inf

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = tuple(members)
        oracles = [member.oracle for member in members]
        self.reach = replace(
            oracles[0].reach,
            lengths=np.max([oracle.reach.lengths for oracle in oracles], axis=0),
            d=max(oracle.reach.d for oracle in oracles),
            below=max(oracle.reach.below for oracle in oracles),
        )

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, at: int) -> Member:
        return self._members[at]

    def samples(self) -> Iterable[Oracle]:
        return [member.oracle for member in self]

    def bounds(self, nu: Vector) -> Vector:
        return np.array([member.oracle.reach.bound(nu) for member in self])
