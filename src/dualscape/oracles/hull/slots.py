"""Units of three-layer networks in slots: which inner neurons they have, and what these give together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.units import Units

Matrix = NDArray[np.float64]


class Slots(NamedTuple):
    """The inner neurons of k units that are not 0, side by side, those of one unit next to each other.

    Attributes:
        theta: (q, d) their first layers.
        lengths: (q,) |theta_j|.
        turns: (q,) +1 or -1, the signs of their second layers.
        owner: (q,) the unit that each belongs to, rising.
        place: (q,) which of the slots of its unit each is.
    """

    theta: Matrix
    lengths: NDArray[np.float64]
    turns: NDArray[np.float64]
    owner: NDArray[np.intp]
    place: NDArray[np.intp]

    @classmethod
    def of(cls, directions: Matrix, d: int) -> "Slots":
        """From directions (k, 2 r d): r slots of sign +1, and after them r of sign -1."""
        theta = directions.reshape(len(directions), directions.shape[1] // d, d)
        lengths = np.linalg.norm(theta, axis=2)
        owner, place = np.nonzero(lengths)
        turns = np.where(2 * place < theta.shape[1], 1.0, -1.0)
        return cls(theta[owner, place], lengths[owner, place], turns, owner, place)

    def summed(self, values: Matrix, count: int) -> Matrix:
        """(n, count) values (n, q) added up over the slots of each unit."""
        total = np.zeros((len(values), count))
        if len(self.owner):
            first = np.flatnonzero(np.diff(self.owner, prepend=-1))
            total[:, self.owner[first]] = np.add.reduceat(values, first, axis=1)
        return total


def inner_fit(inputs: Matrix, units: Units) -> Matrix:
    """h = sum_j t_j |theta_j| (X theta_j)_+ / |theta| of every unit, shape (n, k): linear along rays of theta."""
    slots = Slots.of(units.directions, inputs.shape[1])
    lengths = np.linalg.norm(units.directions, axis=1)
    heights = np.maximum(inputs @ slots.theta.T, 0.0) * (slots.turns * slots.lengths)
    return slots.summed(heights, len(units)) / np.where(lengths > 0, lengths, 1.0)


def in_slots(directions: Matrix, up: Matrix, down: Matrix, inner: int) -> Matrix:
    """(m, 2 r d) the units whose inner fit is proportional to sum_j (up_j - down_j) (X u_j)_+.

    Args:
        directions: (p, d) unit vectors u_j.
        up, down: (m, p) weights >= 0; of each unit the greatest are kept, and it has direction 0 where there is none.
        inner: r, how many are kept.
    """
    m, p = up.shape
    both = np.hstack([up, down])
    found = np.zeros((m, 2 * inner, directions.shape[1]))
    for j in range(m):
        kept = np.argsort(-both[j], kind="stable")[:inner]
        kept = kept[both[j, kept] > 0]
        total = both[j, kept].sum()
        for turn, first in ((kept[kept < p], 0), (kept[kept >= p], inner)):
            shares = np.sqrt(both[j, turn] / total)
            found[j, first : first + len(turn)] = shares[:, None] * directions[turn % p]
    return found.reshape(m, -1)


def alone_in_slots(units: Units, inner: int) -> Units:
    """Units of two layers as units of three with one inner neuron: the same columns."""
    k, d = units.directions.shape
    directions = np.zeros((k, 2 * inner * d))
    directions[:, :d] = units.directions
    return Units(directions, units.outputs)
