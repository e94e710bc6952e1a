"""Unit neurons side by side, whatever they are made of, and which of them are the same."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.tolerances import DEFAULT

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]
Which = slice | NDArray[np.intp] | NDArray[np.bool_]
#: Decimals of a coordinate that decide the order; those after it only where there is a tie.
DECIMALS = 7


@dataclass(frozen=True, eq=False)
class Units:
    """k unit neurons; neuron j is a direction in the space of inputs with one in the space of outputs.

    Attributes:
        directions: (k, d) unit vectors; what came to nothing is the zero vector.
        outputs: (k, c) unit vectors; with one output the sign, +1 or -1. Units with one of several gates have the sign,
            or the vector, in the place of their gate, and zeros elsewhere.

    >>> units = Units.signed(np.eye(2), np.array([1.0, -1.0]))
    >>> len(units), units.d, units.c, units.signs
    (2, 2, 1, array([ 1., -1.]))
    """

    directions: Matrix
    outputs: Matrix

    @classmethod
    def signed(cls, directions: Matrix, signs: Vector, gates: Index | None = None, count: int = 1) -> "Units":
        """Those with one output, from directions (k, d) and signs (k,); where there are several gates, with the gate of
        each (k,) and how many there are."""
        return cls.gated(directions, signs[:, None], np.zeros(len(signs), np.intp) if gates is None else gates, count)

    @classmethod
    def gated(cls, directions: Matrix, outputs: Matrix, gates: Index, count: int) -> "Units":
        """Those with one of `count` gates each (k,), from directions (k, d) and what they add to c outputs (k, c).

        >>> Units.gated(np.eye(2), np.array([[0.6, 0.8], [1.0, 0.0]]), np.array([1, 0]), 2).outputs.tolist()
        [[0.0, 0.0, 0.6, 0.8], [1.0, 0.0, 0.0, 0.0]]
        """
        if count == 1:
            return cls(directions, outputs)
        placed = np.zeros((len(outputs), count, outputs.shape[1]))
        placed[np.arange(len(outputs)), gates] = outputs
        return cls(directions, placed.reshape(len(outputs), count * outputs.shape[1]))

    def opened(self, c: int) -> tuple[Index, Matrix]:
        """(gates (k,), outputs (k, c)) of units that add to c outputs: the other way from `gated`.

        >>> Units.gated(np.eye(2), np.array([[0.6, 0.8], [1.0, 0.0]]), np.array([1, 0]), 2).opened(2)[0]
        array([1, 0])
        """
        if self.c == c:
            return np.zeros(len(self), dtype=np.intp), self.outputs
        gates = np.asarray(np.abs(self.outputs).argmax(axis=1)) // c
        return gates, self.outputs.reshape(len(self), self.c // c, c)[np.arange(len(self)), gates]

    @classmethod
    def none(cls, d: int, c: int = 1) -> "Units":
        """No unit of d coordinates and c outputs."""
        return cls(np.zeros((0, d)), np.zeros((0, c)))

    @classmethod
    def vacant(cls, k: int, d: int, c: int = 1) -> "Units":
        """Places for k units: direction 0 and the first output, which is the sign +1 where there is one."""
        return cls(np.zeros((k, d)), np.eye(1, c).repeat(k, axis=0))

    @classmethod
    def join(cls, parts: "Iterable[Units]") -> "Units":
        """One after the other."""
        directions, outputs = zip(*((part.directions, part.outputs) for part in parts), strict=True)
        return cls(np.vstack(directions), np.vstack(outputs))

    def __len__(self) -> int:
        return len(self.directions)

    def __repr__(self) -> str:
        return f"Units({len(self)} units, {self.d} coordinates, {self.c} {'output' if self.c == 1 else 'outputs'})"

    @property
    def d(self) -> int:
        """Number of coordinates of a direction."""
        return self.directions.shape[1]

    @property
    def c(self) -> int:
        """Number of outputs."""
        return self.outputs.shape[1]

    @property
    def signs(self) -> Vector:
        """(k,) the outputs, where there is one, or one for each gate."""
        if self.c == 1:
            return self.outputs[:, 0]
        assert (np.count_nonzero(self.outputs, axis=1) == 1).all(), f"units with {self.c} outputs have no signs"
        return np.asarray(self.outputs.sum(axis=1))

    @property
    def gates(self) -> Index:
        """(k,) the place of the sign; 0 where there is one output."""
        return self.opened(1)[0]

    def take(self, which: Which) -> "Units":
        """Some of them, in that order."""
        return Units(self.directions[which], self.outputs[which])

    def turned(self, directions: Matrix) -> "Units":
        """The same outputs with other directions (k, d)."""
        return Units(directions, self.outputs)

    def put(self, which: Which, others: "Units") -> None:
        """Write others in the place of some of them."""
        self.directions[which], self.outputs[which] = others.directions, others.outputs

    def alive(self) -> NDArray[np.bool_]:
        """(k,) which have a direction."""
        return np.asarray(np.linalg.norm(self.directions, axis=1) > 0.5)

    def normalised(self) -> "Units":
        """Those with a direction of any length above 0, brought to length one."""
        norms = np.linalg.norm(self.directions, axis=1)
        alive = norms > 0
        return Units(self.directions[alive] / norms[alive, None], self.outputs[alive])

    def inverted(self) -> NDArray[np.bool_]:
        """(k,) which directions point away from a generic one: of u and -u one does."""
        return np.asarray(self.directions @ (1.0 / (np.arange(self.d) + np.pi)) < 0)

    def upright(self) -> "Units":
        """The same with the inverted directions turned round, where u and -u compute the same.

        >>> Units.signed(np.array([[-1.0, 0.0], [0.0, 1.0]]), np.ones(2)).upright().directions
        array([[1., 0.],
               [0., 1.]])
        """
        return self.turned(np.where(self.inverted()[:, None], -self.directions, self.directions) + 0.0)  # no -0.0

    def turned_round(self) -> "Units":
        """The same with those of inverted directions turned round, outputs and all, where (u, v) and (-u, -v) compute
        the same."""
        turns = np.where(self.inverted(), -1.0, 1.0)[:, None]
        return Units(turns * self.directions + 0.0, turns * self.outputs + 0.0)

    # --- which are the same -------------------------------------------------------------------------------
    def gaps(self, directions: Matrix, outputs: Matrix) -> Vector:
        """(k,) the distance of each from one unit, or from k others row by row, as points of both spaces."""
        squares = ((self.directions - directions) ** 2).sum(axis=1) + ((self.outputs - outputs) ** 2).sum(axis=1)
        return np.asarray(np.sqrt(squares))

    def alike(self, output: Vector, tolerance: float) -> NDArray[np.bool_]:
        """(k,) which lead to this output (c,): signs must be equal, vectors no further away than this."""
        if self.c == 1:
            return np.asarray(self.outputs[:, 0] == output[0])
        return np.asarray(np.linalg.norm(self.outputs - output, axis=1) <= tolerance)

    def find(self, directions: Matrix, outputs: Matrix, tolerance: float = DEFAULT.direction) -> int | None:
        """The unit nearest to this one, or None where it is further than `tolerance` away.

        >>> units = Units.signed(np.eye(2), np.array([1.0, -1.0]))
        >>> units.find(np.array([0.0, 1.0]), np.array([-1.0])), units.find(np.array([0.0, 1.0]), np.array([1.0]))
        (1, None)
        """
        if len(self) == 0:
            return None
        gaps = self.gaps(directions, outputs)
        nearest = int(gaps.argmin())
        return nearest if gaps[nearest] <= tolerance else None

    def nearest(self, others: "Units") -> Index:
        """(k',) which of these is nearest to each of k' others; there must be one.

        >>> Units.signed(np.eye(2), np.ones(2)).nearest(Units.signed(np.array([[0.6, 0.8]]), np.ones(1)))
        array([1])
        """
        mine, theirs = (np.hstack([units.directions, units.outputs]) for units in (self, others))
        return np.array([((mine - point) ** 2).sum(axis=1).argmin() for point in theirs], dtype=np.intp)

    def distinct(self, order: Index | None = None, tolerance: float = DEFAULT.direction) -> Index:
        """The indices of `order` (all, when not given) whose unit is not within `tolerance` of an earlier one.

        >>> Units.signed(np.array([[1.0], [1.0], [1.0]]), np.array([1.0, -1.0, 1.0])).distinct()
        array([0, 1])
        """
        # Not at the top: it brings numba along, which who only predicts does not need.
        from dualscape.geometry.distinct import distinct_points

        points = np.hstack([self.directions, self.outputs])
        return distinct_points(points, np.arange(len(points)) if order is None else order, tolerance)

    def merged(self, masses: Vector, tolerance: float = DEFAULT.direction) -> tuple[Index, Vector]:
        """(one index per unit, its mass): masses (k,) of the same units together, those without direction left out."""
        alive = np.flatnonzero(self.alive())
        leaders = self.distinct(alive, tolerance)
        if len(leaders) == len(alive):
            return leaders, masses[leaders]
        total, kept = masses[leaders], self.take(leaders)
        for j in np.setdiff1d(alive, leaders):
            total[int(kept.gaps(self.directions[j], self.outputs[j]).argmin())] += masses[j]
        return leaders, total

    def order(self) -> Index:
        """The canonical order: by outputs, greater first, then by coordinates; rounding does not decide unless all
        else is equal.

        >>> Units.signed(np.array([[1.0], [-1.0], [1.0]]), np.array([-1.0, 1.0, 1.0])).order()
        array([1, 2, 0])
        """
        rounded = np.round(self.directions[:, ::-1].T, DECIMALS) + 0.0  # no -0.0
        leading = -np.round(self.outputs[:, ::-1].T, DECIMALS) + 0.0
        # One generic number for all that is left of the coordinates.
        rest = (self.directions * np.cos(1.0 + np.arange(self.d))).sum(axis=1)
        return np.asarray(np.lexsort((rest, *rounded, *leading)))
