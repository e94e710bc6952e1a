"""What the relaxation sees of a problem: the hyperplanes of rows, and the weight decay of units on them.

Those of the problem itself, but for units whose bias costs nothing. These are no longer than a factor as directions on
rows on which the bias costs a little (`oracles.penalised_bias`), so that training there with so much less weight decay
has no greater an optimum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.free_bias_space import FreeBiasSpace
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.lifted import FEW, RELAXED, LiftedOracle
from dualscape.oracles.penalised_bias import PenalisedBias
from dualscape.oracles.relaxation.oracle import MOST, RelaxationOracle
from dualscape.oracles.relaxation.products import Array
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RelaxedRows:
    """The rows on which units are relaxed, and what a bound there is worth.

    Attributes:
        hinges: their hyperplanes.
        beta: the weight decay there.
        oracle: the name of the oracle whose bound it is.
        penalised: where the bias costs nothing, the rows on which it costs a little; otherwise None.
    """

    hinges: Hinges
    beta: float
    oracle: str
    penalised: PenalisedBias | None = None

    @classmethod
    def of(cls, problem: Problem) -> "RelaxedRows | None":
        """Those of a problem; None where there are too many of them, or units of another kind.

        >>> rows = RelaxedRows.of(Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1, bias="none"))
        >>> rows.hinges.count, rows.beta, rows.oracle
        (2, 0.1, 'relaxation')
        """
        space = problem.space
        found = None
        if isinstance(space, ReLUSpace):
            found = cls(space.hinges, problem.beta, RelaxationOracle.name)
        elif isinstance(space, FreeBiasSpace) and space.centres.p >= FEW:
            rows = PenalisedBias(space.centres, RELAXED)
            found = cls(rows.hinges, problem.beta / rows.factor, LiftedOracle.name, rows)
        return found if found and 1 + found.hinges.count + found.hinges.rank <= MOST else None

    def start(self, network: Network) -> tuple[Matrix, Vector]:
        """(units (k, r), masses (k,)): the neurons of a network, in the coordinates of the hyperplanes."""
        units = network.directions if self.penalised is None else self.penalised.seen(network.directions)
        units = units @ self.hinges.basis
        lengths = np.linalg.norm(units, axis=1)
        return units / np.where(lengths > 0, lengths, 1.0)[:, None], network.masses * lengths

    def units(self, directions: Matrix, sign: float) -> Units:
        """The units of the problem, of that sign, that directions (k, r) on the rows are."""
        found = directions @ self.hinges.basis.T
        found = found if self.penalised is None else self.penalised.units(found)
        return Units.signed(found, np.full(len(found), sign))

    def worth(self, bound: float, nu: Vector) -> float:
        """What a bound on h(nu) over units of these rows is worth for those of the problem."""
        return bound if self.penalised is None else self.penalised.worth(bound, nu)


class Heights:
    """E and its transpose: what rows of the data see of the parts (p, m) of their hyperplanes, for each output."""

    def __init__(self, hinges: Hinges) -> None:
        self._group, self._count = np.maximum(hinges.group, 0), hinges.count
        length, slope = np.where(hinges.group >= 0, np.abs(hinges.lengths), 0.0), -hinges.slope
        rising = hinges.lengths > 0
        self._p, self._m = np.where(rising, length, slope * length), np.where(rising, slope * length, length)
        #: How many rows share the hyperplane of each.
        self._shared = np.bincount(self._group, minlength=self._count)[self._group]

    def fit(self, p: Array, m: Array) -> Array:
        """E(p, m): (n,) of p and m (N,), or (n, c) of both (N, c)."""
        return (self._p * p[self._group].T + self._m * m[self._group].T).T

    def pulled(self, nu: Vector) -> tuple[Vector, Vector]:
        """E^T nu for nu (n,): (p (N,), m (N,)); for a table (n, c) both (N, c)."""
        p, m = (self._summed(part * nu.T) for part in (self._p, self._m))
        return p, m

    def _summed(self, rows: Vector) -> Vector:
        if rows.ndim == 1:
            return np.asarray(np.bincount(self._group, rows, minlength=self._count), dtype=float)
        return np.column_stack([self._summed(row) for row in rows])

    def curvature(self, p: Vector, m: Vector) -> Vector:
        """(n,) no less than E D E^T, D diagonal with entries p and m (N,)."""
        return self._shared * (self._p**2 * p[self._group] + self._m**2 * m[self._group])
