"""Pieces of units with several outputs, on which direction and output move together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Products:
    """The pieces of k units side by side: with weights p_j in the coordinates of a basis and q_j (c,), unit j adds
    (jacobian_j p_j) q_j^T to the fit.

    Attributes:
        basis: (d, q) orthonormal columns for each unit in turn, that span the directions in which its piece is linear.
        jacobian: (n, q) what they give: D X basis.
        owner: (q,) the unit that each column belongs to, rising.
        c: number of outputs.
        lift: (d, q) the basis vectors as directions, where coordinates that cost nothing follow; None: the basis.
        gates: (k,) the gate of each unit, of so many; None where there are none.
    """

    basis: Matrix
    jacobian: Matrix
    owner: Index
    c: int
    lift: Matrix | None = None
    gates: Index | None = None
    count: int = 1

    def weights(self, units: Units, masses: Vector) -> tuple[Vector, Matrix]:
        """(p (q,), q (k, c)): the balanced weights of units with these masses (k,)."""
        sizes = np.sqrt(masses)
        p = sizes[self.owner] * (self.basis * units.directions[self.owner].T).sum(axis=0)
        return p, sizes[:, None] * units.opened(self.c)[1]

    def units(self, p: Vector, q: Matrix) -> tuple[Units, Vector]:
        """(units, masses) of weights p (q,), q (k, c); those of no mass have the zero direction."""
        inner = np.sqrt(np.bincount(self.owner, p * p, minlength=len(q)))
        outer = np.linalg.norm(q, axis=1)
        masses = inner * outer
        directions = np.zeros((len(q), len(self.basis)))
        np.add.at(directions, self.owner, ((self.basis if self.lift is None else self.lift) * p).T)
        alive = masses > 0
        directions = np.where(alive[:, None], directions / np.where(alive, inner, 1.0)[:, None], 0.0)
        outputs = q / np.where(alive, outer, 1.0)[:, None]
        return Units(directions, outputs) if self.gates is None else Units.gated(
            directions, outputs, self.gates, self.count
        ), masses
