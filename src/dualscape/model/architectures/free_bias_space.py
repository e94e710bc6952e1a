"""ReLU units whose bias costs nothing: (w, b) and a sign, |w| = 1, with the column s (X w + b)_+ .

They need a free constant in the output (without it h is infinite unless sum(nu) = 0), and then those with their kink at
a row are enough: see `oracles.centres`.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.base import Faces, Matrix, Pieces, UnitSpace, Vector
from dualscape.model.architectures.centred_pieces import CentredPieces
from dualscape.model.architectures.products import Products
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Estimate, Oracle
from dualscape.oracles.centred import CentredAscent, CentredOracle, around_rows, estimate_around_rows
from dualscape.oracles.centres import Centres
from dualscape.oracles.lifted import LiftedOracle
from dualscape.oracles.reach import Reach
from dualscape.oracles.thresholds import ThresholdsOracle
from dualscape.units import Units

Index = NDArray[np.intp]
#: Directions, and kinks as shares of the spread of the rows, that differ by no more are the same.
SAME = 1e-9
#: Oracles that see all rows at once, beside those that are asked around every row.
ALONE: Mapping[str, type[CentredOracle]] = MappingProxyType(
    {"thresholds": ThresholdsOracle, "lifted": LiftedOracle, "ascent": CentredAscent}
)


class FreeBiasSpace(UnitSpace):
    """The units on the rows of X (n, p), in coordinates (w, b)."""

    def __init__(self, X: Matrix, one: float = 1.0) -> None:
        """On features; `one` is the entry of every row that stands for the bias, a power of two."""
        super().__init__()
        self._take(Centres(X, one))

    def _take(self, centres: Centres) -> None:
        """Begin with these centres."""
        self.centres = centres
        self.whole = self.plain(Hinges.of(centres.lifted))
        self.n, self.d = self.whole.n, self.whole.d
        own: dict[str, type[Oracle]] = {"thresholds": ThresholdsOracle} if self.d == 2 else {}
        self.kinds = {**own, **centres.exact, "lifted": LiftedOracle, "ascent": CentredAscent}

    def plain(self, hinges: Hinges) -> UnitSpace:
        """The units without a bias on the rows of these hyperplanes."""
        return ReLUSpace(hinges.X, hinges)

    @property
    def reach(self) -> Reach:
        return self.centres.reach

    @property
    def priced(self) -> Vector:
        return np.append(np.ones(self.d - 1), 0.0)

    @property
    def size(self) -> int:
        return self.whole.size

    @property
    def seconds(self) -> float:
        return self.whole.seconds

    def measured(self, units: Units) -> Units:
        return self.centres.measured(units)

    def within(self, units: Units) -> Units:
        return self.centres.within(units)

    # --- columns and scores -----------------------------------------------------------------------------------
    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        return self.whole.columns(units, out)

    def together(self, units: Units) -> Vector:
        return self.whole.together(units)

    def scores(self, nu: Vector, units: Units) -> Vector:
        return self.whole.scores(nu, units)

    def pull(self, nu: Vector, units: Units) -> Matrix:
        return self.whole.pull(nu, units)

    def random(self, count: int, rng: np.random.Generator) -> Units:
        w = rng.standard_normal((count, self.d - 1))
        w /= np.linalg.norm(w, axis=1)[:, None]
        signs = np.where(np.arange(count) % 2, 1.0, -1.0)
        return Units.signed(self.centres.at(w, rng.integers(self.n, size=count)), signs)

    # --- local maximisers -------------------------------------------------------------------------------------
    def climb(self, nu: Vector, units: Units) -> Units:
        return self.centres.climb(nu, units)[0]

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, Index, Callable[[Index], Faces | Products]]:
        climbed, rows = self.centres.climb(nu, units, expired=expired)
        standing = Units(np.zeros_like(climbed.directions), climbed.outputs.copy())
        dimensions = np.zeros(len(units), dtype=np.intp)
        parts: list[tuple[int, Index, Callable[[Index], Faces | Products]]] = []
        for row, which in _groups(rows, climbed.alive()):
            own = _plain(climbed.take(which))
            faces = self.plain(self.centres.hinges(row)).faces(nu, own, expired)
            assert faces is not None
            found, dimensions[which], faces_of_own = faces
            standing.put(which, found.turned(self.centres.at(found.directions, rows[which])))
            parts.append((row, which, faces_of_own))

        def faces_of(chosen: Index) -> Faces | Products:
            sizes = dimensions[chosen] - self.turning_outputs * self.per_row  # where outputs turn, these count as well
            starts = np.cumsum(sizes) - sizes
            basis, lift = np.zeros((2, self.d, int(sizes.sum())))
            jacobian = np.empty((self.centres.n, int(sizes.sum())))
            for row, which, faces_of_own in parts:
                here = np.flatnonzero(np.isin(chosen, which))
                if len(here):
                    own = faces_of_own(np.searchsorted(which, chosen[here]))
                    columns = np.concatenate([np.arange(starts[j], starts[j] + sizes[j]) for j in here])
                    basis[:-1, columns], jacobian[:, columns] = own.basis, own.jacobian
                    lift[:, columns] = self.centres.at(own.basis.T, np.full(len(columns), row)).T
            owner = np.repeat(np.arange(len(chosen)), sizes)
            return (
                Products(basis, jacobian, owner, self.c, lift)
                if self.turning_outputs
                else Faces(basis, jacobian, owner, lift)
            )

        return standing, dimensions, faces_of

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, Pieces]:
        rows = self.centres.nearest(units)
        if nu is not None:
            units, rows = self.centres.climb(nu, units)
        standing = Units(np.zeros_like(units.directions), units.outputs.copy())
        held, n = [np.zeros(0, dtype=np.intp)] * len(units), self.centres.n
        slopes, active = np.zeros((len(units), n)), np.zeros((len(units), n), dtype=bool)
        for row, which in _groups(rows, units.alive()):
            found, own = self.plain(self.centres.hinges(row)).pieces(nu, _plain(units.take(which)))
            standing.put(which, found.turned(self.centres.at(found.directions, rows[which])))
            slopes[which], active[which] = own.slopes, own.active
            for j, holding in zip(which.tolist(), own.held, strict=True):
                held[j] = holding
        return standing, self.centred(slopes, active, tuple(held), rows)

    def centred(self, slopes: Matrix, active: NDArray[np.bool_], held: tuple[Index, ...], rows: Index) -> CentredPieces:
        """The pieces of units with their kinks at rows (k,)."""
        return CentredPieces(self.centres.X, slopes, active, held, centres=rows, one=self.centres.one)

    def continua(self, units: Units) -> tuple[Index, Units, NDArray[np.bool_]]:
        places = self.measured(units)
        w, off = places.directions[:, :-1], places.directions[:, -1]
        pairs = []
        for j in range(len(units)):
            same = (np.linalg.norm(w - w[j], axis=1) <= SAME) & units.alike(units.outputs[j], SAME)
            beyond = np.flatnonzero(same & (off > off[j] + SAME))
            if len(beyond):
                pairs.append((j, int(beyond[off[beyond].argmin()])))
        ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        middles = Units(units.directions[ends].mean(axis=1), units.outputs[ends[:, 0]])
        least = (self.centres.lifted @ units.directions.T).min(axis=0)
        return ends, middles, np.asarray(least >= -self.centres.near)

    # --- other data -------------------------------------------------------------------------------------------
    def scaled(self, exponent: int) -> "FreeBiasSpace":
        if exponent == 0:
            return self
        return FreeBiasSpace(np.ldexp(self.centres.X, exponent), float(np.ldexp(self.centres.one, exponent)))

    def rows(self, which: Index) -> "FreeBiasSpace":
        return FreeBiasSpace(self.centres.X[which], self.centres.one)

    # --- oracles ----------------------------------------------------------------------------------------------
    def estimate(self, name: str) -> Estimate:
        if name in self.centres.exact:
            return estimate_around_rows(self.centres.exact[name], self.centres)
        return ALONE[name].estimate(self.centres)

    def make_oracle(self, name: str) -> Oracle:
        exact = self.centres.exact
        return around_rows(exact[name], self.centres) if name in exact else ALONE[name](self.centres)


def _groups(rows: Index, alive: NDArray[np.bool_]) -> Iterable[tuple[int, Index]]:
    """Rows at kinks, with the units of each that are alive: from no direction nothing climbs."""
    for row in np.unique(rows[alive]).tolist():
        yield row, np.flatnonzero((rows == row) & alive)


def _plain(units: Units) -> Units:
    """Units without their bias."""
    return units.turned(np.ascontiguousarray(units.directions[:, :-1]))
