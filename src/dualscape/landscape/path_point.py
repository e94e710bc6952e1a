"""One point of a solution path: the solution at one weight decay, and all optimal networks there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.landscape.optimal_set import OptimalSet
from dualscape.landscape.staircase import Staircase, Width
from dualscape.solver.solution import Solution

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PathPoint:
    """What is known at one beta.

    Attributes:
        solution: the network and its certificate.
        optimal_set: all optimal networks, or None where optimality is not certified or they cannot be had.
        staircase: their components at every width, or None likewise.
        left_out: why the two are missing; "" where they are not.
    """

    solution: Solution
    optimal_set: OptimalSet | None = None
    staircase: Staircase | None = None
    left_out: str = ""

    def __repr__(self) -> str:
        verdict = self.solution.certificate.verdict
        return f"PathPoint(beta {self.beta:.6g}, {verdict}, objective {self.objective:.12g}, {self.neurons} neurons)"

    @property
    def beta(self) -> float:
        """The weight decay."""
        return self.solution.problem.beta

    @property
    def objective(self) -> float:
        """Loss plus beta times the mass, V(beta) where the verdict is "global"."""
        return self.solution.certificate.primal

    @property
    def mass(self) -> float:
        """The sum of the masses of the network, dV/dbeta at an optimum (Danskin)."""
        return self.solution.network.cost()

    @property
    def loss(self) -> float:
        """The loss of the network."""
        return self.objective - self.beta * self.mass

    @property
    def neurons(self) -> int:
        """Neurons of the network found, which is irreducible."""
        return self.solution.network.prune().width

    @property
    def zero(self) -> bool:
        """Whether the network without neurons is optimal: then there is no other."""
        return self.solution.certificate.verdict == "global" and self.solution.network.width == 0

    @property
    def k(self) -> int | None:
        """Number of optimal units; None where they are not known, as all that follows."""
        return None if self.optimal_set is None else self.optimal_set.k

    @property
    def dimension(self) -> int | None:
        """Dimension of the polytope of optimal masses."""
        if self.optimal_set is None:
            return 0 if self.zero else None
        return self.optimal_set.dimension

    @property
    def m_star(self) -> Width | None:
        """Fewest neurons of an optimal network."""
        if self.staircase is None:
            return 0 if self.zero else None
        return self.staircase.m_star

    @property
    def M_star(self) -> Width | None:
        """Most neurons of an irreducible optimal network."""
        if self.staircase is None:
            return 0 if self.zero else None
        return self.staircase.M_star
