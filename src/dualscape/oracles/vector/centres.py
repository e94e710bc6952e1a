"""Units with several outputs whose bias costs nothing, seen from the rows: directions, outputs, rows at the kinks."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.oracles.base import HingeOracle
from dualscape.oracles.centres import Centres, Matrix, Vector
from dualscape.oracles.reach import Reach
from dualscape.oracles.vector.base import VectorOracle
from dualscape.oracles.vector.bisection import VectorBisection
from dualscape.oracles.vector.climbing import climb_jointly
from dualscape.oracles.vector.faces import FacesOracle
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.oracles.vector.relaxation import VectorRelaxation
from dualscape.oracles.vector.search import VectorSearch
from dualscape.running.effort import Effort
from dualscape.units import Units


class VectorCentres(Centres):
    """The rows of X (n, p) as centres of units (w, b, v) with |w| = |v| = 1, which compute (X w + one b)_+ v^T.

    >>> centres = VectorCentres(np.array([[0.0], [1.0], [3.0]]), 2)
    >>> nu = np.array([[1.0, 0.0], [-2.0, 0.0], [1.0, 0.0]]).ravel()
    >>> centres.kinks(nu, np.array([[1.0]]))[2].ravel().tolist()
    [1.0, 2.0, 0.0]
    """

    exact: Mapping[str, type[HingeOracle]] = MappingProxyType({"faces": FacesOracle, "bisection": VectorBisection})
    bisection = VectorBisection
    relaxation = VectorRelaxation
    search = VectorSearch

    def __init__(self, X: Matrix, c: int, one: float = 1.0) -> None:
        super().__init__(X, one)
        self.c = c

    def reaching(self, lengths: Vector) -> Reach:
        return Reach(np.repeat(lengths, self.c), self.p, below=1.0)

    def oracle(self, kind: type[HingeOracle], hinges: Hinges) -> HingeOracle:
        assert issubclass(kind, VectorOracle)
        return kind(hinges, self.c)

    def ceiling(self, hinges: Hinges, nu: Vector, effort: Effort) -> float:
        return self._reduced(hinges, nu).ceiling(effort.overdue)

    def worth(self, led: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.norm(led, axis=-1))

    def sides(self, units: Units) -> Vector:
        return np.ones(len(units))

    def valued(self, nu: Vector, units: Units, heights: Matrix) -> Vector:
        return np.asarray(((heights.T @ nu.reshape(self.n, self.c)) * units.outputs).sum(axis=1))

    def climbed(self, hinges: Hinges, nu: Vector, units: Units) -> Units:
        return climb_jointly(self._reduced(hinges, nu), units)[0]

    def _reduced(self, hinges: Hinges, nu: Vector) -> ReducedVector:
        return ReducedVector.of(hinges, nu.reshape(self.n, self.c))
