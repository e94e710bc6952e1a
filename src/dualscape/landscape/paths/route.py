"""Networks of m slots one after the other: which slot holds which unit, and how slots are exchanged."""

import numpy as np
from numpy.typing import NDArray

from dualscape.landscape.paths.pool import NONE, Pool
from dualscape.model.network import Network

Vector = NDArray[np.float64]
Index = NDArray[np.intp]


class OutOfSlots(Exception):
    """A step needs more slots than there are: this way does not lead on, which proves nothing."""


class Route:
    """Corners of a path over the units of a pool, each unit in one slot at most.

    Args:
        pool: the units.
        places: (k,) the slot of every unit with mass, otherwise NONE.
        masses: (k,).
        share: the share of the way that the fit has gone, as for `Pool.network`.
        wanted: (k,) slots that units take when they are free, otherwise NONE.
    """

    def __init__(self, pool: Pool, places: Index, masses: Vector, share: float | None, wanted: Index) -> None:
        self._pool, self._places, self._share, self._wanted = pool, places.copy(), share, wanted
        self.masses = masses
        self.corners: list[Network] = []
        self._mark()

    def go(self, masses: Vector, share: float | None) -> None:
        """Straight to other masses (k,): new units take free slots, units without mass leave theirs.

        Raises:
            OutOfSlots: there are too few.
        """
        if share == self._share and (masses == self.masses).all():
            return
        new = np.flatnonzero((masses > 0) & (self._places == NONE))
        free = self._free()
        if len(new) > len(free):
            raise OutOfSlots
        for unit in new.tolist():
            wish = self._wanted[unit]
            spare = free[~np.isin(free, self._wanted)]
            slot = wish if wish in free else spare[0] if len(spare) else free[0]
            self._places[unit] = slot
            free = free[free != slot]
        self.masses, self._share = masses, share
        self._places[masses == 0] = NONE
        self._mark()

    def arrange(self, places: Index) -> None:
        """Move every unit with mass to its place (k,), in as few pieces as there are free slots for.

        Raises:
            OutOfSlots: a slot is needed on the way and none is free.
        """
        while True:
            wrong = np.flatnonzero((self.masses > 0) & (self._places != places))
            if len(wrong) == 0:
                return
            free = self._free()
            ready = wrong[np.isin(places[wrong], free)]
            if len(ready):
                self._places[ready] = places[ready]
            elif len(free):
                aside = wrong[: len(free)]
                self._places[aside] = free[: len(aside)]
            else:
                raise OutOfSlots
            self._mark()

    def finish(self, masses: Vector, share: float | None, places: Index | None) -> None:
        """Straight to masses (k,), which end up in their places (k,), or in any where None are given.

        Raises:
            OutOfSlots: units would have to change places and no slot is free.
        """
        if places is None:
            self.go(masses, share)
            return
        if (masses > 0).sum() == self._pool.width:
            self.arrange(places)  # afterwards there is no room; what is in use now is in use then
        self.go(masses, share)
        self.arrange(places)

    def _free(self) -> Index:
        return np.setdiff1d(np.arange(self._pool.width), self._places)

    def _mark(self) -> None:
        self.corners.append(self._pool.network(self._places, self.masses, self._share))
