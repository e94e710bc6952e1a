"""An architecture is a set of unit neurons with a column in prediction space, and oracles over them.

Everything above this floor (solver, certificate, optimal set, staircase) sees only what is declared here, so
that a new architecture is one new file and one line in the registry.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dualscape.oracles.base import Oracle

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Faces:
    """Linear pieces of the map from scaled directions to columns, one around each of k unit neurons, side by side.

    For small v, the unit neuron j in direction u_j + basis_j v has the column jacobian_j (basis_j^T u_j + v); the unit
    neuron itself lies in the span of its basis.

    Attributes:
        basis: (d, q) for each unit in turn, orthonormal columns that span the directions in which its piece is linear.
        jacobian: (n, q) columns of the basis vectors: s D X basis.
        owner: (q,) the unit that each column belongs to, rising.
    """

    basis: Matrix
    jacobian: Matrix
    owner: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Pieces:
    """The linear pieces that k unit neurons lie on, in terms of the rows of X.

    Attributes:
        slopes: (k, n) the column of unit j is slopes_j * (X u_j) on its piece; 0 on rows that are off or that hold it.
        held: for each unit the rows that hold it, x_i.u = 0, one of each hyperplane.
    """

    slopes: Matrix
    held: tuple[NDArray[np.intp], ...]

    def take(self, which: NDArray[np.intp]) -> "Pieces":
        """Those of some units."""
        return Pieces(self.slopes[which], tuple(self.held[j] for j in which))

    def replaced(self, which: NDArray[np.intp], others: "Pieces") -> "Pieces":
        """These, with other pieces for some units."""
        slopes, held = self.slopes.copy(), list(self.held)
        slopes[which] = others.slopes
        for place, unit in enumerate(which.tolist()):
            held[unit] = others.held[place]
        return Pieces(slopes, tuple(held))


class Architecture(ABC):
    """Unit neurons of one kind; a unit neuron is a direction (d,) of norm one and a sign."""

    name: str
    #: Oracles by name, in the order in which "auto" prefers them among those of the same standing.
    oracles: ClassVar[dict[str, type[Oracle]]]

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this architecture from all others, its parameters included."""
        return (self.name,)

    @abstractmethod
    def columns(self, X: Matrix, directions: Matrix, signs: Vector) -> Matrix:
        """The columns a_j in prediction space, shape (n, k)."""

    @abstractmethod
    def scores(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Vector:
        """s_j nu^T (X u_j)_+ for every unit, shape (k,): the left side of the dual constraint."""

    @abstractmethod
    def pull(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        """The gradient of each unit's score in its direction, shape (k, d); the score is linear along every ray."""

    @abstractmethod
    def climb(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        """The local maximiser of the score that each unit climbs to, shape (k, d); never a lower score."""

    @abstractmethod
    def faces(
        self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Matrix, NDArray[np.intp], Callable[[NDArray[np.intp]], Faces]]:
        """The local maximisers of `climb`, and the linear pieces on which they may move while they stay ones.

        Returns:
            The maximisers (k, d); what has not climbed when `expired` says that time is up is the zero direction. The
            dimension of each unit's piece, (k,). And what writes out the pieces of chosen units, which may be large.
        """

    @abstractmethod
    def pieces(self, X: Matrix, nu: Vector | None, directions: Matrix, signs: Vector) -> tuple[Matrix, Pieces]:
        """The local maximisers of `climb`, (k, d), and the linear pieces that they lie on; without nu, the directions
        as they are, on pieces in which they may turn."""
